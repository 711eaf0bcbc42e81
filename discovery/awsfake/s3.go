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
		q.s3Fault(&fault{http.StatusNotImplemented, "NotImplemented", "awsfake does not know ?" + q.r.URL.RawQuery})
		return
	}
	if f := q.admit("s3", sub.operation, "s3:"+sub.action); f != nil {
		q.s3Fault(f)
		return
	}
	i, ok := q.index(name, "bucket-", q.pop.Buckets)
	if !ok {
		q.s3Fault(&fault{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"})
		return
	}
	if f := sub.answer(q, i); f != nil {
		q.s3Fault(f)
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
	operation, action string
	answer            func(q *request, i int) *fault
}

var bucketCalls = map[string]bucketCall{
	"":                  {"HeadBucket", "ListBucket", func(q *request, i int) *fault { q.w.Header().Set("X-Amz-Bucket-Region", q.bucketRegion(i)); return nil }},
	"location":          {"GetBucketLocation", "GetBucketLocation", bucketLocation},
	"acl":               {"GetBucketAcl", "GetBucketAcl", bucketACL},
	"versioning":        {"GetBucketVersioning", "GetBucketVersioning", bucketVersioning},
	"encryption":        {"GetBucketEncryption", "GetEncryptionConfiguration", bucketEncryption},
	"publicAccessBlock": {"GetPublicAccessBlock", "GetBucketPublicAccessBlock", bucketPublicAccessBlock},
	"ownershipControls": {"GetBucketOwnershipControls", "GetBucketOwnershipControls", bucketOwnership},
	"policy":            {"GetBucketPolicy", "GetBucketPolicy", bucketPolicy},
	"policyStatus":      {"GetBucketPolicyStatus", "GetBucketPolicyStatus", none("NoSuchBucketPolicy")},
	"logging":           {"GetBucketLogging", "GetBucketLogging", emptyElement("BucketLoggingStatus")},
	"tagging":           {"GetBucketTagging", "GetBucketTagging", bucketTagging},
	"lifecycle":         {"GetBucketLifecycleConfiguration", "GetLifecycleConfiguration", none("NoSuchLifecycleConfiguration")},
	"website":           {"GetBucketWebsite", "GetBucketWebsite", none("NoSuchWebsiteConfiguration")},
	"cors":              {"GetBucketCors", "GetBucketCORS", none("NoSuchCORSConfiguration")},
	"replication":       {"GetBucketReplication", "GetReplicationConfiguration", none("ReplicationConfigurationNotFoundError")},
	"object-lock":       {"GetObjectLockConfiguration", "GetBucketObjectLockConfiguration", none("ObjectLockConfigurationNotFoundError")},
	"accelerate":        {"GetBucketAccelerateConfiguration", "GetAccelerateConfiguration", emptyElement("AccelerateConfiguration")},
	"requestPayment": {"GetBucketRequestPayment", "GetBucketRequestPayment", func(q *request, _ int) *fault {
		return q.xml(`<RequestPaymentConfiguration ` + s3NS + `><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`)
	}},
	"notification": {"GetBucketNotificationConfiguration", "GetBucketNotification", emptyElement("NotificationConfiguration")},
}

func none(code string) func(*request, int) *fault {
	return func(*request, int) *fault { return &fault{http.StatusNotFound, code, "not configured"} }
}

func emptyElement(name string) func(*request, int) *fault {
	return func(q *request, _ int) *fault { return q.xml("<" + name + " " + s3NS + "/>") }
}

func (q *request) xml(body string) *fault {
	q.w.Header().Set("Content-Type", "application/xml")
	_, _ = q.w.Write([]byte(xml.Header + body))
	return nil
}

func (q *request) s3Fault(f *fault) {
	q.w.Header().Set("Content-Type", "application/xml")
	q.w.WriteHeader(f.status)
	fmt.Fprintf(q.w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>fake</RequestId></Error>`, f.code, esc(f.message))
}

func (q *request) listBuckets() {
	if f := q.admit("s3", "ListBuckets", "s3:ListAllMyBuckets"); f != nil {
		q.s3Fault(f)
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

func bucketVersioning(q *request, i int) *fault {
	if i%2 == 0 && !q.touched(bucketName(i)) {
		return q.xml(`<VersioningConfiguration ` + s3NS + `/>`)
	}
	return q.xml(`<VersioningConfiguration ` + s3NS + `><Status>Enabled</Status></VersioningConfiguration>`)
}

func bucketEncryption(q *request, _ int) *fault {
	return q.xml(`<ServerSideEncryptionConfiguration ` + s3NS + `><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`)
}

func bucketPublicAccessBlock(q *request, i int) *fault {
	if i%5 == 0 {
		return &fault{http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"}
	}
	return q.xml(`<PublicAccessBlockConfiguration ` + s3NS + `><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`)
}

func bucketOwnership(q *request, _ int) *fault {
	return q.xml(`<OwnershipControls ` + s3NS + `><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`)
}

func bucketPolicy(q *request, i int) *fault {
	if i%3 != 0 {
		return &fault{http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist"}
	}
	q.w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(q.w, `{"Version":"2012-10-17","Statement":[{"Sid":"tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, bucketName(i))
	return nil
}

func bucketTagging(q *request, i int) *fault {
	if i%4 == 0 {
		return &fault{http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist"}
	}
	return q.xml(fmt.Sprintf(`<Tagging %s><TagSet><Tag><Key>owner</Key><Value>team-%d</Value></Tag></TagSet></Tagging>`, s3NS, i%17))
}

// s3control answers the account's public access block: not configured.
func (q *request) s3control() {
	if f := q.admit("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"); f != nil {
		q.s3controlFault(f)
		return
	}
	q.s3controlFault(&fault{http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"})
}

// s3controlFault wraps the error in ErrorResponse, as S3 Control does and S3 does not.
func (q *request) s3controlFault(f *fault) {
	q.w.Header().Set("Content-Type", "application/xml")
	q.w.WriteHeader(f.status)
	fmt.Fprintf(q.w, `<?xml version="1.0" encoding="UTF-8"?><ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error><RequestId>fake</RequestId></ErrorResponse>`, f.code, esc(f.message))
}
