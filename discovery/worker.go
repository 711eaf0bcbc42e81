package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Sealer seals secret values before they leave discovery.
type Sealer interface {
	// Seal returns a copy of the properties with every secret value replaced by
	// its sealed form.
	Seal(properties map[string]any, resourceType string) map[string]any
	// MAC replaces sealed values by their MAC, for the content hash.
	MAC(v any) any
	// Secret tells whether a text holds a secret.
	Secret(text string) bool
}

// Deps is what a worker needs.
type Deps struct {
	Provider  Provider
	Store     Store
	Publisher Publisher
	Sequencer Sequencer
	Scans     Scans
	Sealer    Sealer
	Log       zerolog.Logger
	Now       func() time.Time
}

// Worker reads units.
type Worker struct{ d Deps }

// New returns a worker. It is safe for concurrent use.
func New(d Deps) *Worker { return &Worker{d: d} }

// errCancelled ends a read whose scan was cancelled.
var errCancelled = errors.New("scan cancelled")

// Handle reads one unit, or the keys it names, and publishes what it found:
// numbered batches, then the unit end. Each call is an attempt of its own with a
// seq of its own, so a delivery that is repeated after a crash or error supersedes
// the one before. An error means that nothing can be said of the unit (no
// credentials, a store or bus that does not answer, ctx ended); the unit is then to
// be delivered again. Of a cancelled scan nothing is read, and what is being read
// ends within about a second.
func (w *Worker) Handle(ctx context.Context, u schemas.Unit) error {
	a := &attempt{w: w, unit: u, started: w.d.Now().UTC().Truncate(time.Millisecond)}
	log := w.d.Log.With().Str("scan", u.Scan).Str("account", u.Account.Name).Stringer("unit", u.Unit).Logger()
	cancelled, err := w.d.Scans.Cancelled(ctx, u.Account.ID, u.Scan)
	if err != nil {
		return fmt.Errorf("ask for scan %s: %w", u.Scan, err)
	}
	if cancelled {
		return nil // nobody waits for its end
	}
	if a.seq, err = w.d.Sequencer.NextSeq(ctx, u.Account.ID); err != nil {
		return err
	}
	log.Debug().Uint64("seq", a.seq).Int("retry", u.Retry).Msg("unit begun")
	var scopes []schemas.ScopeEnd
	var direct *schemas.DirectEnd
	err = a.watched(ctx, func(ctx context.Context) error {
		reader, err := w.d.Provider.Open(ctx, u)
		if err != nil {
			return fmt.Errorf("open %s of account %s: %w", u.Unit, u.Account.Name, err)
		}
		a.mu.Lock()
		a.reader = reader
		a.mu.Unlock()
		if len(u.Keys) > 0 {
			direct, err = a.runDirect(ctx)
		} else {
			scopes, err = a.run(ctx)
		}
		return err
	})
	if errors.Is(err, errCancelled) {
		log.Info().Msg("unit cancelled")
		return a.end(ctx, nil, nil)
	}
	if err != nil {
		return err
	}
	if err := a.end(ctx, scopes, direct); err != nil {
		return err
	}
	calls, throttles := a.reader.Calls()
	logGaps(log, scopes)
	log.Debug().Uint64("seq", a.seq).Int("batches", a.number).Int("resources", len(a.seen)).
		Uint64("calls", calls).Uint64("throttles", throttles).Msg("unit read")
	return nil
}

// logGaps tells of the scopes that are not complete: in one line, since they
// mostly have one cause.
func logGaps(log zerolog.Logger, scopes []schemas.ScopeEnd) {
	gaps := 0
	var first schemas.ScopeEnd
	for _, s := range scopes {
		if s.State == schemas.ScopeComplete || s.State == schemas.ScopeUnsupported {
			continue
		}
		if gaps++; gaps == 1 {
			first = s
		}
	}
	if gaps > 0 {
		log.Warn().Int("gaps", gaps).Int("scopes", len(scopes)).Str("type", first.Type).Str("state", string(first.State)).
			Str("call", first.Call).Str("reason", first.Reason).Msg("unit read with gaps")
	}
}

// end publishes the unit end. Without scopes it says that nothing is complete.
func (a *attempt) end(ctx context.Context, scopes []schemas.ScopeEnd, direct *schemas.DirectEnd) error {
	e := &schemas.UnitEnd{
		Scan: a.unit.Scan, AccountID: a.unit.Account.ID, Account: a.unit.Account.Name, Unit: a.unit.Unit,
		Seq: a.seq, Batches: a.number, Scopes: scopes, Direct: direct, StartedAt: a.started,
		Passing: a.passing.Load() || slices.ContainsFunc(scopes, func(s schemas.ScopeEnd) bool { return s.Passing }),
	}
	if a.reader != nil {
		e.Calls, e.Throttles = a.reader.Calls()
	}
	return a.w.d.Publisher.PublishEnd(ctx, e)
}
