package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestMemberships(t *testing.T) {
	t.Parallel()
	account := schemas.Account{ID: prod, Labels: map[string]string{"env": "prod", "team": "a"}}
	child := func(region string) schemas.Member { return schemas.NewMember(prod, region) }
	for _, c := range []struct {
		name  string
		group schemas.Group
		want  string // reasons, regions, selector
	}{
		{"the default group holds it, whatever it says", schemas.Group{Name: schemas.DefaultAccountsGroup, Selector: "env=dev"}, "[default] [] "},
		{"an empty group", schemas.Group{Name: "g"}, ""},
		{"another account and its children", schemas.Group{Name: "g", Accounts: []schemas.Member{schemas.Member(dev), schemas.NewMember(dev, "eu-west-1")}}, ""},
		{"by name", schemas.Group{Name: "g", Accounts: []schemas.Member{child("")}}, "[name] [] "},
		{"children", schemas.Group{Name: "g", Accounts: []schemas.Member{child("eu-west-1"), child("global")}}, "[child] [eu-west-1 global] "},
		{"by name and children", schemas.Group{Name: "g", Accounts: []schemas.Member{child(""), child("eu-west-1")}}, "[name child] [] "},
		{"a selector", schemas.Group{Name: "g", Selector: "env=prod,team in (a,b)"}, "[selector] [] env=prod,team in (a,b)"},
		{"a selector of others", schemas.Group{Name: "g", Selector: "env=prod,team notin (a)"}, ""},
		{"what a label must not be", schemas.Group{Name: "g", Selector: "!legacy,stage!=test"}, "[selector] [] !legacy,stage!=test"},
		{"children and a selector", schemas.Group{Name: "g", Accounts: []schemas.Member{child("eu-west-1")}, Selector: "team"}, "[child selector] [] team"},
		{"children and a selector of others", schemas.Group{Name: "g", Accounts: []schemas.Member{child("eu-west-1")}, Selector: "!team"}, "[child] [eu-west-1] "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			for _, m := range memberships(t, account, []schemas.Group{c.group}) {
				got = fmt.Sprint(m.Why, m.Regions, " ", m.Selector)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	// Whom a group holds that cannot be read is not known; it is not nobody.
	_, err := policy.Memberships(account, []schemas.Group{{Name: "g", Selector: "env="}, {Name: "h", Selector: "=="}})
	wantCode(t, err, schemas.CodeInvalid, "group h")
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" env = prod , team in (b, a)": "env=prod,team in (a,b)",
		"owner, !legacy":               "!legacy,owner",
		"team/x notin (a)":             "team/x notin (a)",
		"level>3":                      "level>3",
	} {
		for _, given := range []string{text, want} { // the canonical form stays as it is
			if got, err := policy.CheckSelector(given); err != nil || got != want {
				t.Errorf("%q became %q (%v), want %q", given, got, err, want)
			}
		}
	}
	for _, text := range []string{"", "  ", ",", "env=a b", "env in", "=x", "env=ü", "a > b"} {
		_, err := policy.CheckSelector(text)
		wantCode(t, err, schemas.CodeInvalid, "selector")
	}
}

func names(members []schemas.Member) string { return strings.Trim(fmt.Sprint(members), "[]") }

func TestChildrenOfAccountsInGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(prod, "prod")
	w.account(dev, "dev")
	_, err := w.groups.Create(w.ctx, "europe")
	ok(t, err)
	add := func(path, want string) {
		t.Helper()
		g, err := w.groups.AddAccount(w.ctx, "europe", path)
		if err != nil || names(g.Accounts) != want {
			t.Fatalf("after %s: %v, %v, want %s", path, g.Accounts, err, want)
		}
	}
	add("prod/eu-west-1", "aws-111111111111/eu-west-1")
	add(string(prod)+"/global", "aws-111111111111/eu-west-1 aws-111111111111/global")
	add("prod/global", "aws-111111111111/eu-west-1 aws-111111111111/global")
	add("dev", "aws-111111111111/eu-west-1 aws-111111111111/global aws-222222222222")
	add("prod", "aws-111111111111 aws-111111111111/eu-west-1 aws-111111111111/global aws-222222222222")
	for path, c := range map[string]struct {
		code schemas.Code
		text string
	}{
		"prod/":            {schemas.CodeInvalid, `has no child ""`},
		"prod/s3":          {schemas.CodeInvalid, `has no child "s3"`},
		"prod/eu-west-1/x": {schemas.CodeInvalid, `has no child "eu-west-1/x"`},
		"test/eu-west-1":   {schemas.CodeNotFound, `no account "test"`},
		"/eu-west-1":       {schemas.CodeNotFound, `no account ""`},
	} {
		_, err := w.groups.AddAccount(w.ctx, "europe", path)
		wantCode(t, err, c.code, c.text)
	}
	_, err = w.groups.AddAccount(w.ctx, schemas.DefaultAccountsGroup, "prod/eu-west-1")
	wantCode(t, err, schemas.CodeInvalid, "holds every account")
	// A child is taken out as it was put in; the account goes alone.
	g, err := w.groups.RemoveAccount(w.ctx, "europe", "prod")
	ok(t, err)
	if names(g.Accounts) != "aws-111111111111/eu-west-1 aws-111111111111/global aws-222222222222" {
		t.Errorf("left %v", g.Accounts)
	}
	_, err = w.groups.RemoveAccount(w.ctx, "europe", "prod/eu-west-1")
	ok(t, err)
	_, err = w.groups.RemoveAccount(w.ctx, "europe", "prod/eu-west-1")
	wantCode(t, err, schemas.CodeNotFound, "account prod/eu-west-1 is not in group europe")
	// An account that is removed takes its children with it.
	ok(t, w.registered(&cloud{}).Remove(w.ctx, "prod"))
	if g, err = w.groups.Get(w.ctx, "europe"); err != nil || names(g.Accounts) != "aws-222222222222" {
		t.Errorf("left %v, %v", g.Accounts, err)
	}
}

func TestGroupsSelectAccountsByLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounts := w.registered(&cloud{owner: map[string]schemas.AccountID{"": prod, "arn:dev": dev}})
	_, err := accounts.Add(w.ctx, schemas.Account{Name: "prod", Labels: map[string]string{"env": "prod"}})
	ok(t, err)
	_, err = accounts.Add(w.ctx, schemas.Account{Name: "dev", RoleARN: "arn:dev"})
	ok(t, err)
	w.publish("base", "1")
	_, err = w.groups.Create(w.ctx, "live")
	ok(t, err)
	w.enrol("live", "base", "latest", nil)
	g, err := w.groups.Select(w.ctx, "live", "env in (prod)")
	if err != nil || g.Selector != "env in (prod)" {
		t.Fatalf("got %+v, %v", g, err)
	}
	of := func(id schemas.AccountID) string {
		got, _ := w.resolved(id)
		return strings.Join(got, ";")
	}
	if p, d := of(prod), of(dev); p != "base 1 (live)" || d != "" {
		t.Errorf("prod has %q, dev %q", p, d)
	}
	// A label that changes moves an account in or out at once.
	_, err = accounts.Update(w.ctx, "dev", schemas.Account{Name: "dev", RoleARN: "arn:dev", Labels: map[string]string{"env": "prod"}})
	ok(t, err)
	e, _, err := w.effective.Get(w.ctx, string(dev))
	if err != nil || len(e.Packs) != 1 {
		t.Errorf("dev has %+v, %v", e.Packs, err)
	}
	// The same selector again writes nothing.
	if again, err := w.groups.Select(w.ctx, "live", " env in ( prod ) "); err != nil || again.Selector != g.Selector {
		t.Errorf("got %+v, %v", again, err)
	}
	_, err = w.groups.Select(w.ctx, "live", "env in")
	wantCode(t, err, schemas.CodeInvalid, "as in Kubernetes")
	_, err = w.groups.Select(w.ctx, schemas.DefaultAccountsGroup, "env")
	wantCode(t, err, schemas.CodeInvalid, "holds every account")
	_, err = w.groups.Select(w.ctx, "dead", "env")
	wantCode(t, err, schemas.CodeNotFound, "live")
	if g, err = w.groups.Select(w.ctx, "live", ""); err != nil || g.Selector != "" {
		t.Errorf("got %+v, %v", g, err)
	}
	if p := of(prod); p != "" {
		t.Errorf("prod still has %q", p)
	}
}
