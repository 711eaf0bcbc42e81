package api_test

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What nobody looked at is unknown, and what could not be listed is told.
func TestFrameworkReportOfWhatWasNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld()
	packs := []schemas.PackReport{{Pack: "p", Policies: []schemas.PolicyReport{{Policy: "q", Counts: schemas.Counts{Passed: 1}}}}}
	w.stored.Accounts = []schemas.AccountReport{
		{AccountID: "aws-111111111111", Account: "read", Packs: packs, LastScan: &schemas.Scan{}, Scopes: []schemas.ScopeGap{{Scan: "s"}}},
	}
	l := w.local()
	r, err := l.FrameworkReport(t.Context(), schemas.FrameworkQuery{Framework: "x"})
	ok(t, err)
	if r.Total.Passed != 1 || len(r.Accounts[0].Scopes) != 1 || r.Accounts[0].Unscanned {
		t.Errorf("%+v", r)
	}
	w.stored.Accounts = append(w.stored.Accounts, schemas.AccountReport{AccountID: "aws-222222222222", Account: "never"})
	r, err = l.FrameworkReport(t.Context(), schemas.FrameworkQuery{Framework: "x"})
	ok(t, err)
	if r.Total.Passed != 0 || r.Total.Unknown != 1 || r.Accounts[0].Unscanned == r.Accounts[1].Unscanned {
		t.Errorf("%+v", r)
	}
}
