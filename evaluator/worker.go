package evaluator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Deps is what a worker needs.
type Deps struct {
	Loaders    map[schemas.Runtime]Loader
	Archives   Archives
	Effectives Effectives
	Publisher  Publisher
	Opener     Opener
	Log        zerolog.Logger
	Now        func() time.Time
	// MaxEngines bounds the warm engines. Default 32.
	MaxEngines int
	// MaxEngineMemory bounds what the processes of warm engines hold, in bytes; see
	// Resident. Engines in use are kept all the same. Default 4 GiB.
	MaxEngineMemory int64
	// Timeout bounds one resource under one pack; see Bounded. Default 30 s.
	Timeout time.Duration
	// Loaded and Evaluated are told how long an engine took to load, and to judge
	// one resource under one pack; both may be nil and are called concurrently.
	Loaded, Evaluated func(schemas.Runtime, time.Duration)
}

// Worker judges snapshot batches. It is safe for concurrent use.
type Worker struct {
	d       Deps
	engines *cache

	mu     sync.Mutex
	failed map[string]time.Time // by digest, since when a pack fails to load for reasons that pass
}

const (
	defaultEngines      = 32
	defaultEngineMemory = 4 << 30
	defaultTimeout      = 30 * time.Second
)

// atOnce is how many resources of a batch are judged side by side, so that the
// processes of packs are kept busy.
const atOnce = 16

// NewWorker makes a worker.
func NewWorker(d Deps) *Worker {
	if d.MaxEngines <= 0 {
		d.MaxEngines = defaultEngines
	}
	if d.Timeout <= 0 {
		d.Timeout = defaultTimeout
	}
	if d.MaxEngineMemory <= 0 {
		d.MaxEngineMemory = defaultEngineMemory
	}
	w := &Worker{d: d, failed: map[string]time.Time{}}
	w.engines = newCache(d.MaxEngines, d.MaxEngineMemory, w.load, d.Log)
	return w
}

// Close closes the warm engines that nobody uses.
func (w *Worker) Close() { w.engines.close() }

// Handle answers one snapshot batch with exactly one verdict batch of the same
// number, also an empty one. What was seen unchanged is not judged: its verdict
// stands, or the store asks for it again. It returns after the batch is stored.
// The error of an account without effective packs yet is CodeUnavailable.
func (w *Worker) Handle(ctx context.Context, b *schemas.SnapshotBatch) error {
	start := w.d.Now()
	eff, ok := w.d.Effectives.Effective(b.AccountID)
	if !ok {
		return schemas.Errorf(schemas.CodeUnavailable, "the packs of account %s are not resolved yet", b.AccountID)
	}
	out := &schemas.VerdictBatch{
		Scan: b.Scan, AccountID: b.AccountID, Account: b.Account, Unit: b.Unit, Seq: b.Seq, Number: b.Number, Route: b.Route, At: b.At,
		Rejudge: b.Rejudge, Revision: eff.Revision,
	}
	if len(b.Resources) > 0 {
		packs, release, err := w.open(ctx, covering(eff.Packs, b.Resources))
		if err != nil {
			return err
		}
		defer release()
		for i := range packs {
			out.Packs = append(out.Packs, packs[i].judged)
		}
		if out.Verdicts, err = w.verdicts(ctx, b, packs); err != nil {
			return err
		}
	}
	if err := w.d.Publisher.PublishVerdicts(ctx, out); err != nil {
		return err
	}
	w.d.Log.Debug().Func(about(b)).Int("resources", len(b.Resources)).Uint64("revision", eff.Revision).
		Int("packs", len(eff.Packs)).Dur("took", w.d.Now().Sub(start)).Msg("batch judged")
	return nil
}

// about names in a log line what a batch is about.
func about(b *schemas.SnapshotBatch) func(*zerolog.Event) {
	return func(e *zerolog.Event) {
		e.Str("scan", b.Scan).Str("account", b.Account).Stringer("unit", b.Unit).Uint64("seq", b.Seq).Int("number", b.Number)
	}
}

// loadedPack is an effective pack and its engine, or why there is none.
type loadedPack struct {
	schemas.EffectivePack
	judged schemas.JudgedPack
	engine Engine
	broken string
	passes bool // what broke it is of this machine, or passes by itself
}

