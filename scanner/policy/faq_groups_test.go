package policy_test

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The FAQ: "What happens if a stack or account belongs to multiple Policy Groups?",
// sentence by sentence. Accounts go the whole way, through groups on a real server;
// of stacks there is the resolver, which takes the groups of any entity.

// faqStack are the packs of a stack in groups, as "pack version (group)".
func faqStack(manifests []schemas.PackManifest, groups ...policy.Membership) string {
	var out []string
	for _, p := range policy.Resolve(groups, manifests) {
		out = append(out, p.Name+" "+p.Version+" ("+p.Group+")")
	}
	return strings.Join(out, ", ")
}

func faqGroup(name string, packs ...schemas.Enrolment) policy.Membership {
	return policy.Membership{Membership: schemas.Membership{Group: name, Why: []schemas.MemberReason{schemas.MemberByName}}, Packs: packs}
}

// faqAccount is prod in the groups "production" and "platform", which enforce nothing.
func faqAccount(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.account(prod, "prod")
	for _, g := range []string{"production", "platform"} {
		_, err := w.groups.Create(w.ctx, g)
		ok(t, err)
		_, err = w.groups.AddAccount(w.ctx, g, "prod")
		ok(t, err)
	}
	return w
}

func (w *world) applies(want string) {
	w.t.Helper()
	if got, _ := w.resolved(prod); strings.Join(got, ", ") != want {
		w.t.Errorf("applies %v, want %s", got, want)
	}
}

func level(name string) map[string]map[string]any {
	return map[string]map[string]any{"encrypt": {"enforcementLevel": name}}
}

// "If a stack or account belongs to multiple Policy Groups, Pulumi Cloud will
// aggregate all required Policy Packs from those Policy Groups".
func TestIfAStackOrAccountBelongsToMultiplePolicyGroupsAllRequiredPacksAreAggregated(t *testing.T) {
	t.Parallel()
	w := faqAccount(t)
	for _, pack := range []string{"a", "b", "c"} {
		w.publish(pack, "1")
	}
	w.enrol("production", "a", "1", nil)
	w.enrol("platform", "b", "1", nil)
	w.enrol(schemas.DefaultAccountsGroup, "c", "1", nil)
	w.applies("a 1 (production), b 1 (platform), c 1 (default-accounts-policy-group)")

	manifests := []schemas.PackManifest{published("a", "1", 1), published("b", "1", 1)}
	got := faqStack(manifests, faqGroup("x", enrolment("a", "1", 1)), faqGroup("y", enrolment("b", "1", 1)))
	if got != "a 1 (x), b 1 (y)" {
		t.Errorf("the stack has %s", got)
	}
}

// "Only one version of each Policy Pack will be run per update".
func TestOnlyOneVersionOfEachPolicyPackWillBeRun(t *testing.T) {
	t.Parallel()
	w := faqAccount(t)
	for _, version := range []string{"1", "2", "3"} {
		w.publish("p", version)
	}
	w.enrol("production", "p", "3", nil)
	w.enrol("platform", "p", "1", nil)
	w.enrol(schemas.DefaultAccountsGroup, "p", "2", nil)
	w.applies("p 3 (production)")

	manifests := []schemas.PackManifest{published("p", "1", 1), published("p", "2", 2)}
	if got := faqStack(manifests, faqGroup("x", enrolment("p", "2", 1)), faqGroup("y", enrolment("p", "1", 2))); got != "p 2 (x)" {
		t.Errorf("the stack has %s", got)
	}
}

// "This means that if a stack belongs to multiple Policy Groups that specify
// different versions of a Policy Pack, only the newest version of that pack will be
// run".
func TestIfPolicyGroupsSpecifyDifferentVersionsOnlyTheNewestWillBeRun(t *testing.T) {
	t.Parallel()
	manifests := []schemas.PackManifest{published("p", "1.0.0", 1), published("p", "1.1.0", 2), published("p", "1.2.0", 3)}
	old, pinned, latest := enrolment("p", "1.0.0", 9), enrolment("p", "1.1.0", 5), enrolment("p", "latest", 1)
	if got := faqStack(manifests, faqGroup("x", old), faqGroup("y", pinned)); got != "p 1.1.0 (y)" {
		t.Errorf("the stack has %s", got)
	}
	if got := faqStack(manifests, faqGroup("x", old), faqGroup("y", pinned), faqGroup("z", latest)); got != "p 1.2.0 (z)" {
		t.Errorf("the stack has %s", got)
	}
	// Whatever was modified last, and whatever the versions are called.
	w := faqAccount(t)
	w.publish("p", "2.0.0")
	w.publish("p", "1.9.1")
	w.enrol("platform", "p", "1.9.1", nil)
	w.enrol("production", "p", "2.0.0", level("mandatory"))
	w.applies("p 1.9.1 (platform)")
}

