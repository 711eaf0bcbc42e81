package evaluator

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const fake = schemas.Runtime("fake")

// world is everything a worker deals with, in memory.
type world struct {
	effective  map[schemas.AccountID]schemas.Effective
	fetch      error            // of every archive
	loadErr    map[string]error // by pack
	evaluate   func(pack string, in Input) ([]schemas.PolicyResult, error)
	publishErr error
	openErr    error

	mu        sync.Mutex
	loads     []string
	asked     []string // pack and resource
	closed    []string
	held      []string // archives
	published []*schemas.VerdictBatch
}

func (w *world) Effective(a schemas.AccountID) (schemas.Effective, bool) {
	e, ok := w.effective[a]
	return e, ok
}

func (w *world) Dir(_ context.Context, digest string) (string, func(), error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fetch != nil {
		return "", nil, w.fetch
	}
	w.held = append(w.held, digest)
	return "dir-" + digest, func() { w.let(digest) }, nil
}

// let notes that an archive is needed no more. One that nobody holds is a panic.
func (w *world) let(digest string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.held, digest)
	w.held = slices.Delete(w.held, i, i+1)
}

func (w *world) PublishVerdicts(_ context.Context, b *schemas.VerdictBatch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.publishErr == nil {
		w.published = append(w.published, b)
	}
	return w.publishErr
}

// Open takes a text that begins with "sealed:" for a secret.
func (w *world) Open(properties map[string]any) (map[string]any, []string, error) {
	plain := maps.Clone(properties)
	var secrets []string
	for name, v := range plain {
		if text, ok := v.(string); ok && strings.HasPrefix(text, "sealed:") {
			plain[name] = strings.TrimPrefix(text, "sealed:")
			secrets = append(secrets, strings.TrimPrefix(text, "sealed:"))
		}
	}
	return plain, secrets, w.openErr
}

func (w *world) Inspect(context.Context, string) (schemas.PackManifest, error) {
	return schemas.PackManifest{}, nil
}

func (w *world) Load(_ context.Context, dir string, p schemas.EffectivePack) (Engine, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loads = append(w.loads, p.Name)
	if dir != "dir-"+p.Digest {
		return nil, fmt.Errorf("loaded from %s", dir)
	}
	if err := w.loadErr[p.Name]; err != nil {
		return nil, err
	}
	if p.Name == "panics" {
		panic("load")
	}
	return &fakeEngine{w, p.Name}, nil
}

type fakeEngine struct {
	w    *world
	pack string
}

func (e *fakeEngine) Evaluate(ctx context.Context, in Input) ([]schemas.PolicyResult, error) {
	e.w.mu.Lock()
	e.w.asked = append(e.w.asked, e.pack+" "+in.ID)
	e.w.mu.Unlock()
	if e.w.evaluate != nil {
		return e.w.evaluate(e.pack, in)
	}
	return passed(), ctx.Err()
}

// askedAbout is which packs were asked about a resource, in order.
func (w *world) askedAbout(id string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, a := range w.asked {
		if strings.HasSuffix(a, " "+id) {
			out = append(out, a)
		}
	}
	return out
}

func passed() []schemas.PolicyResult {
	return []schemas.PolicyResult{{Policy: "deny", Outcome: schemas.Passed}, {Policy: "warn", Outcome: schemas.Passed}}
}

func (e *fakeEngine) Close() error {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.w.closed = append(e.w.closed, e.pack)
	return nil
}

func (w *world) worker(t *testing.T, log io.Writer) *Worker {
	t.Helper()
	worker := NewWorker(Deps{
		Loaders: map[schemas.Runtime]Loader{fake: w}, Archives: w, Effectives: w, Publisher: w, Opener: w,
		Log: zerolog.New(log), Now: func() time.Time { return time.Unix(0, 0) },
	})
	t.Cleanup(worker.Close)
	return worker
}

// pack is an effective pack with policies deny and warn.
func pack(name string) schemas.EffectivePack {
	return schemas.EffectivePack{
		PackRef: schemas.PackRef{Name: name, Version: "1", Digest: "d" + name, Runtime: fake}, Group: "g",
		Policies: []schemas.Policy{
			{Name: "warn", Scope: schemas.PolicyResource}, {Name: "deny", Scope: schemas.PolicyResource}, {Name: "stack_deny", Scope: schemas.PolicyStack},
		},
	}
}

func with(packs ...schemas.EffectivePack) *world {
	return &world{effective: map[schemas.AccountID]schemas.Effective{"a": {AccountID: "a", Account: "prod", Revision: 7, Packs: packs}}}
}

// batch is a snapshot batch of resources.
func batch(ids ...string) *schemas.SnapshotBatch {
	b := &schemas.SnapshotBatch{
		Scan: "s", AccountID: "a", Account: "prod", Unit: schemas.UnitKey{Region: "us-east-1", Service: "s3"}, Seq: 3, Number: 2, Route: "list",
		At: time.Unix(100, 0),
	}
	for _, id := range ids {
		b.Resources = append(b.Resources, schemas.Resource{
			Key: schemas.Key{Region: "us-east-1", Type: "t", ID: id}, Name: "n" + id, Hash: "h" + id, Version: 5, Projection: 4,
			Properties: map[string]any{"secret": "sealed:hunter2", "id": id},
		})
	}
	return b
}

// outcomes are what the pack of a name says of the n-th resource of the last
// batch, as policy=outcome, and the results with something to tell.
func (w *world) outcomes(t *testing.T, n int, pack string) (string, []schemas.PolicyResult) {
	t.Helper()
	b := w.published[len(w.published)-1]
	i := slices.IndexFunc(b.Packs, func(p schemas.JudgedPack) bool { return p.Pack == pack })
	if i < 0 || len(b.Verdicts[n].Packs) != len(b.Packs) {
		t.Fatalf("packs %+v, verdict %+v", b.Packs, b.Verdicts[n])
	}
	var out []string
	v := b.Verdicts[n].Packs[i]
	if err := v.Each(&b.Packs[i], func(r *schemas.PolicyResult) { out = append(out, r.Policy+"="+string(r.Outcome)) }); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(out) {
		t.Errorf("%q is not sorted", out)
	}
	return strings.Join(out, " "), v.Told
}
