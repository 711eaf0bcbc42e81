package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// policyOf is a policy of a report, with controls that it names itself.
func policyOf(name string, c schemas.Counts, controls ...schemas.Control) schemas.PolicyReport {
	return schemas.PolicyReport{Policy: name, Counts: c, Controls: controls}
}

func cis(version, id string) schemas.Control {
	return schemas.Control{Framework: "cis", Version: version, ID: id}
}

func TestAReportByFramework(t *testing.T) {
	t.Parallel()
	f := schemas.Framework{Name: "CIS", Version: "3.0", Controls: []schemas.FrameworkControl{
		{ID: "2.10", Section: "Storage", Policies: []string{"p/a"}},
		{ID: "2.9", Section: "Storage"}, // packs name it
		{ID: "2.9.1", Section: "Storage", Policies: []string{"p/waived"}},
		{ID: "1.1", Title: "People", Manual: true},
		{ID: "1.2", Policies: []string{"q/*"}},
		{ID: "1.3", Policies: []string{"none/none"}},
		{ID: "1.4", Policies: []string{"p/unknown"}},
	}}
	one := schemas.AccountReport{AccountID: "aws-1", Account: "one", LastScan: &schemas.Scan{}, Packs: []schemas.PackReport{
		{Pack: "p", Policies: []schemas.PolicyReport{
			policyOf("a", schemas.Counts{Passed: 2}), policyOf("named", schemas.Counts{Failed: 1, Errored: 1, Disabled: 2}, cis("3.0", "2.9")),
			policyOf("older", schemas.Counts{Passed: 9}, cis("2.0", "2.9")), policyOf("any", schemas.Counts{Passed: 1, NotApplicable: 3}, cis("", "2.9")),
			policyOf("waived", schemas.Counts{Passed: 1, Failed: 1, Waived: 1}), policyOf("unknown", schemas.Counts{Unknown: 1, Passed: 1}),
		}},
		{Pack: "q", Policies: []schemas.PolicyReport{policyOf("x", schemas.Counts{Passed: 1}), policyOf("y", schemas.Counts{Passed: 1})}},
		{Pack: "p@local", Local: true, Policies: []schemas.PolicyReport{policyOf("mine", schemas.Counts{Failed: 5}, cis("3.0", "1.2"))}},
	}}
	one.Packs[2].Policies[0].Policy = "x"
	two := schemas.AccountReport{AccountID: "aws-2", Account: "two", LastScan: &schemas.Scan{}, Packs: []schemas.PackReport{
		{Pack: "p", Policies: []schemas.PolicyReport{policyOf("waived", schemas.Counts{Failed: 1, Waived: 1}), policyOf("a", schemas.Counts{Passed: 1})}},
	}}
	r := byFramework(f, schemas.Report{Accounts: []schemas.AccountReport{one, two}})
	if len(r.Sections) != 2 || r.Sections[0].Section != "Storage" || r.Sections[1].Section != "" {
		t.Fatalf("sections %+v", r.Sections)
	}
	type said struct {
		status, waived schemas.ControlStatus
		counts         schemas.Counts
		policies       int
	}
	want := map[string]said{
		"2.9":   {schemas.ControlFailed, schemas.ControlFailed, schemas.Counts{Passed: 1, Failed: 1, Errored: 1, Disabled: 2, NotApplicable: 3}, 2},
		"2.9.1": {schemas.ControlFailed, schemas.ControlPassed, schemas.Counts{Passed: 1, Failed: 2, Waived: 2}, 1},
		"2.10":  {schemas.ControlPassed, schemas.ControlPassed, schemas.Counts{Passed: 3}, 1},
		"1.1":   {schemas.ControlManual, schemas.ControlManual, schemas.Counts{}, 0},
		"1.2":   {schemas.ControlPassed, schemas.ControlPassed, schemas.Counts{Passed: 2}, 2},
		"1.3":   {schemas.ControlNoData, schemas.ControlNoData, schemas.Counts{}, 0},
		"1.4":   {schemas.ControlUnknown, schemas.ControlUnknown, schemas.Counts{Passed: 1, Unknown: 1}, 1},
	}
	var order []string
	for _, s := range r.Sections {
		for _, c := range s.Controls {
			order = append(order, c.ID)
			if got := (said{c.Status, c.WithWaivers, c.Counts, len(c.Policies)}); got != want[c.ID] {
				t.Errorf("%s: %+v, want %+v", c.ID, got, want[c.ID])
			}
			if !slices.IsSortedFunc(c.Policies, func(a, b schemas.ControlPolicy) int { return strings.Compare(a.Policy, b.Policy) }) {
				t.Errorf("%s: %+v are not sorted", c.ID, c.Policies)
			}
		}
	}
	if !slices.Equal(order, []string{"2.9", "2.9.1", "2.10", "1.1", "1.2", "1.3", "1.4"}) {
		t.Errorf("in the order %v", order)
	}
	tally := func(what string, got schemas.ControlTally, passed, failed, unknown, noData, manual uint64, with, coverage schemas.Share) {
		t.Helper()
		strict := schemas.NewShare(passed, passed+failed+unknown)
		is := schemas.ControlTally{Passed: passed, Failed: failed, Unknown: unknown, NoData: noData, Manual: manual, Coverage: coverage}
		is.Score, got.Score = schemas.Score{}, score(t, what, got.Score, strict, with)
		if got != is {
			t.Errorf("%s: %+v, want %+v", what, got, is)
		}
	}
	share := schemas.NewShare
	tally("total", r.Total, 2, 2, 1, 1, 1, share(3, 5), share(4, 7))
	tally("Storage", r.Sections[0].Total, 1, 2, 0, 0, 0, share(2, 3), share(3, 3))
	tally("the rest", r.Sections[1].Total, 1, 0, 1, 1, 1, share(1, 2), share(1, 4))
	if len(r.Accounts) != 2 || r.Accounts[0].Account != "one" || r.Accounts[1].AccountID != "aws-2" {
		t.Fatalf("accounts %+v", r.Accounts)
	}
	tally("one", r.Accounts[0].Total, 2, 2, 1, 1, 1, share(3, 5), share(4, 7))
	// Of the second account there is nothing but what is waived and what passes:
	// no data with waivers, and that is no pass. What packs name is theirs alone.
	tally("two", r.Accounts[1].Total, 1, 1, 0, 3, 2, share(1, 1), share(2, 7))
}

