package policy_test

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A version that somebody removes at the moment in which it is enforced leaves an
// enrolment of what cannot be had. It is an error wherever it shows, and its policies
// are still named: those that nobody names would count as withdrawn, and their
// violations as fixed.
func TestVersionsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(prod, "prod")
	w.publish("pinned", "1")
	w.publish("pinned", "2")
	w.publish("followed", "1")
	w.enrol(schemas.DefaultAccountsGroup, "pinned", "1", level("disabled"))
	w.enrol(schemas.DefaultAccountsGroup, "followed", "latest", nil)
	manifests := w.resolvers.Manifests
	for _, key := range []string{"pinned/1", "followed/1"} {
		m, rev, err := manifests.Get(w.ctx, key)
		ok(t, err)
		m.Removed = true
		_, err = manifests.Update(w.ctx, key, m, rev)
		ok(t, err)
	}
	want := map[string]string{
		"pinned": "version 1 of pack pinned was removed", "followed": "every version of pack followed was removed",
	}
	_, e := w.resolved(prod)
	for _, p := range e.Packs {
		if p.Error != want[p.Name] || len(p.Policies) != 1 {
			t.Errorf("%s is in effect with error %q and %d policies", p.Name, p.Error, len(p.Policies))
		}
	}
	if l := e.Packs[1].Config["encrypt"].Level; l != schemas.LevelDisabled {
		t.Errorf("what is disabled would be errored: level %q", l)
	}
	x, err := w.resolver.Explain(w.ctx, schemas.Account{ID: prod, Name: "prod"})
	ok(t, err)
	for _, p := range x.Packs {
		if p.Error != want[p.Name] {
			t.Errorf("%s is explained with error %q", p.Name, p.Error)
		}
	}
	told := func(g schemas.Group, err error) {
		t.Helper()
		ok(t, err)
		for _, e := range g.Packs {
			if e.Problem != want[e.Pack] {
				t.Errorf("group %s tells of %s %q", g.Name, e.Pack, e.Problem)
			}
		}
	}
	told(w.groups.Get(w.ctx, schemas.DefaultAccountsGroup))
	list, err := w.groups.List(w.ctx)
	ok(t, err)
	told(list[0], nil)

	// What is told is not kept, and another version puts it right.
	delete(want, "pinned")
	w.enrol(schemas.DefaultAccountsGroup, "pinned", "2", nil)
	told(w.groups.Get(w.ctx, schemas.DefaultAccountsGroup))
	stored, _, err := w.resolvers.Groups.Get(w.ctx, schemas.DefaultAccountsGroup)
	ok(t, err)
	for _, e := range stored.Packs {
		if e.Problem != "" {
			t.Errorf("stored with %s is the problem %q", e.Pack, e.Problem)
		}
	}
}

// A new version may refuse the configuration that an older one took.
func TestLatestThatRefusesTheConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(prod, "prod")
	w.publish("p", "1")
	w.enrol(schemas.DefaultAccountsGroup, "p", "latest", map[string]map[string]any{"encrypt": {"days": 60}})
	w.publish("p", "2", func(m *schemas.PackManifest) {
		m.Policies[0].ConfigSchema = map[string]any{"properties": map[string]any{"days": map[string]any{"type": "string"}}, "required": []any{"days", "owner"}}
	})
	const want = "policy pack configuration is invalid: encrypt: days: got number, want string, encrypt: owner is required"
	_, e := w.resolved(prod)
	if len(e.Packs) != 1 || e.Packs[0].Version != "2" || e.Packs[0].Error != want || len(e.Packs[0].Policies) != 1 {
		t.Errorf("in effect is %+v", e.Packs)
	}
	if g, err := w.groups.Get(w.ctx, schemas.DefaultAccountsGroup); err != nil || g.Packs[0].Problem != want {
		t.Errorf("the group tells %+v, %v", g.Packs, err)
	}
	// It was modified by nobody: another group's enrolment of the same version does
	// not lose to it because a version was published.
	other := policy.Resolve([]policy.Membership{
		faqGroup("x", configured(enrolment("p", "latest", 1), "mandatory")), faqGroup("y", configured(enrolment("p", "2", 2), "advisory")),
	}, []schemas.PackManifest{published("p", "1", 1), published("p", "2", 2)})
	if other[0].Group != "y" {
		t.Errorf("won by %s", other[0].Group)
	}
}
