package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// identify names the service and operation of an AWS request as "s3:GetBucketPolicy":
// the service by the scope of its signature, the operation by the target header,
// the Action of a form, or method and path. It is empty for a request that is not
// signed, which is none of AWS.
func identify(r *http.Request, body []byte) string {
	service := signedFor(r)
	if service == "" {
		return ""
	}
	return service + ":" + operation(service, r, body)
}

var scope = regexp.MustCompile(`Credential=[^/]+/\d{8}/[^/]*/([^/]+)/aws4_request`)

func signedFor(r *http.Request) string {
	if m := scope.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		return m[1]
	}
	return ""
}

func operation(service string, r *http.Request, body []byte) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndexByte(target, '.')+1:]
	}
	if _, op, ok := strings.Cut(r.URL.Path, "/operation/"); ok { // Smithy's RPC protocol
		return op
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
			return form.Get("Action")
		}
	}
	if action := r.URL.Query().Get("Action"); action != "" {
		return action
	}
	if service == "s3" && r.Header.Get("X-Amz-Account-Id") == "" { // else S3 Control
		return bucketOperation(r)
	}
	return r.Method + " " + template(r.URL.Path)
}

// subresources are the GET operations of a bucket by the parameter that asks for them.
var subresources = map[string]string{
	"accelerate": "GetBucketAccelerateConfiguration", "acl": "GetBucketAcl", "cors": "GetBucketCors", "encryption": "GetBucketEncryption",
	"intelligent-tiering": "ListBucketIntelligentTieringConfigurations", "inventory": "ListBucketInventoryConfigurations",
	"lifecycle": "GetBucketLifecycleConfiguration", "location": "GetBucketLocation", "logging": "GetBucketLogging",
	"notification": "GetBucketNotificationConfiguration", "object-lock": "GetObjectLockConfiguration", "ownershipControls": "GetBucketOwnershipControls",
	"policy": "GetBucketPolicy", "policyStatus": "GetBucketPolicyStatus", "publicAccessBlock": "GetPublicAccessBlock", "replication": "GetBucketReplication",
	"requestPayment": "GetBucketRequestPayment", "tagging": "GetBucketTagging", "versioning": "GetBucketVersioning", "website": "GetBucketWebsite",
}

// bucketOperation needs path style, as on an emulator's address; the bucket may
// also stand in the host's name, which is not told apart here.
func bucketOperation(r *http.Request) string {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case bucket == "":
		return "ListBuckets"
	case key != "":
		return r.Method + " object"
	case r.Method == http.MethodHead:
		return "HeadBucket"
	case r.Method != http.MethodGet:
		return r.Method + " bucket"
	}
	for parameter := range r.URL.Query() {
		if op, ok := subresources[parameter]; ok {
			return op
		}
	}
	return "ListObjects"
}

var plainWord = regexp.MustCompile(`^[a-z][a-zA-Z-]*$|^v\d$`)

// template is a path with what may be an id left out. Names of nothing but lower
// case letters stay in; they only split a count.
func template(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if p != "" && !plainWord.MatchString(p) {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}
