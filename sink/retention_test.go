package sink

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Tables are changed when, and only when, they keep rows for another time than is
// wanted; without a wish they are as they were made.
func TestTablesKeepHistoryAsLongAsIsWanted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		s := newStore(t, dsn)
		var log bytes.Buffer
		s.log = zerolog.New(&log)
		for _, step := range []struct {
			days    schemas.Days
			changes int
			want    string
		}{
			{0, 0, "400d 400d forever"},
			{30, 3, "30d 30d 30d"},
			{30, 0, "30d 30d 30d"},
			{400, 3, "400d 400d 400d"},
			{0, 1, "400d 400d forever"},
			{schemas.Forever, 2, "forever forever forever"},
			{schemas.Forever, 0, "forever forever forever"},
			{0, 2, "400d 400d forever"},
		} {
			log.Reset()
			if err := s.KeepHistory(t.Context(), step.days, time.Now()); err != nil {
				t.Fatal(err)
			}
			kept, err := s.keptHistory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join([]string{kept["resource_versions"].String(), kept["unit_ends"].String(), kept["violation_events"].String()}, " ")
			if n := strings.Count(log.String(), "retention changed"); got != step.want || n != step.changes {
				t.Errorf("wanted %q: %s after %d changes, want %s after %d", step.days, got, n, step.want, step.changes)
			}
			if kept["batches"] != 90 || kept["resources"] != schemas.Forever || kept["violations"] != schemas.Forever {
				t.Errorf("other tables: %v", kept)
			}
		}
	})
}

// What is old leaves, what is current stays, however old it is.
func TestHistoryLeavesAndWhatIsCurrentStays(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		s := newStore(t, dsn)
		sc := sceneIn(t, s, "aws-123456789012", "prod")
		now := time.Now().UTC().Truncate(time.Second)
		sc.start = now.AddDate(0, 0, -100)
		sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
		sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "no") }
		sc.judge(sceneKey(bucketType, "a"), sceneKey(bucketType, "b"))
		sc.end(schemas.ScopeEnd{Scope: bucketScope(), State: schemas.ScopeComplete, Seen: 2})
		scan := func(id string, days int, services ...string) {
			t.Helper()
			scan := scanOf(sc.id, id, now.AddDate(0, 0, -days))
			scan.Limit.Services = services
			if err := s.RecordScan(t.Context(), scan); err != nil {
				t.Fatal(err)
			}
		}
		scan("oldest", 300)
		scan("newest whole", 100)
		scan("old part", 200, "s3")
		scan("newest part", 99, "s3")
		cancelled := scanOf(sc.id, "cancelled", now.AddDate(0, 0, -98))
		cancelled.State = schemas.ScanCancelled // and so not the one that reports tell of
		if err := s.RecordScan(t.Context(), cancelled); err != nil {
			t.Fatal(err)
		}
		other := scanOf("aws-210987654321", "only", now.AddDate(0, 0, -300))
		if err := s.RecordScan(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		report, page := reportOf(t, s, schemas.ReportQuery{Accounts: []string{string(sc.id)}}), violationsOf(t, s)
		before, others := rowsOf(t, s, sc.id), rowsOf(t, s, other.AccountID)
		if before["resource_versions"] != 2 || before["violation_events"] != 2 || before["unit_ends"] != 1 || before["scans"] != 5 || len(page) != 2 {
			t.Fatalf("the story: %v, %v", before, page)
		}

		// Longer than everything is old: nothing leaves.
		if err := s.KeepHistory(t.Context(), 301, now); err != nil {
			t.Fatal(err)
		}
		merge(t, s)
		if after := rowsOf(t, s, sc.id); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("of 301 days %v, had %v", after, before)
		}
		if err := s.KeepHistory(t.Context(), 30, now); err != nil {
			t.Fatal(err)
		}
		merge(t, s)
		delete(before, "resource_versions")
		delete(before, "violation_events")
		delete(before, "unit_ends")
		before["scans"] = 3
		if after := rowsOf(t, s, sc.id); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("left are %v, want %v", after, before)
		}
		if after := rowsOf(t, s, other.AccountID); fmt.Sprint(after) != fmt.Sprint(others) {
			t.Errorf("of the other account %v, had %v", after, others)
		}
		sameText(t, "report", countedReport(t, s, schemas.ReportQuery{Accounts: []string{string(sc.id)}}, schemas.Record{}).Accounts[0], report)
		sameText(t, "violations", violationsOf(t, s), page)
	})
}

