package awsfake

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

const s3NS = `xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`

func bucketName(i int) string { return fmt.Sprintf("bucket-%08d", i) }

func (q *request) bucketRegion(i int) string {
	if len(q.pop.Regions) == 0 {
		return "us-east-1"
	}
	return q.pop.Regions[i%len(q.pop.Regions)]
}

// s3 answers ListBuckets and the bucket sub-resources, path style.
func (q *request) s3() {
	name, _, _ := strings.Cut(strings.TrimPrefix(q.r.URL.Path, "/"), "/")
	if name == "" {
		q.listBuckets()
		return
	}
	sub, ok := bucketCalls[subresource(q.r)]
	if !ok {
		q.fail(&fault{status: http.StatusNotImplemented, code: "NotImplemented", message: "awsfake does not know ?" + q.r.URL.RawQuery})
		return
	}
	if f := q.admit(sub.operation); f != nil {
		q.fail(f)
		return
	}
	i, ok := q.index(name, "bucket-", q.pop.Buckets)
	if !ok {
		q.fail(&fault{status: http.StatusNotFound, code: "NoSuchBucket", message: "The specified bucket does not exist"})
		return
	}
	if f := sub.answer(q, i); f != nil {
		q.fail(f)
	}
}

// subresource is the query parameter that names the call; "" is HeadBucket.
func subresource(r *http.Request) string {
	for k := range r.URL.Query() {
		if k != "x-id" {
			return k
		}
	}
	return ""
}

type bucketCall struct {
	operation string
	answer    func(q *request, i int) *fault
}

var bucketCalls = map[string]bucketCall{
	"":                  {"HeadBucket", func(q *request, i int) *fault { q.w.Header().Set("X-Amz-Bucket-Region", q.bucketRegion(i)); return nil }},
	"location":          {"GetBucketLocation", bucketLocation},
	"acl":               {"GetBucketAcl", bucketACL},
	"versioning":        {"GetBucketVersioning", bucketVersioning},
	"encryption":        {"GetBucketEncryption", bucketEncryption},
	"publicAccessBlock": {"GetPublicAccessBlock", bucketPublicAccessBlock},
	"ownershipControls": {"GetBucketOwnershipControls", bucketOwnership},
	"policy":            {"GetBucketPolicy", bucketPolicy},
	"policyStatus":      {"GetBucketPolicyStatus", none("NoSuchBucketPolicy")},
	"logging":           {"GetBucketLogging", emptyElement("BucketLoggingStatus")},
	"tagging":           {"GetBucketTagging", bucketTagging},
	"lifecycle":         {"GetBucketLifecycleConfiguration", none("NoSuchLifecycleConfiguration")},
	"website":           {"GetBucketWebsite", none("NoSuchWebsiteConfiguration")},
	"cors":              {"GetBucketCors", none("NoSuchCORSConfiguration")},
	"replication":       {"GetBucketReplication", none("ReplicationConfigurationNotFoundError")},
	"object-lock":       {"GetObjectLockConfiguration", none("ObjectLockConfigurationNotFoundError")},
	"accelerate":        {"GetBucketAccelerateConfiguration", emptyElement("AccelerateConfiguration")},
	"requestPayment": {"GetBucketRequestPayment", func(q *request, _ int) *fault {
		return q.xml(`<RequestPaymentConfiguration ` + s3NS + `><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`)
	}},
	"notification": {"GetBucketNotificationConfiguration", emptyElement("NotificationConfiguration")},
}

func none(code string) func(*request, int) *fault {
	return func(*request, int) *fault {
		return &fault{status: http.StatusNotFound, code: code, message: "not configured"}
	}
}

func emptyElement(name string) func(*request, int) *fault {
	return func(q *request, _ int) *fault { return q.xml("<" + name + " " + s3NS + "/>") }
}

func (q *request) xml(body string) *fault {
	q.w.Header().Set("Content-Type", "application/xml")
	_, _ = q.w.Write([]byte(xml.Header + body))
	return nil
}

