package pulumi

import (
	"context"
	"errors"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// call is a request on its way to an answer.
type call struct {
	e     *engine
	in    evaluator.Input
	req   *pulumirpc.AnalyzeRequest
	alone bool
	broke error // what a policy threw in company
	lost  int   // processes that failed with this call in their hands
	boots int   // that failed
	short bool  // the last attempt had less than the whole limit
	whole bool  // the next one has it
}

// most is how often the process, or its start, may fail before a call is given up.
const most = 2

// analyze asks the pack about one resource. The error is ctx's.
//
// A failure of the process in company may be another resource's doing, so the
// call is repeated alone. So is one that a policy broke by throwing: policies
// can be switched off only while nobody else is judged.
func (e *engine) analyze(ctx context.Context, in evaluator.Input, req *pulumirpc.AnalyzeRequest) (answer, error) {
	c := &call{e: e, in: in, req: req}
	for ; ; c.alone = true {
		if why := e.alarm.open(); why != "" {
			return answer{failure: why, resting: true}, nil
		}
		done, err := e.turns.take(ctx, c.alone)
		if err != nil {
			return answer{}, err
		}
		a, settled, err := c.try(ctx)
		done()
		if settled || err != nil {
			return a, err
		}
	}
}

// try makes one attempt. When it is not settled, it has to be repeated alone.
func (c *call) try(ctx context.Context) (a answer, settled bool, err error) {
	p := c.e.proc.Load()
	if p == nil || !p.alive() {
		if !c.alone {
			return answer{}, false, nil
		}
		if p, err = c.e.restart(ctx); err != nil {
			if ctx.Err() != nil {
				return answer{}, false, ctx.Err()
			}
			c.boots++
			// A busy machine, or one that lacks something: the resource is not to blame.
			return answer{failure: err.Error(), resting: true}, c.boots == most, nil
		}
		c.broke = nil // another process may do better
	}
	if err = c.broke; err == nil {
		if a.response, err = c.ask(ctx, p); err == nil {
			return a, true, nil
		}
	}
	if fateOf(err) != threw {
		return c.failed(ctx, p, err)
	}
	if !c.alone {
		c.broke = err
		return answer{}, false, nil
	}
	return c.isolate(ctx, p, err)
}

// restart starts the process anew. The caller is alone.
func (e *engine) restart(ctx context.Context) (*process, error) {
	p, err := e.boot(ctx)
	if err != nil {
		if ctx.Err() == nil {
			e.alarm.failed(false, err.Error())
		}
		return nil, err
	}
	if old := e.proc.Swap(p); old != nil {
		old.kill()
	}
	return p, nil
}

// ask makes one call, within what its type of resources is allowed.
func (c *call) ask(ctx context.Context, p *process) (*pulumirpc.AnalyzeResponse, error) {
	p.shown.add(c.in.Secrets)
	// Not a deadline: that is sent, and the SDKs would keep a clock for every call.
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	limit := c.e.opt.Call
	if !c.whole {
		limit = c.e.slow.of(c.in.Type, c.alone, limit)
	}
	c.short = limit < c.e.opt.Call
	timer := time.AfterFunc(limit, cancel)
	response, err := p.client.Analyze(bounded, c.req)
	inTime := timer.Stop()
	switch {
	case err == nil || fateOf(err) == threw:
		c.e.alarm.answered()
		c.e.slow.finished(c.in.Type, false)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !inTime:
		c.e.slow.finished(c.in.Type, true)
		return nil, overrun(limit)
	}
	return response, err
}

// failed settles an attempt that ended without an answer of the pack.
func (c *call) failed(ctx context.Context, p *process, err error) (a answer, settled bool, _ error) {
	switch fateOf(err) {
	case cancelled:
		return answer{}, false, ctx.Err()
	case refused:
		return answer{failure: "the pack could not answer: " + status.Convert(err).Message()}, true, nil
	default:
		why := c.bury(p, err)
		c.lost++
		_, late := errors.AsType[overrun](err)
		early := late && c.short // others of its type took the time: no word about this one
		if c.lost == most && early && c.e.slow.spare(c.in.Type, c.e.opt.Now(), c.e.opt.Pause) {
			c.whole = true
			return answer{}, false, nil
		}
		return answer{failure: why, resting: early}, c.lost >= most, nil
	}
}
