package bus

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Store answers what is held; see discovery.Store.
type Store interface {
	Known(ctx context.Context, r schemas.KnownRequest) (schemas.KnownReply, error)
	Keys(ctx context.Context, r schemas.KeysRequest) (schemas.KeysReply, error)
	Counts(ctx context.Context, r schemas.CountsRequest) (schemas.CountsReply, error)
}

// Planner plans and probes an account; see discovery/aws.Provider.
type Planner interface {
	Plan(ctx context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error)
	Probe(ctx context.Context, a schemas.Account, regions []string) ([]schemas.Permission, error)
	Locate(ctx context.Context, a schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error)
	Organization(ctx context.Context, a schemas.Account) ([]schemas.OrganizationAccount, error)
	OrganizationalUnits(ctx context.Context, a schemas.Account) ([]schemas.OrganizationUnit, error)
}

const (
	serveQueue    = "insights" // one of the servers answers a request
	serveParallel = 8
	storeTimeout  = 30 * time.Second
	planTimeout   = 2 * time.Minute
	storeTries    = 6
	planTries     = 3

	// organizationTimeout is for thousands of accounts: each unit of an organization and
	// the tags of each account take a call, of a few a second.
	organizationTimeout = 20 * time.Minute
)

// timeoutOf is how long a request may take, for who asks and for who answers.
func timeoutOf(subject string) time.Duration {
	switch subject {
	case schemas.RequestOrganization, schemas.RequestUnits:
		return organizationTimeout
	case schemas.RequestPlan, schemas.RequestProbe, schemas.RequestLocate:
		return planTimeout
	}
	return storeTimeout
}

// ServeStore answers the requests of discovery workers until ctx ends, then those
// that came before that, within Options.Grace, and returns nil.
func (b *Bus) ServeStore(ctx context.Context, s Store) error {
	return b.serve(ctx, map[string]responder{
		schemas.RequestKnown: func(ctx context.Context, data []byte) []any {
			return answer(ctx, data, s.Known, func(e *schemas.Error) schemas.KnownReply { return schemas.KnownReply{Error: e} })
		},
		schemas.RequestKeys: func(ctx context.Context, data []byte) []any {
			return answer(ctx, data, s.Keys, func(e *schemas.Error) schemas.KeysReply { return schemas.KeysReply{Error: e} })
		},
		schemas.RequestCounts: func(ctx context.Context, data []byte) []any {
			return answer(ctx, data, s.Counts, func(e *schemas.Error) schemas.CountsReply { return schemas.CountsReply{Error: e} })
		},
	})
}

// ServePlan answers requests to plan, probe, locate and list an organization; it ends as ServeStore
// does.
func (b *Bus) ServePlan(ctx context.Context, p Planner) error {
	plan := func(ctx context.Context, r schemas.PlanRequest) (schemas.PlanReply, error) {
		id, units, err := p.Plan(ctx, r.Account)
		return schemas.PlanReply{AccountID: id, Units: units}, err
	}
	probe := func(ctx context.Context, r schemas.ProbeRequest) (schemas.ProbeReply, error) {
		list, err := p.Probe(ctx, r.Account, r.Regions)
		return schemas.ProbeReply{Permissions: list}, err
	}
	locate := func(ctx context.Context, r schemas.LocateRequest) (schemas.LocateReply, error) {
		unit, keys, err := p.Locate(ctx, r.Account, r.Resource)
		return schemas.LocateReply{Unit: unit, Keys: keys}, err
	}
	units := func(ctx context.Context, r schemas.OrganizationRequest) (schemas.UnitsReply, error) {
		list, err := p.OrganizationalUnits(ctx, r.Account)
		return schemas.UnitsReply{Units: list}, err
	}
	return b.serve(ctx, map[string]responder{
		schemas.RequestUnits: func(ctx context.Context, data []byte) []any {
			return answer(ctx, data, units, func(e *schemas.Error) schemas.UnitsReply { return schemas.UnitsReply{Error: e} })
		},
		schemas.RequestOrganization: func(ctx context.Context, data []byte) []any {
			return organizationPages(ctx, data, p)
		},
		schemas.RequestProbe: func(ctx context.Context, data []byte) []any {
			return answer(ctx, data, probe, func(e *schemas.Error) schemas.ProbeReply { return schemas.ProbeReply{Error: e} })
		},
		schemas.RequestLocate: func(ctx context.Context, data []byte) []any {
			return answer(ctx, data, locate, func(e *schemas.Error) schemas.LocateReply { return schemas.LocateReply{Error: e} })
		},
		schemas.RequestPlan: func(ctx context.Context, data []byte) []any {
			return answer(ctx, data, plan, func(e *schemas.Error) schemas.PlanReply { return schemas.PlanReply{Error: e} })
		},
	})
}

