package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A service that AWS does not offer in a region is no gap there. That has been published, and
// there is no host of the name: where one of the two is wanting it is a failure, and a region
// that gets the service is read.
func TestARegionWithoutTheService(t *testing.T) {
	t.Parallel()
	const none = "eu-north-1" // has no AppFlow
	for name, c := range map[string]struct {
		svc    *service
		region string
		faults awsfake.Faults
		want   schemas.ScopeState
		reason string
		check  schemas.PermissionState
	}{
		"not offered":               {appflowService, none, awsfake.Faults{Missing: []string{"appflow/" + none}}, schemas.ScopeUnsupported, "does not offer the service", schemas.PermissionNotTried},
		"offered, and no host":      {appflowService, home, awsfake.Faults{Missing: []string{"appflow/" + home}}, schemas.ScopeFailed, "no host", schemas.PermissionFailed},
		"offered since":             {appflowService, none, awsfake.Faults{}, schemas.ScopeComplete, "", schemas.PermissionNotTried},
		"offered since, and denied": {appflowService, none, awsfake.Faults{Deny: []string{listFlows.action, listConnectorProfiles.action}}, schemas.ScopeDenied, "AccessDenied", schemas.PermissionDenied},
		"offered everywhere":        {sqsService, none, awsfake.Faults{Missing: []string{"sqs/" + none}}, schemas.ScopeFailed, "no host", schemas.PermissionFailed},
	} {
		a := newAccount(full)
		a.fake.SetFaults(c.faults)
		s := a.in(c.region)
		s.cfg.HTTPClient = a.fake.Client()
		got := seenBy(t, &reader{svc: c.svc, session: s, unitRegion: c.region})
		if len(got.scopes) != len(c.svc.types) {
			t.Errorf("%s: %d scopes", name, len(got.scopes))
		}
		for _, e := range got.scopes {
			if e.State != c.want || !strings.Contains(e.Reason, c.reason) || e.Passing {
				t.Errorf("%s: %+v, want it %s", name, e, c.want)
			}
		}
		b := &probe{svc: c.svc, region: c.region}
		if err := b.read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		list := c.svc.lists[0].call
		said := b.permissions()
		if p := said[slices.IndexFunc(said, func(p schemas.Permission) bool { return p.Action == list })]; p.State != c.check || c.reason != "" && !strings.Contains(p.Reason, c.reason) {
			t.Errorf("%s: a check says %+v, want %s", name, p, c.check)
		}
	}
}
