package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// childGroup is a group that holds children of prod, and prod itself for "".
func childGroup(name string, regions []string, packs ...schemas.Enrolment) schemas.Group {
	g := schemas.Group{Name: name, Packs: packs}
	for _, r := range regions {
		g.Accounts = append(g.Accounts, schemas.NewMember(prod, r))
	}
	return g
}

// shownPacks are packs as "name version group regions !except".
func shownPacks(packs []schemas.EffectivePack) string {
	var out []string
	for _, p := range packs {
		line := strings.Join([]string{p.Name, p.Version, p.Group}, " ")
		if len(p.Regions) > 0 {
			line += fmt.Sprint(" ", p.Regions)
		}
		if len(p.Except) > 0 {
			line += fmt.Sprint(" !", p.Except)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// Of every child the winner is found among the groups that hold the account or
// that child; where all agree there is one plain entry.
func TestResolvePerChild(t *testing.T) {
	t.Parallel()
	manifests := []schemas.PackManifest{published("p", "1", 1), published("p", "2", 2), published("q", "1", 1)}
	all, eu, us, both := []string{""}, []string{"eu-west-1"}, []string{"us-east-1"}, []string{"eu-west-1", "us-east-1"}
	for _, c := range []struct {
		name   string
		groups []schemas.Group
		want   string
	}{
		{"a child alone", []schemas.Group{childGroup("a", eu, enrolment("p", "1", 1))}, "p 1 a [eu-west-1]"},
		{"two children of one group", []schemas.Group{childGroup("a", both, enrolment("p", "1", 1))}, "p 1 a [eu-west-1 us-east-1]"},
		{
			"a newer version for a child",
			[]schemas.Group{childGroup("a", all, enrolment("p", "1", 9)), childGroup("b", eu, enrolment("p", "2", 1))},
			"p 1 a ![eu-west-1]\np 2 b [eu-west-1]",
		},
		{
			"an older version for a child: the parent covers it",
			[]schemas.Group{childGroup("a", all, enrolment("p", "2", 1)), childGroup("b", eu, enrolment("p", "1", 9))},
			"p 2 a",
		},
		{
			"a later configuration for a child",
			[]schemas.Group{childGroup("a", all, enrolment("p", "1", 1)), childGroup("b", eu, configured(enrolment("p", "1", 2), "disabled"))},
			"p 1 a ![eu-west-1]\np 1 b [eu-west-1]",
		},
		{
			"children that differ from one another and from the rest",
			[]schemas.Group{
				childGroup("a", all, enrolment("p", "1", 1)), childGroup("b", both, enrolment("p", "1", 5)), childGroup("c", us, enrolment("p", "2", 2)),
			},
			"p 1 a ![eu-west-1 us-east-1]\np 2 c [us-east-1]\np 1 b [eu-west-1]",
		},
		{
			"children only, that differ",
			[]schemas.Group{childGroup("a", eu, enrolment("p", "1", 1)), childGroup("b", us, enrolment("p", "2", 1))},
			"p 2 b [us-east-1]\np 1 a [eu-west-1]",
		},
		{
			"a child of one pack says nothing of another",
			[]schemas.Group{childGroup("a", all, enrolment("p", "1", 1), enrolment("q", "1", 1)), childGroup("b", eu, enrolment("p", "2", 1))},
			"p 1 a ![eu-west-1]\np 2 b [eu-west-1]\nq 1 a",
		},
		{
			"the account and its child in one group",
			[]schemas.Group{childGroup("a", []string{"", "eu-west-1"}, enrolment("p", "1", 1))},
			"p 1 a",
		},
		{
			"what is global is a child too",
			[]schemas.Group{childGroup("a", []string{schemas.GlobalRegion}, enrolment("p", "1", 1))},
			"p 1 a [global]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // the order of the input does not matter
				got := policy.Resolve(memberships(t, schemas.Account{ID: prod}, c.groups), manifests)
				if shownPacks(got) != c.want {
					t.Fatalf("got\n%s\nwant\n%s", shownPacks(got), c.want)
				}
				c.groups = slices.Clone(c.groups)
				slices.Reverse(c.groups)
			}
		})
	}
}

// A stack, which groups do not hold yet, would be resolved by the same rules: all
// that resolution takes is what the groups of an entity enforce.
func TestResolveTakesAnyEntity(t *testing.T) {
	t.Parallel()
	manifests := []schemas.PackManifest{published("p", "1", 1), published("p", "2", 2)}
	stack := []policy.Membership{
		{Membership: schemas.Membership{Group: "default-policy-group"}, Packs: []schemas.Enrolment{enrolment("p", "1", 9)}},
		{Membership: schemas.Membership{Group: "production-stacks"}, Packs: []schemas.Enrolment{enrolment("p", "latest", 1)}},
	}
	if got := shownPacks(policy.Resolve(stack, manifests)); got != "p 2 production-stacks" {
		t.Errorf("got %s", got)
	}
}
