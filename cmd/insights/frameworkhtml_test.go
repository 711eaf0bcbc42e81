package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// exampleFramework has one of everything that a report by framework shows.
func exampleFramework() schemas.FrameworkReport {
	tally := func(passed, failed, unknown, noData, manual, waived uint64) schemas.ControlTally {
		data, decided := passed+failed+unknown, passed+failed
		return schemas.ControlTally{
			Passed: passed, Failed: failed, Unknown: unknown, NoData: noData, Manual: manual,
			Score: schemas.NewScore(schemas.NewShare(passed, data), schemas.NewShare(passed+waived, data)), Coverage: schemas.NewShare(decided, data+noData+manual),
		}
	}
	control := func(id, title string, status, with schemas.ControlStatus, policies ...schemas.ControlPolicy) schemas.ControlReport {
		c := schemas.ControlReport{ID: id, Title: title, Status: status, WithWaivers: with, Policies: policies}
		for _, p := range policies {
			c.Counts = c.Counts.Plus(p.Counts)
		}
		return c
	}
	policy := func(name string, c schemas.Counts) schemas.ControlPolicy {
		return schemas.ControlPolicy{Pack: "aws_foundations", Policy: name, Counts: c}
	}
	storage := []schemas.ControlReport{
		control("2.1.1", "Buckets refuse plain HTTP", schemas.ControlFailed, schemas.ControlPassed, policy("deny_plain", schemas.Counts{Failed: 2, Waived: 2, Passed: 5})),
		control("2.1.2", "", schemas.ControlFailed, schemas.ControlFailed,
			policy("deny_public", schemas.Counts{Failed: 3, Waived: 1, Unknown: 1}), policy("deny_acl", schemas.Counts{Passed: 7, Errored: 1})),
		control("2.2.1", "Volumes are encrypted", schemas.ControlUnknown, schemas.ControlUnknown, policy("deny_volume", schemas.Counts{Unknown: 4})),
		control("2.3.1", "Databases are encrypted", schemas.ControlNoData, schemas.ControlNoData, policy("deny_database", schemas.Counts{})),
	}
	other := []schemas.ControlReport{
		control("9.1", "Backups are tried out", schemas.ControlManual, schemas.ControlManual),
		control("9.2", "Trails are there", schemas.ControlPassed, schemas.ControlPassed, policy("deny_no_trail", schemas.Counts{Passed: 1})),
	}
	scope := schemas.ScopeGap{
		ScopeEnd: schemas.ScopeEnd{Scope: schemas.Scope{Region: "us-east-1", Type: "aws:cloudtrail/trail:Trail"}, State: schemas.ScopeDenied, Call: "cloudtrail:DescribeTrails", Reason: "AccessDeniedException"},
		Scan:     "123456789012-7", At: at(1),
	}
	return schemas.FrameworkReport{
		Name: "CIS AWS Foundations Benchmark", Version: "3.0.0", Total: tally(1, 2, 1, 1, 1, 1),
		Sections: []schemas.SectionReport{{Section: "Storage", Total: tally(0, 2, 1, 1, 0, 1), Controls: storage}, {Total: tally(1, 0, 0, 0, 1, 0), Controls: other}},
		Accounts: []schemas.FrameworkAccount{
			{AccountID: "aws-210987654321", Account: "dev", Total: tally(0, 0, 5, 0, 1, 0), Unscanned: true},
			{AccountID: "aws-123456789012", Account: "prod", Total: tally(1, 2, 1, 1, 1, 1), Scopes: []schemas.ScopeGap{scope}},
		},
	}
}

func renderFramework(t *testing.T, r schemas.FrameworkReport, q schemas.FrameworkQuery) string {
	t.Helper()
	p := newFrameworkPage(r, q, at(30))
	p.Version = "test"
	var buf bytes.Buffer
	if err := printFrameworkPage(&buf, p); err != nil {
		t.Fatal(err)
	}
	checkMarkup(t, "a report by framework", buf.String())
	return buf.String()
}

func TestFrameworkPage(t *testing.T) {
	t.Parallel()
	sameAsFile(t, "framework.html", renderFramework(t, exampleFramework(), schemas.FrameworkQuery{Accounts: []string{"prod", "dev"}}))

	r := exampleFramework()
	r.AsOf, r.Accounts, r.Sections = at(10), r.Accounts[1:], r.Sections[:1]
	got := renderFramework(t, r, schemas.FrameworkQuery{AsOf: at(10)})
	for text, want := range map[string]bool{"as of " + timeText(at(10)): true, "<h3>Sections": false, "<h3>Accounts": false, "Account dev was never scanned": false, "2 waived": true} {
		if strings.Contains(got, text) != want {
			t.Errorf("of one section and account, as of a time: %q is there: %t", text, !want)
		}
	}
	if got := renderFramework(t, schemas.FrameworkReport{Name: "CIS"}, schemas.FrameworkQuery{}); !strings.Contains(got, "insights account add NAME") {
		t.Error("an empty page does not say how to begin")
	}
}

// Names of everything are foreign input, and there may be much of it.
func TestFrameworkPageEscapesAndIsBounded(t *testing.T) {
	t.Parallel()
	const evil = `"><img src=x onerror=alert(1)></style><script>`
	r := exampleFramework()
	r.Name, r.Version, r.Sections[0].Section, r.Accounts[0].Account, r.Accounts[1].Account = evil, evil, evil, evil, evil
	c := &r.Sections[0].Controls[0]
	c.ID, c.Title, c.Status, c.Policies[0].Pack, c.Policies[0].Policy = evil, evil, evil, evil, evil
	g := &r.Accounts[1].Scopes[0]
	g.Type, g.Region, g.Reason = evil, evil, evil
	renderFramework(t, r, schemas.FrameworkQuery{Accounts: []string{evil}})

	for i := range pageScopes + 6 {
		g := r.Accounts[1].Scopes[0]
		g.Type = fmt.Sprintf("type-%d", i)
		r.Accounts[1].Scopes = append(r.Accounts[1].Scopes, g)
	}
	got := renderFramework(t, r, schemas.FrameworkQuery{})
	if !strings.Contains(got, ">7 more: ") || strings.Count(got, "<td>type-") != pageScopes-1 {
		t.Error("what could not be listed is not bounded, or the page does not say so")
	}
}
