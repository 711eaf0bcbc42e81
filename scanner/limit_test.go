package scanner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A limited scan closes what it read, and nothing else: what it did not look at
// has neither left the plan nor gone.
func TestALimitedScanClosesOnlyWhatItRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dropped := schemas.Scope{Region: "eu-west-1", Type: "aws:ec2/thing:Thing", Route: schemas.RouteNative}
	// A scan before could say nothing of two units.
	standIn := schemas.Scope{Region: "us-east-1", Type: "ec2:*", Route: schemas.RouteNative}
	other := schemas.Scope{Region: "global", Type: "iam:*", Route: schemas.RouteNative}
	w.store.open = []schemas.Scope{dropped, scopeOf(unitEC2), scopeOf(unitIAM), standIn, other}
	w.workers()
	w.run(w.control.Run)
	limit := schemas.ScanLimit{Services: []string{"ec2", "ec2"}, Regions: []string{"us-east-1"}}
	s, err := w.control.Start(w.ctx(), "prod", scanner.StartOptions{Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	s = w.ended(s.ID)
	w.want(s, schemas.ScanSucceeded)
	if !slices.Equal(s.Units, []schemas.UnitKey{unitEC2}) || s.Limit.String() != "ec2 in us-east-1" || w.readsOf(unitIAM) != 0 {
		t.Errorf("limited to %q it read %v", s.Limit, s.Units)
	}
	if got := closedAt(w, scopeOf(unitEC2)); !strings.HasSuffix(got, string(schemas.FixResourceGone)) {
		t.Errorf("what was read is closed at %q", got)
	}
	if got := closedAt(w, standIn); !strings.HasSuffix(got, string(schemas.FixOutOfScope)) {
		t.Errorf("what stood in for the unit is closed at %q", got)
	}
	for _, scope := range []schemas.Scope{dropped, scopeOf(unitIAM), other} {
		if got := closedAt(w, scope); got != "0 " {
			t.Errorf("%s, which was not looked at, is closed at %s", scope, got)
		}
	}
	// The next scan of everything closes what has left the plan.
	whole := w.ended(w.start().ID)
	w.want(whole, schemas.ScanSucceeded)
	if got := closedAt(w, dropped); !strings.HasSuffix(got, string(schemas.FixOutOfScope)) || !whole.Limit.Whole() {
		t.Errorf("the dropped scope is closed at %q", got)
	}
}

func TestALimitThatNamesNothingStartsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.units = []schemas.UnitKey{unitEC2, {Region: "eu-west-1", Service: "ec2"}, {Region: "eu-west-1", Service: "rds"}, unitIAM}
	for _, c := range []struct{ services, regions, want, hint string }{
		{"rdss", "", `no service "rdss" is read in account prod`, "Its services: ec2, iam, rds."},
		{"", "us-west-9", `no region "us-west-9" is read in account prod`, "Its regions: eu-west-1, global, us-east-1."},
		{"ec2 iam", "us-east-1", "iam is not read in us-east-1", "iam is read in: global."},
		{"rds", "eu-west-1 us-east-1", "nothing of rds is read in us-east-1", "Leave the region out"},
	} {
		limit := schemas.ScanLimit{Services: strings.Fields(c.services), Regions: strings.Fields(c.regions)}
		_, err := w.control.Start(w.ctx(), "prod", scanner.StartOptions{Limit: limit})
		wantCode(t, err, schemas.CodeInvalid)
		if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("%v: %v, want %q and %q", limit, err, c.want, c.hint)
		}
	}
	if running, err := w.control.Running(w.ctx(), account); err != nil || running != "" {
		t.Errorf("scan %q has started, %v", running, err)
	}
}
