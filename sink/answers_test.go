package sink

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// countedReport is a report that nothing kept has a part in.
func countedReport(t *testing.T, s *Store, q schemas.ReportQuery, rec schemas.Record) schemas.Report {
	t.Helper()
	names, err := s.accountNames(t.Context(), q.Accounts)
	if err != nil || len(names) == 0 {
		return reportOfAll(names, nil, q.AsOf)
	}
	accounts, err := s.countReports(t.Context(), q, rec, slices.Collect(maps.Keys(names)))
	if err != nil {
		t.Fatal(err)
	}
	return reportOfAll(names, accounts, q.AsOf)
}

func countedTrend(t *testing.T, s *Store, days int) schemas.Trend {
	t.Helper()
	names, err := s.accountNames(t.Context(), nil)
	if err != nil || len(names) == 0 {
		return schemas.Trend{Total: []schemas.TrendPoint{}, Accounts: []schemas.AccountTrend{}}
	}
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
	accounts, err := s.countTrends(t.Context(), schemas.TrendQuery{Days: days}, nil, first, slices.Collect(maps.Keys(names)))
	if err != nil {
		t.Fatal(err)
	}
	return trendOfAll(names, accounts, days)
}

// ask asks for a report and a trend, which are kept.
func ask(ctx context.Context, s *Store, rec schemas.Record) ([2]string, error) {
	r, err := s.Report(ctx, schemas.ReportQuery{}, rec)
	if err != nil {
		return [2]string{}, err
	}
	tr, err := s.Trend(ctx, schemas.TrendQuery{Days: 6}, nil, time.Now())
	return [2]string{line(r), line(tr)}, err
}

// isCounted fails when an answer is another one than would be counted now: one that
// may be kept, and the same question again.
func isCounted(t *testing.T, s *Store, what string, rec schemas.Record) {
	t.Helper()
	want := [2]string{line(countedReport(t, s, schemas.ReportQuery{}, rec)), line(countedTrend(t, s, 6))}
	for _, asked := range []string{"first", "again"} {
		got, err := ask(t.Context(), s, rec)
		if err != nil {
			t.Fatal(err)
		}
		for i, kind := range []string{"report", "trend"} {
			if got[i] != want[i] {
				t.Fatalf("%s, %s asked %s: got\n%s\nwant\n%s", what, kind, asked, got[i], want[i])
			}
		}
	}
}

// What is kept is the answer, until the account has another mark.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	sc.judge(sceneKey(bucketType, "a"))
	if err := sc.s.RecomputePosture(t.Context(), sc.id, time.Now()); err != nil {
		t.Fatal(err)
	}
	before, err := ask(t.Context(), sc.s, schemas.Record{})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"verdicts", "posture_accounts"} { // behind the store's back
		if err := sc.s.exec(t.Context(), "truncate", "TRUNCATE TABLE @db."+table); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := ask(t.Context(), sc.s, schemas.Record{}); err != nil || after != before {
		t.Errorf("counted again: %s, before %s, %v", after, before, err)
	}
	if err := sc.s.mark(t.Context(), sc.id); err != nil {
		t.Fatal(err)
	}
	isCounted(t, sc.s, "after a change", schemas.Record{})
	if after, err := ask(t.Context(), sc.s, schemas.Record{}); err != nil || after[0] == before[0] || after[1] == before[1] {
		t.Errorf("after a change %s, %v", after, err)
	}
	for _, table := range []string{"changes", "kept_reports"} { // as of before there were marks
		if err := sc.s.exec(t.Context(), "truncate", "TRUNCATE TABLE @db."+table); err != nil {
			t.Fatal(err)
		}
	}
	isCounted(t, sc.s, "without a mark", schemas.Record{})
	if rows := rowsIn[answerRow](t, sc.s, "kept_reports"); len(rows) > 0 {
		t.Errorf("kept without a mark: %v", rows)
	}
}

