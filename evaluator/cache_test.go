package evaluator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// plenty is memory that no test uses up.
const plenty = 1 << 60

// bare has engines that need no files.
func bare(load func(context.Context, schemas.EffectivePack) (Engine, error)) func(context.Context, schemas.EffectivePack) (held, error) {
	return func(ctx context.Context, p schemas.EffectivePack) (held, error) {
		e, err := load(ctx, p)
		return held{e, func() {}}, err
	}
}

func testCache(w *world, most int) *cache {
	return newCache(most, plenty, bare(func(ctx context.Context, p schemas.EffectivePack) (Engine, error) {
		return w.Load(ctx, "dir-"+p.Digest, p)
	}), zerolog.Nop())
}

// use takes an engine and returns what to call when done with it.
func use(t *testing.T, c *cache, name string) func() {
	t.Helper()
	e, done, err := c.get(t.Context(), pack(name))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.(*fakeEngine).pack; got != name {
		t.Errorf("engine of %s, want %s", got, name)
	}
	return done
}

// However many ask for an engine, it is loaded once.
func TestCacheLoadsOnce(t *testing.T) {
	w := with()
	begun, hold := make(chan struct{}), make(chan struct{})
	c := newCache(4, plenty, bare(func(ctx context.Context, p schemas.EffectivePack) (Engine, error) {
		close(begun) // twice would panic
		<-hold
		return w.Load(ctx, "dir-"+p.Digest, p)
	}), zerolog.Nop())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { use(t, c, "p")() })
	}
	<-begun
	close(hold)
	wg.Wait()
	use(t, c, "p")()
	if len(w.loads) != 1 || len(w.closed) != 0 {
		t.Errorf("loads %v, closed %v", w.loads, w.closed)
	}
}

