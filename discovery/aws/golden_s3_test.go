package aws

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Answers of S3 for a bucket that has everything. What S3 gives no order is out
// of order.
var fullBucket = map[string]string{
	"s3:versioning": `<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>`,
	"s3:policy":     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["b","a"]},"Action":"s3:Get<Object>"}]}`,
	"s3:encryption": `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>` +
		`<KMSMasterKeyID>arn:aws:kms:k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`,
	"s3:publicAccessBlock": `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>` +
		`<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>`,
	"s3:logging": `<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>b/</TargetPrefix>` +
		`<TargetGrants><Grant>` + granteeXML("Group", "URI", "http://acs.amazonaws.com/groups/s3/LogDelivery") + `<Permission>READ</Permission></Grant></TargetGrants>` +
		`<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat></LoggingEnabled></BucketLoggingStatus>`,
	"s3:acl": aclXML(
		granteeXML("Group", "URI", "http://acs.amazonaws.com/groups/global/AllUsers")+"<Permission>WRITE</Permission>",
		granteeXML("CanonicalUser", "ID", "owner")+"<Permission>FULL_CONTROL</Permission>",
		granteeXML("Group", "URI", "http://acs.amazonaws.com/groups/global/AllUsers")+"<Permission>READ</Permission>",
	),
	"s3:ownershipControls": `<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>`,
	"s3:replication": `<ReplicationConfiguration><Role>arn:r</Role><Rule><ID>all</ID><Priority>1</Priority><Status>Enabled</Status><Filter><Prefix>p/</Prefix></Filter>` +
		`<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:b</Bucket></Destination></Rule></ReplicationConfiguration>`,
	"tagging:GetResources": `{"ResourceTagMappingList":[{"ResourceARN":"arn:aws:s3:::bucket-00000000","Tags":[{"Key":"owner","Value":"team"},{"Key":"empty","Value":""}]}]}`,
	"s3:lifecycle": `<LifecycleConfiguration>` +
		`<Rule><ID>all</ID><Status>Enabled</Status><Filter/><Expiration><Days>30</Days></Expiration>` +
		`<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>` +
		`<Transition><Days>10</Days><StorageClass>GLACIER</StorageClass></Transition><Transition><Date>2027-01-01T00:00:00Z</Date><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>` +
		`<NoncurrentVersionExpiration><NoncurrentDays>5</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>` +
		`<NoncurrentVersionTransition><NoncurrentDays>3</NoncurrentDays><StorageClass>STANDARD_IA</StorageClass></NoncurrentVersionTransition></Rule>` +
		`<Rule><ID>old</ID><Status>Disabled</Status><Prefix>logs/</Prefix><Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration></Rule>` +
		`<Rule><ID>tag</ID><Status>Enabled</Status><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>` +
		`<Rule><ID>and</ID><Status>Enabled</Status><Filter><And><Prefix>tmp/</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan>` +
		`<Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Expiration><Days>1</Days></Expiration></Rule>` +
		`<Rule><ID>size</ID><Status>Enabled</Status><Filter><Prefix>p/</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`,
}

func granteeXML(kind, field, value string) string {
	return `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="` + kind + `"><` + field + `>` + value + `</` + field + `></Grantee>`
}

func aclXML(grants ...string) string {
	return `<AccessControlPolicy><Owner><ID>owner</ID></Owner><AccessControlList><Grant>` + strings.Join(grants, "</Grant><Grant>") + `</Grant></AccessControlList></AccessControlPolicy>`
}

// unconfigured are the positive answers "not configured".
var unconfigured = map[string]string{
	"s3:policy": "NoSuchBucketPolicy", "s3:encryption": "ServerSideEncryptionConfigurationNotFoundError",
	"s3:publicAccessBlock": "NoSuchPublicAccessBlockConfiguration", "s3:ownershipControls": "OwnershipControlsNotFoundError",
	"s3:lifecycle": "NoSuchLifecycleConfiguration", "s3:replication": "ReplicationConfigurationNotFoundError",
}

// seenBucket reads the first bucket of an account, which is in eu-west-1.
func seenBucket(t *testing.T, a *account) ([]discovery.Observation, bool) {
	t.Helper()
	s, list := a.in(home), []bucket{{name: "bucket-00000000", region: "eu-west-1"}}
	tagBuckets(t.Context(), s, list)
	return bucketObservations(t.Context(), s, list[0])
}

// observeBucket projects one bucket of an account.
func observeBucket(t *testing.T, a *account) []discovery.Observation {
	t.Helper()
	list, exists := seenBucket(t, a)
	if !exists {
		t.Fatal("the bucket is gone")
	}
	return list
}

func bucketAccount(answers map[string]string) *account {
	a := newAccount(awsfake.Population{Buckets: 1})
	for op, body := range answers {
		a.says(op, body)
	}
	return a
}

func TestGoldenBuckets(t *testing.T) {
	t.Parallel()
	golden(t, "s3-bucket-full", observeBucket(t, bucketAccount(fullBucket)))
	bare := bucketAccount(map[string]string{
		"tagging:GetResources": `{"ResourceTagMappingList":[]}`,
		"s3:versioning":        `<VersioningConfiguration/>`, "s3:logging": `<BucketLoggingStatus/>`,
		"s3:acl": aclXML(granteeXML("CanonicalUser", "ID", "owner") + "<Permission>FULL_CONTROL</Permission>"),
	})
	for op, code := range unconfigured {
		bare.fails(op, http.StatusNotFound, s3Error(code))
	}
	golden(t, "s3-bucket-bare", observeBucket(t, bare))
	denied, failed, empty := bucketAccount(nil), bucketAccount(nil), bucketAccount(nil)
	for _, op := range perBucket {
		denied.fails(op, http.StatusForbidden, s3Error("AccessDenied"))
		failed.fails(op, http.StatusInternalServerError, s3Error("InternalError"))
		empty.says(op, "<Empty/>")
	}
	denied.fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException"))
	failed.fails("tagging:GetResources", http.StatusInternalServerError, jsonError("InternalServiceException"))
	empty.says("tagging:GetResources", "{}")
	golden(t, "s3-bucket-denied", observeBucket(t, denied))
	golden(t, "s3-bucket-failed", observeBucket(t, failed))
	// An answer without content is not the answer "not configured".
	golden(t, "s3-bucket-empty", observeBucket(t, empty.says("s3:policy", "")))
}

// The canned ACL is read off the grants that S3 makes of it.
func TestCannedACLs(t *testing.T) {
	t.Parallel()
	owner := granteeXML("CanonicalUser", "ID", "owner") + "<Permission>FULL_CONTROL</Permission>"
	group := func(uri, permission string) string {
		return granteeXML("Group", "URI", "http://acs.amazonaws.com/groups/"+uri) + "<Permission>" + permission + "</Permission>"
	}
	for name, c := range map[string]struct {
		grants []string
		want   any
	}{
		"private":            {[]string{owner}, "private"},
		"public-read":        {[]string{group("global/AllUsers", "READ"), owner}, "public-read"},
		"public-read-write":  {[]string{group("global/AllUsers", "WRITE"), group("global/AllUsers", "READ"), owner}, "public-read-write"},
		"authenticated-read": {[]string{owner, group("global/AuthenticatedUsers", "READ")}, "authenticated-read"},
		"log-delivery-write": {[]string{owner, group("s3/LogDelivery", "WRITE"), group("s3/LogDelivery", "READ_ACP")}, "log-delivery-write"},
		"nobody's":           {[]string{group("global/AllUsers", "READ")}, nil},
		"one of our own":     {[]string{owner, granteeXML("CanonicalUser", "ID", "other") + "<Permission>READ</Permission>"}, nil},
		"somebody else's":    {[]string{granteeXML("CanonicalUser", "ID", "other") + "<Permission>FULL_CONTROL</Permission>"}, nil},
		"more than public":   {[]string{owner, group("global/AllUsers", "READ"), group("global/AllUsers", "READ_ACP")}, nil},
	} {
		o := observeBucket(t, bucketAccount(map[string]string{"s3:acl": aclXML(c.grants...)}))[0]
		if got := o.Properties["acl"]; got != c.want || unknown(o, "acl") != nil {
			t.Errorf("%s: acl %v, want %v", name, got, c.want)
		}
	}
}

func TestGoldenAccountPublicAccess(t *testing.T) {
	t.Parallel()
	var list []discovery.Observation
	for _, c := range []answer{
		{http.StatusOK, fullBucket["s3:publicAccessBlock"]},
		{http.StatusNotFound, s3controlError("NoSuchPublicAccessBlockConfiguration")},
		{http.StatusForbidden, s3controlError("AccessDenied")},
		{http.StatusOK, ""},
	} {
		a := newAccount(awsfake.Population{}).asked("s3control:publicAccessBlock", func(string, url.Values) answer { return c })
		list = append(list, accountPublicAccess(t.Context(), a.in(home))...)
	}
	golden(t, "s3-account-public-access", list)
}

// Each facet of a bucket in each state that its call can end in: what is not
// known is said to be unknown, wherever it would stand.
func TestEveryBucketFacetInEveryState(t *testing.T) {
	t.Parallel()
	for op, c := range map[string]struct {
		call  string
		paths map[string][]string // unknown paths by type
	}{
		"s3:versioning":        {"s3:GetBucketVersioning", map[string][]string{typeBucket: {"versioning"}, typeBucketVersioning: {"versioningConfiguration"}}},
		"s3:policy":            {"s3:GetBucketPolicy", map[string][]string{typeBucket: {"policy"}, typeBucketPolicy: {"policy"}}},
		"s3:encryption":        {"s3:GetEncryptionConfiguration", map[string][]string{typeBucket: {"serverSideEncryptionConfiguration"}, typeBucketEncryption: {"rules"}}},
		"s3:publicAccessBlock": {"s3:GetBucketPublicAccessBlock", map[string][]string{typeBucketPAB: publicAccessNames}},
		"s3:logging":           {"s3:GetBucketLogging", map[string][]string{typeBucket: {"logging"}, typeBucketLogging: {"targetBucket", "targetPrefix"}}},
		"s3:acl":               {"s3:GetBucketAcl", map[string][]string{typeBucket: {"grants", "acl"}, typeBucketACL: {"accessControlPolicy", "acl"}}},
		"s3:ownershipControls": {"s3:GetBucketOwnershipControls", map[string][]string{typeBucketOwnership: {"rule"}}},
		"s3:lifecycle":         {"s3:GetLifecycleConfiguration", map[string][]string{typeBucket: {"lifecycleRules"}, typeBucketLifecycle: {"rules"}}},
		"s3:replication":       {"s3:GetReplicationConfiguration", map[string][]string{typeBucket: {"replicationConfiguration"}, typeBucketReplication: {"role", "rules"}}},
		"tagging:GetResources": {"tag:GetResources", map[string][]string{typeBucket: {"tags"}}},
	} {
		for state, a := range map[schemas.FacetState]answer{
			schemas.FacetDenied: {http.StatusForbidden, s3Error("AccessDenied")},
			schemas.FacetFailed: {http.StatusServiceUnavailable, s3Error("SlowDown")},
		} {
			list := observeBucket(t, bucketAccount(fullBucket).fails(op, a.status, a.body))
			byType := map[string]discovery.Observation{}
			for _, o := range list {
				byType[o.Type] = o
				for _, u := range o.Unknown {
					if u.State != schemas.FacetNotRead && u.Call != c.call {
						t.Errorf("%s %s: %s says %+v", op, state, o.Type, u)
					}
				}
			}
			if len(list) != len(bucketTypes) {
				t.Errorf("%s %s: %d resources, want all %d: the gap needs one to be told of", op, state, len(list), len(bucketTypes))
			}
			for token, paths := range c.paths {
				for _, p := range paths {
					wantUnknown(t, byType[token], p, state, c.call)
					if v := byType[token].Properties[p]; v != nil {
						t.Errorf("%s %s: %s has %s = %v", op, state, token, p, v)
					}
				}
			}
		}
	}
}

// A bucket with everything that is read on demand.
func TestGoldenBucketOnDemand(t *testing.T) {
	t.Parallel()
	a, calls := bucketAccount(fullBucket), []string{}
	for call, c := range bucketOnDemand {
		calls = append(calls, call)
		a.says(c.op, c.body)
	}
	list, _ := bucketObservations(withFacets(t.Context(), calls), a.in(home), bucket{name: "bucket-00000000", region: "eu-west-1"})
	golden(t, "s3-bucket-on-demand", slices.DeleteFunc(list, func(o discovery.Observation) bool { return o.Type != typeBucket && o.Type != typeBucketReplication }))
}
