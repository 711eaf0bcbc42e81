package evaluator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Every snapshot batch is answered by one verdict batch of the same number, with
// one verdict for every resource sent whole.
func TestOneAnswerForEveryBatch(t *testing.T) {
	empty, unchanged, rejudged := batch(), batch(), batch("x")
	unchanged.Unchanged = []schemas.Sighting{{Key: schemas.Key{ID: "y"}}}
	unchanged.Gone = []schemas.Sighting{{Key: schemas.Key{ID: "z"}}}
	rejudged.Rejudge = true
	for name, b := range map[string]*schemas.SnapshotBatch{"empty": empty, "unchanged": unchanged, "rejudged": rejudged, "two": batch("x", "y")} {
		t.Run(name, func(t *testing.T) {
			w := with(pack("p"), pack("a"))
			if err := w.worker(t, io.Discard).Handle(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if len(w.published) != 1 {
				t.Fatalf("%d batches", len(w.published))
			}
			got := *w.published[0]
			verdicts, packs := got.Verdicts, got.Packs
			got.Verdicts, got.Packs = nil, nil
			want := schemas.VerdictBatch{
				Scan: b.Scan, AccountID: b.AccountID, Account: b.Account, Unit: b.Unit, Seq: b.Seq, Number: b.Number, Route: b.Route, At: b.At,
				Rejudge: b.Rejudge, Revision: 7,
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v\nwant %+v", got, want)
			}
			if len(verdicts) != len(b.Resources) {
				t.Fatalf("%d verdicts", len(verdicts))
			}
			for i, v := range verdicts {
				r := b.Resources[i]
				if v.Key != r.Key || v.Name != r.Name || v.Version != r.Version || v.Hash != r.Hash || v.Projection != r.Projection {
					t.Errorf("%+v is not about %+v", v, r)
				}
				for _, p := range []string{"a", "p"} {
					if got, _ := w.outcomes(t, i, p); got != "deny=passed warn=passed" {
						t.Errorf("%s: %s", p, got)
					}
				}
			}
			if want := "[{a 1 g [deny warn]} {p 1 g [deny warn]}]"; len(verdicts) > 0 && fmt.Sprint(packs) != want {
				t.Errorf("packs %v, want %s", packs, want)
			}
		})
	}
}

// What an engine is shown of a resource.
func TestInput(t *testing.T) {
	w := with(pack("p"), pack("q"))
	var seen []Input
	w.evaluate = func(_ string, in Input) ([]schemas.PolicyResult, error) {
		if n := len(in.Shared); n != len(seen)%2 {
			t.Errorf("%d things are shared with pack %d", n, len(seen))
		}
		in.Shared[fake] = true
		seen = append(seen, in)
		return nil, nil
	}
	b := batch("x", "y")
	b.Resources[0].Unknown = []schemas.UnknownPath{{Path: "acl"}}
	if err := w.worker(t, io.Discard).Handle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	in := seen[0]
	if in.Account != "prod" || in.URN != "urn:insights:prod/us-east-1::aws::t::x" || in.Type != "t" || in.ID != "x" || in.Name != "nx" || len(in.Unknown) != 1 {
		t.Errorf("%+v", in)
	}
	if in.Properties["secret"] != "hunter2" || b.Resources[0].Properties["secret"] != "sealed:hunter2" {
		t.Errorf("the pack sees %v, the batch has %v", in.Properties, b.Resources[0].Properties)
	}
}

// An account whose packs are not resolved yet is not an account without packs.
func TestAccountsWithoutPacks(t *testing.T) {
	w := with()
	worker := w.worker(t, io.Discard)
	b := batch("x")
	b.AccountID = "b"
	if err := worker.Handle(t.Context(), b); schemas.CodeOf(err) != schemas.CodeUnavailable || len(w.published) != 0 {
		t.Errorf("%v, published %v", err, w.published)
	}
	if err := worker.Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
	if v := w.published[0].Verdicts; len(v) != 1 || len(v[0].Packs) != 0 {
		t.Errorf("%+v", v)
	}
}

// Without the key nothing can be judged.
func TestSecretsThatCannotBeOpened(t *testing.T) {
	w := with(pack("p"))
	w.openErr = errors.New("no such key")
	if err := w.worker(t, io.Discard).Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
	got, told := w.outcomes(t, 0, "p")
	if got != "deny=errored warn=errored" || told[0].Reason != "open secrets: no such key" || len(w.asked) != 0 {
		t.Errorf("%s %+v, asked %v", got, told, w.asked)
	}
}

// Who gives up gets an error, and nothing is published.
func TestHandleCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := with(pack("p"))
	w.evaluate = func(string, Input) ([]schemas.PolicyResult, error) {
		cancel()
		return nil, ctx.Err()
	}
	if err := w.worker(t, io.Discard).Handle(ctx, batch("x", "y")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(w.published) != 0 || len(w.asked) != 1 {
		t.Errorf("published %v, asked %v", w.published, w.asked)
	}
}

// A batch counts as handled only when its answer is stored.
func TestPublishFails(t *testing.T) {
	w := with(pack("p"))
	w.publishErr = schemas.Errorf(schemas.CodeUnavailable, "no leader")
	if err := w.worker(t, io.Discard).Handle(t.Context(), batch("x")); schemas.CodeOf(err) != schemas.CodeUnavailable {
		t.Error(err)
	}
}

// The engine is told how much time it has.
func TestTimeout(t *testing.T) {
	w := with(pack("p"))
	worker := NewWorker(Deps{
		Loaders: map[schemas.Runtime]Loader{fake: deadlines{w, t}}, Archives: w, Effectives: w, Publisher: w, Opener: w,
		Now: time.Now, Timeout: time.Hour,
	})
	defer worker.Close()
	if err := worker.Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
}

// deadlines checks the deadline that an engine is given.
type deadlines struct {
	*world
	t *testing.T
}

func (d deadlines) Load(context.Context, string, schemas.EffectivePack) (Engine, error) {
	return d, nil
}
func (d deadlines) Close() error { return nil }
func (d deadlines) Evaluate(ctx context.Context, _ Input) ([]schemas.PolicyResult, error) {
	if at, ok := ctx.Deadline(); !ok || time.Until(at) > time.Hour || time.Until(at) < 50*time.Minute {
		d.t.Errorf("deadline %v, %v", at, ok)
	}
	return nil, nil
}
