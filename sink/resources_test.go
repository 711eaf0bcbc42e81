package sink

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// stored is what the inventory says of a row.
func (m *model) stored(r resourceRow, properties bool) schemas.StoredResource {
	out := schemas.StoredResource{
		Resource: resourceOf(r.key(), r.Hash, r.Version), AccountID: schemas.AccountID(r.AccountID), Account: r.Account,
		URN:       "urn:insights:" + r.Account + "/" + r.Region + "::aws::" + r.Type + "::" + r.ID,
		FirstSeen: r.FirstSeen, LastSeen: m.lastSeen(r.key()), ChangedAt: r.ChangedAt,
	}
	if !properties {
		out.Properties = nil
	}
	return out
}

func pageResources(t *testing.T, s *Store, q schemas.ResourceQuery) (out []schemas.StoredResource) {
	t.Helper()
	limit := q.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	for {
		page, err := s.Resources(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page.Resources...)
		if page.Next == "" {
			return out
		}
		if len(page.Resources) != limit || len(out) > 10*maxLimit {
			t.Fatalf("%+v: a page of %d has a next one, after %d", q, len(page.Resources), len(out))
		}
		q.Cursor = page.Next
	}
}

func askResources(t *testing.T, w *world) {
	a, b := histories[0], histories[1]
	id := historyIDs[1]
	type test struct {
		q    schemas.ResourceQuery
		keep func(resourceRow) bool
	}
	tests := map[string]test{
		"everything":      {schemas.ResourceQuery{}, func(resourceRow) bool { return true }},
		"account by id":   {schemas.ResourceQuery{Accounts: []string{string(a)}}, func(r resourceRow) bool { return r.AccountID == string(a) }},
		"account by name": {schemas.ResourceQuery{Accounts: []string{"acct-" + b.AWSAccount()}}, func(r resourceRow) bool { return r.AccountID == string(b) }},
		"no such account": {schemas.ResourceQuery{Accounts: []string{"nobody"}}, func(resourceRow) bool { return false }},
		"type":            {schemas.ResourceQuery{Type: volumeType}, func(r resourceRow) bool { return r.Type == volumeType }},
		"region":          {schemas.ResourceQuery{Region: "eu-west-1"}, func(r resourceRow) bool { return r.Region == "eu-west-1" }},
		"id":              {schemas.ResourceQuery{ID: id}, func(r resourceRow) bool { return r.ID == id }},
		"part of an id":   {schemas.ResourceQuery{ID: id[:len(id)-1]}, func(resourceRow) bool { return false }},
		"out of compliance": {schemas.ResourceQuery{Violating: true}, func(r resourceRow) bool {
			return slices.ContainsFunc(slices.Collect(maps.Values(w.m.violations)), func(v violationRow) bool {
				return v.State == "open" && v.AccountID == r.AccountID && v.Canonical == schemas.CanonicalType(r.Type) && v.Region == r.Region && v.ID == r.ID
			})
		}},
		"out of compliance in one": {schemas.ResourceQuery{Violating: true, Accounts: []string{"acct-" + a.AWSAccount()}, Region: "us-east-1"}, func(r resourceRow) bool {
			return r.AccountID == string(a) && r.Region == "us-east-1" && slices.ContainsFunc(slices.Collect(maps.Values(w.m.violations)), func(v violationRow) bool {
				return v.State == "open" && v.AccountID == r.AccountID && v.Canonical == schemas.CanonicalType(r.Type) && v.Region == r.Region && v.ID == r.ID
			})
		}},
		"injected": {schemas.ResourceQuery{Type: "' OR '1'='1", Region: `\`, ID: "?"}, func(resourceRow) bool { return false }},
		"all of it": {schemas.ResourceQuery{Accounts: []string{string(a)}, Type: bucketType, Region: "us-east-1", Match: "o"}, func(r resourceRow) bool {
			return r.AccountID == string(a) && r.Type == bucketType && r.Region == "us-east-1" && strings.Contains(r.ID, "o")
		}},
	}
	for _, part := range append(historyIDs, "%", "_", "ü", "\n", "\x00", `\`, "'", "nothing has it") {
		tests["match "+part] = test{schemas.ResourceQuery{Match: part}, func(r resourceRow) bool { return strings.Contains(r.ID, part) }}
	}
	for name, c := range tests {
		for _, properties := range []bool{false, true} {
			var want []schemas.StoredResource
			for _, account := range histories {
				for _, r := range w.m.live(account) {
					if c.keep(r) {
						want = append(want, w.m.stored(r, properties))
					}
				}
			}
			c.q.Properties = properties
			sameText(t, fmt.Sprintf("%s, properties %v", name, properties), pageResources(t, w.s, c.q), want)
		}
	}
	var all []schemas.StoredResource
	for _, account := range histories {
		for _, r := range w.m.live(account) {
			all = append(all, w.m.stored(r, false))
		}
	}
	for _, limit := range []int{7, len(all) - 1, len(all), len(all) + 1} {
		sameText(t, fmt.Sprint("pages of ", limit), pageResources(t, w.s, schemas.ResourceQuery{Limit: limit}), all)
	}
	volumes := slices.DeleteFunc(all, func(r schemas.StoredResource) bool { return r.Type != volumeType })
	sameText(t, "volumes one by one", pageResources(t, w.s, schemas.ResourceQuery{Type: volumeType, Limit: 1}), volumes)
}

// The inventory keeps a sealed secret as it came and never opens it: it has no
// key. What stands beside it in the document is as it was.
func TestSealedSecretsStaySealed(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.seq++
	b := sc.batch()
	document := `{"environment":{"variables":{"PASSWORD":{"sealed":"AAEC/+8=","key":"k1","mac":"<&>"}}},"tags":{"it's \"ü\" \u0000":"\\n\n"},"none":null,"list":[1,true,"x"],"empty":{}}`
	r := sc.resource(sceneKey("aws:lambda/function:Function", "f"))
	if err := json.Unmarshal([]byte(document), &r.Properties); err != nil {
		t.Fatal(err)
	}
	want := line(r.Properties)
	r.Unknown = []schemas.UnknownPath{{Path: "policy", State: schemas.FacetDenied, Call: "lambda:GetPolicy", Reason: "it's denied"}}
	b.Resources = []schemas.Resource{r}
	sc.write(schemas.Message{Snapshot: b})
	for _, properties := range []bool{true, false} {
		page, err := sc.s.Resources(t.Context(), schemas.ResourceQuery{Properties: properties})
		if err != nil || len(page.Resources) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		got := page.Resources[0]
		sameText(t, "what is not known", got.Unknown, r.Unknown)
		if properties && line(got.Properties) != want || !properties && got.Properties != nil {
			t.Errorf("properties %v: got %s, want %s", properties, line(got.Properties), want)
		}
	}
	again := collectUnjudged(t, sc.s, sc.id, 1, 10)
	if len(again) != 1 || line(again[0].Properties) != want {
		t.Errorf("to be judged again: %+v", again)
	}
}

// First seen is the first time ever, also over a tombstone; changed is when the
// content last did; last seen is the last complete run.
func TestTimesOfAResource(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	k, other := sceneKey(bucketType, "b"), sceneKey(volumeType, "v")
	is := func(what string, first, changed, last uint64) {
		t.Helper()
		page, err := sc.s.Resources(t.Context(), schemas.ResourceQuery{Type: bucketType})
		if err != nil || len(page.Resources) != 1 {
			t.Fatalf("%s: %+v, %v", what, page, err)
		}
		r := page.Resources[0]
		got := []int{minutes(sc, r.FirstSeen), minutes(sc, r.ChangedAt), minutes(sc, r.LastSeen)}
		if !slices.Equal(got, []int{int(first), int(changed), int(last)}) {
			t.Errorf("%s: first seen, changed, last seen %v, want %d %d %d", what, got, first, changed, last)
		}
	}
	sc.see(k)
	is("seen", 1, 1, 1)
	sc.see(k)
	is("sent whole again, the same", 1, 1, 2)
	sc.close(bucketScope(), schemas.FixResourceGone)
	is("a complete run", 1, 1, 3)
	sc.content[k] = "other"
	sc.see(k, other)
	is("changed", 1, 4, 4)
	sc.close(schemas.Scope{Region: "us-east-1", Type: bucketType, Route: schemas.RouteNative}, schemas.FixResourceGone)
	is("a complete run of another scope", 1, 4, 4)
	sc.close(bucketScope(), schemas.FixResourceGone, k)
	if page, err := sc.s.Resources(t.Context(), schemas.ResourceQuery{Type: bucketType}); err != nil || len(page.Resources) != 0 {
		t.Errorf("gone: %+v, %v", page, err)
	}
	sc.see(k)
	is("there again", 1, 7, 7)
}

// minutes since the scene began, which is the number of an attempt.
func minutes(sc *scene, at interface{ Unix() int64 }) int {
	return int(at.Unix()-sc.start.Unix()) / 60
}

// Regions are known by what was looked at, also in vain, and by what was found.
func TestRegions(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	other := sceneIn(t, sc.s, "aws-210987654321", "dev")
	sc.see(sceneKey(bucketType, "b"))
	sc.end(schemas.ScopeEnd{Scope: schemas.Scope{Region: "sa-east-1", Type: volumeType, Route: schemas.RouteNative}, State: schemas.ScopeDenied})
	other.see(schemas.Key{Region: "us-east-1", Type: bucketType, ID: "b"})
	for asked, want := range map[string][]string{
		string(sc.id): {"eu-west-1", "sa-east-1"}, string(other.id): {"us-east-1"}, "prod dev": {"eu-west-1", "sa-east-1", "us-east-1"}, "": {"eu-west-1", "sa-east-1", "us-east-1"}, "-": nil,
	} {
		got, err := sc.s.Regions(t.Context(), strings.Fields(asked))
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("of %q: %q, %v, want %q", asked, got, err, want)
		}
	}
}
