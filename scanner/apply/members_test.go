package apply_test

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const members = `
accounts:
  - name: prod
    roleArn: arn:aws:iam::111111111111:role/reader
    labels: {env: prod}
  - name: dev
    roleArn: arn:aws:iam::222222222222:role/reader
groups:
  - name: europe
    accounts: [prod/eu-west-1, dev, dev/global]
    selector: "team in (b, a), env = prod"
`

// Children and selectors are kept as code like everything else: nothing is written
// that is as the file says, and what the file leaves out goes with --prune only.
func TestApplyChildrenAndSelectors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.apply(members)
	if want := `create group europe
create account prod/eu-west-1 in group europe
create account dev in group europe
create account dev/global in group europe
create selector env=prod,team in (a,b) in group europe
`; !strings.HasSuffix(got, want) {
		t.Errorf("got\n%swant at its end\n%s", got, want)
	}
	g, err := w.service.GetGroup(t.Context(), "europe")
	ok(t, err)
	if len(g.Accounts) != 3 || g.Accounts[0] != schemas.NewMember(prod, "eu-west-1") || g.Selector != "env=prod,team in (a,b)" {
		t.Errorf("group %+v", g)
	}
	before := w.revisions()
	for _, text := range []string{
		members, w.export(),
		strings.Replace(members, "[prod/eu-west-1,", "[aws-111111111111/eu-west-1,", 1),
		strings.Replace(members, `"team in (b, a), env = prod"`, "env=prod,team in (a,b)", 1),
		"groups: [{name: europe}]\n", "groups: [{name: europe, selector: }]\n", // not spoken of
	} {
		p, err := w.plan(text, true)
		ok(t, err)
		for _, c := range p.Changes {
			if c.Kind != apply.KindAccount || c.Action != apply.Delete {
				t.Errorf("%s changes\n%s", text, shown(p))
			}
		}
		w.unchanged(before)
	}

	const change = "groups: [{name: europe, accounts: [dev], selector: env=dev}]\n"
	equal(t, w.apply(change), "change selector env=dev in group europe selector=env=prod,team in (a,b)->env=dev\n")
	equal(t, w.apply(change), "")
	equal(t, w.apply(change, true), "delete account dev/global in group europe\ndelete account prod/eu-west-1 in group europe\n")

	const none = "groups: [{name: europe, selector: \"\"}]\n"
	p, err := w.plan(none, false)
	ok(t, err)
	if !p.Empty() || len(p.Kept) != 1 || p.Kept[0].String() != "selector env=dev in group europe" {
		t.Errorf("without pruning it changes\n%sand keeps %v", shown(p), p.Kept)
	}
	equal(t, w.apply(none, true), "delete selector env=dev in group europe\n")
	equal(t, w.apply(none, true), "")
}

func TestExportChildrenAndSelectorsElsewhere(t *testing.T) {
	t.Parallel()
	from, to := newWorld(t), newWorld(t)
	from.apply(members)
	to.apply(strings.Replace(members, "selector: \"team in (b, a), env = prod\"", "selector: owner", 1) + "  - name: other\n    selector: owner\n")
	to.apply(from.export(), true)
	equal(t, to.export(), from.export())
	for _, part := range []string{"- prod/eu-west-1", "selector: env=prod,team in (a,b)"} {
		if !strings.Contains(from.export(), part) {
			t.Errorf("%q is missing in\n%s", part, from.export())
		}
	}
}

func TestWrongMembersAreToldWithTheirLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.plan(`accounts:
  - name: prod
groups:
  - name: default-accounts-policy-group
    selector: env=prod
  - name: europe
    accounts:
      - prod/eu
      - prodd/eu-west-1
      - prod/eu-west-1
      - prod/eu-west-1
    selector: env=
      a b
  - name: twice
    selector: [env]
`, false)
	want := `a.yaml:11: account "prod/eu-west-1" is there twice, first at a.yaml:10
a.yaml:15: selector must be a text, not a list`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	_, err = w.plan(`accounts:
  - name: prod
    id: aws-111111111111
groups:
  - name: default-accounts-policy-group
    selector: env=prod
  - name: europe
    accounts:
      - prod/eu
      - prodd/eu-west-1
      - prod/eu-west-1
      - aws-111111111111/eu-west-1
    selector: env=a b
`, false)
	for _, line := range []string{
		`a.yaml:6: group default-accounts-policy-group holds every account; leave its selector out`,
		`a.yaml:9: group "europe": account "prod" has no child "eu"; a child is a region or "global"`,
		`a.yaml:10: group "europe": there is no account "prodd"; did you mean "prod"?`,
		`a.yaml:12: group "europe": account "aws-111111111111/eu-west-1" is there twice, first at a.yaml:11`,
		`a.yaml:13: group "europe": selector "env=a b": found 'b'`,
	} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%q is missing in\n%v", line, err)
		}
	}
}

// An account that lists an organization says so when it is created or changed: its members are
// looked at then. One that stays as it is does not.
func TestApplySaysWhichOrganizationsToLookAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lists := func(text string) string {
		t.Helper()
		p, err := w.plan(text, false)
		ok(t, err)
		ok(t, p.Run(t.Context(), w.service, func(*apply.Change) {}))
		var names []string
		for _, c := range p.Changes {
			if c.Lists != "" {
				names = append(names, string(c.Action)+" "+c.Lists)
			}
		}
		return strings.Join(names, ", ")
	}
	file := func(name, organization string) string {
		return "accounts:\n  - name: dev\n    roleArn: " + role("222222222222") + "\n  - name: " + name + "\n    id: " + string(prod) + "\n" + organization
	}
	for _, c := range []struct{ text, want string }{
		{file("main", "    organization: {role: reader}\n"), "create main"},
		{file("main", "    organization: {role: reader}\n"), ""},
		{file("top", "    organization: {role: reader, ous: [Workloads]}\n"), "change top"},
		{file("top", ""), ""},
	} {
		if got := lists(c.text); got != c.want {
			t.Errorf("%s: looks at %q, want %q", c.text, got, c.want)
		}
	}
}
