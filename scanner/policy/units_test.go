package policy_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A mistyped unit is refused where the organization can be asked, with what was meant.
func TestAMistypedUnitIsRefused(t *testing.T) {
	t.Parallel()
	_, o, accounts, _ := organized(t)
	o.units = []schemas.OrganizationUnit{{ID: "r-1"}, {ID: "ou-ab12-1", Path: "Workloads"}, {ID: "ou-ab12-2", Path: "Workloads/Prod"}, {ID: "ou-ab12-3", Path: "Sandbox"}}
	by, err := accounts.Get(t.Context(), "prod")
	ok(t, err)
	named := func(ous ...string) error {
		a := by
		org := *by.Organization
		org.OUs = ous
		a.Organization = &org
		_, err := accounts.Update(t.Context(), "prod", a)
		return err
	}
	for _, ou := range []string{"Workloads/Prd", "ou-ab12-9", "workloads/prod"} {
		err := named("Sandbox", ou)
		wantCode(t, err, schemas.CodeInvalid)
		if text := err.Error(); !strings.Contains(text, ou) || !strings.Contains(text, "Workloads/Prod (ou-ab12-2)") {
			t.Errorf("%s: %v", ou, err)
		}
	}
	if err := named("Prd"); !strings.Contains(err.Error(), "it has: Workloads/Prod (ou-ab12-2), ") {
		t.Errorf("the nearest is not first: %v", err)
	}
	ok(t, named("Workloads/Prod", "ou-ab12-3", "/Workloads/"))
	// A unit that was removed later does not keep other settings from being changed.
	o.units = o.units[:2]
	ok(t, named("Workloads/Prod", "Workloads"))
	wantCode(t, named("Workloads/Prod", "Sandbox"), schemas.CodeInvalid)
}

// Where the organization cannot be asked, the look says so, and later what is wrong.
func TestUnitsOfAnOrganizationThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	_, o, accounts, member := organized(t)
	o.unlisted = schemas.Errorf(schemas.CodeDenied, "no ListRoots; request 17")
	by, err := accounts.Get(t.Context(), "prod")
	ok(t, err)
	by.Organization.OUs = []string{"Wrong", "a"}
	_, err = accounts.Update(t.Context(), "prod", by)
	ok(t, err)
	problems := func() []string {
		a, err := accounts.Get(t.Context(), "prod")
		ok(t, err)
		return a.OrganizationProblems
	}
	o.looks = []func() []schemas.OrganizationAccount{sees(member)}
	_, err = accounts.Sync(t.Context(), "prod")
	ok(t, err)
	if !slices.Equal(problems(), []string{"no account is in the organizational unit Wrong"}) {
		t.Errorf("%q", problems())
	}
	o.failing = true
	_, err = accounts.Sync(t.Context(), "prod")
	wantCode(t, err, schemas.CodeDenied)
	if p := problems(); len(p) != 1 || !strings.Contains(p[0], "cannot be listed (denied)") || strings.Contains(p[0], "17") {
		t.Errorf("%q", p)
	}
	// People's changes keep them; they end with a look, or with the organization.
	by.MaxShare = new(0.3)
	_, err = accounts.Update(t.Context(), "prod", by)
	ok(t, err)
	if len(problems()) != 1 {
		t.Error("a change of settings removed the problems")
	}
	o.failing = false
	by.Organization.OUs = []string{"a"}
	_, err = accounts.Update(t.Context(), "prod", by)
	ok(t, err)
	_, err = accounts.Sync(context.Background(), "prod")
	ok(t, err)
	if len(problems()) != 0 {
		t.Errorf("%q", problems())
	}
}
