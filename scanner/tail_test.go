package scanner

import (
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestWhenTheTailIsRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 3, 0, 0, 0, time.UTC)
	yesterday, hour := schemas.ActiveScan{TailAt: now.Add(-24*time.Hour + time.Minute)}, schemas.ActiveScan{TailAt: now.Add(-time.Hour)}
	for _, c := range []struct {
		tail  schemas.Tail
		act   schemas.ActiveScan
		limit schemas.ScanLimit
		want  bool
	}{
		{"", schemas.ActiveScan{}, schemas.ScanLimit{}, true}, // never yet
		{"", yesterday, schemas.ScanLimit{}, true},
		{"", hour, schemas.ScanLimit{}, false},
		{schemas.TailEachScan, hour, schemas.ScanLimit{}, true},
		{schemas.TailOff, schemas.ActiveScan{}, schemas.ScanLimit{}, false},
		{"", hour, schemas.ScanLimit{Services: []string{"cloudcontrol"}}, true},
		{"", yesterday, schemas.ScanLimit{Services: []string{"s3"}}, false},
		{"", yesterday, schemas.ScanLimit{Regions: []string{"eu-west-1"}}, false},
	} {
		if got := readsTail(schemas.Account{Tail: c.tail}, c.act, c.limit, now); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// Of a scan that leaves the tail out nothing of it has left the plan, until the account
// does not want it any more.
func TestTailThatIsNotDueStays(t *testing.T) {
	t.Parallel()
	old := schemas.Scope{Region: "r", Type: "aws:x/y:Y", Route: schemas.RouteNative}
	native := schemas.Scope{Region: "r", Type: "aws-native:x:Y", Route: schemas.RouteCloudControl}
	s3, tail := schemas.UnitKey{Region: "r", Service: "s3"}, schemas.UnitKey{Region: "r", Service: schemas.ServiceTail}
	for _, c := range []struct {
		units   []schemas.UnitKey
		account schemas.Account
		want    []schemas.Scope
	}{
		{[]schemas.UnitKey{s3}, schemas.Account{}, []schemas.Scope{old}},
		{[]schemas.UnitKey{s3, tail}, schemas.Account{}, []schemas.Scope{old, native}},
		{[]schemas.UnitKey{s3}, schemas.Account{Tail: schemas.TailOff}, []schemas.Scope{old, native}},
	} {
		if got := withoutTail([]schemas.Scope{old, native}, c.units, c.account); !slices.Equal(got, c.want) {
			t.Errorf("%v %+v: %v", c.units, c.account, got)
		}
	}
	units := []schemas.UnitKey{{Region: "b", Service: schemas.ServiceTail}, {Region: "z", Service: "ec2"}, {Region: "a", Service: schemas.ServiceTail}, {Region: "a", Service: "sqs"}}
	slices.SortFunc(units, compareUnits)
	if units[0].Service != "sqs" || units[1].Service != "ec2" || units[2].Region != "a" || units[3].Region != "b" {
		t.Errorf("%v: the tail is to be last", units)
	}
}

// Types that cannot be listed are no gaps: a scan that finds nothing else missing succeeds.
func TestUnlistableTypesAreNoGaps(t *testing.T) {
	t.Parallel()
	var sum tally
	sum.add(&schemas.UnitEnd{Scopes: []schemas.ScopeEnd{{State: schemas.ScopeComplete, Seen: 2}, {State: schemas.ScopeUnsupported, Reason: "no list handler"}}})
	if sum.endState() != schemas.ScanSucceeded || sum.progress.Gaps != 0 || sum.reason() != "" {
		t.Errorf("%s, %+v, %q", sum.endState(), sum.progress, sum.reason())
	}
}
