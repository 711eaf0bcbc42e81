package policy

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// WaiversDeps is what Waivers needs.
type WaiversDeps struct {
	Waivers  Table[schemas.Waiver]
	Accounts Table[schemas.Account]
	Now      func() time.Time
}

// Waivers are the waivers, with everything that was ever done to them. A change
// is a compare-and-set that is repeated until it wins.
type Waivers struct{ d WaiversDeps }

// NewWaivers returns the waivers.
func NewWaivers(d WaiversDeps) *Waivers { return &Waivers{d: d} }

// Add makes a waiver; CodeConflict when there is one of the name. The name of one
// that was removed may be taken again; what was done to it stays on record.
func (s *Waivers) Add(ctx context.Context, name string, t schemas.WaiverTerms, by string) (schemas.Waiver, error) {
	if err := checkName("waiver name", name); err != nil {
		return schemas.Waiver{}, err
	}
	if err := CheckNewWaiver(t, s.now()); err != nil {
		return schemas.Waiver{}, err
	}
	if t.Requester == "" {
		t.Requester = by
	}
	if t.StartsAt.IsZero() {
		t.StartsAt = s.now()
	}
	t, err := s.check(ctx, t)
	if err != nil {
		return schemas.Waiver{}, err
	}
	w, _, err := s.change(ctx, name, by, func(w *schemas.Waiver, exists bool) (string, error) {
		if exists && !w.Removed {
			return "", schemas.Errorf(schemas.CodeConflict, "there is a waiver %q already", name).
				WithHint("change it: insights waiver update %s, or choose another name", name)
		}
		w.WaiverTerms, w.Removed = t, false
		return schemas.WaiverAdded, nil
	})
	return w, err
}

// CheckNewWaiver checks the terms of a waiver to add, without asking for accounts:
// CodeInvalid with every problem.
func CheckNewWaiver(t schemas.WaiverTerms, now time.Time) error {
	var p schemas.Problems
	p.Add("", t.Validate())
	p.Check(t.ExpiresAt.IsZero() || t.ExpiresAt.After(now), "expiresAt", "%s is past", t.ExpiresAt.Format(time.RFC3339))
	return p.Err()
}

