package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What people said last counts, whatever order changes are mirrored in and how
// often; filters go by it, and a mirror that was lost or holds what the record does
// not is made anew.
func TestTriageIsMirrored(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	says := failed(schemas.SeverityHigh, "bad")
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return says }
	k := sceneKey(bucketType, "one")
	sc.judge(k, sceneKey(bucketType, "two"))
	opened := sc.at(sc.seq)
	finding := func(id string) string { return schemas.FindingID(sc.id, sceneKey(bucketType, id), "p", "a") }
	said := func(minute int, status schemas.TriageStatus, priority schemas.Priority, assignee string) schemas.Triage {
		return schemas.Triage{Status: status, Priority: priority, Assignee: assignee, Note: fmt.Sprint("note ", minute), By: "ann", At: opened.Add(time.Duration(minute) * time.Second)}
	}
	record := schemas.TriageRecord{AccountID: sc.id, Finding: finding("one"), Changes: []schemas.Triage{
		said(1, schemas.TriageInProgress, "p0", "bob"), said(2, schemas.TriageIgnored, "", "eve"), said(3, schemas.TriageResolved, "p2", ""),
	}}
	older := record
	older.Changes = record.Changes[:2]
	for _, r := range []schemas.TriageRecord{record, older, older} { // the last came first
		if err := sc.s.MirrorTriage(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, q schemas.ViolationQuery, want ...string) {
		t.Helper()
		page, err := sc.s.Violations(t.Context(), q, schemas.Record{})
		var got []string
		for _, v := range page.Violations {
			got = append(got, strings.TrimSpace(v.ID+" "+string(triageOf(v).Status)))
		}
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q: %v", what, got, want, err)
		}
	}
	filters := func(what string, status schemas.TriageStatus) {
		t.Helper()
		one := "one " + string(status)
		is(what, schemas.ViolationQuery{}, one, "two")
		is(what+", p2", schemas.ViolationQuery{Priority: []schemas.Priority{"p1", "p2"}}, one)
		is(what+", a priority of before", schemas.ViolationQuery{Priority: []schemas.Priority{"p0"}})
		is(what+", nobody's", schemas.ViolationQuery{Assignee: schemas.NoAssignee}, one, "two")
		is(what+", an assignee of before", schemas.ViolationQuery{Assignee: "eve"})
		is(what+", ignored", schemas.ViolationQuery{Status: []schemas.TriageStatus{schemas.TriageIgnored}})
	}
	filters("mirrored", schemas.TriageResolved)
	is("new", schemas.ViolationQuery{Status: []schemas.TriageStatus{schemas.TriageNew}}, "two")
	is("resolved", schemas.ViolationQuery{Status: []schemas.TriageStatus{schemas.TriageResolved}}, "one resolved")

	another := schemas.TriageRecord{AccountID: sc.id, Finding: finding("two"), Changes: []schemas.Triage{said(9, schemas.TriageIgnored, "p1", "mallory")}}
	if err := sc.s.MirrorTriage(t.Context(), another); err != nil {
		t.Fatal(err)
	}
	is("what the record does not hold", schemas.ViolationQuery{Assignee: "mallory"}, "two ignored")
	remirror := func() {
		t.Helper()
		err := sc.s.RemirrorTriage(t.Context(), func(_ context.Context, each func(schemas.TriageRecord) error) error { return each(record) })
		if err != nil {
			t.Fatal(err)
		}
	}
	wrong := record
	wrong.Changes = slices.Clone(record.Changes)
	wrong.Changes[2].Priority, wrong.Changes[2].At = "p4", opened.Add(time.Hour)
	if err := sc.s.MirrorTriage(t.Context(), wrong); err != nil {
		t.Fatal(err)
	}
	// What is deleted is merged away.
	if err := sc.s.exec(t.Context(), "start merges", "SYSTEM START MERGES @db.triage"); err != nil {
		t.Fatal(err)
	}
	remirror()
	filters("made anew", schemas.TriageResolved)
	if err := sc.s.exec(t.Context(), "lose the mirror", "TRUNCATE TABLE @db.triage"); err != nil {
		t.Fatal(err)
	}
	is("lost", schemas.ViolationQuery{}, "one", "two")
	remirror()
	remirror()
	filters("made anew from nothing", schemas.TriageResolved)

	// What was resolved and comes back is new again.
	says = schemas.PolicyResult{Outcome: schemas.Passed}
	sc.content[k] = "mended"
	sc.judge(k)
	says = failed(schemas.SeverityHigh, "bad again")
	sc.content[k] = "spoilt"
	sc.judge(k)
	filters("reopened", schemas.TriageNew)
	is("new again", schemas.ViolationQuery{Status: []schemas.TriageStatus{schemas.TriageNew}}, "one new", "two")
}

func triageOf(v schemas.Violation) schemas.Triage {
	if v.Triage == nil {
		return schemas.Triage{}
	}
	return *v.Triage
}

// The log of waivers, which the view is of, is mended where it differs from the record.
func TestWaiversAreMirrored(t *testing.T) {
	t.Parallel()
	s, now := newStore(t, ""), time.Now().UTC().Truncate(time.Millisecond)
	waiver := func(name, reason string) schemas.Waiver {
		return schemas.Waiver{Name: name, WaiverTerms: schemas.WaiverTerms{Reason: reason, StartsAt: now, ExpiresAt: now.AddDate(0, 1, 0)}}
	}
	record := []schemas.Waiver{waiver("known", "as it was"), waiver("missed", "never logged"), waiver("changed", "other")}
	for _, w := range []schemas.Waiver{waiver("known", "as it was"), waiver("changed", "one"), waiver("too much", "after the backup")} {
		doc, err := json.Marshal(w)
		if err == nil {
			err = s.LogConfig(t.Context(), "waiver", w.Name, 1, "ann", now.Add(time.Hour), doc)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		all := func(context.Context) ([]schemas.Waiver, error) { return record, nil }
		if err := s.MirrorWaivers(t.Context(), all, now); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		err := s.query(t.Context(), "read the view", "SELECT name, reason, removed FROM @db.v_waivers", nil, func(r driver.Rows) error {
			var name, reason string
			var removed bool
			err := r.Scan(&name, &reason, &removed)
			got[name] = fmt.Sprint(reason, " ", removed)
			return err
		})
		want := map[string]string{"known": "as it was false", "missed": "never logged false", "changed": "other false", "too much": " true"}
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("the view has %v, want %v: %v", got, want, err)
		}
		var entries uint64
		if err := s.query(t.Context(), "count", "SELECT count() FROM @db.config_log", nil, func(r driver.Rows) error { return r.Scan(&entries) }); err != nil || entries != 6 {
			t.Errorf("%d entries, %v", entries, err)
		}
	}
}
