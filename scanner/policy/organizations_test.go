package policy_test

import (
	"context"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// organization lists what the next of its looks sees; the last one again and again.
type organization struct {
	looks    []func() []schemas.OrganizationAccount
	units    []schemas.OrganizationUnit
	unlisted error // instead of units, and of accounts too if it is failing
	failing  bool
}

func (o *organization) Organization(context.Context, schemas.Account) ([]schemas.OrganizationAccount, error) {
	if o.failing {
		return nil, o.unlisted
	}
	look := o.looks[0]
	if len(o.looks) > 1 {
		o.looks = o.looks[1:]
	}
	return look(), nil
}

func (o *organization) OrganizationalUnits(context.Context, schemas.Account) ([]schemas.OrganizationUnit, error) {
	return o.units, o.unlisted
}

func sees(list ...schemas.OrganizationAccount) func() []schemas.OrganizationAccount {
	return func() []schemas.OrganizationAccount { return append([]schemas.OrganizationAccount{}, list...) }
}

// organized is a world with an account that lists an organization, which dev is of.
func organized(t *testing.T) (*world, *organization, *policy.Accounts, schemas.OrganizationAccount) {
	t.Helper()
	w := newWorld(t)
	member := schemas.OrganizationAccount{ID: dev, Name: "dev", Active: true, OU: "a", OUIDs: []string{"r-1", "ou-a"}}
	o := &organization{looks: []func() []schemas.OrganizationAccount{sees(member)}}
	accounts := policy.NewAccounts(policy.AccountsDeps{
		Accounts: w.accounts, Groups: w.groups, Resolver: w.resolver, Planner: &cloud{owner: map[string]schemas.AccountID{"": prod}}, Now: w.clock.Now,
		Running: func(context.Context, schemas.AccountID) (string, error) { return "", nil }, Organizer: o,
	})
	_, err := accounts.Add(w.ctx, schemas.Account{Name: "prod", Organization: &schemas.Organization{Role: "insights"}})
	ok(t, err)
	got, err := accounts.Sync(w.ctx, "prod")
	ok(t, err)
	if len(got.Joined) != 1 {
		t.Fatalf("%+v", got)
	}
	return w, o, accounts, member
}

// An account that is moved while the organization is listed may be in neither place,
// or in both.
func TestAMovedAccountHasNotLeft(t *testing.T) {
	t.Parallel()
	w, o, accounts, before := organized(t)
	after := before
	after.OU, after.OUIDs = "b", []string{"r-1", "ou-b"}
	o.looks = append(o.looks[:0], sees(), sees(after), sees(before, after))
	for range 2 {
		got, err := accounts.Sync(w.ctx, "prod")
		ok(t, err)
		if len(got.Left) > 0 || got.Total > 1 {
			t.Errorf("%+v", got)
		}
	}
	// One that is in no look is gone, and that is told once.
	o.looks = append(o.looks[:0], sees())
	for n := range 2 {
		got, err := accounts.Sync(w.ctx, "prod")
		ok(t, err)
		if len(got.Left) != 1-n {
			t.Errorf("look %d: %+v", n, got)
		}
	}
}

// What people do while the organization is listed stays.
func TestALookKeepsWhatPeopleChangeMeanwhile(t *testing.T) {
	t.Parallel()
	w, o, accounts, _ := organized(t)
	between := func(do func()) func() []schemas.OrganizationAccount {
		return func() []schemas.OrganizationAccount { do(); return nil }
	}
	o.looks = append(o.looks[:0], sees(), between(func() {
		a, rev, err := w.accounts.Get(w.ctx, string(dev))
		ok(t, err)
		a.Labels["team"] = "a"
		_, err = w.accounts.Update(w.ctx, string(dev), a, rev)
		ok(t, err)
	}))
	_, err := accounts.Sync(w.ctx, "prod")
	ok(t, err)
	a, _, err := w.accounts.Get(w.ctx, string(dev))
	ok(t, err)
	if a.Labels["team"] != "a" || !a.Found.Left() {
		t.Errorf("%+v, %+v", a.Labels, a.Found)
	}
	// One that somebody removes meanwhile ends no look.
	w, o, accounts, _ = organized(t)
	o.looks = append(o.looks[:0], sees(), between(func() { ok(t, w.accounts.Delete(w.ctx, string(dev))) }))
	_, err = accounts.Sync(w.ctx, "prod")
	ok(t, err)
	_, _, err = w.accounts.Get(w.ctx, string(dev))
	wantCode(t, err, schemas.CodeNotFound)
}

// How members are read is said by the account that lists them, and nowhere else.
func TestMembersAreReadAsTheirOrganizationSays(t *testing.T) {
	t.Parallel()
	w, _, accounts, _ := organized(t)
	by, err := accounts.Get(w.ctx, "prod")
	ok(t, err)
	by.MaxShare, by.Caps = new(0.2), map[string]int{"aws:sqs/queue:Queue": 10}
	_, err = accounts.Update(w.ctx, "prod", by)
	ok(t, err)
	got, err := accounts.Sync(w.ctx, "prod")
	ok(t, err)
	a, err := accounts.Get(w.ctx, "dev")
	ok(t, err)
	if len(got.Changed) != 1 || *a.MaxShare != 0.2 || a.Caps["aws:sqs/queue:Queue"] != 10 {
		t.Errorf("%+v: %+v", got, a)
	}
	// Regions and roles of another partition are not those of the account.
	by.Regions = []string{"cn-north-1"}
	_, err = accounts.Update(w.ctx, "prod", by)
	wantCode(t, err, schemas.CodeInvalid)
	by.Regions, by.RoleARN = nil, "arn:aws-cn:iam::111111111111:role/r"
	_, err = accounts.Update(w.ctx, "prod", by)
	wantCode(t, err, schemas.CodeInvalid)
	a.MaxShare = new(0.9)
	_, err = accounts.Update(w.ctx, "dev", a)
	wantCode(t, err, schemas.CodeConflict)
}

// The scan of an account that leaves is cancelled, once, also when it ends at that moment; an
// account that comes back is read as before.
func TestTheScanOfAnAccountThatLeavesIsCancelled(t *testing.T) {
	t.Parallel()
	w, o, _, member := organized(t)
	running, cancelled := "scan-1", []string{}
	accounts := policy.NewAccounts(policy.AccountsDeps{
		Accounts: w.accounts, Groups: w.groups, Resolver: w.resolver, Planner: &cloud{owner: map[string]schemas.AccountID{"": prod}}, Now: w.clock.Now, Organizer: o,
		Running: func(_ context.Context, a schemas.AccountID) (string, error) {
			if a != dev {
				t.Errorf("%s is asked for its scan", a)
			}
			return running, nil
		},
		Cancel: func(_ context.Context, scan string) error {
			cancelled = append(cancelled, scan)
			return schemas.Errorf(schemas.CodeConflict, "it has ended")
		},
	})
	by, err := accounts.Get(w.ctx, "prod")
	ok(t, err)
	by.Schedule.Cron = "@daily"
	_, err = accounts.Update(w.ctx, "prod", by)
	ok(t, err)
	look := func(list ...schemas.OrganizationAccount) schemas.OrganizationChanges {
		t.Helper()
		o.looks = []func() []schemas.OrganizationAccount{sees(list...)}
		got, err := accounts.Sync(w.ctx, "prod")
		ok(t, err)
		return got
	}
	account := func() schemas.Account {
		t.Helper()
		a, err := accounts.Get(w.ctx, "dev")
		ok(t, err)
		return a
	}
	look(member)
	if a := account(); a.Schedule.Cron != "@daily" || len(cancelled) != 0 {
		t.Fatalf("before: %+v, cancelled %v", a, cancelled)
	}
	for range 2 {
		look()
	}
	if a := account(); !a.Found.Left() || a.Schedule.Cron != "" || len(cancelled) != 1 || cancelled[0] != "scan-1" {
		t.Errorf("left: %+v %+v, cancelled %v", a, a.Found, cancelled)
	}
	// Suspended ones leave as well; without a scan there is nothing to cancel.
	if got := look(member); len(got.Changed) != 1 || account().Found.Left() || account().Schedule.Cron != "@daily" {
		t.Errorf("back: %+v, %+v", got, account())
	}
	running, member.Active = "", false
	if got := look(member); len(got.Left) != 1 || account().Found.Why != "it is suspended or closed" || len(cancelled) != 1 {
		t.Errorf("suspended: %+v, %+v, cancelled %v", got, account(), cancelled)
	}
}
