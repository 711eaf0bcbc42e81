package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The IAM actions that scans declare are those that AWS publishes for the calls
// that they make: for every operation that awsfake serves to a scan of everything,
// its actions are declared, and nothing else is.
func TestDeclaredActionsArePublished(t *testing.T) {
	t.Parallel()
	declared := Actions(schemas.Account{})
	known := map[string]bool{}
	for _, o := range awsfake.Operations() {
		for _, action := range awsfake.Actions(o.Service, o.Operation) {
			known[action] = true
		}
	}
	for _, action := range declared {
		if !known[action] {
			t.Errorf("%s is declared; no call that awsfake serves needs it", action)
		}
	}
	a := newAccount(full)
	for _, svc := range services {
		a.read(t, svc, home)
	}
	_, made := a.fake.Calls()
	for name := range made {
		service, operation, _ := strings.Cut(name, ":")
		for _, action := range awsfake.Actions(service, operation) {
			if !slices.Contains(declared, action) {
				t.Errorf("%s needs %s, which no type declares", name, action)
			}
		}
	}
	if len(made) < 60 {
		t.Errorf("a scan of everything makes %d different calls", len(made))
	}
}
