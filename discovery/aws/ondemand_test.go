package aws

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

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
	bucketReplication.action: {
		"s3:replication", "replicationConfiguration",
		`<ReplicationConfiguration><Role>arn:r</Role><Rule><ID>all</ID><Priority>1</Priority><Status>Enabled</Status><Filter><Prefix>p/</Prefix></Filter>` +
			`<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>` +
			`<Destination><Bucket>arn:b</Bucket><StorageClass>GLACIER</StorageClass><Account>1</Account><EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration>` +
			`<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime></Destination></Rule></ReplicationConfiguration>`,
		`{"role":"arn:r","rules":[{"deleteMarkerReplicationStatus":"Disabled","destination":{"accountId":"1","bucket":"arn:b","replicaKmsKeyId":"k","replicationTime":{"minutes":15,"status":"Enabled"},"storageClass":"GLACIER"},` +
			`"filter":{"prefix":"p/"},"id":"all","priority":1,"sourceSelectionCriteria":{"sseKmsEncryptedObjects":{"enabled":true}},"status":"Enabled"}]}`,
		"ReplicationConfigurationNotFoundError",
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
	for call, c := range bucketOnDemand {
		a := bucketAccount(map[string]string{c.op: c.body})
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
			properties, unknown = read(bucketAccount(nil).fails(c.op, answer.status, answer.body), call)
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