// List returns every waiver by name, with all also removed ones.
func (s *Waivers) List(ctx context.Context, all bool) ([]schemas.Waiver, error) {
	var list []schemas.Waiver
	err := s.d.Waivers.List(ctx, "", func(_ string, w schemas.Waiver, _ uint64) error {
		if all || !w.Removed {
			list = append(list, w)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b schemas.Waiver) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// Get returns a waiver, also a removed one; CodeNotFound with the names there are.
func (s *Waivers) Get(ctx context.Context, name string) (schemas.Waiver, error) {
	if err := checkName("waiver name", name); err != nil {
		return schemas.Waiver{}, err
	}
	w, _, err := s.d.Waivers.Get(ctx, name)
	if !is(err, schemas.CodeNotFound) {
		return w, err
	}
	list, err := s.List(ctx, false)
	if err != nil {
		return w, err
	}
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = o.Name
	}
	e := schemas.Errorf(schemas.CodeNotFound, "there is no waiver %q", name)
	if len(names) > 0 {
		e = e.WithHint("waivers: %s", strings.Join(names[:min(len(names), 20)], ", "))
	}
	return w, e
}

// Update replaces the terms of a waiver. What does not change is not written;
// changed tells.
func (s *Waivers) Update(ctx context.Context, name string, t schemas.WaiverTerms, by string) (w schemas.Waiver, changed bool, err error) {
	if t, err = s.check(ctx, t); err != nil {
		return w, false, err
	}
	return s.change(ctx, name, by, func(w *schemas.Waiver, exists bool) (string, error) {
		if !exists || w.Removed {
			return "", s.errGone(ctx, name, w.Removed)
		}
		given := t
		if given.Requester == "" {
			given.Requester = w.Requester
		}
		if given.StartsAt.IsZero() {
			given.StartsAt = w.StartsAt
		}
		if same(given, w.WaiverTerms) {
			return "", nil
		}
		w.WaiverTerms = given
		return schemas.WaiverChanged, given.Validate()
	})
}

// Remove ends a waiver at once; it stays on record.
func (s *Waivers) Remove(ctx context.Context, name, by string) (schemas.Waiver, error) {
	w, _, err := s.change(ctx, name, by, func(w *schemas.Waiver, exists bool) (string, error) {
		if !exists || w.Removed {
			return "", s.errGone(ctx, name, w.Removed)
		}
		w.Removed = true
		return schemas.WaiverRemoved, nil
	})
	return w, err
}

func (s *Waivers) errGone(ctx context.Context, name string, removed bool) error {
	if removed {
		return schemas.Errorf(schemas.CodeNotFound, "waiver %q was removed", name).WithHint("see what it was: insights waiver show %s", name)
	}
	_, err := s.Get(ctx, name)
	return err
}

func (s *Waivers) now() time.Time { return s.d.Now().UTC().Truncate(time.Millisecond) }

// after is now, and after every change so far: by these times the past is told, and
// clocks of several processes differ.
func (s *Waivers) after(w schemas.Waiver) time.Time {
	at := s.now()
	if n := len(w.Changes); n > 0 && !at.After(w.Changes[n-1].At) {
		at = w.Changes[n-1].At.Add(time.Millisecond)
	}
	return at
}

// check validates terms and makes them canonical: ids of accounts, sorted lists,
// times in UTC.
func (s *Waivers) check(ctx context.Context, t schemas.WaiverTerms) (schemas.WaiverTerms, error) {
	t.StartsAt, t.ExpiresAt = canonicalTime(t.StartsAt), canonicalTime(t.ExpiresAt)
	if err := t.Validate(); err != nil {
		return t, err
	}
	for _, list := range []*[]string{&t.Selector.Packs, &t.Selector.Policies, &t.Selector.Types, &t.Selector.URNs} {
		*list = sorted(*list)
	}
	var members []schemas.Member
	for _, m := range t.Selector.Accounts {
		name, region, child := strings.Cut(string(m), "/")
		a, err := findAccount(ctx, s.d.Accounts, name)
		if err != nil {
			return t, err
		}
		if child && !schemas.IsChild(region) {
			return t, schemas.Errorf(schemas.CodeInvalid, "selector.accounts: account %q has no child %q; a child is a region or %q", name, region, schemas.GlobalRegion)
		}
		members = append(members, schemas.NewMember(a.ID, region))
	}
	t.Selector.Accounts = sorted(members)
	return t, nil
}

func canonicalTime(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Millisecond)
}

func sorted[T ~string](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

func same(a, b schemas.WaiverTerms) bool {
	tags := maps.Equal(a.Selector.Tags, b.Selector.Tags)
	times := a.StartsAt.Equal(b.StartsAt) && a.ExpiresAt.Equal(b.ExpiresAt)
	for _, t := range []*schemas.WaiverTerms{&a, &b} {
		t.Selector.Tags, t.StartsAt, t.ExpiresAt = nil, time.Time{}, time.Time{}
	}
	return tags && times && reflect.DeepEqual(a, b)
}

// change repeats fn on the newest waiver until its result is stored, with the
// change on its record. fn names what it did, "" for nothing.
func (s *Waivers) change(ctx context.Context, name, by string, fn func(w *schemas.Waiver, exists bool) (string, error)) (schemas.Waiver, bool, error) {
	for {
		w, rev, err := s.d.Waivers.Get(ctx, name)
		exists := err == nil
		if err != nil && !is(err, schemas.CodeNotFound) {
			return w, false, err
		}
		if !exists {
			w = schemas.Waiver{Name: name}
		}
		action, err := fn(&w, exists)
		if err != nil || action == "" {
			return w, false, err
		}
		change := schemas.WaiverChange{At: s.after(w), By: by, Action: action}
		if !w.Removed {
			terms := w.WaiverTerms
			change.Terms = &terms
		}
		w.Changes = append(w.Changes, change)
		if exists {
			_, err = s.d.Waivers.Update(ctx, name, w, rev)
		} else {
			_, err = s.d.Waivers.Create(ctx, name, w)
		}
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return w, err == nil, err
		}
	}
}
