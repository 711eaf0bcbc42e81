package discovery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const token = "aws:s3/bucket:Bucket"

var account = schemas.Account{ID: "aws-123456789012", Name: "prod", Provider: "aws"}

// world is everything around a worker: what the cloud lists, what exists on a
// direct read, what the store holds, and what was published.
type world struct {
	listed, exists map[string]string // id -> content
	stored         map[string]string // id -> hash
	scope          schemas.ScopeState
	keys           []schemas.Key // of the unit
	verifyErr      error
	cancelAfter    int       // batches after which the scan is cancelled; 0 never
	cancelAt       time.Time // when it is cancelled; zero never
	stuck          bool      // the cloud does not answer
	recorded       time.Time // when what is listed was recorded, instead of read
	unread         []string  // ids of which nobody could read whether they exist
	opened         int

	batches  []*schemas.SnapshotBatch
	end      *schemas.UnitEnd
	progress []schemas.UnitProgress
	asked    int
	paged    int // through keys
}

func (w *world) observation(id, content string) discovery.Observation {
	o := discovery.Observation{Key: key(id), Name: id, Properties: map[string]any{"content": content}}
	if slices.Contains(w.unread, id) {
		o.Unread = &schemas.UnknownPath{State: schemas.FacetDenied, Call: "s3:GetBucketPolicy", Reason: "AccessDenied"}
	}
	return o
}

func key(id string) schemas.Key { return schemas.Key{Region: "global", Type: token, ID: id} }

