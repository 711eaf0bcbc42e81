package schemas

import (
	"strings"
	"testing"
	"time"
)

// A waiver is in force from its start on and until its end, at which it is not any
// more; every state begins where the one before ends.
func TestWaiversBeginAndEndSharply(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	end := start.AddDate(0, 0, 30)
	terms := WaiverTerms{Reason: "r", Selector: WaiverSelector{Packs: []string{"p"}}, StartsAt: start, ExpiresAt: end}
	w := Waiver{Name: "w", WaiverTerms: terms, Changes: []WaiverChange{{At: start.AddDate(0, 0, -7), Action: WaiverAdded, Terms: &terms}}}
	for name, c := range map[string]struct {
		at    time.Time
		in    bool
		state WaiverState
	}{
		"before":             {start.Add(-1), false, WaiverPending},
		"at its start":       {start, true, WaiverActive},
		"two weeks and more": {end.Add(-WaiverSoon - 1), true, WaiverActive},
		"two weeks before":   {end.Add(-WaiverSoon), true, WaiverExpiring},
		"just before":        {end.Add(-1), true, WaiverExpiring},
		"at its end":         {end, false, WaiverExpired},
		"after":              {end.AddDate(1, 0, 0), false, WaiverExpired},
	} {
		if got := w.InForce(c.at); got != c.in {
			t.Errorf("%s: in force: %t", name, got)
		}
		if got := len(WaiversInForce([]Waiver{w}, c.at)); (got == 1) != c.in {
			t.Errorf("%s: %d in force", name, got)
		}
		if got := w.State(c.at); got != c.state {
			t.Errorf("%s: %s, want %s", name, got, c.state)
		}
	}
	w.Removed = true
	if got := w.State(start); got != WaiverGone {
		t.Errorf("removed: %s", got)
	}
}

// A change counts from its moment on.
func TestAWaiverAsItWas(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	first, second := WaiverTerms{Reason: "first", StartsAt: day(1), ExpiresAt: day(20)}, WaiverTerms{Reason: "second", StartsAt: day(1), ExpiresAt: day(30)}
	w := Waiver{Name: "w", WaiverTerms: second, Removed: true, Changes: []WaiverChange{
		{At: day(2), Action: WaiverAdded, Terms: &first}, {At: day(5), Action: WaiverChanged, Terms: &second}, {At: day(8), Action: WaiverRemoved},
	}}
	for at, want := range map[time.Time]string{
		day(2).Add(-1): "", day(2): "first", day(5).Add(-1): "first", day(5): "second", day(8).Add(-1): "second", day(8): "", day(9): "",
	} {
		got, ok := w.AsOf(at)
		if got.Reason != want || ok != (want != "") || ok && got.Name != "w" {
			t.Errorf("as of %s: %+v, %t, want %q", at, got, ok, want)
		}
	}
}

// Every problem of terms is named at once, by its field.
func TestWaiverTermsThatAreRefused(t *testing.T) {
	t.Parallel()
	good := WaiverTerms{Selector: WaiverSelector{Tags: map[string]string{"env": "*"}}, Reason: "r", StartsAt: time.Unix(1000, 0), ExpiresAt: time.Unix(1001, 0)}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*WaiverTerms){
		"selector: is empty":                                 func(w *WaiverTerms) { w.Selector = WaiverSelector{} },
		"reason: is missing":                                 func(w *WaiverTerms) { w.Reason = "\t " },
		"expiresAt: is missing":                              func(w *WaiverTerms) { w.ExpiresAt = time.Time{} },
		"expiresAt: is not after startsAt":                   func(w *WaiverTerms) { w.ExpiresAt = w.StartsAt },
		"selector.packs: holds an empty text":                func(w *WaiverTerms) { w.Selector.Packs = []string{"a", ""} },
		"selector.policies: holds an empty text":             func(w *WaiverTerms) { w.Selector.Policies = []string{""} },
		`selector.urns: "foo" matches no URN`:                func(w *WaiverTerms) { w.Selector.URNs = []string{"foo"} },
		`selector.types: "aws:s3" is no type token`:          func(w *WaiverTerms) { w.Selector.Types = []string{"aws:s3"} },
		"selector.tags: holds an empty key":                  func(w *WaiverTerms) { w.Selector.Tags = map[string]string{"": "x"} },
		"selector.urns: holds an empty text":                 func(w *WaiverTerms) { w.Selector.URNs = []string{""} },
		"selector.types: holds an empty text":                func(w *WaiverTerms) { w.Selector.Types = []string{""} },
		"selector: is empty: it would waive every violation": func(w *WaiverTerms) { w.Selector = WaiverSelector{Packs: []string{}} },
	} {
		bad := good
		spoil(&bad)
		if err := bad.Validate(); CodeOf(err) != CodeInvalid || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
