package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// accountWithWaivers has a score that is another one with waivers, and a waiver that
// ends a week after noon of the day.
func accountWithWaivers() schemas.AccountReport {
	half, most := schemas.Share{Part: 1, Of: 2, Percent: 50}, schemas.Share{Part: 3, Of: 4, Percent: 75}
	score := schemas.Score{Strict: half, WithWaivers: &most}
	return schemas.AccountReport{
		AccountID: "aws-123456789012", Account: "prod", Resources: 9, Score: 50, Coverage: 100,
		Scores:   &schemas.Scores{Results: score, Policies: score, Resources: score, SecurityHub: score},
		Open:     map[schemas.Severity]uint64{schemas.SeverityLow: 2},
		Waivers:  []schemas.WaiverUse{{Name: "legacy", ExpiresAt: at(0).AddDate(0, 0, 7), Violations: 1}},
		Packs:    []schemas.PackReport{{Pack: "aws_foundations", Score: 50, Coverage: 100}}, // of the past no version is known
		LastScan: &schemas.Scan{ID: "123456789012-7", State: schemas.ScanSucceeded, StartedAt: at(0), EndedAt: at(1)},
	}
}

func reportText(t *testing.T, a schemas.AccountReport, asOf time.Time) string {
	t.Helper()
	var buf bytes.Buffer
	if err := printReport(&buf, schemas.Report{Accounts: []schemas.AccountReport{a}, AsOf: asOf}, false); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// Every score has both sides, the first of them too.
func TestScoresWithAndWithoutWaivers(t *testing.T) {
	text := reportText(t, accountWithWaivers(), time.Time{})
	if !strings.Contains(text, "  Score       50.0% of what should be judged passed; 75.0% with waivers\n") || strings.Count(text, "75.0% with waivers") != 4 {
		t.Errorf("the report says:\n%s", text)
	}
}

// What ends soon is seen from the time that a report is about.
func TestReportOfThePastText(t *testing.T) {
	text := reportText(t, accountWithWaivers(), at(0))
	for _, want := range []string{"ends soon: legacy on 2026-03-08", "\nPack aws_foundations: score 50.0%"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if text := reportText(t, accountWithWaivers(), at(0).AddDate(0, -6, 0)); strings.Contains(text, "soon") {
		t.Errorf("half a year before the waiver ends the report says:\n%s", text)
	}
	never := schemas.FrameworkReport{AsOf: at(0), Accounts: []schemas.FrameworkAccount{{Account: "prod", Unscanned: true}}}
	var buf bytes.Buffer
	if err := printFramework(&buf, never); err != nil || !strings.Contains(buf.String(), "Account prod was not scanned as a whole until 2026-03-01 12:00:00 UTC: ") {
		t.Errorf("%v, the report by framework says:\n%s", err, buf.String())
	}
}

// A day is meant until its end, and today until now: nobody knows what comes.
func TestTimesOfThePast(t *testing.T) {
	for s, want := range map[string]time.Time{
		"2026-02-28": time.Date(2026, 2, 28, 23, 59, 59, 999999000, time.UTC), "2026-03-01": at(30), "2026-03-01T12:10:00Z": at(10), "10m": at(20),
	} {
		if got, err := parseTime("--as-of", s, at(30)); err != nil || !got.Equal(want) {
			t.Errorf("%s: %s, %v; want %s", s, got, err, want)
		}
	}
}