func hashOf(t *testing.T, content string) string {
	t.Helper()
	h, err := schemas.HashContent(map[string]any{"content": content}, nil, func(v any) any { return v })
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (w *world) Probe(context.Context, schemas.Account, []string) ([]schemas.Permission, error) {
	return nil, nil
}

func (w *world) Plan(context.Context, schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	return account.ID, nil, nil
}

func (w *world) Organization(context.Context, schemas.Account) ([]schemas.OrganizationAccount, error) {
	return nil, nil
}

func (w *world) OrganizationalUnits(context.Context, schemas.Account) ([]schemas.OrganizationUnit, error) {
	return nil, nil
}

func (w *world) Locate(context.Context, schemas.Account, string) (schemas.UnitKey, []schemas.Key, error) {
	return schemas.UnitKey{}, nil, nil
}

func (w *world) Open(context.Context, schemas.Unit) (discovery.Reader, error) {
	w.opened++
	return w, nil
}
func (w *world) Calls() (uint64, uint64) { return 7, 1 }

func (w *world) Read(ctx context.Context, emit discovery.Emit) ([]schemas.ScopeEnd, error) {
	for id, content := range w.listed {
		o := w.observation(id, content)
		o.Recorded = w.recorded
		if err := emit(ctx, o); err != nil {
			return nil, err
		}
	}
	if w.stuck {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	end := schemas.ScopeEnd{Scope: schemas.Scope{Region: "global", Type: token, Route: schemas.RouteNative}, State: w.scope, Seen: uint64(len(w.listed))}
	if !w.recorded.IsZero() {
		end.Recorded = &schemas.Recorded{Resources: end.Seen}
	}
	return []schemas.ScopeEnd{end}, nil
}

func (w *world) Verify(ctx context.Context, keys []schemas.Key, emit discovery.Emit) (gone []schemas.Key, err error) {
	if w.verifyErr != nil {
		return nil, w.verifyErr
	}
	for _, k := range keys {
		content, ok := w.exists[k.ID]
		if !ok {
			gone = append(gone, k)
		} else if err := emit(ctx, w.observation(k.ID, content)); err != nil {
			return nil, err
		}
	}
	return gone, nil
}

func (w *world) Known(_ context.Context, r schemas.KnownRequest) (out schemas.KnownReply, err error) {
	for _, k := range r.Keys {
		if h, ok := w.stored[k.ID]; ok {
			out.Known = append(out.Known, schemas.Sighting{Key: k, Hash: h})
		}
	}
	return out, nil
}

func (w *world) Counts(context.Context, schemas.CountsRequest) (schemas.CountsReply, error) {
	return schemas.CountsReply{Counts: map[string]uint64{token: uint64(len(w.stored))}}, nil
}

func (w *world) Keys(_ context.Context, r schemas.KeysRequest) (out schemas.KeysReply, err error) {
	w.paged++
	for id := range w.stored {
		if key(id).String() > r.After {
			out.Keys = append(out.Keys, key(id))
		}
	}
	slices.SortFunc(out.Keys, func(a, b schemas.Key) int { return strings.Compare(a.String(), b.String()) })
	out.Keys = out.Keys[:min(len(out.Keys), r.Limit)]
	return out, nil
}

func (w *world) PublishBatch(_ context.Context, b *schemas.SnapshotBatch) error {
	w.batches = append(w.batches, b)
	return nil
}
func (w *world) PublishEnd(_ context.Context, e *schemas.UnitEnd) error { w.end = e; return nil }
func (w *world) PublishProgress(_ context.Context, p *schemas.UnitProgress) error {
	w.progress = append(w.progress, *p)
	return errors.New("nobody hears it")
}

func (w *world) NextSeq(context.Context, schemas.AccountID) (uint64, error) {
	return 42, nil
}

func (w *world) Cancelled(context.Context, schemas.AccountID, string) (bool, error) {
	w.asked++
	if !w.cancelAt.IsZero() && !time.Now().Before(w.cancelAt) {
		return true, nil
	}
	return w.cancelAfter > 0 && w.asked > w.cancelAfter, nil
}
func (w *world) Seal(p map[string]any, _ string) map[string]any { return p }
func (w *world) MAC(v any) any                                  { return v }
func (w *world) Secret(text string) bool                        { return strings.HasPrefix(text, "secret") }

func (w *world) handle(t *testing.T) {
	t.Helper()
	if w.scope == "" {
		w.scope = schemas.ScopeComplete
	}
	worker := discovery.New(discovery.Deps{
		Provider: w, Store: w, Publisher: w, Sequencer: w, Scans: w, Sealer: w, Log: zerolog.Nop(),
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	u := schemas.Unit{Scan: "s", Account: account, Unit: schemas.UnitKey{Region: "global", Service: "s3"}, Keys: w.keys}
	if err := worker.Handle(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// summary is "whole:a unchanged:b gone:c", sorted.
func (w *world) summary() string {
	var list []string
	for _, b := range w.batches {
		for _, r := range b.Resources {
			list = append(list, "whole:"+r.ID)
		}
		for _, s := range b.Unchanged {
			list = append(list, "unchanged:"+s.ID)
		}
		for _, s := range b.Gone {
			list = append(list, "gone:"+s.ID)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestAttemptSaysWhatIsNewSameAndGone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		w     world
		want  string
		state schemas.ScopeState
	}{
		"first scan":            {world{listed: map[string]string{"a": "1", "b": "1"}}, "whole:a whole:b", schemas.ScopeComplete},
		"nothing changed":       {world{listed: map[string]string{"a": "1"}, stored: map[string]string{"a": "=1"}}, "unchanged:a", schemas.ScopeComplete},
		"changed":               {world{listed: map[string]string{"a": "2"}, stored: map[string]string{"a": "=1"}}, "whole:a", schemas.ScopeComplete},
		"gone":                  {world{listed: map[string]string{}, stored: map[string]string{"a": "=1"}}, "gone:a", schemas.ScopeComplete},
		"not listed but there":  {world{exists: map[string]string{"a": "1"}, stored: map[string]string{"a": "=1"}}, "unchanged:a", schemas.ScopeComplete},
		"cannot verify":         {world{stored: map[string]string{"a": "=1"}, verifyErr: errors.New("denied")}, "", schemas.ScopeFailed},
		"denied clears nothing": {world{stored: map[string]string{"a": "=1"}, scope: schemas.ScopeDenied}, "", schemas.ScopeDenied},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tt.w
			for id, content := range w.stored {
				w.stored[id] = hashOf(t, strings.TrimPrefix(content, "="))
			}
			w.handle(t)
			if got := w.summary(); got != tt.want {
				t.Errorf("published %q, want %q", got, tt.want)
			}
			if w.end.Batches != len(w.batches) || w.end.Seq != 42 || w.end.Scopes[0].State != tt.state {
				t.Errorf("end %+v, want %d batches and state %s", w.end, len(w.batches), tt.state)
			}
		})
	}
}

func TestKeysAreNotListedWhenNothingCanBeGone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		w     world
		paged int
	}{
		"first scan":       {world{listed: map[string]string{"a": "1"}}, 0},
		"nothing changed":  {world{listed: map[string]string{"a": "1"}, stored: map[string]string{"a": "1"}}, 0},
		"one more is held": {world{listed: map[string]string{"a": "1"}, stored: map[string]string{"a": "1", "b": "1"}}, 1},
		"one changed":      {world{listed: map[string]string{"a": "2"}, stored: map[string]string{"a": "1"}}, 1},
	} {
		for id, content := range c.w.stored {
			c.w.stored[id] = hashOf(t, content)
		}
		c.w.handle(t)
		if c.w.paged != c.paged {
			t.Errorf("%s: keys were asked for %d times, want %d", name, c.w.paged, c.paged)
		}
	}
}

func TestBatchesStayWithinTheLimitAndAreNumbered(t *testing.T) {
	t.Parallel()
	w := world{listed: map[string]string{}}
	for i := range 3000 {
		w.listed[fmt.Sprintf("bucket-%d", i)] = strings.Repeat("x", i%2000)
	}
	w.handle(t)
	total := 0
	for i, b := range w.batches {
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if b.Number != i+1 || len(raw) > schemas.MaxBatchBytes || len(b.Resources) > 500 {
			t.Errorf("batch %d: number %d, %d bytes, %d resources", i+1, b.Number, len(raw), len(b.Resources))
		}
		total += len(b.Resources)
	}
	if total != 3000 || w.end.Batches != len(w.batches) {
		t.Errorf("%d resources in %d batches; end says %d", total, len(w.batches), w.end.Batches)
	}
}

func TestCancelledUnitEndsWithoutScopes(t *testing.T) {
	t.Parallel()
	w := world{listed: map[string]string{}, stored: map[string]string{"gone": "x"}, cancelAfter: 2}
	for i := range 2000 {
		w.listed[fmt.Sprintf("bucket-%d", i)] = "1"
	}
	w.handle(t)
	if len(w.batches) != 1 || w.end.Batches != 1 || len(w.end.Scopes) != 0 {
		t.Errorf("%d batches, end %+v; want one batch and no scope", len(w.batches), w.end)
	}
}

// What was recorded is believed of what is not known, and where it says what is known. What it
// says otherwise may be older than that, and is read directly.
func TestWhatIsRecordedNeverBeatsWhatWasRead(t *testing.T) {
	w := &world{
		listed:   map[string]string{"new": "1", "same": "1", "lags": "1", "changed": "2", "deleted": "2"},
		exists:   map[string]string{"lags": "2", "changed": "2"},
		stored:   map[string]string{"same": hashOf(t, "1"), "lags": hashOf(t, "2"), "changed": hashOf(t, "1"), "deleted": hashOf(t, "1")},
		scope:    schemas.ScopeComplete,
		recorded: time.Now().Add(-time.Hour),
	}
	w.handle(t)
	if got, want := w.summary(), "gone:deleted unchanged:lags unchanged:same whole:changed whole:new"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if end := w.end.Scopes[0]; end.Recorded.Differed != 3 || end.Seen != 4 || end.State != schemas.ScopeComplete {
		t.Errorf("%+v, %+v", end, end.Recorded)
	}
	// Where it cannot be read nothing is said of it, and the scope is not complete.
	w.batches, w.verifyErr = nil, errors.New("denied")
	w.handle(t)
	if got, want := w.summary(), "unchanged:same whole:new"; got != want || w.end.Scopes[0].State != schemas.ScopeFailed {
		t.Errorf("got  %s\nwant %s, %+v", got, want, w.end.Scopes[0])
	}
}

// What nobody could read the existence of is published where it is held, with what is not known of
// it any more, and is not new where it is not.
func TestExistenceThatWasNotReadIsNotNew(t *testing.T) {
	t.Parallel()
	w := &world{
		listed: map[string]string{"new": "?", "held": "?", "there": "1"}, unread: []string{"new", "held", "direct"},
		stored: map[string]string{"held": hashOf(t, "1"), "unlisted": hashOf(t, "1")}, scope: schemas.ScopeDenied,
	}
	w.handle(t)
	if got, want := w.summary(), "whole:held whole:there"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// So it is when it is asked for by itself.
	w = &world{exists: map[string]string{"direct": "?", "held": "?"}, unread: w.unread, stored: map[string]string{"held": hashOf(t, "1")}, keys: []schemas.Key{key("direct"), key("held")}}
	w.handle(t)
	if want := []schemas.ResourceRead{{Key: key("held"), State: schemas.ResourceChanged}}; w.summary() != "whole:held" || !slices.Equal(w.end.Direct.Read, want) {
		t.Errorf("published %q, read %+v", w.summary(), w.end.Direct.Read)
	}
}
