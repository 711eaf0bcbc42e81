package sink

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

type timeT = time.Time

// tables is every table, whole, as sorted lines.
type tables map[string][]string

// rowsIn are all rows of a table.
func rowsIn[T any](t *testing.T, s *Store, table string) (out []T) {
	t.Helper()
	err := s.query(t.Context(), "dump", "SELECT "+columnsOf(new(T))+" FROM @db."+table+" FINAL", nil, func(r driver.Rows) error {
		row := new(T)
		defer func() { out = append(out, *row) }()
		return r.ScanStruct(row)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func dump[T any](t *testing.T, s *Store, into tables, table string) {
	t.Helper()
	lines := []string{}
	for _, row := range rowsIn[T](t, s, table) {
		lines = append(lines, line(row))
	}
	slices.Sort(lines)
	into[table] = lines
}

// line is a row as text, with nil and empty lists alike.
func line(row any) string {
	doc, _ := json.Marshal(row)
	return strings.ReplaceAll(string(doc), ":null", ":[]")
}

func dumpAll(t *testing.T, s *Store) tables {
	t.Helper()
	out := tables{}
	dump[resourceRow](t, s, out, "resources")
	dump[versionRow](t, s, out, "resource_versions")
	dump[seenRow](t, s, out, "seen")
	dump[judgedRow](t, s, out, "judged")
	dump[verdictRow](t, s, out, "verdicts")
	dump[violationRow](t, s, out, "violations")
	dump[eventRow](t, s, out, "violation_events")
	dump[goneRow](t, s, out, "gone_marks")
	dump[batchRow](t, s, out, "batches")
	dump[unitEndRow](t, s, out, "unit_ends")
	dump[scopeEndRow](t, s, out, "scope_ends")
	dump[scopeCloseRow](t, s, out, "scope_closes")
	dump[triageRow](t, s, out, "triage")
	return out
}

// triage has a row for everything that was said.
func (m *model) triage() map[string]triageRow {
	out := map[string]triageRow{}
	for finding, r := range m.said {
		for i, c := range r.Changes {
			out[fmt.Sprint(finding, i)] = triageRow{
				AccountID: string(r.AccountID), Finding: finding, Number: uint32(i + 1), Status: string(c.Status), Priority: string(c.Priority),
				Assignee: c.Assignee, Note: c.Note, By: c.By, At: c.At,
			}
		}
	}
	return out
}

func lines[K comparable, V any](m map[K]V) []string {
	out := []string{}
	for _, v := range m {
		out = append(out, line(v))
	}
	slices.Sort(out)
	return out
}

func keyLines[K comparable](m map[K]bool) []string {
	out := []string{}
	for k := range m {
		out = append(out, line(k))
	}
	slices.Sort(out)
	return out
}

func (m *model) dump() tables {
	return tables{
		"resources": lines(m.resources), "resource_versions": lines(m.versions), "seen": lines(m.seen), "judged": lines(m.judged),
		"verdicts": lines(m.verdicts), "violations": lines(m.violations), "violation_events": lines(m.events), "gone_marks": keyLines(m.gone),
		"batches": keyLines(m.batches), "unit_ends": keyLines(m.ends), "scope_ends": lines(m.scopeEnds), "scope_closes": lines(m.closes), "triage": lines(m.triage()),
	}
}

func same(t *testing.T, what string, got, want tables) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(want)) {
		g, w := got[table], want[table]
		if slices.Equal(g, w) {
			continue
		}
		t.Errorf("%s: %s has %d rows, want %d", what, table, len(g), len(w))
		only(t, "unexpected", g, w)
		only(t, "missing", w, g)
	}
}

func only(t *testing.T, what string, a, b []string) {
	t.Helper()
	n := 0
	for _, l := range a {
		if _, found := slices.BinarySearch(b, l); !found && n < 3 {
			t.Logf("%s: %s", what, l)
			n++
		}
	}
}

// writeInPieces hands messages over in groups of random size.
func writeInPieces(t *testing.T, s *Store, rnd *rand.Rand, ms []schemas.Message, most int) {
	t.Helper()
	for len(ms) > 0 {
		n := min(len(ms), 1+rnd.IntN(most))
		if err := s.Write(t.Context(), ms[:n]); err != nil {
			t.Fatal(err)
		}
		ms = ms[n:]
	}
}

// Whatever the grouping, the tables are those of the model; and every message
// twice more, in random order, changes no row.
func TestTablesEqualTheModelAndReplayChangesNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				s := newStore(t, dsn)
				rnd := rand.New(rand.NewPCG(seed, 1))
				ms := newHistory(seed).live(4)
				m := newModel()
				for _, msg := range ms {
					m.write(msg)
				}
				p := newPeople(seed)
				p.speakOf(m)
				p.writeInPieces(t, s, rnd, ms, 60, 4)
				m.said = p.said
				want := m.dump()
				for _, table := range []string{"resources", "violations", "violation_events", "gone_marks", "verdicts", "seen", "triage"} {
					if len(want[table]) == 0 {
						t.Fatalf("the history never fills %s", table)
					}
				}
				if m.ghosts == 0 {
					t.Fatal("in the history no snapshot comes too late")
				}
				if m.absent == 0 {
					t.Fatal("in the history no pack leaves a resource to others")
				}
				same(t, "written once", dumpAll(t, s), want)

				twice := slices.Concat(ms, ms)
				rnd.Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
				writeInPieces(t, s, rnd, twice, 200)
				if err := p.tell(t.Context(), s, slices.Concat(p.told, p.late)); err != nil {
					t.Fatal(err)
				}
				same(t, "replayed twice in random order", dumpAll(t, s), want)
			})
		}
	})
}

// eachEngine runs a test on the embedded engine and on the server that
// INSIGHTS_TEST_CLICKHOUSE names.
func eachEngine(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("embedded", func(t *testing.T) { test(t, "") })
	t.Run("server", func(t *testing.T) {
		dsn := os.Getenv("INSIGHTS_TEST_CLICKHOUSE")
		if dsn == "" {
			t.Skip("no external ClickHouse")
		}
		test(t, dsn)
	})
}
