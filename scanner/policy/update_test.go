package policy_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// cloud says whose the credentials of a role are, and counts how often it is asked.
type cloud struct {
	owner map[string]schemas.AccountID
	asked int
}

func (c *cloud) Plan(_ context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	c.asked++
	if id, ok := c.owner[a.RoleARN]; ok {
		return id, nil, nil
	}
	return "", nil, schemas.Errorf(schemas.CodeDenied, "%s may not be assumed", a.RoleARN)
}

func (w *world) registered(c *cloud) *policy.Accounts {
	return policy.NewAccounts(policy.AccountsDeps{
		Accounts: w.accounts, Groups: w.groups, Resolver: w.resolver, Planner: c, Now: w.clock.Now,
		Running: func(context.Context, schemas.AccountID) (string, error) { return "", nil },
	})
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := &cloud{owner: map[string]schemas.AccountID{"": prod, "arn:new": prod, "arn:other": dev, "arn:dev": dev}}
	accounts := w.registered(c)
	first, err := accounts.Add(w.ctx, schemas.Account{Name: "prod", Labels: map[string]string{"team": "a"}})
	ok(t, err)
	_, err = accounts.Add(w.ctx, schemas.Account{Name: "dev", RoleARN: "arn:dev"})
	ok(t, err)
	c.asked = 0

	update := func(name string, a schemas.Account) (schemas.Account, uint64, error) {
		t.Helper()
		got, err := accounts.Update(w.ctx, name, a)
		_, rev, getErr := w.accounts.Get(w.ctx, string(prod))
		ok(t, getErr)
		return got, rev, err
	}
	same, before, err := update("prod", schemas.Account{Name: "prod", Labels: map[string]string{"team": "a"}})
	ok(t, err)
	if !reflect.DeepEqual(same, first) {
		t.Errorf("the same settings became %+v", same)
	}
	want := schemas.Account{
		Name: "production", ID: prod, Labels: map[string]string{"team": "b"}, Schedule: schemas.Schedule{Cron: "@daily"},
	}
	got, rev, err := update(string(prod), want)
	ok(t, err)
	if want.Provider, want.CreatedAt = "aws", first.CreatedAt; !reflect.DeepEqual(got, want) || rev == before {
		t.Errorf("revision %d after %d: %+v, want %+v", rev, before, got, want)
	}
	if c.asked != 0 {
		t.Errorf("the cloud was asked %d times for what is none of its business", c.asked)
	}
	if _, e := w.resolved(prod); e.Account != "production" {
		t.Errorf("effective packs are of %q", e.Account)
	}
	want.RoleARN, want.Regions = "arn:new", []string{"eu-west-1"}
	got, rev, err = update("production", want)
	ok(t, err)
	if !reflect.DeepEqual(got, want) || c.asked != 1 {
		t.Errorf("got %+v, want %+v; the cloud was asked %d times", got, want, c.asked)
	}
	for name, x := range map[string]struct {
		change func(*schemas.Account)
		code   schemas.Code
		texts  []string
	}{
		"another account's id":    {func(a *schemas.Account) { a.ID = dev }, schemas.CodeConflict, []string{"cannot become " + string(dev), "account remove"}},
		"another's credentials":   {func(a *schemas.Account) { a.RoleARN = "arn:other" }, schemas.CodeConflict, []string{"belong to " + string(dev)}},
		"credentials of nobody":   {func(a *schemas.Account) { a.RoleARN = "arn:nobody" }, schemas.CodeDenied, nil},
		"another account's name":  {func(a *schemas.Account) { a.Name = "dev" }, schemas.CodeConflict, []string{`named "dev" already`}},
		"settings that are wrong": {func(a *schemas.Account) { a.Name, a.ExternalID, a.RoleARN = "-", "x", "" }, schemas.CodeInvalid, []string{"name:", "externalId:"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := want
			x.change(&a)
			_, after, err := update("production", a)
			wantCode(t, err, x.code, x.texts...)
			if after != rev {
				t.Error("it was written all the same")
			}
		})
	}
	_, _, err = update("nobody", want)
	wantCode(t, err, schemas.CodeNotFound, "production")
}

// Nothing changes, nothing is written: the revision does not move.
func TestUpdateWithTheSameWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounts := w.registered(&cloud{owner: map[string]schemas.AccountID{"": prod}})
	a, err := accounts.Add(w.ctx, schemas.Account{Name: "prod", Regions: []string{"eu-west-1"}})
	ok(t, err)
	_, before, err := w.accounts.Get(w.ctx, string(prod))
	ok(t, err)
	for _, again := range []schemas.Account{a, {Name: "prod", Regions: []string{"eu-west-1"}, Services: []string{}, Labels: map[string]string{}}} {
		_, err = accounts.Update(w.ctx, "prod", again)
		ok(t, err)
		if _, after, err := w.accounts.Get(w.ctx, string(prod)); err != nil || after != before {
			t.Errorf("revision %d after %d (%v)", after, before, err)
		}
	}
}
