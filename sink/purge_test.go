package sink

import (
	"fmt"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A purge takes everything of one account and nothing of another; the account may
// come back, with seqs that go on.
func TestPurgeAccount(t *testing.T) {
	s := newStore(t, "") // with merges: a deletion is one
	prod := sceneIn(t, s, "aws-123456789012", "prod")
	other := sceneIn(t, s, "aws-210987654321", "other")
	a, gone := sceneKey(bucketType, "a"), sceneKey(bucketType, "b")
	story := func(sc *scene) {
		sc.says = func(schemas.Key, string, string) schemas.PolicyResult {
			return schemas.PolicyResult{Outcome: schemas.Failed}
		}
		sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
		sc.judge(a, gone)
		sc.seq++
		same := sc.batch()
		same.Unchanged = []schemas.Sighting{{Key: a, Hash: contentOf(a)}}
		sc.write(schemas.Message{Snapshot: same})
		sc.end(schemas.ScopeEnd{Scope: bucketScope(), State: schemas.ScopeComplete, Seen: 2})
		sc.close(bucketScope(), schemas.FixResourceGone, gone)
		if err := sc.s.RecomputePosture(t.Context(), sc.id, sc.at(sc.seq)); err != nil {
			t.Fatal(err)
		}
		if err := sc.s.RecordScan(t.Context(), schemas.Scan{ID: sc.scan, AccountID: sc.id, Account: sc.name, StartedAt: sc.start, EndedAt: sc.at(sc.seq)}); err != nil {
			t.Fatal(err)
		}
		reportOf(t, sc.s, schemas.ReportQuery{Accounts: []string{string(sc.id)}}) // which is kept
	}
	story(prod)
	story(other)
	before := rowsOf(t, s, other.id)
	if len(before) < 17 {
		t.Fatalf("the story fills only %v", before)
	}
	for range 2 { // it may be repeated
		if err := s.PurgeAccount(t.Context(), prod.id); err != nil {
			t.Fatal(err)
		}
	}
	if left := rowsOf(t, s, prod.id); len(left) > 0 {
		t.Errorf("left of it: %v", left)
	}
	if after := rowsOf(t, s, other.id); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("of the other account %v, before %v", after, before)
	}
	story(prod)
	if again := rowsOf(t, s, prod.id); len(again) < len(before) {
		t.Errorf("stored again: %v", again)
	}
}

// rowsOf counts the rows of an account in every table that has any.
func rowsOf(t *testing.T, s *Store, a schemas.AccountID) map[string]uint64 {
	t.Helper()
	out := map[string]uint64{}
	for _, table := range []string{
		"resources", "resource_versions", "seen", "judged", "verdicts", "violations", "violation_events", "gone_marks", "batches", "unit_ends",
		"scope_ends", "scope_closes", "scans", "posture", "posture_daily", "posture_history", "posture_resources", "posture_accounts", "changes", "kept_reports",
	} {
		err := s.query(t.Context(), "count", "SELECT count() FROM @db."+table+" FINAL WHERE account_id = ?", []any{string(a)}, func(r driver.Rows) error {
			var n uint64
			if err := r.Scan(&n); err != nil || n == 0 {
				return err
			}
			out[table] = n
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
