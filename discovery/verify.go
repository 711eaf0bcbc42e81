package discovery

import (
	"context"
	"errors"
	"fmt"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// pageSize is how many keys of a scope are asked for at once.
const pageSize = 1000

// unsure are the scopes that may be closed of which the store holds more than this attempt
// has seen again. Of the others nothing can be gone, and their keys need not be
// listed: what the store has of an earlier attempt was all seen unchanged.
func (a *attempt) unsure(ctx context.Context, scopes []schemas.ScopeEnd) ([]*schemas.ScopeEnd, error) {
	q := schemas.CountsRequest{AccountID: a.unit.Account.ID, Route: a.unit.Unit.Route(), Before: a.seq}
	for _, s := range scopes {
		if s.Closes() {
			q.Region = s.Region // all scopes of a unit share its region
			q.Types = append(q.Types, s.Type)
		}
	}
	if len(q.Types) == 0 {
		return nil, nil
	}
	held, err := a.w.d.Store.Counts(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("ask the store how much it holds: %w", err)
	}
	var out []*schemas.ScopeEnd
	for i := range scopes {
		s := &scopes[i]
		if !s.Closes() {
			continue
		}
		s.Empty = s.Seen == 0 && held.Counts[s.Type] == 0
		if held.Counts[s.Type] != a.same[s.Type] {
			out = append(out, s)
		}
	}
	return out, nil
}

// tellDoubts takes what is in doubt from what the scopes have seen: it is yet to be looked at.
func (a *attempt) tellDoubts(scopes []schemas.ScopeEnd) {
	for i := range scopes {
		s := &scopes[i]
		s.Seen -= min(s.Seen, a.doubts[s.Type])
		if s.Recorded != nil {
			s.Recorded.Differed = a.doubts[s.Type]
		}
	}
}

// verify finds the keys of a scope that may be closed which the store holds and this
// attempt did not see, and reads each directly: only what the service says does
// not exist is published as gone. Lists lag and repeat; a direct read decides.
// A key that cannot be verified makes the scope failed.
func (a *attempt) verify(ctx context.Context, end *schemas.ScopeEnd) error {
	var unseen []schemas.Key
	for after := ""; ; {
		page, err := a.w.d.Store.Keys(ctx, schemas.KeysRequest{AccountID: a.unit.Account.ID, Scope: end.Scope, After: after, Limit: pageSize})
		if err != nil {
			return fmt.Errorf("ask the store for the keys of %s: %w", end.Scope, err)
		}
		for _, k := range page.Keys {
			if _, ok := a.seen[a.hash(k)]; ok {
				continue
			}
			unseen = append(unseen, k)
			if len(unseen) == verifySize {
				if err := a.verifySome(ctx, end, unseen); err != nil {
					return err
				}
				unseen = unseen[:0]
			}
		}
		if len(page.Keys) < pageSize {
			break
		}
		after = page.Keys[len(page.Keys)-1].String()
	}
	return a.verifySome(ctx, end, unseen)
}

func (a *attempt) verifySome(ctx context.Context, end *schemas.ScopeEnd, keys []schemas.Key) error {
	if len(keys) == 0 || !end.Closes() {
		return nil
	}
	before := len(a.seen)
	gone, failure, err := a.directly(ctx, keys)
	if err != nil {
		return err
	}
	if failure != nil {
		end.Passing = schemas.CodeOf(failure) == schemas.CodeUnavailable
		end.State, end.Call, end.Unread = schemas.ScopeFailed, "", 0
		end.Reason = "verify what was not listed: " + failure.Error()
		return nil
	}
	end.Seen += uint64(len(a.seen) - before)
	for _, k := range gone {
		put := func(b *schemas.SnapshotBatch) { b.Gone = append(b.Gone, schemas.Sighting{Key: k}) }
		if err := a.add(ctx, sightingSize(k), put); err != nil {
			return err
		}
	}
	return nil
}

// directly reads keys one by one and publishes what exists. gone is what does
// not, failure why something of them could not be read.
func (a *attempt) directly(ctx context.Context, keys []schemas.Key) (gone []schemas.Key, failure, err error) {
	gone, err = piped(ctx, a, func(ctx context.Context) ([]schemas.Key, error) {
		var gone []schemas.Key
		gone, failure = a.reader.Verify(ctx, keys, a.emit)
		if errors.Is(failure, ErrCredentials) {
			return nil, failure // nothing was said of any key
		}
		return gone, ctx.Err()
	})
	return gone, failure, err
}