func violationsOf(t *testing.T, s *Store) []schemas.Violation {
	t.Helper()
	page, err := s.Violations(t.Context(), schemas.ViolationQuery{Limit: 100}, schemas.Record{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Violations
}

// merge has the tables of the past drop what their TTL lets go, as the engine
// does by itself some time.
func merge(t *testing.T, s *Store) {
	t.Helper()
	for _, h := range aging {
		if err := s.exec(t.Context(), "merge", "OPTIMIZE TABLE @db."+h.table+" FINAL"); err != nil {
			t.Fatal(err)
		}
	}
}

// When accounts were removed, by the log and by what is stored.
func TestLeft(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		s := newStore(t, dsn)
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		day := func(n int) time.Time { return start.AddDate(0, 0, n) }
		log := func(a schemas.AccountID, at int, doc string) {
			t.Helper()
			if err := s.LogConfig(t.Context(), "account", string(a), uint64(day(at).UnixNano()), "me", day(at), []byte(doc)); err != nil {
				t.Fatal(err)
			}
		}
		found := func(a schemas.AccountID, at int) {
			t.Helper()
			sc := sceneIn(t, s, a, "x")
			sc.start = day(at).Add(-time.Minute) // a resource at day(at)
			sc.see(sceneKey(bucketType, "b"))
		}
		id := func(n int) schemas.AccountID { return schemas.AccountID(fmt.Sprintf("aws-%012d", n)) }
		settings := func(n int) string { return `{"id":"` + string(id(n)) + `","labels":{"change":"x"}}` }
		var want []Left
		left := func(n int, since int) { want = append(want, Left{id(n), day(since)}) }

		// Registered, with results: the log does not say that it was removed.
		log(id(1), 0, settings(1))
		found(id(1), 1)
		want = append(want, Left{Account: id(1)})
		// Removed.
		log(id(2), 0, settings(2))
		found(id(2), 1)
		log(id(2), 5, "null")
		left(2, 5)
		// Removed and added again.
		found(id(3), 1)
		log(id(3), 5, "null")
		log(id(3), 6, settings(3))
		want = append(want, Left{Account: id(3)})
		// Removed a second time.
		found(id(4), 1)
		log(id(4), 5, "null")
		log(id(4), 6, settings(4))
		log(id(4), 9, "null")
		left(4, 9)
		// Removed, and scanned later all the same: the log has missed something.
		log(id(5), 5, "null")
		found(id(5), 8)
		left(5, 8)
		// Removed, a purge of it was interrupted or found nothing.
		log(id(6), 5, "null")
		left(6, 5)
		// Purged; nothing is left.
		log(id(7), 5, "null")
		log(id(7), 6, `{"change":"purged"}`)
		// Purged while something was on its way.
		log(id(8), 5, "null")
		log(id(8), 6, `{"change":"purged"}`)
		found(id(8), 4)
		left(8, 6)
		// The log knows nothing of it, and only a scan tells of it.
		if err := s.RecordScan(t.Context(), scanOf(id(9), "s", day(1))); err != nil {
			t.Fatal(err)
		}
		want = append(want, Left{Account: id(9)})
		// A token of the same name is another thing.
		if err := s.LogConfig(t.Context(), "token", string(id(1)), 1, "me", day(20), []byte("null")); err != nil {
			t.Fatal(err)
		}

		got, err := s.Left(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sameText(t, "left", got, want)
	})
}

// Rows in any one table are enough to find an account.
func TestLeftLooksIntoEveryTable(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	tables, err := s.accountTables(t.Context())
	if err != nil || len(tables) < 15 {
		t.Fatalf("%v, %v", tables, err)
	}
	var want []Left
	for i, table := range tables {
		a := fmt.Sprintf("aws-%012d", i)
		insert := "INSERT INTO @db." + table + " (account_id) VALUES (?)"
		switch {
		case slices.Contains([]string{"batches", "gone_marks", "kept_reports", "resource_versions", "unit_ends"}, table):
			insert = "INSERT INTO @db." + table + " (account_id, at) SELECT ?, now()" // old rows leave at once
		case table == "changes":
			insert = "INSERT INTO @db.changes (account_id, mark) VALUES (?, 1), ('', 1)" // '' is no account
		}
		if err := s.exec(t.Context(), "insert", insert, a); err != nil {
			t.Fatal(err)
		}
		want = append(want, Left{Account: schemas.AccountID(a)})
	}
	got, err := s.Left(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sameText(t, "left", got, want)
}
