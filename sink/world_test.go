package sink

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// world is a store and a model that were told the same history. Questions only
// read it, so they share one.
type world struct {
	s *Store
	m *model
	h *history
	p *people
	// unlawful histories have messages in an order in which they cannot arrive.
	unlawful bool
}

// scans are the ids of the scans of an account in the history.
func (w *world) scans(a schemas.AccountID) (out []string) {
	for n := range worldRounds {
		out = append(out, fmt.Sprintf("%s-%d", a.AWSAccount(), n+1))
	}
	return out
}

const worldRounds = 5

// newWorld lives a history in which verdicts and ends get lost, so that there is
// something to wait for and to judge again.
func newWorld(t *testing.T, dsn string) *world {
	t.Helper()
	w := &world{s: newStore(t, dsn), m: newModel(), h: newHistory(18), p: newPeople(18)}
	w.m.said = w.p.said
	stopMerges(t, w.s)
	rnd := rand.New(rand.NewPCG(18, 1))
	w.h.live(worldRounds - 1)
	for _, a := range histories {
		w.h.mutate()
		w.h.scan(a, worldRounds)
	}
	last := historyUnits[0]
	w.h.attempt(histories[0], w.scans(histories[0])[worldRounds-1], last.unit, last.kinds, true)
	ms := slices.DeleteFunc(w.h.messages[:len(w.h.messages):len(w.h.messages)], func(m schemas.Message) bool {
		lost := m.Verdicts != nil && !m.Verdicts.Rejudge || m.End != nil
		return lost && rnd.IntN(100) < 12
	})
	for _, m := range ms {
		w.m.write(m)
	}
	writeInPieces(t, w.s, rnd, ms, 400)
	w.p.speakOf(w.m)
	w.p.live(t, w.s, ms, 100)
	w.record(t)
	// A write that failed half way is repeated, and so are rows.
	for _, table := range []string{"violation_events", "batches", "unit_ends", "gone_marks", "scans", "policies"} {
		if err := w.s.exec(t.Context(), "write again", "INSERT INTO @db."+table+" SELECT * FROM @db."+table); err != nil {
			t.Fatal(err)
		}
	}
	w.isWorthAsking(t)
	return w
}

// stopMerges leaves every version of every row where it is. Merged by chance in
// the background, answers would be right that forget to ask for the last one.
func stopMerges(t *testing.T, s *Store) {
	t.Helper()
	var tables []string
	err := s.query(t.Context(), "list tables", "SELECT name FROM system.tables WHERE database = ? AND engine LIKE '%MergeTree'", []any{s.db}, func(r driver.Rows) error {
		var name string
		defer func() { tables = append(tables, name) }()
		return r.Scan(&name)
	})
	if err != nil || len(tables) < 10 {
		t.Fatalf("tables %v: %v", tables, err)
	}
	for _, table := range tables {
		if err := s.exec(t.Context(), "stop merges", "SYSTEM STOP MERGES @db."+table); err != nil {
			t.Fatal(err)
		}
	}
}

