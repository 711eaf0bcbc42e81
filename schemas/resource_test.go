package schemas

import "testing"

func TestFindingIDIsOnePerCloudResource(t *testing.T) {
	t.Parallel()
	const account = AccountID("aws-123456789012")
	bucket := Key{Region: "us-east-1", Type: "aws:s3/bucket:Bucket", ID: "logs"}
	twin := bucket
	twin.Type = "aws:s3/bucketV2:BucketV2"
	other := bucket
	other.ID = "logs2"
	id := FindingID(account, bucket, "p", "deny_public")
	if got := FindingID(account, twin, "p", "deny_public"); got != id {
		t.Errorf("alias twin: %s, want %s", got, id)
	}
	for name, got := range map[string]string{
		"other resource": FindingID(account, other, "p", "deny_public"),
		"other policy":   FindingID(account, bucket, "p", "deny_other"),
		"other pack":     FindingID(account, bucket, "q", "deny_public"),
		"other account":  FindingID("aws-123456789013", bucket, "p", "deny_public"),
	} {
		if got == id {
			t.Errorf("%s has the same finding id", name)
		}
	}
}

func TestKeyRoundTrip(t *testing.T) {
	t.Parallel()
	k := Key{Region: "global", Type: "aws:iam/role:Role", ID: "a|b"}
	got, ok := ParseKey(k.String())
	if !ok || got != k {
		t.Errorf("ParseKey(%q) = %v, %v", k.String(), got, ok)
	}
}

func TestURNRoundTrip(t *testing.T) {
	t.Parallel()
	k := Key{Region: "eu-west-1", Type: "aws-native:logs:QueryDefinition", ID: "a::b|c"}
	account, got, ok := ParseURN(k.URN("prod"))
	if !ok || got != k || account != "prod" {
		t.Errorf("ParseURN(%q) = %q, %v, %v", k.URN("prod"), account, got, ok)
	}
	for _, no := range []string{"", "prod", "urn:pulumi:prod::p::aws:s3/bucket:Bucket::b", "urn:insights:prod::aws::t::i", "urn:insights:prod/us-east-1::gcp::t::i", "urn:insights:prod/us-east-1::aws::t"} {
		if account, k, ok := ParseURN(no); ok {
			t.Errorf("%q is %v of %q", no, k, account)
		}
	}
}

func TestHashContent(t *testing.T) {
	t.Parallel()
	plain := func(v any) any { return v }
	hash := func(p map[string]any, u ...UnknownPath) string {
		t.Helper()
		h, err := HashContent(p, u, plain)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	props := map[string]any{"a": 1, "b": []any{"x"}}
	base := hash(props)
	if hash(props, UnknownPath{Path: "policy", State: FacetNotRead}) == base {
		t.Error("a facet that was not read has the hash of one that is absent")
	}
	if hash(props, UnknownPath{Path: "policy", State: FacetDenied}) == base {
		t.Error("a denied facet does not change the hash")
	}
	if hash(map[string]any{"a": 2, "b": []any{"x"}}) == base {
		t.Error("another value has the same hash")
	}
}

func TestOrderNewer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		a, b Order
		want bool
	}{
		{"equal is not newer", Order{1, 1, 1}, Order{1, 1, 1}, false},
		{"version first", Order{2, 1, 1}, Order{1, 9, 9}, true},
		{"then revision", Order{1, 2, 1}, Order{1, 1, 9}, true},
		{"then attempt", Order{1, 1, 2}, Order{1, 1, 1}, true},
		{"older", Order{1, 9, 9}, Order{2, 1, 1}, false},
	} {
		if got := c.a.Newer(c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestScoresCountUnknownAgainst(t *testing.T) {
	t.Parallel()
	c := Counts{Passed: 5, Failed: 1, Unknown: 2, Errored: 2, NotApplicable: 90}
	if c.Score() != 50 || c.Coverage() != 60 {
		t.Errorf("score %v coverage %v, want 50 and 60", c.Score(), c.Coverage())
	}
	if (Counts{NotApplicable: 3}).Score() != -1 {
		t.Error("nothing to judge must be -1")
	}
}
