package sink

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// arrivals are all orders in which three rows of one key can come.
var arrivals = [][3]uint64{{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}}

// arrived inserts three rows of every key, each into a part of its own. A reader that
// takes the first, the last or the oldest is wrong about some key.
func arrived[T any](t *testing.T, s *Store, table string, row func(key string, n uint64) T) {
	t.Helper()
	for round := range 3 {
		var rows []T
		for _, order := range arrivals {
			rows = append(rows, row(fmt.Sprint("k", order), order[round]))
		}
		if err := insert(t.Context(), s, table, rows); err != nil {
			t.Fatal(err)
		}
	}
}

const newestAccount = schemas.AccountID("aws-123456789012")

func newestKey(id string) resourceKey {
	return resourceKey{newestAccount, schemas.Key{Region: "eu-west-1", Type: bucketType, ID: id}}
}

// What folds look up is the newest row of each key, whichever way the rows came, and
// however many orders the newest differs in.
func TestLookUpsFindTheNewestRow(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	stopMerges(t, s)
	// Each decides alone once: the first that differs counts.
	at := map[uint64]schemas.Order{1: {Version: 7, Revision: 4, Attempt: 9}, 2: {Version: 7, Revision: 5, Attempt: 1}, 3: {Version: 7, Revision: 5, Attempt: 2}}
	const a, region = string(newestAccount), "eu-west-1"
	arrived(t, s, "resources", func(id string, n uint64) resourceRow {
		return resourceRow{AccountID: a, Type: bucketType, Region: region, ID: id, Seq: 5 + n/2, Number: uint32(10 - n), Name: fmt.Sprint("n", n)}
	})
	arrived(t, s, "seen", func(id string, n uint64) seenRow {
		return seenRow{AccountID: a, Type: bucketType, Region: region, ID: id, Seq: 5, Number: uint32(n), At: time.Unix(int64(n), 0)}
	})
	arrived(t, s, "judged", func(id string, n uint64) judgedRow {
		return judgedRow{AccountID: a, Type: bucketType, Region: region, ID: id, Version: at[n].Version, Revision: at[n].Revision, Attempt: at[n].Attempt, Hash: fmt.Sprint("n", n)}
	})
	arrived(t, s, "verdicts", func(id string, n uint64) verdictRow {
		row := verdictRow{AccountID: a, Type: bucketType, Region: region, ID: id, Pack: "p", PackVersion: "1", Version: at[n].Version, Revision: at[n].Revision, Attempt: at[n].Attempt}
		if n == 3 {
			row.PackVersion = "" // it ended
		}
		return row
	})
	arrived(t, s, "violations", func(id string, n uint64) violationRow {
		return violationRow{
			AccountID: a, Canonical: bucketType, Type: bucketType, Region: region, ID: id, Pack: "p", Policy: "a", Messages: []string{fmt.Sprint("n", n)},
			Version: at[n].Version, Revision: at[n].Revision, Attempt: at[n].Attempt,
		}
	})
	touched := newTouched()
	for _, order := range arrivals {
		touched.all(newestKey(fmt.Sprint("k", order)))
	}
	f := newFold()
	if err := s.load(t.Context(), f, touched); err != nil {
		t.Fatal(err)
	}
	for _, order := range arrivals {
		k := newestKey(fmt.Sprint("k", order))
		// Of the resources 2 and 3 have one seq, and 2 the higher number.
		if r := f.resources[k]; r == nil || r.Name != "n2" {
			t.Errorf("came as %v: resource %+v", order, r)
		}
		if r := f.seen[k]; r == nil || r.Number != 3 {
			t.Errorf("came as %v: seen %+v", order, r)
		}
		if r := f.judged[k]; r == nil || r.Hash != "n3" {
			t.Errorf("came as %v: judged %+v", order, r)
		}
		if f.packs[k]["p"] {
			t.Errorf("came as %v: a verdict that ended is held", order)
		}
		if r := f.violations[k][policyKey{"p", "a"}]; r == nil || r.Messages[0] != "n3" {
			t.Errorf("came as %v: violation %+v", order, r)
		}
	}
}

// Lists show the newest row of each place, and none of a place whose newest is gone.
func TestListsShowTheNewestRow(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	stopMerges(t, s)
	const a, region = string(newestAccount), "eu-west-1"
	for _, gone := range []uint64{1, 2, 3, 4} { // which of the rows is a tombstone; 4: none
		arrived(t, s, "resources", func(id string, n uint64) resourceRow {
			return resourceRow{AccountID: a, Account: "prod", Type: bucketType, Region: region, ID: fmt.Sprint(id, gone), Seq: n, Name: fmt.Sprint("n", n), Tombstone: n == gone, Properties: "{}", Unknown: "[]"}
		})
		violation := func(id string, n uint64) violationRow {
			v := violationRow{
				AccountID: a, Account: "prod", Canonical: bucketType, Type: bucketType, Region: region, ID: fmt.Sprint(id, gone), Pack: "p", Policy: "a", Severity: "high",
				Finding: fmt.Sprint(id, gone), Messages: []string{fmt.Sprint("n", n)}, State: string(schemas.ViolationOpen), Version: n,
			}
			if n == gone {
				v.State = string(schemas.ViolationFixed)
			}
			return v
		}
		arrived(t, s, "violations", violation)
		arrived(t, s, "open_violations", func(id string, n uint64) openRow {
			v, ended := violation(id, n), uint8(0)
			if n == gone {
				ended = 1
			}
			return v.asOpen(rankOf(schemas.SeverityHigh), ended)
		})
	}
	var want []string
	for _, order := range arrivals {
		for _, gone := range []uint64{1, 2, 4} {
			want = append(want, fmt.Sprint("k", order)+fmt.Sprint(gone, " n3"))
		}
	}
	slices.Sort(want)
	for limit := range 4 {
		var resources, violations []string
		for _, r := range pageResources(t, s, schemas.ResourceQuery{Limit: 5 * limit}) {
			resources = append(resources, r.ID+" "+r.Name)
		}
		for _, v := range pageThrough(t, s, schemas.ViolationQuery{Limit: 5 * limit}) {
			violations = append(violations, v.ID+" "+v.Messages[0])
		}
		slices.Sort(resources)
		slices.Sort(violations)
		sameText(t, fmt.Sprintf("resources, pages of %d", 5*limit), resources, want)
		sameText(t, fmt.Sprintf("violations, pages of %d", 5*limit), violations, want)
	}
}
