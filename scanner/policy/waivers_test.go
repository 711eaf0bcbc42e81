package policy_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Terms change with a full record of who changed them, and any past moment sees
// them as they were.
func TestWaiversRememberEverything(t *testing.T) {
	t.Parallel()
	b := bustest.Start(t)
	accounts := bus.NewTable[schemas.Account](b, schemas.BucketAccounts)
	if _, err := accounts.Create(t.Context(), "aws-111111111111", schemas.Account{ID: "aws-111111111111", Name: "prod"}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := policy.NewWaivers(policy.WaiversDeps{Waivers: bus.NewTable[schemas.Waiver](b, schemas.BucketWaivers), Accounts: accounts, Now: func() time.Time { return now }})
	terms := schemas.WaiverTerms{
		Selector: schemas.WaiverSelector{Accounts: []schemas.Member{"prod/us-east-1"}, Policies: []string{"b", "a", "a"}},
		Reason:   "later", ExpiresAt: now.AddDate(0, 0, 10),
	}
	must := func(w schemas.Waiver, err error) schemas.Waiver {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := must(s.Add(t.Context(), "w", terms, "alice"))
	if w.Requester != "alice" || !w.StartsAt.Equal(now) || w.Selector.Accounts[0] != "aws-111111111111/us-east-1" || strings.Join(w.Selector.Policies, "") != "ab" {
		t.Errorf("added %+v", w)
	}
	if w.State(now) != schemas.WaiverExpiring || w.State(now.AddDate(0, 0, 10)) != schemas.WaiverExpired || w.State(now.Add(-1)) != schemas.WaiverPending {
		t.Errorf("states %s %s %s", w.State(now), w.State(now.AddDate(0, 0, 10)), w.State(now.Add(-1)))
	}
	now = now.AddDate(0, 0, 1)
	terms.ExpiresAt = now.AddDate(0, 0, 100)
	if _, changed, err := s.Update(t.Context(), "w", terms, "bob"); !changed || err != nil {
		t.Fatal(changed, err)
	}
	if w, changed, err := s.Update(t.Context(), "w", terms, "bob"); changed || err != nil || len(w.Changes) != 2 {
		t.Errorf("the same again: %t, %v, %+v", changed, err, w.Changes)
	}
	now = now.AddDate(0, 0, 50)
	w = must(s.Remove(t.Context(), "w", "carol"))
	for i, by := range []string{"alice", "bob", "carol"} {
		if w.Changes[i].By != by {
			t.Errorf("change %d by %s", i, w.Changes[i].By)
		}
	}
	for days, in := range map[int]bool{-1: false, 0: true, 9: true, 11: true, 50: true, 51: false, 60: false} {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days)
		if got := len(schemas.WaiversInForce([]schemas.Waiver{w}, at)) == 1; got != in {
			t.Errorf("on day %d in force: %t", days, got)
		}
	}
	for name, c := range map[string]struct {
		do   func() error
		code schemas.Code
	}{
		"removed again": {func() error { _, err := s.Remove(t.Context(), "w", "x"); return err }, schemas.CodeNotFound},
		"changed after": {func() error { _, _, err := s.Update(t.Context(), "w", terms, "x"); return err }, schemas.CodeNotFound},
		"never there":   {func() error { _, err := s.Remove(t.Context(), "nobody", "x"); return err }, schemas.CodeNotFound},
		"past": {func() error {
			t2 := terms
			t2.StartsAt, t2.ExpiresAt = now.AddDate(0, 0, -9), now.AddDate(0, 0, -3)
			_, err := s.Add(t.Context(), "p", t2, "x")
			return err
		}, schemas.CodeInvalid},
		"for ever": {func() error {
			t2 := terms
			t2.ExpiresAt = time.Time{}
			_, err := s.Add(t.Context(), "p", t2, "x")
			return err
		}, schemas.CodeInvalid},
		"everything": {func() error {
			t2 := terms
			t2.Selector = schemas.WaiverSelector{}
			_, err := s.Add(t.Context(), "p", t2, "x")
			return err
		}, schemas.CodeInvalid},
		"no reason": {func() error { t2 := terms; t2.Reason = " "; _, err := s.Add(t.Context(), "p", t2, "x"); return err }, schemas.CodeInvalid},
		"unknown account": {func() error {
			t2 := terms
			t2.Selector.Accounts = []schemas.Member{"pord"}
			_, err := s.Add(t.Context(), "p", t2, "x")
			return err
		}, schemas.CodeNotFound},
	} {
		if err := c.do(); err == nil || schemas.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	now = now.Add(-time.Hour) // a process whose clock is behind
	if w = must(s.Add(t.Context(), "w", terms, "dave")); !w.Changes[3].At.After(w.Changes[2].At) || len(w.Changes) != 4 || w.Removed {
		t.Errorf("added anew %+v", w)
	}
	if _, err := s.Add(t.Context(), "w", terms, "dave"); schemas.CodeOf(err) != schemas.CodeConflict {
		t.Errorf("added twice: %v", err)
	}
}

// Changes of many at once are all kept, in one order, and the mirror hears of the last.
func TestTriageKeepsEveryChangeInOneOrder(t *testing.T) {
	t.Parallel()
	b := bustest.Start(t)
	var mu sync.Mutex
	most := 0
	tr := policy.NewTriage(policy.TriageDeps{
		Records: bus.NewTable[schemas.TriageRecord](b, schemas.BucketTriage), Now: time.Now,
		Mirror: func(_ context.Context, r schemas.TriageRecord) error {
			mu.Lock()
			defer mu.Unlock()
			most = max(most, len(r.Changes))
			return nil
		},
	})
	const finding, a = "0123456789abcdef", schemas.AccountID("aws-111111111111")
	var all sync.WaitGroup
	for _, who := range []string{"a", "b", "c", "d", "e", "f"} {
		all.Go(func() {
			if _, changed, err := tr.Change(t.Context(), a, finding, schemas.TriageChange{Assignee: &who}, who); !changed || err != nil {
				t.Error(changed, err)
			}
		})
	}
	all.Wait()
	r, err := tr.Get(t.Context(), a, finding)
	if err != nil || len(r.Changes) != 6 || most != 6 {
		t.Fatalf("%+v, mirrored %d, %v", r, most, err)
	}
	seen := map[string]bool{}
	for _, c := range r.Changes {
		seen[c.By] = true
		if c.Assignee != c.By || c.Status != schemas.TriageNew {
			t.Errorf("change %+v", c)
		}
	}
	if len(seen) != 6 {
		t.Errorf("changes by %v", seen)
	}
	last := r.Now()
	last.Status = schemas.TriageResolved
	if last.Of(last.At.Add(time.Second)).Status != schemas.TriageNew || last.Of(last.At.Add(-time.Second)).Status != schemas.TriageResolved {
		t.Error("what was resolved and opened after that is new")
	}
	if err := tr.Forget(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if r, err = tr.Get(t.Context(), a, finding); err != nil || len(r.Changes) != 0 {
		t.Errorf("forgotten: %+v, %v", r, err)
	}
}
