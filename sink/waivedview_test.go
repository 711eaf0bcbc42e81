package sink

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// askWaivedNow compares the open violations of people's SQL, each with the waiver that
// covers it now, as every selector comes into force and goes.
func askWaivedNow(t *testing.T, w *world) {
	for _, a := range histories {
		if err := w.s.LogConfig(t.Context(), "account", string(a), 1, "ann", w.p.now, fmt.Appendf(nil, `{"name":%q}`, nowCalled(a))); err != nil {
			t.Fatal(err)
		}
	}
	now, covered := time.Now(), 0
	log := func(list []schemas.Waiver, names ...string) {
		t.Helper()
		for _, name := range names {
			w.p.now = w.p.now.Add(time.Second)
			v := schemas.Waiver{Name: name, Removed: true}
			for _, other := range list {
				if other.Name == name {
					v = other
				}
			}
			doc, err := json.Marshal(v)
			if err == nil {
				err = w.s.LogConfig(t.Context(), "waiver", name, 1, "ann", w.p.now, doc)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	log(nil, slices.Collect(maps.Keys(w.p.waivers))...)
	for name, selector := range selectors {
		short := schemas.Waiver{Name: "short", WaiverTerms: schemas.WaiverTerms{Selector: selector, StartsAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour)}}
		long := schemas.Waiver{Name: `it's "long"`, WaiverTerms: schemas.WaiverTerms{Selector: schemas.WaiverSelector{Policies: []string{"policy-1"}}, StartsAt: now.Add(-time.Hour), ExpiresAt: now.Add(2 * time.Hour)}}
		pending, over := short, short
		pending.Name, pending.StartsAt, pending.ExpiresAt = "pending", now.Add(time.Hour), now.Add(9*time.Hour)
		over.Name, over.StartsAt, over.ExpiresAt = "over", now.Add(-2*time.Hour), now.Add(-time.Minute)
		list := []schemas.Waiver{short, long}
		log([]schemas.Waiver{short, long, pending, over}, "short", long.Name, "pending", "over")
		covered += askWaivedView(t, w, name, list)
		log(nil, "short")
		askWaivedView(t, w, name+", removed", list[1:])
	}
	if covered < 50 {
		t.Errorf("only %d violations are covered", covered)
	}
}

// askWaivedView tells how many violations the first waiver covers.
func askWaivedView(t *testing.T, w *world, what string, list []schemas.Waiver) (n int) {
	t.Helper()
	var got, want []string
	err := w.s.query(t.Context(), "read open violations", "SELECT finding, waived, waiver, waived_until FROM @db.v_current_violations", nil, func(r driver.Rows) error {
		var finding, waiver string
		var waived bool
		var until *time.Time
		err := r.Scan(&finding, &waived, &waiver, &until)
		if waived != (waiver != "") || waived != (until != nil) {
			t.Errorf("%s: %s is waived %t by %q until %v", what, finding, waived, waiver, until)
		}
		if until == nil {
			until = new(time.Time)
		}
		got = append(got, fmt.Sprint(finding, " ", waiver, " ", until.UnixMilli()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for finding, v := range w.m.violations {
		if v.State == "open" {
			by := w.m.waiverOf(list, v)
			want = append(want, fmt.Sprint(finding, " ", by.Name, " ", by.ExpiresAt.UnixMilli()))
			if by.Name == list[0].Name {
				n++
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	sameText(t, what+", waived now", got, want)
	return n
}