// An engine belongs to a pack's content and its configuration.
func TestCacheKey(t *testing.T) {
	w := with()
	c := testCache(w, 9)
	get := func(change func(*schemas.EffectivePack)) {
		p := pack("p")
		change(&p)
		_, done, err := c.get(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	for i, step := range []struct {
		loads  int
		change func(*schemas.EffectivePack)
	}{
		{1, func(*schemas.EffectivePack) {}},
		{1, func(p *schemas.EffectivePack) { p.Group = "another" }},
		{2, func(p *schemas.EffectivePack) { p.Digest = "another" }},
		{3, func(p *schemas.EffectivePack) {
			p.Config = map[string]schemas.PolicyConfig{"deny": {Level: schemas.Advisory}}
		}},
		{4, func(p *schemas.EffectivePack) {
			p.Config = map[string]schemas.PolicyConfig{"deny": {Properties: map[string]any{"a": 1}}}
		}},
		{4, func(*schemas.EffectivePack) {}},
	} {
		get(step.change)
		if len(w.loads) != step.loads {
			t.Errorf("step %d: %d loads, want %d", i, len(w.loads), step.loads)
		}
	}
}

// The least recently used engine goes, never one in use.
func TestCacheEvicts(t *testing.T) {
	w := with()
	c := testCache(w, 2)
	inUse := use(t, c, "used")
	use(t, c, "b")()
	use(t, c, "used")()
	use(t, c, "c")() // b is the least recently used of those idle
	if !slices.Equal(w.closed, []string{"b"}) {
		t.Fatalf("closed %v", w.closed)
	}
	other, third := use(t, c, "d"), use(t, c, "e")
	use(t, c, "d")() // c goes; the others are more than two, but in use
	if !slices.Equal(w.closed, []string{"b", "c"}) {
		t.Fatalf("closed %v", w.closed)
	}
	inUse()
	if !slices.Equal(w.closed, []string{"b", "c", "used"}) {
		t.Fatalf("closed %v", w.closed)
	}
	other()
	third()
	if want := []string{"used", "b", "c", "d", "e"}; !slices.Equal(w.loads, want) {
		t.Errorf("loads %v, want %v", w.loads, want)
	}
}

// resident is an engine whose process holds memory.
type resident struct {
	Engine
	bytes int64
}

func (r resident) Memory() int64 { return r.bytes }

// Processes that hold too much together are ended, the least recently used first;
// one alone is kept, whatever it holds.
func TestCacheMemory(t *testing.T) {
	w := with()
	c := newCache(9, 100, bare(func(ctx context.Context, p schemas.EffectivePack) (Engine, error) {
		e, err := w.Load(ctx, "dir-"+p.Digest, p)
		return resident{e, map[string]int64{"small": 10, "half": 50, "big": 60, "huge": 500}[p.Name]}, err
	}), zerolog.Nop())
	take := func(name string) func() {
		_, done, err := c.get(t.Context(), pack(name))
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	for i, step := range []struct {
		use    string
		closed []string
	}{
		{"small", nil},
		{"half", nil},
		{"small", nil},
		{"big", []string{"half"}},
		{"huge", []string{"half", "small", "big"}},
	} {
		take(step.use)()
		if !slices.Equal(w.closed, step.closed) {
			t.Fatalf("step %d: closed %v, want %v", i, w.closed, step.closed)
		}
	}
	inUse := take("huge")
	take("big")()
	if want := []string{"half", "small", "big", "big"}; !slices.Equal(w.closed, want) {
		t.Errorf("closed %v, want %v: what is in use stays", w.closed, want)
	}
	inUse()
}

// A load that failed is tried again by the next who asks.
func TestCacheForgetsFailures(t *testing.T) {
	w := with()
	w.loadErr = map[string]error{"p": errors.New("not now")}
	c := testCache(w, 2)
	for range 2 {
		if _, _, err := c.get(t.Context(), pack("p")); err == nil || err.Error() != "not now" {
			t.Error(err)
		}
	}
	w.loadErr = nil
	use(t, c, "p")()
	if len(w.loads) != 3 {
		t.Errorf("loads %v", w.loads)
	}
}

// Who asked first may give up; the engine is loaded all the same.
func TestCacheOutlivesWhoAsked(t *testing.T) {
	w := with()
	hold := make(chan struct{})
	c := newCache(1, plenty, bare(func(ctx context.Context, p schemas.EffectivePack) (Engine, error) {
		<-hold
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return w.Load(ctx, "dir-"+p.Digest, p)
	}), zerolog.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.get(ctx, pack("p")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(hold)
	use(t, c, "p")()
	if len(w.loads) != 1 {
		t.Errorf("loads %v", w.loads)
	}
}

// Close closes idle engines at once and the others when they are given back,
// also one whose load was still under way.
func TestCacheClose(t *testing.T) {
	w := with()
	c := testCache(w, 9)
	use(t, c, "idle")()
	inUse := use(t, c, "used")
	c.close()
	if !slices.Equal(w.closed, []string{"idle"}) {
		t.Errorf("closed %v", w.closed)
	}
	inUse()
	use(t, c, "late")()
	if !slices.Equal(w.closed, []string{"idle", "used", "late"}) {
		t.Errorf("closed %v", w.closed)
	}
}

// Many workers, few places.
func TestCacheUnderLoad(t *testing.T) {
	w := with()
	c := testCache(w, 3)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 200 {
				use(t, c, fmt.Sprint((n*i)%7))()
			}
		})
	}
	wg.Wait()
	if open := len(w.loads) - len(w.closed); open > 3 {
		t.Errorf("%d engines are open", open)
	}
	c.close()
	if len(w.loads) != len(w.closed) {
		t.Errorf("%d loads, %d closed", len(w.loads), len(w.closed))
	}
}

// stuck is an engine whose process does not say what it holds.
type stuck struct {
	Engine
	asked, answer chan struct{}
}

func (s stuck) Memory() int64 {
	s.asked <- struct{}{}
	<-s.answer
	return 0
}

// While one waits for what an engine holds, others get theirs.
func TestCacheMeasuresWithoutItsLock(t *testing.T) {
	w := with()
	s := stuck{asked: make(chan struct{}), answer: make(chan struct{})}
	c := newCache(9, 100, bare(func(ctx context.Context, p schemas.EffectivePack) (Engine, error) {
		e, err := w.Load(ctx, "dir-"+p.Digest, p)
		if p.Name == "stuck" {
			s.Engine = e
			return s, err
		}
		return e, err
	}), zerolog.Nop())
	_, done, err := c.get(t.Context(), pack("stuck"))
	if err != nil {
		t.Fatal(err)
	}
	defer close(s.answer)
	release := use(t, c, "other")
	go release()
	<-s.asked
	if !c.mu.TryLock() {
		t.Fatal("the cache is locked while an engine is measured")
	}
	c.mu.Unlock()
	_ = done
}

// The files of a pack are held as long as its engine is kept, and not when it
// could not be loaded.
func TestFilesAreHeldWithTheEngine(t *testing.T) {
	w := with(pack("p"), pack("broken"))
	w.loadErr = map[string]error{"broken": schemas.Errorf(schemas.CodeInvalid, "no")}
	worker := w.worker(t, io.Discard)
	if err := worker.Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
	if want := []string{pack("p").Digest}; !slices.Equal(w.held, want) {
		t.Errorf("held %q, want %q", w.held, want)
	}
	worker.Close()
	if len(w.held) > 0 {
		t.Errorf("held %q after the engine was closed", w.held)
	}
}
