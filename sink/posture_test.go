package sink

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A day keeps its last posture, and an account only its own.
func TestPostureOfDays(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	sc.judge(sceneKey(bucketType, "1"))
	other := sceneIn(t, sc.s, "aws-210987654321", "test")
	other.packs = sc.packs
	other.judge(sceneKey(bucketType, "1"), sceneKey(bucketType, "2"))
	day := time.Now().UTC().Truncate(24 * time.Hour)
	recompute := func(at time.Time) {
		t.Helper()
		if err := sc.s.RecomputePosture(t.Context(), sc.id, at); err != nil {
			t.Fatal(err)
		}
	}
	recompute(day.Add(-time.Second))
	sc.judge(sceneKey(bucketType, "2"))
	recompute(day)
	sc.judge(sceneKey(bucketType, "3"))
	recompute(day.Add(24*time.Hour - time.Microsecond))
	got := map[string][]uint64{}
	for _, table := range []string{"posture", "posture_daily"} {
		err := sc.s.query(t.Context(), "read posture", "SELECT passed FROM @db."+table+" FINAL ORDER BY at", nil, func(r driver.Rows) error {
			var n uint64
			defer func() { got[table] = append(got[table], n) }()
			return r.Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// The history has a row for every change, and none for a count that found the same.
	recompute(day.Add(24 * time.Hour))
	err := sc.s.query(t.Context(), "read history", "SELECT passed FROM @db.posture_history ORDER BY at", nil, func(r driver.Rows) error {
		var n uint64
		defer func() { got["history"] = append(got["history"], n) }()
		return r.Scan(&n)
	})
	if err != nil || !slices.Equal(got["history"], []uint64{1, 2, 3}) {
		t.Errorf("history %v, %v", got["history"], err)
	}
	if !slices.Equal(got["posture"], []uint64{3}) || !slices.Equal(got["posture_daily"], []uint64{1, 3}) {
		t.Errorf("posture %v", got)
	}
}

// The posture of an account is counted anew when something was written of it, or another
// day has begun.
func TestPostureIsRefreshedOnceUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "pack-1", Version: "1", Policies: []string{"a"}}}
	sc.judge(sceneKey(bucketType, "a"))
	refresh := func(at time.Time) bool {
		t.Helper()
		var counted atomic.Bool // tables are written side by side
		sc.s.inserted = func(table string, _ int, _ time.Duration) {
			if table == "changes" {
				counted.Store(true)
			}
		}
		if err := sc.s.RefreshPosture(t.Context(), sc.id, at); err != nil {
			t.Fatal(err)
		}
		return counted.Load()
	}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		what    string
		do      func()
		at      time.Time
		counted bool
	}{
		{"first", func() {}, now, true},
		{"again", func() {}, now.Add(time.Minute), false},
		{"after verdicts", func() { sc.judge(sceneKey(bucketType, "b")) }, now.Add(time.Hour), true},
		{"after it was counted otherwise", func() {
			if err := sc.s.RecomputePosture(t.Context(), sc.id, now.Add(2*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}, now.Add(3 * time.Hour), false},
		{"on the next day", func() {}, now.Add(24 * time.Hour), true},
	} {
		if step.do(); refresh(step.at) != step.counted {
			t.Errorf("%s: counted %v", step.what, !step.counted)
		}
	}
}

// A process that is killed while it counts leaves no pack in the history for ever: not
// one that made room for another, and not the last one.
func TestAWithdrawnPackLeavesAfterACountThatWasCut(t *testing.T) {
	t.Parallel()
	s := newStore(t, "") // with merges: a deletion is one
	later := []string{"posture_daily", "posture_accounts", "posture_history"}
	for i, next := range []string{"other", ""} {
		sc := sceneIn(t, s, schemas.AccountID(fmt.Sprintf("aws-00000000000%d", i)), "prod")
		noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
		for i, pack := range []string{"withdrawn", next, next} {
			sc.packs = nil
			if pack != "" {
				sc.packs = []schemas.JudgedPack{{Pack: pack, Version: "1", Policies: []string{"a"}}}
			}
			sc.judge(sceneKey(bucketType, "1"))
			at := noon.Add(time.Duration(i) * time.Minute)
			if err := s.RecomputePosture(t.Context(), sc.id, at); err != nil {
				t.Fatal(err)
			}
			if i != 1 {
				continue
			}
			for _, table := range later { // killed after the first of its statements
				if err := s.exec(t.Context(), "cut", "DELETE FROM @db."+table+" WHERE account_id = ? AND toUnixTimestamp64Micro(at) = ?", string(sc.id), at.UnixMicro()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, table := range later {
			var passed uint64
			rows := 0
			by := "pack"
			if table == "posture_accounts" {
				by = "day"
			}
			err := s.query(t.Context(), "read", "SELECT argMax(passed, at) FROM @db."+table+" WHERE account_id = ? GROUP BY "+by, []any{string(sc.id)}, func(r driver.Rows) error {
				var n uint64
				err := r.Scan(&n)
				passed += n
				rows++
				return err
			})
			want := uint64(len(sc.packs))
			if err != nil || rows == 0 || passed != want {
				t.Errorf("then %q, %s: %d passed of %d packs in %d rows, %v", next, table, passed, want, rows, err)
			}
		}
	}
}
