package sink

import (
	"context"
	"maps"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// foldKeys bounds how many keys are looked up and held at once.
const foldKeys = 5000

// Write stores messages, in any order and mixture, as if they came one by one.
// It may be called concurrently for messages of different partitions only: the
// caller is the single writer of its partition's accounts, and acknowledges
// after nil. Whatever fails may be repeated, whole or in part.
func (s *Store) Write(ctx context.Context, ms []schemas.Message) error {
	for len(ms) > 0 {
		if c := ms[0].Close; c != nil {
			if err := s.close(ctx, c); err != nil {
				return err
			}
			ms = ms[1:]
			continue
		}
		n, t := chunk(ms)
		if err := s.fold(ctx, ms[:n], t); err != nil {
			return err
		}
		ms = ms[n:]
	}
	return nil
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

func (s *Store) fold(ctx context.Context, ms []schemas.Message, t *touched) error {
	f := newFold()
	if err := s.load(ctx, f, t); err != nil {
		return err
	}
	for _, m := range ms {
		if err := f.apply(m); err != nil {
			return err
		}
	}
	return s.flush(ctx, &f.out, f)
}

// flush writes the changed rows: events before the state they announce, and
// what says "stored" last.
func (s *Store) flush(ctx context.Context, out *rows, f *fold) error {
	violations := make([]violationRow, 0, len(out.violations))
	for v := range out.violations {
		violations = append(violations, *v)
	}
	for _, step := range []func() error{
		func() error { return insert(ctx, s, "violation_events", out.events) },
		func() error { return insert(ctx, s, "violations", violations) },
		func() error { return insert(ctx, s, "verdicts", slices.Collect(maps.Values(out.verdicts))) },
		func() error { return insert(ctx, s, "judged", changed(out.judged, f.judged)) },
		func() error { return insert(ctx, s, "resource_versions", out.versions) },
		func() error { return insert(ctx, s, "resources", changed(out.resources, f.resources)) },
		func() error { return insert(ctx, s, "seen", changed(out.seen, f.seen)) },
		func() error { return insert(ctx, s, "gone_marks", out.gone) },
		func() error { return insert(ctx, s, "scope_ends", out.scopeEnds) },
		func() error { return insert(ctx, s, "unit_ends", out.unitEnds) },
		func() error { return insert(ctx, s, "batches", out.batches) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// changed are the present rows of the keys that were changed.
func changed[T any](keys map[resourceKey]bool, all map[resourceKey]*T) []T {
	out := make([]T, 0, len(keys))
	for k := range keys {
		out = append(out, *all[k])
	}
	return out
}
