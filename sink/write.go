package sink

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// foldKeys bounds how many keys are looked up and held at once.
const foldKeys = 5000

// Write stores messages, in any order and mixture, as if they came one by one.
// It may be called concurrently for messages of different partitions only: the
// caller is the single writer of its partition's accounts, and acknowledges
// after nil. Whatever fails may be repeated, whole or in part.
func (s *Store) Write(ctx context.Context, ms []schemas.Message) error {
	if len(ms) == 0 {
		return nil
	}
	j := journal{}
	for _, m := range ms {
		j[m.Account()] = 0
	}
	accounts := slices.Collect(maps.Keys(j))
	return s.marked(ctx, s.writeAll(ctx, j, ms), rand.Uint64(), accounts...)
}

func (s *Store) writeAll(ctx context.Context, j journal, ms []schemas.Message) error {
	if err := s.recover(ctx, j); err != nil {
		return err
	}
	ms = arranged(ms)
	for len(ms) > 0 {
		n, err := s.writeSome(ctx, j, ms)
		if err != nil {
			return err
		}
		s.logStored(ms[:n])
		ms = ms[n:]
	}
	return nil
}

// arranged is an order that needs the fewest statements: a close ends what can be
// folded together, so accounts with closes come last, one after the other. The order
// of an account's messages stays; accounts do not touch each other.
func arranged(ms []schemas.Message) []schemas.Message {
	closed := map[schemas.AccountID]bool{}
	for _, m := range ms {
		if m.Close != nil {
			closed[m.Close.AccountID] = true
		}
	}
	key := func(m schemas.Message) string {
		if a := m.Account(); closed[a] {
			return string(a)
		}
		return ""
	}
	out := slices.Clone(ms)
	slices.SortStableFunc(out, func(a, b schemas.Message) int { return strings.Compare(key(a), key(b)) })
	return out
}

// writeSome stores as many of the first messages as can be stored together.
func (s *Store) writeSome(ctx context.Context, j journal, ms []schemas.Message) (int, error) {
	if ms[0].Close != nil {
		n := runOfCloses(ms)
		return n, s.close(ctx, j, ms[:n])
	}
	n, t := chunk(ms)
	return n, s.fold(ctx, j, ms[:n], t)
}

// chunk is how many messages are folded together: up to a close, or to the bound.
func chunk(ms []schemas.Message) (int, *touched) {
	t := newTouched()
	for i, m := range ms {
		if m.Close != nil || i > 0 && t.size() >= foldKeys {
			return i, t
		}
		t.message(m)
	}
	return len(ms), t
}

func (s *Store) fold(ctx context.Context, j journal, ms []schemas.Message, t *touched) error {
	f := newFold()
	if err := s.load(ctx, f, t); err != nil {
		return err
	}
	for _, m := range ms {
		if err := f.apply(m); err != nil {
			return err
		}
	}
	return s.flush(ctx, j, f)
}

// flush writes the changed rows. A crash before the first statement is done leaves
// nothing, a later one what the next Write makes whole.
func (s *Store) flush(ctx context.Context, j journal, f *fold) error {
	if err := s.begin(ctx, j, f); err != nil {
		return err
	}
	return s.finish(ctx, j, f)
}

// finish writes the rows in stages: events before the state they announce, then that
// state, then what says of a resource that its state is written, and what says
// "stored" last. A crash leaves whole stages and a part of one, and a repetition
// writes the same rows again. Within a stage tables are independent.
func (s *Store) finish(ctx context.Context, j journal, f *fold) error {
	out := &f.out
	violations := make([]violationRow, 0, len(out.violations))
	for v := range out.violations {
		violations = append(violations, *v)
	}
	ended := j.ended(f)
	for _, stage := range [][]step{
		{
			func(ctx context.Context) error { return insert(ctx, s, "violation_events", out.events) },
			func(ctx context.Context) error { return insert(ctx, s, "open_violations", out.open) },
			func(ctx context.Context) error { return s.announceAll(ctx, out.changes) },
		},
		{
			func(ctx context.Context) error { return insert(ctx, s, "violations", violations) },
			func(ctx context.Context) error {
				return insert(ctx, s, "verdicts", slices.Collect(maps.Values(out.verdicts)))
			},
			func(ctx context.Context) error { return insert(ctx, s, "resource_versions", out.versions) },
			func(ctx context.Context) error { return insert(ctx, s, "gone_marks", out.gone) },
		},
		{
			func(ctx context.Context) error { return insert(ctx, s, "judged", changed(out.judged, f.judged)) },
			func(ctx context.Context) error {
				return insert(ctx, s, "resources", changed(out.resources, f.resources))
			},
			func(ctx context.Context) error { return insert(ctx, s, "seen", changed(out.seen, f.seen)) },
			func(ctx context.Context) error { return insert(ctx, s, "scope_ends", out.scopeEnds) },
		},
		{func(ctx context.Context) error { return insert(ctx, s, "unit_ends", out.unitEnds) }},
		{
			func(ctx context.Context) error { return insert(ctx, s, "batches", out.batches) },
			func(ctx context.Context) error { return insert(ctx, s, "flushes", ended) },
		},
	} {
		if err := together(ctx, stage); err != nil {
			return err
		}
	}
	return nil
}

// announceAll tells of changes before they are the state: once they are, a
// repetition would find nothing changed.
func (s *Store) announceAll(ctx context.Context, changes []schemas.ViolationChange) error {
	if s.announce == nil || len(changes) == 0 {
		return nil
	}
	return s.announce(ctx, changes)
}

// step is one statement of a stage.
type step func(context.Context) error

// together runs independent statements side by side.
func together(ctx context.Context, steps []step) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, do := range steps {
		g.Go(func() error { return do(ctx) })
	}
	return g.Wait()
}

// changed are the present rows of the keys that were changed.
func changed[T any](keys map[resourceKey]bool, all map[resourceKey]*T) []T {
	out := make([]T, 0, len(keys))
	for k := range keys {
		out = append(out, *all[k])
	}
	return out
}
