package pulumi

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// engine is a pack with one configuration, and the process that runs it. It
// implements evaluator.Engine.
type engine struct {
	policies map[string]schemas.Policy // by name
	asked    []string                  // resource policies that are not disabled, in the order in which the pack asks them
	blank    []schemas.PolicyResult    // of every resource policy, sorted by name
	config   configuration
	// configurable: the pack takes a configuration. Those of the first SDKs do not.
	configurable bool
	boot         func(context.Context) (*process, error)
	opt          Options

	turns turns
	proc  atomic.Pointer[process] // nil after a failure, until the next call
	alarm breaker
	slow  allowances

	mu       sync.Mutex
	suspects []string // policies that threw, the latest first
	memory   int64    // of the process
	measured time.Time
}

// Bounded says that the engine bounds its own time: see evaluator.Bounded.
func (e *engine) Bounded() {}

// measureEvery is how long a measured memory counts: asking for it takes a
// message to the sandbox.
const measureEvery = 5 * time.Second

// measureTimeout is how long that may take; somebody waits for it.
const measureTimeout = time.Second

// Memory is the resident memory of the pack's process. Where a sandbox does not
// answer in time, it has what it had.
func (e *engine) Memory() int64 {
	p := e.proc.Load()
	if p == nil || !p.alive() {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := e.opt.Now(); e.measured.IsZero() || now.Sub(e.measured) >= measureEvery {
		e.measured = now
		ctx, cancel := context.WithTimeout(context.Background(), measureTimeout)
		defer cancel()
		if memory, err := p.child.Memory(ctx); err == nil {
			e.memory = memory
		}
	}
	return e.memory
}

// Close ends the process.
func (e *engine) Close() error {
	if p := e.proc.Swap(nil); p != nil {
		p.kill()
	}
	return nil
}

// Evaluate judges one resource. It returns an error only when ctx is cancelled:
// what goes wrong with the pack is in the results.
func (e *engine) Evaluate(ctx context.Context, in evaluator.Input) ([]schemas.PolicyResult, error) {
	if len(e.asked) == 0 {
		return e.results(nil), nil
	}
	s := show(in)
	first, err := e.analyze(ctx, in, request(in, s.props))
	if err != nil {
		return nil, err
	}
	words := e.words(first, s.places)
	if len(s.places) == 0 || !open(words) {
		return e.results(words), nil
	}
	second, err := e.analyze(ctx, in, request(in, s.without))
	if err != nil {
		return nil, err
	}
	without := e.words(second, nil)
	for name, w := range words {
		switch {
		case second.failure == "":
			settle(w, without[name], s.places)
		case w.outcome != schemas.Unknown && w.outcome != schemas.Errored:
			*w = word{outcome: schemas.Errored, reason: second.failure, transient: second.resting}
		}
	}
	return e.results(words), nil
}

// open tells whether the word of a policy may still hang on what is unknown.
func open(words map[string]*word) bool {
	for _, w := range words {
		if w.outcome != schemas.Unknown && w.outcome != schemas.Errored {
			return true
		}
	}
	return false
}

// results are the words of the policies that were asked, beside those that were not.
func (e *engine) results(words map[string]*word) []schemas.PolicyResult {
	out := append([]schemas.PolicyResult(nil), e.blank...)
	for i := range out {
		w := words[out[i].Policy]
		if w == nil {
			continue
		}
		out[i].Outcome, out[i].Reason, out[i].Transient = w.outcome, w.reason, w.transient
		switch w.outcome {
		case schemas.Failed:
			out[i].Level, out[i].Severity, out[i].Messages = w.level, w.severity, w.messages
		case schemas.Unknown:
			out[i].Paths = sortedPaths(w.needs)
		}
	}
	return out
}