// responder answers a request with one message, or with several in this order.
type responder func(ctx context.Context, request []byte) []any

func answer[Q, R any](ctx context.Context, data []byte, do func(context.Context, Q) (R, error), failed func(*schemas.Error) R) []any {
	r, e := done(ctx, data, do)
	if e != nil {
		r = failed(e)
	}
	return []any{r}
}

// done does what a request asks for.
func done[Q, R any](ctx context.Context, data []byte, do func(context.Context, Q) (R, error)) (r R, failed *schemas.Error) {
	var q Q
	if err := json.Unmarshal(data, &q); err != nil {
		return r, schemas.Errorf(schemas.CodeInvalid, "decode request: %w", err)
	}
	err := protect(func() (err error) { r, err = do(ctx, q); return err })
	if err == nil {
		return r, nil
	}
	if e, ok := asError(err); ok {
		// The whole chain's text, with the code and hint of the coded error in it.
		return r, &schemas.Error{Code: e.Code, Message: firstLine(err, e), Hint: e.Hint}
	}
	return r, &schemas.Error{Code: schemas.CodeInternal, Message: err.Error()}
}

// firstLine is the text of err without the hint, which travels by itself.
func firstLine(err error, e *schemas.Error) string {
	if error(e) == err {
		return e.Message
	}
	return trimHint(err.Error(), e.Hint)
}

func (b *Bus) serve(ctx context.Context, handlers map[string]responder) error {
	work, end := b.Grace(ctx)
	defer end()
	var g, loops errgroup.Group
	g.SetLimit(serveParallel)
	for subject, h := range handlers {
		requests := make(chan *nats.Msg, 64)
		sub, err := b.nc.ChanQueueSubscribe(subject, serveQueue, requests)
		if err != nil {
			return wrap(err, "serve", subject)
		}
		defer func() { _ = sub.Unsubscribe() }()
		take := func(m *nats.Msg) { g.Go(func() error { b.respond(work, m, timeoutOf(subject), h); return nil }) }
		loops.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					_ = sub.Unsubscribe() // who asks from now on asks another process
					for work.Err() == nil && len(requests) > 0 {
						take(<-requests)
					}
					return nil
				case m := <-requests:
					take(m)
				}
			}
		})
	}
	// The server knows of the subscriptions before the caller goes on.
	if err := b.nc.FlushTimeout(5 * time.Second); err != nil && ctx.Err() == nil {
		b.log.Warn().Err(err).Msg("flush subscriptions")
	}
	_ = loops.Wait() // the loops end with ctx and start nothing afterwards
	return g.Wait()
}

func (b *Bus) respond(ctx context.Context, m *nats.Msg, limit time.Duration, h responder) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, part := range h(ctx, m.Data) {
		data, err := json.Marshal(part)
		if err == nil {
			err = m.Respond(data)
		}
		if errors.Is(err, nats.ErrMaxPayload) {
			err = cmp.Or(b.respondTooLarge(m, len(data)), err)
		}
		if err != nil {
			b.log.Warn().Err(err).Str("subject", m.Subject).Msg("answer request")
			return
		}
	}
}

// respondTooLarge keeps who asked from waiting for an answer that NATS does not carry.
// Every reply has its error under this name.
func (b *Bus) respondTooLarge(m *nats.Msg, size int) error {
	most := b.nc.MaxPayload()
	data, err := json.Marshal(struct {
		Error *schemas.Error `json:"error"`
	}{schemas.Errorf(schemas.CodeInternal, "the answer to %s has %d bytes, and NATS carries %d", m.Subject, size, most).
		WithHint("raise max_payload of the NATS server")})
	if err != nil {
		return err
	}
	return m.Respond(data)
}

// StoreClient asks whoever serves the store. It implements discovery.Store.
type StoreClient struct{ b *Bus }

// StoreClient returns a client of ServeStore.
func (b *Bus) StoreClient() *StoreClient { return &StoreClient{b} }

