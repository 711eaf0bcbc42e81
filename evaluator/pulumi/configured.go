package pulumi

import (
	"context"
	"slices"

	"google.golang.org/grpc/status"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// newEngine configures the pack in dir, which was started. Its process is ended on errors.
func newEngine(ctx context.Context, l *Loader, b *booted, dir string, pack schemas.EffectivePack) (*engine, error) {
	e := &engine{
		policies: map[string]schemas.Policy{}, config: configure(b.manifest.Policies, pack.Config),
		opt: l.opt, turns: newTurns(), alarm: breaker{now: l.opt.Now, pause: l.opt.Pause},
		configurable: b.info.GetSupportsConfig(),
	}
	for _, p := range b.manifest.Policies {
		e.policies[p.Name] = p
		if p.Scope == schemas.PolicyResource {
			e.blank = append(e.blank, e.unasked(p.Name))
		}
	}
	for _, p := range b.info.GetPolicies() {
		if name := p.GetName(); e.policies[name].Scope == schemas.PolicyResource && !e.config.disabled(name) && !slices.Contains(e.asked, name) {
			e.asked = append(e.asked, name)
		}
	}
	e.boot = func(ctx context.Context) (*process, error) {
		_, env, err := l.prepare(ctx, dir) // what it was installed to may have been removed since
		if err != nil {
			return nil, err
		}
		p, err := start(ctx, l.opt.Sandbox, env, l.opt.Limits, l.opt.Boot)
		if err != nil {
			return nil, err
		}
		return p, e.ready(ctx, p)
	}
	if err := e.ready(ctx, b.process); err != nil {
		return nil, err
	}
	e.proc.Store(b.process)
	return e, nil
}

// ready configures a process that was started; it ends it on errors.
func (e *engine) ready(ctx context.Context, p *process) error {
	if !e.configurable {
		return nil
	}
	err := p.configure(ctx, e.config, e.opt.Boot)
	if err == nil {
		return nil
	}
	p.kill()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.unstarted("it does not take its configuration: " + status.Convert(err).Message())
}

// unasked is the result of a policy that is not asked.
func (e *engine) unasked(policy string) schemas.PolicyResult {
	out := schemas.PolicyResult{Policy: policy, Outcome: schemas.NotApplicable}
	if e.config.disabled(policy) {
		out.Outcome = schemas.Disabled
	}
	return out
}
