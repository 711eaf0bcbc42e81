package sink

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What waits while an insert runs is inserted by one statement, up to the bound; the
// fault of one writer is not that of the others.
func TestWritersInsertTogether(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	var statements []int
	s.inserted = func(table string, rows int, _ time.Duration) {
		if table == "config_log" {
			statements = append(statements, rows)
		}
	}
	want := 0
	add := func(j *joint, rows int, bad bool) chan error {
		p := &part{columns: columnsOf(new(configRow)), rows: rows, done: make(chan error, 1)}
		from := want
		want += rows
		p.append = func(b driver.Batch) error {
			for i := range rows {
				if err := b.AppendStruct(&configRow{Kind: "joint", Key: fmt.Sprint(from + i), At: never}); err != nil {
					return err
				}
			}
			if bad {
				return schemas.Errorf(schemas.CodeInvalid, "bad")
			}
			return nil
		}
		j.add(p)
		return p.done
	}
	run := func(rows []int, bad int) (failed []int) {
		t.Helper()
		statements = nil
		j := new(joint)
		var done []chan error
		for i, n := range rows {
			done = append(done, add(j, n, i == bad))
		}
		j.run(t.Context(), s, "config_log")
		for i, d := range done {
			if err := <-d; err != nil {
				failed = append(failed, i)
			}
		}
		if idle := j.add(&part{}); !idle {
			t.Error("nobody would work off what comes next")
		}
		return failed
	}

	if failed := run([]int{1, 2, 3}, -1); len(failed) > 0 || !slices.Equal(statements, []int{6}) {
		t.Errorf("three writers: %v failed, rows of statements %v", failed, statements)
	}
	if failed := run([]int{jointRows - 1, 2, jointRows + 1, 1}, -1); len(failed) > 0 || !slices.Equal(statements, []int{jointRows - 1, 2, jointRows + 1, 1}) {
		t.Errorf("large writers: %v failed, rows of statements %v", failed, statements)
	}
	if failed := run([]int{4, 5, 6}, 1); !slices.Equal(failed, []int{1}) || !slices.Equal(statements, []int{4, 6}) {
		t.Errorf("one bad writer: %v failed, rows of statements %v", failed, statements)
	}
	var n uint64
	err := s.query(t.Context(), "count", "SELECT uniqExact(key) FROM @db.config_log WHERE kind = 'joint'", nil, func(r driver.Rows) error { return r.Scan(&n) })
	if err != nil || n != uint64(want-5) {
		t.Errorf("%d rows are stored, %v; want %d", n, err, want-5)
	}
}

// A writer that gives up waits no longer; what it gave is written all the same.
func TestAWriterThatGivesUpDoesNotWait(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	j := s.jointOf("config_log")
	j.add(&part{columns: columnsOf(new(configRow)), append: func(driver.Batch) error { return nil }, done: make(chan error, 1)}) // as if one ran
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := insert(ctx, s, "config_log", []configRow{{Kind: "joint", Key: "late", At: never}})
	if schemas.CodeOf(err) != schemas.CodeCancelled {
		t.Errorf("a writer that gave up: %v", err)
	}
	j.run(t.Context(), s, "config_log")
	var n uint64
	err = s.query(t.Context(), "count", "SELECT count() FROM @db.config_log WHERE key = 'late'", nil, func(r driver.Rows) error { return r.Scan(&n) })
	if err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Messages of accounts with closes come last and in a row; the order of an
// account's messages stays.
func TestMessagesAreArrangedByAccount(t *testing.T) {
	t.Parallel()
	end := func(a schemas.AccountID, seq uint64) schemas.Message {
		return schemas.Message{End: &schemas.UnitEnd{AccountID: a, Seq: seq}}
	}
	closes := func(a schemas.AccountID, seq uint64) schemas.Message {
		return schemas.Message{Close: &schemas.Close{AccountID: a, Seq: seq}}
	}
	var got []string
	for _, m := range arranged([]schemas.Message{closes("c", 1), end("b", 1), closes("a", 1), end("a", 2), end("d", 1), closes("c", 2), closes("a", 3), end("b", 2)}) {
		var seq uint64
		if m.End != nil {
			seq = m.End.Seq
		} else {
			seq = m.Close.Seq
		}
		got = append(got, fmt.Sprint(m.Account(), seq))
	}
	if want := []string{"b1", "d1", "b2", "a1", "a2", "a3", "c1", "c2"}; !slices.Equal(got, want) {
		t.Errorf("arranged as %v, want %v", got, want)
	}
}