// Versions of a pack name other controls on other accounts: each counts for its own.
func TestAPolicyThatNamesOtherControlsElsewhere(t *testing.T) {
	t.Parallel()
	f := schemas.Framework{Name: "CIS", Controls: []schemas.FrameworkControl{{ID: "1"}, {ID: "2"}}}
	account := func(passed uint64, controls ...schemas.Control) schemas.AccountReport {
		policies := []schemas.PolicyReport{policyOf("a", schemas.Counts{Passed: passed}, controls...)}
		return schemas.AccountReport{LastScan: &schemas.Scan{}, Packs: []schemas.PackReport{{Pack: "p", Policies: policies}}}
	}
	r := byFramework(f, schemas.Report{Accounts: []schemas.AccountReport{account(1, cis("1", "1")), account(2, cis("2", "1"), cis("2", "2"))}})
	for i, passed := range []uint64{3, 2} {
		want := []schemas.ControlPolicy{{Pack: "p", Policy: "a", Counts: schemas.Counts{Passed: passed}}}
		if c := r.Sections[0].Controls[i]; !slices.Equal(c.Policies, want) || c.Counts != want[0].Counts {
			t.Errorf("%+v, want %+v", c, want)
		}
	}
	if one, two := r.Accounts[0].Total, r.Accounts[1].Total; one.Passed != 1 || one.Manual != 1 || two.Passed != 2 {
		t.Errorf("%+v, %+v", one, two)
	}
}

// score checks a score and returns none.
func score(t *testing.T, what string, got schemas.Score, strict, with schemas.Share) schemas.Score {
	t.Helper()
	if got.Strict != strict || *got.WithWaivers != with {
		t.Errorf("%s: score %+v, with waivers %+v; want %+v, %+v", what, got.Strict, *got.WithWaivers, strict, with)
	}
	return schemas.Score{}
}

func TestControlsAreInTheOrderOfPeople(t *testing.T) {
	t.Parallel()
	ids := []string{"1", "1.1", "1.2", "1.10", "1.10.2", "2", "10", "A-2", "A-10", "A-10.a", "A.8", "A.8.1", "B", "EC2.7", "EC2.18", "S3.1"}
	for i, a := range ids {
		for j, b := range ids {
			got := compareIDs(a, b)
			if (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s beside %s: %d", a, b, got)
			}
		}
	}
}