// Whatever is written in whatever order, interrupted, repeated, removed and recorded, and
// whatever people decide meanwhile: an answer is what would be counted.
func TestKeptAnswersAreWhatIsCounted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		c, rnd := newCrashing(t, dsn), rand.New(rand.NewPCG(3, 3))
		h, p := newHistory(43), newPeople(3)
		coming := h.live(2)
		rec, done := schemas.Record{}, []schemas.Message(nil)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		steps := []struct {
			what string
			do   func(schemas.AccountID)
		}{
			{"a replay", func(schemas.AccountID) {
				for range min(len(done), 5) {
					must(c.Write(t.Context(), []schemas.Message{done[rnd.IntN(len(done))]}))
				}
			}},
			{"posture", func(a schemas.AccountID) { must(c.RecomputePosture(t.Context(), a, time.Now())) }},
			{"a scan", func(a schemas.AccountID) {
				must(c.RecordScan(t.Context(), scanOf(a, schemas.ScanID(a, rnd.Uint64N(1000)), time.Now())))
			}},
			{"packs", func(schemas.AccountID) {
				for _, m := range worldPacks() {
					m.PublishedAt, m.Policies[1].DisplayName = time.Now(), fmt.Sprint("title ", rnd.Uint64())
					must(c.RecordPolicies(t.Context(), m))
				}
			}},
			{"waivers", func(schemas.AccountID) {
				must(p.acts(t.Context(), c.Store, p.now, 12))
				rec.Waivers = p.record(p.now).Waivers
			}},
			{"groups", func(a schemas.AccountID) {
				rec.Enforced = map[schemas.AccountID]map[string]int{a: {"pack-0": 1 + rnd.IntN(3)}}
			}},
			{"a name", func(a schemas.AccountID) {
				rec.Names = map[schemas.AccountID]string{a: oneOf(p, "x", nowCalled(a))}
			}},
			{"retention", func(schemas.AccountID) { must(c.KeepHistory(t.Context(), 400, time.Now())) }},
			{"a purge", func(a schemas.AccountID) { must(c.PurgeAccount(t.Context(), a)) }},
		}
		for n := 0; len(coming) > 0; n++ {
			near := coming[:min(len(coming), 80)]
			rnd.Shuffle(len(near), func(i, j int) { near[i], near[j] = near[j], near[i] })
			some, left := min(len(coming), 1+rnd.IntN(12)), -1
			if rnd.IntN(2) == 0 {
				left = 1 + rnd.IntN(8)
			}
			if c.write(t, p, coming[:some], left) {
				isCounted(t, c.Store, "after a crash", rec)
			} else {
				done = append(done, coming[:some]...)
				coming = coming[some:]
				isCounted(t, c.Store, "after a write", rec)
			}
			step := steps[n%len(steps)]
			step.do(histories[rnd.IntN(len(histories))])
			isCounted(t, c.Store, "after "+step.what, rec)
		}
		if c.crashes < 2 || len(done) < 50 {
			t.Fatalf("%d crashes, %d messages", c.crashes, len(done))
		}
	})
}

// What is asked for while rows are written is not the answer once they are.
func TestWhatIsAskedDuringAWriteDoesNotStay(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "pack-1", Version: "1", Policies: []string{"a"}}}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "no") }
	sc.judge(sceneKey(bucketType, "a"))
	var asked atomic.Int64 // tables are written side by side
	sc.s.inserted = func(table string, _ int, _ time.Duration) {
		if table == "kept_reports" {
			return
		}
		asked.Add(1)
		if _, err := ask(t.Context(), sc.s, schemas.Record{}); err != nil {
			t.Error(err)
		}
	}
	sc.judge(sceneKey(bucketType, "b"), sceneKey(volumeType, "c"))
	isCounted(t, sc.s, "after verdicts", schemas.Record{})
	sc.close(bucketScope(), schemas.FixResourceGone, sceneKey(bucketType, "b"))
	isCounted(t, sc.s, "after a close", schemas.Record{})
	sc.end(schemas.ScopeEnd{Scope: bucketScope(), State: schemas.ScopeDenied})
	isCounted(t, sc.s, "after an end", schemas.Record{})
	if n := asked.Load(); n < 20 {
		t.Errorf("asked %d times", n)
	}
}

// A process that is killed before the mark leaves what was kept; the same messages
// give the mark, though they change no row.
func TestAMessageThatComesAgainMarks(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "pack-1", Version: "1", Policies: []string{"a"}}}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "no") }
	a, b := sceneKey(bucketType, "a"), sceneKey(bucketType, "b")
	sc.judge(a, b)
	sc.seq++
	sees := sc.batch()
	sees.Resources = []schemas.Resource{sc.resource(sceneKey(bucketType, "c"))}
	sees.Gone = []schemas.Sighting{{Key: b}}
	for _, step := range []struct {
		what string
		schemas.Message
	}{
		{"a snapshot", schemas.Message{Snapshot: sees}},
		{"verdicts", schemas.Message{Verdicts: sc.answer(sees)}},
		{"an end", schemas.Message{End: &schemas.UnitEnd{
			Scan: sc.scan, AccountID: sc.id, Account: sc.name, Unit: sees.Unit, Seq: sc.seq, StartedAt: sees.At,
			Scopes: []schemas.ScopeEnd{{Scope: bucketScope(), State: schemas.ScopeDenied}},
		}}},
		{"a close", schemas.Message{Close: &schemas.Close{
			Scan: sc.scan, AccountID: sc.id, Account: sc.name, Scope: bucketScope(), Seq: sc.seq, Cause: schemas.FixResourceGone, At: sees.At,
		}}},
	} {
		before, err := ask(t.Context(), sc.s, schemas.Record{})
		if err != nil {
			t.Fatal(err)
		}
		put := sc.takeMarks()
		sc.write(step.Message)
		put()
		if got, err := ask(t.Context(), sc.s, schemas.Record{}); err != nil || got != before {
			t.Errorf("%s, without its mark: %s, before %s, %v", step.what, got, before, err)
		}
		if line(countedReport(t, sc.s, schemas.ReportQuery{}, schemas.Record{})) == before[0] {
			t.Errorf("%s changes nothing: that proves nothing", step.what)
		}
		sc.write(step.Message)
		isCounted(t, sc.s, step.what+" again", schemas.Record{})
	}
}

