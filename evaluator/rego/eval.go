package rego

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// overrun is the error of a query that was stopped by its limit.
type overrun struct{ limit time.Duration }

func (o overrun) Error() string { return fmt.Sprintf("stopped after %s without an answer", o.limit) }

func overran(err error) bool {
	_, ok := errors.AsType[overrun](err)
	return ok
}

// allowance is how long a policy may take. One that did not finish gets less
// and less, so that it cannot hold up a scan for its limit on every resource;
// the first answer in time restores it.
func (p *policy) allowance(limit time.Duration) time.Duration {
	return limit >> min(p.overruns.Load(), 6)
}

// secondLook is how much longer a policy gets that overran and never did before:
// the machine may have been busy, and a verdict must not hang on that.
const secondLook = 4

// within asks a policy within what it is allowed, and once more if that was not
// enough for the first time.
func (p *policy) within(limit time.Duration, ask func(time.Duration) error) error {
	allowed := p.allowance(limit)
	err := ask(allowed)
	if overran(err) && p.overruns.Load() == 0 {
		err = ask(secondLook * allowed)
	}
	p.finished(err)
	return err
}

// slots let as many resources be judged at once as there are processors: more
// would only make each take longer, and what waits does not use up its time.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

func (p *policy) finished(err error) {
	switch {
	case overran(err):
		p.overruns.Add(1)
	case err == nil && p.overruns.Load() != 0:
		p.overruns.Store(0)
	}
}

// eval runs a query within a limit and returns the result of every solution.
func (e *engine) eval(ctx context.Context, q rego.PreparedEvalQuery, input ast.Value, limit time.Duration) (values []*ast.Term, err error) {
	err = bounded(ctx, limit, func(stop topdown.Cancel) error {
		rs, err := q.Eval(ctx, rego.EvalParsedInput(input), rego.EvalExternalCancel(stop), rego.EvalTransaction(e.txn), rego.EvalMetrics(metrics.NoOp()))
		values = results(rs)
		return err
	})
	return values, err
}

func results(rs rego.ResultSet) []*ast.Term {
	values := make([]*ast.Term, 0, len(rs))
	for _, r := range rs {
		v, _ := r.Bindings[result].(*ast.Term)
		values = append(values, v)
	}
	return values
}

// bounded runs f within a limit. OPA looks at stop at every expression. A panic
// in it is the policy's error, not the end of the process.
func bounded(ctx context.Context, limit time.Duration, f func(stop topdown.Cancel) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the evaluation panicked: %v", p)
		}
	}()
	stop := topdown.NewCancel()
	defer time.AfterFunc(limit, stop.Cancel).Stop() // cheaper than a context of its own
	defer context.AfterFunc(ctx, stop.Cancel)()
	err = f(stop)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("not asked to the end: %w", ctx.Err())
	case stop.Cancelled():
		return overrun{limit}
	default:
		return err
	}
}
