package evaluator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
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
	var mu sync.Mutex
	seen := map[string]Input{} // by pack and resource
	w.evaluate = func(pack string, in Input) ([]schemas.PolicyResult, error) {
		if first := in.Shared[fake]; first != map[string]any{"p": nil, "q": in.ID}[pack] {
			t.Errorf("%v is shared with pack %s", first, pack)
		}
		in.Shared[fake] = in.ID
		mu.Lock()
		defer mu.Unlock()
		seen[pack+" "+in.ID] = in
		return nil, nil
	}
	b := batch("x", "y")
	b.Resources[0].Unknown = []schemas.UnknownPath{{Path: "acl"}}
	if err := w.worker(t, io.Discard).Handle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	in := seen["p x"]
	if len(seen) != 4 || !slices.Equal(in.Secrets, []string{"hunter2"}) {
		t.Errorf("seen %v", seen)
	}
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
	if len(w.published) != 0 {
		t.Errorf("published %v", w.published)
	}
}

// Resources are judged side by side; what is said of them stays in order.
func TestResourcesAreJudgedAtOnce(t *testing.T) {
	w := with(pack("p"))
	var ids []string
	for n := range 3 * atOnce {
		ids = append(ids, fmt.Sprint(n))
	}
	meet := make(chan struct{}, atOnce)
	var all sync.Once
	together := make(chan struct{})
	w.evaluate = func(_ string, in Input) ([]schemas.PolicyResult, error) {
		meet <- struct{}{} // the others are still here when the last one comes
		if len(meet) == atOnce {
			all.Do(func() { close(together) })
		}
		select {
		case <-together:
		case <-t.Context().Done():
		}
		<-meet
		return []schemas.PolicyResult{{Policy: "deny", Outcome: schemas.Failed, Messages: []string{in.ID}}, {Policy: "warn", Outcome: schemas.Passed}}, nil
	}
	if err := w.worker(t, io.Discard).Handle(t.Context(), batch(ids...)); err != nil {
		t.Fatal(err)
	}
	for n, id := range ids {
		if _, told := w.outcomes(t, n, "p"); told[0].Messages[0] != id || w.published[0].Verdicts[n].ID != id {
			t.Errorf("verdict %d is about %v", n, told[0].Messages)
		}
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

// A verdict with an error that passes is to be judged again, the others are not.
func TestUnsettledVerdicts(t *testing.T) {
	w := with(pack("p"))
	w.evaluate = func(_ string, in Input) ([]schemas.PolicyResult, error) {
		results := passed()
		if in.ID != "good" {
			results[1].Outcome, results[1].Transient = schemas.Errored, in.ID == "rests"
		}
		return results, nil
	}
	if err := w.worker(t, io.Discard).Handle(t.Context(), batch("good", "rests", "throws")); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, false} {
		if v := w.published[0].Verdicts[i]; v.Unsettled != want {
			t.Errorf("%s is unsettled: %t", v.ID, v.Unsettled)
		}
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

// An engine in which resources wait for one another bounds its own time.
func TestNoTimeoutWhereResourcesWait(t *testing.T) {
	w := with(pack("p"))
	worker := NewWorker(Deps{
		Loaders: map[schemas.Runtime]Loader{fake: queues{w, t}}, Archives: w, Effectives: w, Publisher: w, Opener: w,
		Now: time.Now, Timeout: time.Nanosecond,
	})
	defer worker.Close()
	if err := worker.Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
}

// queues checks that it is given no deadline.
type queues struct {
	*world
	t *testing.T
}

func (q queues) Load(context.Context, string, schemas.EffectivePack) (Engine, error) { return q, nil }
func (q queues) Close() error                                                        { return nil }
func (q queues) Bounded()                                                            {}
func (q queues) Evaluate(ctx context.Context, _ Input) ([]schemas.PolicyResult, error) {
	if at, ok := ctx.Deadline(); ok {
		q.t.Errorf("deadline %v", at)
	}
	return nil, nil
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