// takeMarks gives what puts the marks back as they are.
func (sc *scene) takeMarks() (put func()) {
	sc.t.Helper()
	var rows []changeRow
	err := sc.s.query(sc.t.Context(), "read marks", "SELECT account_id, sum(mark) FROM @db.changes GROUP BY account_id", nil, func(r driver.Rows) error {
		var row changeRow
		defer func() { rows = append(rows, row) }()
		return r.Scan(&row.AccountID, &row.Mark)
	})
	if err != nil || len(rows) == 0 {
		sc.t.Fatalf("%v, %v", rows, err)
	}
	return func() {
		sc.t.Helper()
		err := sc.s.exec(sc.t.Context(), "truncate", "TRUNCATE TABLE @db.changes")
		if err == nil {
			err = insert(sc.t.Context(), sc.s, "changes", rows)
		}
		if err != nil {
			sc.t.Fatal(err)
		}
	}
}

// A question of an account is another one when anything else changes that its report
// hangs on, and the same when only others are concerned.
func TestWhatAReportHangsOn(t *testing.T) {
	t.Parallel()
	const a, b = "aws-123456789012", "aws-210987654321"
	until := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	waiver := func(name string, accounts ...schemas.Member) schemas.Waiver {
		return schemas.Waiver{Name: name, WaiverTerms: schemas.WaiverTerms{ExpiresAt: until, Selector: schemas.WaiverSelector{Accounts: accounts, Packs: []string{"p"}}}}
	}
	type question struct {
		q   schemas.ReportQuery
		rec schemas.Record
		day string
	}
	made := func() *question {
		return &question{
			schemas.ReportQuery{Accounts: []string{a}, Pack: "p"},
			schemas.Record{
				Waivers: []schemas.Waiver{waiver("all"), waiver("one", a), waiver("other", b), waiver("all too")},
				Names:   map[schemas.AccountID]string{a: "a", b: "b"}, Enforced: map[schemas.AccountID]map[string]int{a: {"p": 1}, b: {"p": 1}},
			},
			"2026-11-26",
		}
	}
	for what, c := range map[string]struct {
		change func(*question)
		same   bool
	}{
		"nothing":                       {func(*question) {}, true},
		"the accounts that are asked":   {func(q *question) { q.q.Accounts = nil }, true},
		"the name of another":           {func(q *question) { q.rec.Names[b] = "c" }, true},
		"the groups of another":         {func(q *question) { q.rec.Enforced[b]["p"] = 2 }, true},
		"a waiver of another":           {func(q *question) { q.rec.Waivers[2].Name = "c" }, true},
		"the order of waivers":          {func(q *question) { slices.Reverse(q.rec.Waivers) }, true},
		"the reason of a waiver":        {func(q *question) { q.rec.Waivers[1].Reason = "because" }, true},
		"the day":                       {func(q *question) { q.day = "2026-11-27" }, false},
		"the pack":                      {func(q *question) { q.q.Pack = "q" }, false},
		"the severity":                  {func(q *question) { q.q.Severity = []schemas.Severity{schemas.SeverityHigh} }, false},
		"its name":                      {func(q *question) { q.rec.Names[a] = "c" }, false},
		"its groups":                    {func(q *question) { q.rec.Enforced[a]["p"] = 2 }, false},
		"a waiver of it":                {func(q *question) { q.rec.Waivers = q.rec.Waivers[:1] }, false},
		"the end of a waiver":           {func(q *question) { q.rec.Waivers[0].ExpiresAt = until.Add(1) }, false},
		"the name of a waiver":          {func(q *question) { q.rec.Waivers[1].Name = "c" }, false},
		"what a waiver selects":         {func(q *question) { q.rec.Waivers[0].Selector.Policies = []string{"*"} }, false},
		"the accounts of a waiver of b": {func(q *question) { q.rec.Waivers[2].Selector.Accounts = nil }, false},
	} {
		asked, before := made(), made()
		c.change(asked)
		if same := reportQuestion(asked.q, asked.rec, asked.day)(a) == reportQuestion(before.q, before.rec, before.day)(a); same != c.same {
			t.Errorf("with %s changed it is the same question: %v", what, same)
		}
	}
}