// record tells the store of packs, which only reports need, and of two scans.
func (w *world) record(t *testing.T) {
	t.Helper()
	for _, m := range worldPacks() {
		if err := w.s.RecordPolicies(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range histories {
		for i, id := range w.scans(a) {
			if err := w.s.RecordScan(t.Context(), scanOf(a, id, w.h.now.Add(time.Duration(i-9)*time.Hour))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func scanOf(a schemas.AccountID, id string, start time.Time) schemas.Scan {
	return schemas.Scan{
		ID: id, AccountID: a, Account: "acct-" + a.AWSAccount(), Trigger: schemas.TriggerManual, State: schemas.ScanPartial,
		Units: []schemas.UnitKey{{Region: "global", Service: "s3"}}, StartedAt: start, EndedAt: start.Add(time.Minute), Reason: `it's "over"`,
	}
}

// worldPacks are the manifests of every version that the history judges with.
func worldPacks() (out []schemas.PackManifest) {
	for pack := range 2 {
		for version := range 12 {
			m := schemas.PackManifest{PackRef: schemas.PackRef{Name: fmt.Sprintf("pack-%d", pack), Version: fmt.Sprintf("1.%d", version)}}
			for policy := range 5 {
				m.Policies = append(m.Policies, schemas.Policy{
					Name: fmt.Sprintf("policy-%d", policy), DisplayName: fmt.Sprintf("title %d of 1.%d", policy, version),
					Level: schemas.Mandatory, Severity: severityOf(policy), RemediationSteps: "mend it",
					Controls: []schemas.Control{{Framework: "CIS", Version: "3.0", ID: fmt.Sprintf("%d.%d", pack, policy)}},
				})
			}
			out = append(out, m)
		}
	}
	return out
}

// isWorthAsking fails when the history lacks what a question is about: a
// comparison of nothing with nothing proves nothing.
func (w *world) isWorthAsking(t *testing.T) {
	t.Helper()
	have := map[string]int{}
	for _, r := range w.m.resources {
		have[fmt.Sprint("resource, tombstone ", r.Tombstone)]++
	}
	for _, v := range w.m.violations {
		have["violation "+v.State]++
		if v.Reopened > 0 {
			have["reopened"]++
		}
		if v.Cause != "" {
			have["fixed as "+v.Cause]++
		}
	}
	for _, e := range w.m.scopeEnds {
		have["scope "+e.State]++
	}
	versions := map[string]string{} // by pack, at the newest revision
	for _, v := range w.m.verdicts {
		if v.Revision == w.h.revision && v.PackVersion != "" {
			if other := versions[v.Pack]; other != "" && other != v.PackVersion {
				have["two versions at once"]++
			}
			versions[v.Pack] = v.PackVersion
		}
		have["emptied verdict"] += min(1, 1-min(1, len(v.PackVersion)))
		have["gap"] += len(v.GapPolicy)
	}
	for finding, r := range w.m.said {
		v := w.m.violations[finding]
		have["said of what is "+v.State]++
		have[fmt.Sprint("said often ", len(r.Changes) > 2)]++
		if now := r.Now(); now.Of(v.OpenedAt) != now {
			have["resolved and open again"]++
		}
	}
	for _, wv := range w.p.waivers {
		have["waiver "+string(wv.State(w.p.now))]++
	}
	for _, a := range histories {
		have["unjudged"] += len(w.m.unjudged(a, w.h.revision))
	}
	for _, what := range []string{
		"resource, tombstone false", "resource, tombstone true", "violation open", "violation fixed", "reopened",
		"fixed as resource_gone", "fixed as resource_changed", "fixed as policy_changed", "fixed as pack_withdrawn", "fixed as out_of_scope",
		"scope complete", "scope denied", "emptied verdict", "gap", "unjudged", "two versions at once",
		"said of what is open", "said of what is fixed", "said often true", "resolved and open again", "waiver removed", "waiver expired", "waiver expiring",
	} {
		if have[what] < 1 {
			t.Fatalf("the history has %d of: %s", have[what], what)
		}
	}
}

// questions are asked side by side of one world.
var questions = map[string]func(*testing.T, *world){
	"known":           askKnown,
	"keys":            askKeys,
	"counts":          askCounts,
	"unit statuses":   askUnitStatuses,
	"closes":          askCloses,
	"open scopes":     askOpenScopes,
	"unjudged":        askUnjudged,
	"filters":         askFilters,
	"sorts and pages": askSortsAndPages,
	"resources":       askResources,
	"events":          askEvents,
	"details":         askDetails,
	"past":            askPast,
	"diff":            askDiff,
	"views":           askViews,
	"dashboard":       askDashboard,
	"waivers":         askWaivers,
	"report":          askReport,
	"posture":         askPosture,
	"people":          askPeople,
}

func TestAnswersAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		w := newWorld(t, dsn)
		t.Run("asked", func(t *testing.T) {
			for name, ask := range questions {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					ask(t, w)
				})
			}
		})
		t.Run("waived now", func(t *testing.T) { askWaivedNow(t, w) })
		t.Run("judged again", func(t *testing.T) { judgeAgain(t, w) })
	})
}

// sameText compares two answers as JSON; nil and empty lists are alike.
func sameText(t *testing.T, what string, got, want any) {
	t.Helper()
	g, w := line(got), line(want)
	if g == w || g == "[]" && w == "null" || g == "null" && w == "[]" {
		return
	}
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	from := max(0, i-120)
	t.Errorf("%s: at byte %d\n got …%s\nwant …%s", what, i, g[from:min(len(g), i+240)], w[from:min(len(w), i+240)])
}

// live are the live resources of an account in the order of the table.
func (m *model) live(a schemas.AccountID) (out []resourceRow) {
	for k, r := range m.resources {
		if k.account == a && !r.Tombstone {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b resourceRow) int { return compareTexts(a.Type, b.Type, a.Region, b.Region, a.ID, b.ID) })
	return out
}

// compareTexts compares pairs, the first that differ decide.
func compareTexts(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		if c := compareText(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}