// "For example, if a stack my-stack belongs to Policy Group production-stacks that
// requires Policy Pack aws-policies version 2 and Policy Group platform-stacks that
// requires Policy Pack aws-policies version 4, only version 4 of aws-policies would
// be run".
func TestForExampleMyStackOfProductionStacksAndPlatformStacksRunsOnlyVersion4(t *testing.T) {
	t.Parallel()
	var manifests []schemas.PackManifest
	for i, version := range []string{"1", "2", "3", "4"} {
		manifests = append(manifests, published("aws-policies", version, i+1))
	}
	myStack := []policy.Membership{
		faqGroup("production-stacks", enrolment("aws-policies", "2", 2)),
		faqGroup("platform-stacks", enrolment("aws-policies", "4", 1)),
	}
	if got := faqStack(manifests, myStack...); got != "aws-policies 4 (platform-stacks)" {
		t.Errorf("my-stack has %s", got)
	}
}

// "In the case that a stack has the same version of a Policy Pack with different
// configuration enabled, the most recently modified Policy Pack and configuration
// will be enforced".
func TestOfTheSameVersionWithDifferentConfigurationTheMostRecentlyModifiedWillBeEnforced(t *testing.T) {
	t.Parallel()
	manifests := []schemas.PackManifest{published("p", "1", 1)}
	stack := policy.Resolve([]policy.Membership{
		faqGroup("x", configured(enrolment("p", "1", 2), "disabled")), faqGroup("y", configured(enrolment("p", "1", 1), "mandatory")),
	}, manifests)
	if len(stack) != 1 || stack[0].Group != "x" || stack[0].Config["p"].Level != schemas.LevelDisabled {
		t.Errorf("the stack has %+v", stack)
	}

	w := faqAccount(t)
	w.publish("p", "1")
	enforced := func(want schemas.Level, group string) {
		t.Helper()
		_, e := w.resolved(prod)
		if len(e.Packs) != 1 || e.Packs[0].Config["encrypt"].Level != want || e.Packs[0].Group != group {
			t.Errorf("enforced is %+v, want %s of %s", e.Packs, want, group)
		}
	}
	w.enrol("production", "p", "1", level("mandatory"))
	w.enrol("platform", "p", "latest", level("advisory"))
	enforced(schemas.Advisory, "platform")
	// Enforcing what is enforced already modifies nothing.
	w.enrol("production", "p", "1", level("mandatory"))
	enforced(schemas.Advisory, "platform")
	w.enrol("production", "p", "1", level("disabled"))
	enforced(schemas.LevelDisabled, "production")
	// A version that is named is another one than latest, also when it is the same.
	w.enrol("platform", "p", "1", level("advisory"))
	enforced(schemas.Advisory, "platform")
}

// "Under a stack's "Settings" tab you can take a look at the Policy Packs that would
// be enforced on a preview or update as well as the Policy Groups that the stack
// belongs to".
func TestYouCanTakeALookAtThePolicyPacksThatWouldBeEnforcedAsWellAsThePolicyGroups(t *testing.T) {
	t.Parallel()
	w := faqAccount(t)
	w.publish("p", "1")
	w.publish("p", "2")
	w.enrol("production", "p", "1", nil)
	w.enrol("platform", "p", "latest", map[string]map[string]any{"encrypt": {"enforcementLevel": "mandatory", "days": 7}})
	account := schemas.Account{ID: prod, Name: "prod"}

	groups, err := w.resolver.Memberships(w.ctx, account)
	ok(t, err)
	var names []string
	for _, g := range groups {
		names = append(names, g.Group+" "+string(g.Why[0]))
	}
	if got := strings.Join(names, ", "); got != "default-accounts-policy-group default, platform name, production name" {
		t.Errorf("it belongs to %s", got)
	}

	x, err := w.resolver.Explain(w.ctx, account)
	ok(t, err)
	if len(x.Packs) != 1 || len(x.Packs[0].Claims) != 2 {
		t.Fatalf("explained %+v", x)
	}
	p := x.Packs[0]
	won, lost := p.Claims[0], p.Claims[1]
	if won.Group != "platform" || won.Enrolled != "latest" || won.Version != "2" || !won.Won || lost.Group != "production" || lost.Version != "1" || lost.Won {
		t.Errorf("claims %+v", p.Claims)
	}
	if want := "version 2 of group platform was published after 1 of group production: the newest version runs, and only one"; p.Reason != want {
		t.Errorf("reason %q, want %q", p.Reason, want)
	}
	if c := p.Policies[0]; c.Level != schemas.Mandatory || c.DefaultLevel != schemas.Advisory || c.Properties["days"] != 7.0 || !c.Changed() {
		t.Errorf("configured %+v", c)
	}

	stack := policy.Explain([]policy.Membership{faqGroup("production-stacks", enrolment("q", "1", 1))}, []schemas.PackManifest{published("q", "1", 1)})
	if len(stack) != 1 || stack[0].Reason != "only group production-stacks asks for the pack" || stack[0].Policies[0].Changed() {
		t.Errorf("the stack has %+v", stack)
	}
}