// covering are the packs that judge any of these resources, sorted by name.
func covering(packs []schemas.EffectivePack, resources []schemas.Resource) []schemas.EffectivePack {
	out := slices.DeleteFunc(slices.Clone(packs), func(p schemas.EffectivePack) bool {
		return !slices.ContainsFunc(resources, func(r schemas.Resource) bool { return p.Covers(r.Region) })
	})
	slices.SortStableFunc(out, func(a, b schemas.EffectivePack) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// patience is how long one pack that cannot be loaded now holds up a batch, and
// with it all other packs of the account.
const patience = 2 * time.Minute

// open takes the engines of packs. An error is worth a retry. A pack that cannot
// be loaded is opened broken: what was published has run once, so that it does not
// here is no fault of the resource, and it is to be judged again.
func (w *Worker) open(ctx context.Context, effective []schemas.EffectivePack) ([]loadedPack, func(), error) {
	var releases []func()
	release := func() {
		for _, r := range releases {
			r()
		}
	}
	packs := make([]loadedPack, len(effective))
	for i, p := range effective {
		packs[i] = loadedPack{EffectivePack: p, judged: judgedPack(p), broken: p.Error}
		if p.Error != "" {
			continue
		}
		e, done, err := w.engines.get(ctx, p)
		switch {
		case err == nil:
			w.loads(p)
			packs[i].engine = e
			releases = append(releases, done)
		case ctx.Err() == nil && w.broken(p, err):
			packs[i].broken, packs[i].passes = err.Error(), true
		default:
			release()
			return nil, nil, err
		}
	}
	return packs, release, nil
}

// broken tells whether a pack that could not be loaded counts as broken: at once
// when it was refused, else when it fails for longer than patience. Archives that
// cannot be fetched are the bus's, which no pack works without.
func (w *Worker) broken(p schemas.EffectivePack, err error) bool {
	if c := schemas.CodeOf(err); c == schemas.CodeInvalid || c == schemas.CodeNotFound {
		return true
	}
	if _, ok := errors.AsType[unloaded](err); !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.d.Now()
	since, ok := w.failed[p.Digest]
	if !ok {
		w.failed[p.Digest], since = now, now
	}
	return now.Sub(since) >= patience
}

// loads notes that a pack was loaded.
func (w *Worker) loads(p schemas.EffectivePack) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.failed, p.Digest)
}

// unloaded is the error of a loader.
type unloaded struct{ error }

func (e unloaded) Unwrap() error { return e.error }

func (p *loadedPack) verdict(results []schemas.PolicyResult) schemas.PackVerdict {
	return schemas.NewPackVerdict(p.judged, results)
}

// judgedPack names the resource policies of a pack.
func judgedPack(p schemas.EffectivePack) schemas.JudgedPack {
	j := schemas.JudgedPack{Pack: p.Name, Version: p.Version, Group: p.Group}
	for _, pol := range p.Policies {
		if pol.Scope != schemas.PolicyStack {
			j.Policies = append(j.Policies, pol.Name)
		}
	}
	slices.Sort(j.Policies)
	return j
}

// load makes the engine of a pack. A panic is as good as an invalid pack: it
// would come again.
func (w *Worker) load(ctx context.Context, p schemas.EffectivePack) (h held, err error) {
	release := func() {}
	defer func() {
		if r := recover(); r != nil {
			err = schemas.Errorf(schemas.CodeInvalid, "pack %s: the loader panicked: %v", p.Name, r)
		}
		if err != nil {
			release()
		}
	}()
	loader, ok := w.d.Loaders[p.Runtime]
	if !ok {
		return h, schemas.Errorf(schemas.CodeInvalid, "pack %s: runtime %q is not supported", p.Name, p.Runtime)
	}
	dir, done, err := w.d.Archives.Dir(ctx, p.Digest)
	if err != nil {
		return h, err
	}
	release = done
	start := w.d.Now()
	e, err := loader.Load(ctx, dir, p)
	if err != nil {
		return h, unloaded{err}
	}
	took := w.d.Now().Sub(start)
	w.d.Log.Debug().Str("pack", p.Name).Str("version", p.Version).Dur("took", took).Msg("pack loaded")
	told(w.d.Loaded, p.Runtime, took)
	return held{e, release}, nil
}