func (q *request) listBuckets() {
	if f := q.admit("ListBuckets"); f != nil {
		q.fail(f)
		return
	}
	v := q.r.URL.Query()
	from, to, next := q.window(v.Get("continuation-token"), number(v.Get("max-buckets")), 10000, q.pop.Buckets)
	var b strings.Builder
	b.WriteString("<ListAllMyBucketsResult " + s3NS + "><Owner><ID>owner</ID></Owner><Buckets>")
	for i := from; i < to; i++ {
		if name := bucketName(i); !q.gone(name) {
			fmt.Fprintf(&b, "<Bucket><Name>%s</Name><CreationDate>2025-01-01T00:00:00.000Z</CreationDate><BucketRegion>%s</BucketRegion></Bucket>", name, q.bucketRegion(i))
		}
	}
	b.WriteString("</Buckets>")
	if next != "" {
		b.WriteString("<ContinuationToken>" + next + "</ContinuationToken>")
	}
	b.WriteString("</ListAllMyBucketsResult>")
	q.xml(b.String())
}

func bucketLocation(q *request, i int) *fault {
	region := q.bucketRegion(i)
	if region == "us-east-1" {
		region = "" // as S3 says it
	}
	return q.xml("<LocationConstraint " + s3NS + ">" + region + "</LocationConstraint>")
}

func bucketACL(q *request, _ int) *fault {
	return q.xml(`<AccessControlPolicy ` + s3NS + `><Owner><ID>owner</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>owner</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>`)
}

// versioned buckets are every second one.
func (q *request) versioned(i int) bool { return i%2 != 0 || q.touched(bucketName(i)) }

func bucketVersioning(q *request, i int) *fault {
	if !q.versioned(i) {
		return q.xml(`<VersioningConfiguration ` + s3NS + `/>`)
	}
	return q.xml(`<VersioningConfiguration ` + s3NS + `><Status>Enabled</Status></VersioningConfiguration>`)
}

func bucketEncryption(q *request, _ int) *fault {
	return q.xml(`<ServerSideEncryptionConfiguration ` + s3NS + `><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`)
}

func bucketPublicAccessBlock(q *request, i int) *fault {
	if i%5 == 0 {
		return &fault{status: http.StatusNotFound, code: "NoSuchPublicAccessBlockConfiguration", message: "The public access block configuration was not found"}
	}
	return q.xml(`<PublicAccessBlockConfiguration ` + s3NS + `><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`)
}

func bucketOwnership(q *request, _ int) *fault {
	return q.xml(`<OwnershipControls ` + s3NS + `><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`)
}

func bucketPolicy(q *request, i int) *fault {
	if i%3 != 0 {
		return &fault{status: http.StatusNotFound, code: "NoSuchBucketPolicy", message: "The bucket policy does not exist"}
	}
	q.w.Header().Set("Content-Type", "application/json")
	_, _ = q.w.Write([]byte(bucketPolicyText(i)))
	return nil
}

func bucketPolicyText(i int) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, bucketName(i))
}

func bucketTagging(q *request, i int) *fault {
	if i%4 == 0 {
		return &fault{status: http.StatusNotFound, code: "NoSuchTagSet", message: "The TagSet does not exist"}
	}
	return q.xml(fmt.Sprintf(`<Tagging %s><TagSet><Tag><Key>owner</Key><Value>team-%d</Value></Tag></TagSet></Tagging>`, s3NS, i%17))
}

// isS3Control tells the requests of S3 Control.
func isS3Control(r *http.Request) bool {
	return r.Header.Get("X-Amz-Account-Id") != "" || strings.HasPrefix(r.URL.Path, "/v20180820/")
}

// s3control answers the account's public access block: not configured.
func (q *request) s3control() {
	if f := q.admit("GetPublicAccessBlock"); f != nil {
		q.fail(f)
		return
	}
	q.fail(&fault{status: http.StatusNotFound, code: "NoSuchPublicAccessBlockConfiguration", message: "The public access block configuration was not found"})
}
