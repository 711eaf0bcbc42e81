package sink

import (
	"fmt"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// everyKey of the history, whether or not it ever existed.
func everyKey() (out []schemas.Key) {
	for _, u := range historyUnits {
		for _, kind := range u.kinds {
			for _, id := range historyIDs {
				kind.ID = id
				out = append(out, kind)
			}
		}
	}
	return out
}

func askKnown(t *testing.T, w *world) {
	for _, a := range append(histories, "aws-999999999999") {
		// Also what never was: another id, another region, another type of a held key.
		keys := append(everyKey(), schemas.Key{Region: "us-east-1", Type: "aws:s3/bucket:Bucket", ID: "never"})
		for _, k := range everyKey() {
			keys = append(keys, schemas.Key{Region: "eu-north-1", Type: k.Type, ID: k.ID}, schemas.Key{Region: k.Region, Type: "other", ID: k.ID})
		}
		got, err := w.s.Known(t.Context(), schemas.KnownRequest{AccountID: a, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		var want []schemas.Sighting
		for _, r := range w.m.live(a) {
			want = append(want, schemas.Sighting{Key: r.key().Key, Hash: r.Hash})
		}
		slices.SortFunc(got.Known, func(a, b schemas.Sighting) int {
			return compareTexts(a.Type, b.Type, a.Region, b.Region, a.ID, b.ID)
		})
		sameText(t, "known of "+string(a), got.Known, want)
	}
	one := w.m.live(histories[0])[0]
	got, err := w.s.Known(t.Context(), schemas.KnownRequest{AccountID: histories[0], Keys: []schemas.Key{one.key().Key}})
	if err != nil || len(got.Known) != 1 || got.Known[0].Hash != one.Hash {
		t.Errorf("asked for %v, got %+v, %v", one.key(), got, err)
	}
	if got, err := w.s.Known(t.Context(), schemas.KnownRequest{AccountID: histories[0]}); err != nil || len(got.Known) != 0 {
		t.Errorf("asked for nothing, got %+v, %v", got, err)
	}
	_, err = w.s.Known(t.Context(), schemas.KnownRequest{AccountID: histories[0], Keys: make([]schemas.Key, maxKeys+1)})
	wantCode(t, err, schemas.CodeInvalid)
}

func wantCode(t *testing.T, err error, code schemas.Code) {
	t.Helper()
	if err == nil || schemas.CodeOf(err) != code {
		t.Errorf("error %v, want one of code %s", err, code)
	}
}

// scopes of the history and some that nothing is in.
func scopes() []schemas.Scope {
	return []schemas.Scope{
		{Region: "global", Type: "aws:s3/bucket:Bucket", Route: schemas.RouteNative},
		{Region: "us-east-1", Type: "aws:ec2/instance:Instance", Route: schemas.RouteNative},
		{Region: "us-east-1", Type: "aws:ebs/volume:Volume", Route: schemas.RouteNative},
		{Region: "us-east-1", Type: "aws:s3/bucket:Bucket", Route: schemas.RouteNative}, // where buckets live is not their scope
		{Region: "global", Type: "aws:s3/bucket:Bucket", Route: "other"},
		{Region: "global", Type: "' OR 1 --", Route: schemas.RouteNative},
	}
}

func (m *model) inScope(a schemas.AccountID, sc schemas.Scope) (out []resourceRow) {
	for _, r := range m.live(a) {
		if r.Type == sc.Type && r.ScopeRegion == sc.Region && r.Route == sc.Route {
			out = append(out, r)
		}
	}
	return out
}

// Pages of any size, put together, are the live keys of the scope, in order.
func askKeys(t *testing.T, w *world) {
	for _, a := range histories {
		for _, sc := range scopes() {
			var want []schemas.Key
			for _, r := range w.m.inScope(a, sc) {
				want = append(want, r.key().Key)
			}
			for _, limit := range []int{1, 3, max(1, len(want)), len(want) + 1, 0, maxKeys + 1} {
				sameText(t, fmt.Sprintf("keys of %s %s by %d", a, sc, limit), pagedKeys(t, w.s, a, sc, limit), want)
			}
		}
	}
	_, err := w.s.Keys(t.Context(), schemas.KeysRequest{AccountID: histories[0], Scope: scopes()[0], After: "no|key"})
	wantCode(t, err, schemas.CodeInvalid)
}

func pagedKeys(t *testing.T, s *Store, a schemas.AccountID, sc schemas.Scope, limit int) (out []schemas.Key) {
	t.Helper()
	after := ""
	for {
		page, err := s.Keys(t.Context(), schemas.KeysRequest{AccountID: a, Scope: sc, After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page.Keys {
			if n := len(out); n > 0 && compareTexts(out[n-1].Region, k.Region, out[n-1].ID, k.ID) >= 0 {
				t.Fatalf("keys of %s by %d: %v after %v", sc, limit, k, out[n-1])
			}
			out = append(out, k)
		}
		if limit <= 0 || limit > maxKeys {
			limit = maxKeys
		}
		if len(page.Keys) > limit {
			t.Fatalf("%d keys on a page of %d", len(page.Keys), limit)
		}
		if len(page.Keys) < limit {
			return out
		}
		after = page.Keys[limit-1].String()
	}
}

func askCounts(t *testing.T, w *world) {
	types := []string{"aws:s3/bucket:Bucket", "aws:ec2/instance:Instance", "aws:ebs/volume:Volume", `no ' such \ type`}
	top := w.h.seq[histories[0]] + 2
	for _, a := range histories {
		for _, region := range []string{"global", "us-east-1", "nowhere"} {
			for _, before := range []uint64{0, 1, top / 2, top - 3, top} {
				want := map[string]uint64{}
				for _, r := range w.m.live(a) {
					if r.ScopeRegion == region && r.Seq < before {
						want[r.Type]++
					}
				}
				got, err := w.s.Counts(t.Context(), schemas.CountsRequest{AccountID: a, Region: region, Route: schemas.RouteNative, Types: types, Before: before})
				if err != nil {
					t.Fatal(err)
				}
				sameText(t, fmt.Sprintf("counts of %s in %s before %d", a, region, before), got.Counts, want)
			}
		}
	}
	for _, q := range []schemas.CountsRequest{
		{AccountID: histories[0], Region: "global", Route: schemas.RouteNative, Before: top},
		{AccountID: histories[0], Region: "global", Route: "other", Types: types, Before: top},
	} {
		if got, err := w.s.Counts(t.Context(), q); err != nil || len(got.Counts) != 0 {
			t.Errorf("%+v: got %v, %v", q, got.Counts, err)
		}
	}
}