// verdicts judges the resources of a batch, several at a time, and returns what
// was said in their order.
func (w *Worker) verdicts(ctx context.Context, b *schemas.SnapshotBatch, packs []loadedPack) ([]schemas.Verdict, error) {
	out := make([]schemas.Verdict, len(b.Resources))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range b.Resources {
		g.Go(func() (err error) {
			if ctx.Err() != nil {
				return ctx.Err() // no verdict of this batch is wanted any more
			}
			out[i], err = w.verdict(ctx, b, &b.Resources[i], packs)
			return err
		})
	}
	return out, g.Wait()
}

// verdict judges one resource under all packs.
func (w *Worker) verdict(ctx context.Context, b *schemas.SnapshotBatch, r *schemas.Resource, packs []loadedPack) (schemas.Verdict, error) {
	v := schemas.Verdict{Key: r.Key, Name: r.Name, Version: r.Version, Hash: r.Hash, Projection: r.Projection}
	in := Input{Account: b.Account, Region: r.Region, URN: r.URN(b.Account), Type: r.Type, Name: r.Name, ID: r.ID, Unknown: r.Unknown}
	plain, secrets, err := w.d.Opener.Open(r.Properties)
	in.Properties, in.Secrets, in.Shared = plain, secrets, map[schemas.Runtime]any{}
	red := newRedactor(secrets)
	judge := func(p *loadedPack) ([]schemas.PolicyResult, error) { return w.judge(ctx, b, p, in, red) }
	if err != nil {
		// Without the key nothing can be judged: that is told, not guessed.
		w.d.Log.Error().Err(err).Func(about(b)).Str("urn", in.URN).Msg("open the secrets of a resource")
		reason := "open secrets: " + err.Error()
		judge = func(p *loadedPack) ([]schemas.PolicyResult, error) { return errored(p, reason), nil }
	}
	for i := range packs {
		if !packs[i].Covers(r.Region) {
			v.Packs = append(v.Packs, schemas.PackVerdict{Absent: true})
			continue
		}
		results, err := judge(&packs[i])
		if err != nil {
			return v, err
		}
		v.Unsettled = v.Unsettled || slices.ContainsFunc(results, func(r schemas.PolicyResult) bool { return r.Transient })
		red.redact(results)
		bound(results)
		v.Packs = append(v.Packs, packs[i].verdict(results))
	}
	return v, nil
}

// judge runs one pack on one resource, twice if the pack as a whole breaks.
func (w *Worker) judge(ctx context.Context, b *schemas.SnapshotBatch, p *loadedPack, in Input, red redactor) ([]schemas.PolicyResult, error) {
	if p.broken != "" {
		results := errored(p, p.broken)
		for i := range results {
			results[i].Transient = p.passes && results[i].Outcome == schemas.Errored
		}
		return results, nil
	}
	var reason string
	for range 2 {
		results, err := w.evaluate(ctx, p, in)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			return results, nil
		}
		reason = err.Error()
	}
	w.d.Log.Warn().Func(about(b)).Str("pack", p.Name).Str("urn", in.URN).Str("reason", red.text(reason)).Msg("pack could not judge a resource")
	return errored(p, reason), nil
}

// evaluate runs one pack once. A panic in it is the pack's, not the process's.
func (w *Worker) evaluate(ctx context.Context, p *loadedPack, in Input) (results []schemas.PolicyResult, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = schemas.Errorf(schemas.CodeInternal, "the engine panicked: %v", r)
		}
	}()
	if _, own := p.engine.(Bounded); !own {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.d.Timeout)
		defer cancel()
	}
	start := w.d.Now()
	results, err = p.engine.Evaluate(ctx, in)
	told(w.d.Evaluated, p.Runtime, w.d.Now().Sub(start))
	return results, err
}

func told(fn func(schemas.Runtime, time.Duration), r schemas.Runtime, took time.Duration) {
	if fn != nil {
		fn(r, took)
	}
}

// errored is a pack none of whose resource policies could be asked.
func errored(p *loadedPack, reason string) []schemas.PolicyResult {
	results := make([]schemas.PolicyResult, len(p.judged.Policies))
	for i, name := range p.judged.Policies {
		results[i] = schemas.PolicyResult{Policy: name, Outcome: schemas.Errored, Reason: reason}
		if p.Config[name].Level == schemas.LevelDisabled {
			results[i] = schemas.PolicyResult{Policy: name, Outcome: schemas.Disabled}
		}
	}
	return results
}