// Known asks which of at most 1,000 keys are held live. Errors are those of the
// store, or CodeUnavailable after repeated time-outs.
func (c *StoreClient) Known(ctx context.Context, r schemas.KnownRequest) (out schemas.KnownReply, err error) {
	if err := c.b.request(ctx, schemas.RequestKnown, storeTries, r, &out); err != nil {
		return out, err
	}
	return out, coded(out.Error)
}

// Keys asks for a page of a scope's live keys. Errors as in Known.
func (c *StoreClient) Keys(ctx context.Context, r schemas.KeysRequest) (out schemas.KeysReply, err error) {
	if err := c.b.request(ctx, schemas.RequestKeys, storeTries, r, &out); err != nil {
		return out, err
	}
	return out, coded(out.Error)
}

// Counts asks how much the scopes of a unit own. Errors as in Known.
func (c *StoreClient) Counts(ctx context.Context, r schemas.CountsRequest) (out schemas.CountsReply, err error) {
	if err := c.b.request(ctx, schemas.RequestCounts, storeTries, r, &out); err != nil {
		return out, err
	}
	return out, coded(out.Error)
}

// Plan asks a discovery worker who the account's credentials are and which
// units it has. Errors are those of the worker, or CodeUnavailable with a hint
// when none answers.
func (b *Bus) Plan(ctx context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	var out schemas.PlanReply
	if err := b.askWorker(ctx, schemas.RequestPlan, schemas.PlanRequest{Account: a}, &out); err != nil {
		return "", nil, err
	}
	return out.AccountID, out.Units, coded(out.Error)
}

// Probe asks a discovery worker what the account's credentials may do. Errors as
// in Plan.
func (b *Bus) Probe(ctx context.Context, a schemas.Account, regions []string) ([]schemas.Permission, error) {
	var out schemas.ProbeReply
	if err := b.askWorker(ctx, schemas.RequestProbe, schemas.ProbeRequest{Account: a, Regions: regions}, &out); err != nil {
		return nil, err
	}
	return out.Permissions, coded(out.Error)
}

// Locate asks a discovery worker where a resource is. Errors as in Plan.
func (b *Bus) Locate(ctx context.Context, a schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error) {
	var out schemas.LocateReply
	if err := b.askWorker(ctx, schemas.RequestLocate, schemas.LocateRequest{Account: a, Resource: resource}, &out); err != nil {
		return schemas.UnitKey{}, nil, err
	}
	return out.Unit, out.Keys, coded(out.Error)
}

// askWorker asks a discovery worker, and says so when there is none.
func (b *Bus) askWorker(ctx context.Context, subject string, q, out any) error {
	return errNoWorker(b.request(ctx, subject, planTries, q, out))
}

func errNoWorker(err error) error {
	if err != nil && schemas.CodeOf(err) == schemas.CodeUnavailable {
		return schemas.Errorf(schemas.CodeUnavailable, "no discovery worker answers: %w", err).
			WithHint("start one: insights serve --roles discovery")
	}
	return err
}

// coded keeps a nil *Error from becoming a non-nil error.
func coded(e *schemas.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// request asks and decodes the answer. Only silence is asked again: an answer,
// also a bad one, is final.
func (b *Bus) request(ctx context.Context, subject string, tries int, q, out any) error {
	data, err := json.Marshal(q)
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "encode request: %w", err)
	}
	var m *nats.Msg
	err = again(ctx, subject, tries, func() (err error) { m, err = b.ask(ctx, subject, timeoutOf(subject), data); return err })
	if err != nil {
		return err
	}
	return decodeAnswer(subject, m, out)
}

func decodeAnswer(subject string, m *nats.Msg, out any) error {
	if err := json.Unmarshal(m.Data, out); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "decode answer of %s: %w", subject, err)
	}
	return nil
}

// again repeats a request that nobody answers.
func again(ctx context.Context, subject string, tries int, ask func() error) error {
	delay := newBackoff(100*time.Millisecond, 2*time.Second)
	for try := 1; ; try++ {
		err := ask()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || try == tries || errors.Is(err, nats.ErrMaxPayload) {
			return wrap(err, "ask", subject)
		}
		if waitErr := wait(ctx, delay.next()); waitErr != nil {
			return wrap(err, "ask", subject)
		}
	}
}

func (b *Bus) ask(ctx context.Context, subject string, limit time.Duration, data []byte) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return b.nc.RequestWithContext(ctx, subject, data)
}
