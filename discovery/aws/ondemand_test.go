package aws

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Answers of S3 for what of a bucket is read on demand, and what becomes of them.
var bucketOnDemand = map[string]struct{ op, path, body, want, absent string }{
	bucketWebsite.action: {
		"s3:website", "website",
		`<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>error.html</Key></ErrorDocument>` +
			`<RoutingRules><RoutingRule><Condition><KeyPrefixEquals>a/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>b/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>`,
		`{"errorDocument":"error.html","indexDocument":"index.html","routingRules":"[{\"Condition\":{\"KeyPrefixEquals\":\"a/\"},\"Redirect\":{\"ReplaceKeyPrefixWith\":\"b/\"}}]"}`,
		"NoSuchWebsiteConfiguration",
	},
	bucketCORS.action: {
		"s3:cors", "corsRules",
		`<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
		`[{"allowedMethods":["GET","PUT"],"allowedOrigins":["*"],"maxAgeSeconds":5}]`, "NoSuchCORSConfiguration",
	},
	bucketObjectLock.action: {
		"s3:object-lock", "objectLockConfiguration",
		`<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>7</Days></DefaultRetention></Rule></ObjectLockConfiguration>`,
		`{"objectLockEnabled":"Enabled","rule":{"defaultRetention":{"days":7,"mode":"COMPLIANCE"}}}`, "ObjectLockConfigurationNotFoundError",
	},
}

// A facet that is read on demand is read when its call is named, and in every state
// says what others say in it; the others are not read meanwhile.
func TestBucketFacetsOnDemand(t *testing.T) {
	t.Parallel()
	read := func(a *account, calls ...string) (properties map[string]any, unknown []schemas.UnknownPath) {
		s, list := a.in(home), []bucket{{name: "bucket-00000000", region: "eu-west-1"}}
		found, exists := bucketObservations(withFacets(t.Context(), calls), s, list[0])
		if !exists || found[0].Type != typeBucket {
			t.Fatalf("found %+v", found)
		}
		return found[0].Properties, found[0].Unknown
	}
	stateOf := func(unknown []schemas.UnknownPath, path string) schemas.FacetState {
		if i := slices.IndexFunc(unknown, func(u schemas.UnknownPath) bool { return u.Path == path }); i >= 0 {
			return unknown[i].State
		}
		return ""
	}
	versioned := func(answers map[string]string) *account {
		return bucketAccount(answers).says("s3:versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	}
	for call, c := range bucketOnDemand {
		a := versioned(map[string]string{c.op: c.body})
		properties, unknown := read(a, call)
		if got, err := json.Marshal(properties[c.path]); err != nil || string(got) != c.want {
			t.Errorf("%s: %s\nwant %s", call, got, c.want)
		}
		for other, o := range bucketOnDemand {
			if want := map[bool]schemas.FacetState{true: "", false: schemas.FacetNotRead}[other == call]; stateOf(unknown, o.path) != want {
				t.Errorf("reading %s, %s is %q", call, o.path, stateOf(unknown, o.path))
			}
		}
		if properties, unknown = read(a); properties[c.path] != nil || stateOf(unknown, c.path) != schemas.FacetNotRead {
			t.Errorf("%s was read without need: %v", call, properties[c.path])
		}
		for state, answer := range map[schemas.FacetState]answer{
			schemas.FacetDenied: {http.StatusForbidden, s3Error("AccessDenied")},
			schemas.FacetFailed: {http.StatusOK, ""},
			"":                  {http.StatusNotFound, s3Error(c.absent)}, // absent
		} {
			properties, unknown = read(versioned(nil).fails(c.op, answer.status, answer.body), call)
			if properties[c.path] != nil || stateOf(unknown, c.path) != state {
				t.Errorf("%s: %v, %q, want %q", call, properties[c.path], stateOf(unknown, c.path), state)
			}
		}
		if u, ok := OnDemand(schemas.Key{Region: "eu-west-1", Type: typeBucket, ID: "b"}, call); !ok || u.String() != "global/s3" {
			t.Errorf("%s is read in %s, %v", call, u, ok)
		}
	}
	if u, ok := OnDemand(schemas.Key{Region: "eu-west-1", Type: typeBucket, ID: "b"}, "s3:GetBucketAcl"); ok {
		t.Errorf("what is always read is read on demand in %s", u)
	}
}

// Replication as a resource of its own is there until S3 says that it is not: denied and failed.
// Of a bucket that keeps no versions it is not asked for.
func TestReplicationConfig(t *testing.T) {
	t.Parallel()
	const op = "s3:replication"
	var of discovery.Observation // the bucket that was read last
	read := func(status string, a answer) (*account, *discovery.Observation) {
		with := bucketAccount(map[string]string{"s3:versioning": `<VersioningConfiguration><Status>` + status + `</Status></VersioningConfiguration>`}).fails(op, a.status, a.body)
		list, exists := bucketObservations(t.Context(), with.in(home), bucket{name: "bucket-00000000", region: "eu-west-1"})
		if !exists {
			t.Fatal("the bucket is gone")
		}
		of = list[0]
		if i := slices.IndexFunc(list, func(o discovery.Observation) bool { return o.Type == typeBucketReplication }); i >= 0 {
			checkNames(t, list[i])
			return with, &list[i]
		}
		return with, nil
	}
	const rules = `<Rule><ID>a</ID><Status>Enabled</Status><Priority>1</Priority><Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>` +
		`<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>` +
		`<SourceSelectionCriteria><ReplicaModifications><Status>Enabled</Status></ReplicaModifications><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>` +
		`<Destination><Bucket>arn:b</Bucket><Account>1</Account><AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation><StorageClass>GLACIER</StorageClass>` +
		`<EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration><Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics>` +
		`<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime></Destination></Rule>` +
		`<Rule><ID>b</ID><Status>Disabled</Status><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Destination><Bucket>arn:c</Bucket></Destination></Rule>` +
		`<Rule><ID>c</ID><Status>Enabled</Status><Prefix>old/</Prefix><Destination><Bucket>arn:c</Bucket></Destination></Rule>`
	present := answer{http.StatusOK, `<ReplicationConfiguration><Role>arn:r</Role>` + rules + `</ReplicationConfiguration>`}
	_, o := read("Enabled", present)
	const want = `{"bucket":"bucket-00000000","region":"eu-west-1","role":"arn:r","rules":[{"deleteMarkerReplication":{"status":"Disabled"},` +
		`"destination":{"accessControlTranslation":{"owner":"Destination"},"account":"1","bucket":"arn:b","encryptionConfiguration":{"replicaKmsKeyId":"k"},` +
		`"metrics":{"eventThreshold":{"minutes":15},"status":"Enabled"},"replicationTime":{"status":"Enabled","time":{"minutes":15}},"storageClass":"GLACIER"},` +
		`"existingObjectReplication":{"status":"Enabled"},"filter":{"and":{"prefix":"p/","tags":{"k":"v"}}},"id":"a","priority":1,` +
		`"sourceSelectionCriteria":{"replicaModifications":{"status":"Enabled"},"sseKmsEncryptedObjects":{"status":"Enabled"}},"status":"Enabled"},` +
		`{"destination":{"bucket":"arn:c"},"filter":{"tag":{"key":"k","value":"v"}},"id":"b","status":"Disabled"},{"destination":{"bucket":"arn:c"},"id":"c","prefix":"old/","status":"Enabled"}]}`
	if o == nil || encode(o.Properties) != want || len(o.Unknown) > 0 {
		t.Fatalf("%+v\nwant %s", o, want)
	}
	// What the bucket itself holds of it is built otherwise.
	const held = `{"role":"arn:r","rules":[{"deleteMarkerReplicationStatus":"Disabled","destination":{"accessControlTranslation":{"owner":"Destination"},"accountId":"1","bucket":"arn:b",`
	if of.Type != typeBucket || !strings.HasPrefix(encode(of.Properties["replicationConfiguration"]), held) {
		t.Errorf("the bucket has %s", encode(of.Properties["replicationConfiguration"]))
	}
	for state, a := range map[schemas.FacetState]answer{
		schemas.FacetDenied: {http.StatusForbidden, s3Error("AccessDenied")},
		schemas.FacetFailed: {http.StatusOK, ""},
	} {
		if _, o := read("Enabled", a); o == nil {
			t.Errorf("%s: the gap has nothing to be told of", state)
		} else {
			wantUnknown(t, *o, "role", state, bucketReplication.action)
			wantUnknown(t, *o, "rules", state, bucketReplication.action)
		}
	}
	if _, o := read("Enabled", answer{http.StatusNotFound, s3Error("ReplicationConfigurationNotFoundError")}); o != nil {
		t.Errorf("not configured: %+v", o)
	}
	for _, status := range []string{"", "Suspended"} {
		if a, o := read(status, present); o != nil || a.count(op) > 0 {
			t.Errorf("versioning %q: %+v, asked %d times", status, o, a.count(op))
		}
	}
}
