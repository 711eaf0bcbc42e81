package scanner_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// shaky is the table of scans on a bus that leaves out an answer now and then.
type shaky struct {
	scanner.Table[schemas.Scan]
	asked atomic.Uint64
}

func (s *shaky) away() error {
	if n := s.asked.Add(1) % 7; n == 1 || n == 3 {
		return schemas.Errorf(schemas.CodeUnavailable, "no answer")
	}
	return nil
}

func (s *shaky) Get(ctx context.Context, key string) (schemas.Scan, uint64, error) {
	if err := s.away(); err != nil {
		return schemas.Scan{}, 0, err
	}
	return s.Table.Get(ctx, key)
}

func (s *shaky) Update(ctx context.Context, key string, v schemas.Scan, rev uint64) (uint64, error) {
	if err := s.away(); err != nil {
		return 0, err
	}
	return s.Table.Update(ctx, key, v, rev)
}

// A scan whose record cannot be read or written now and then goes on: who drives
// it must not forget which scan it is.
func TestAScanOutlastsMissingAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := &shaky{Table: w.deps.Scans}
	deps := w.deps
	deps.Scans = table
	w.workers()
	s := w.start()
	w.run(scanner.NewControl(deps).Run)
	w.want(w.ended(s.ID), schemas.ScanSucceeded)
	if table.asked.Load() < 3 {
		t.Error("every request was answered")
	}
}
