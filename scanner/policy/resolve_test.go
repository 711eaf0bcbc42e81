package policy_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func at(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }

func published(name, version string, number int) schemas.PackManifest {
	return schemas.PackManifest{
		PackRef:  schemas.PackRef{Name: name, Version: version, Number: number},
		Policies: []schemas.Policy{{Name: "p", Level: schemas.Advisory}},
	}
}

func enrolment(pack, version string, minute int) schemas.Enrolment {
	return schemas.Enrolment{Pack: pack, Version: version, ModifiedAt: at(minute)}
}

func configured(e schemas.Enrolment, level string) schemas.Enrolment {
	e.Config = map[string]map[string]any{"p": {"enforcementLevel": level}}
	return e
}

func group(name string, member bool, packs ...schemas.Enrolment) schemas.Group {
	g := schemas.Group{Name: name, Packs: packs}
	if member {
		g.Accounts = []schemas.Member{schemas.Member(prod)}
	}
	return g
}

func memberships(t *testing.T, a schemas.Account, groups []schemas.Group) []policy.Membership {
	t.Helper()
	list, err := policy.Memberships(a, groups)
	ok(t, err)
	return list
}

func TestResolve(t *testing.T) {
	t.Parallel()
	// Version numbers go by the order of publishing, not by their texts.
	manifests := []schemas.PackManifest{
		published("aws-policies", "2", 1), published("aws-policies", "10", 2), published("aws-policies", "4", 3),
		published("other", "1.0.0", 1),
	}
	removed := published("aws-policies", "5", 4)
	removed.Removed = true
	manifests = append(manifests, removed)
	for _, c := range []struct {
		name   string
		groups []schemas.Group
		want   string // "pack version group level error", one per line
	}{
		{"no groups", nil, ""},
		{"a group the account is not in", []schemas.Group{group("a", false, enrolment("other", "1.0.0", 1))}, ""},
		{
			"the default group holds every account",
			[]schemas.Group{group(schemas.DefaultAccountsGroup, false, enrolment("other", "1.0.0", 1))},
			"other 1.0.0 default-accounts-policy-group advisory ",
		},
		{
			"the union of the groups",
			[]schemas.Group{group("a", true, enrolment("other", "1.0.0", 1)), group("b", true, enrolment("aws-policies", "2", 1))},
			"aws-policies 2 b advisory \nother 1.0.0 a advisory ",
		},
		{
			"of different versions the newest only, whatever was modified last",
			[]schemas.Group{
				group("production-stacks", true, configured(enrolment("aws-policies", "2", 9), "disabled")),
				group("platform-stacks", true, enrolment("aws-policies", "4", 1)),
			},
			"aws-policies 4 platform-stacks advisory ",
		},
		{
			"newest means published last",
			[]schemas.Group{group("a", true, enrolment("aws-policies", "10", 1)), group("b", true, enrolment("aws-policies", "4", 1))},
			"aws-policies 4 b advisory ",
		},
		{
			"of the same version the configuration modified last",
			[]schemas.Group{
				group("a", true, configured(enrolment("aws-policies", "4", 5), "mandatory")),
				group("b", true, configured(enrolment("aws-policies", "4", 6), "disabled")),
			},
			"aws-policies 4 b disabled ",
		},
		{
			"also when one of them says latest",
			[]schemas.Group{
				group("a", true, configured(enrolment("aws-policies", "latest", 7), "mandatory")),
				group("b", true, configured(enrolment("aws-policies", "4", 6), "disabled")),
			},
			"aws-policies 4 a mandatory ",
		},
		{
			"a tie goes to the first name",
			[]schemas.Group{group("b", true, enrolment("other", "1.0.0", 1)), group("a", true, enrolment("other", "1.0.0", 1))},
			"other 1.0.0 a advisory ",
		},
		{
			"latest passes over removed versions",
			[]schemas.Group{group("a", true, enrolment("aws-policies", "latest", 1))},
			"aws-policies 4 a advisory ",
		},
		{"a pinned version that was removed", []schemas.Group{group("a", true, enrolment("aws-policies", "5", 1))}, "aws-policies 5 a advisory version 5 of pack aws-policies was removed"},
		{
			"an invalid configuration is an error of the pack, not an absence",
			[]schemas.Group{group("a", true, configured(enrolment("other", "1.0.0", 1), "block"))},
			`other 1.0.0 a  policy pack configuration is invalid: p: "block" is not a valid enforcement level`,
		},
		{
			"a version that is not published",
			[]schemas.Group{group("a", true, enrolment("other", "9", 1))},
			"other 9 a advisory version 9 of pack other is not published",
		},
		{
			"a published version beats one that is not",
			[]schemas.Group{group("a", true, enrolment("other", "9", 8)), group("b", true, enrolment("other", "1.0.0", 1))},
			"other 1.0.0 b advisory ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // the order of the input does not matter
				var got []string
				for _, p := range policy.Resolve(memberships(t, schemas.Account{ID: prod}, c.groups), manifests) {
					got = append(got, strings.Join([]string{p.Name, p.Version, p.Group, string(p.Config["p"].Level), p.Error}, " "))
				}
				if strings.Join(got, "\n") != c.want {
					t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), c.want)
				}
				c.groups = slices.Clone(c.groups)
				slices.Reverse(c.groups)
			}
		})
	}
}

func TestResolverWritesOnlyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(prod, "prod")
	got, e := w.resolved(prod)
	if len(got) != 0 || e.Packs == nil {
		t.Fatalf("without packs: got %v (nil: %v), want an empty set", got, e.Packs == nil)
	}
	first := e.Revision
	w.publish("base", "1.0.0")
	w.enrol(schemas.DefaultAccountsGroup, "base", "latest", nil)
	got, e = w.resolved(prod)
	if strings.Join(got, ";") != "base 1.0.0 (default-accounts-policy-group)" || e.Revision <= first {
		t.Fatalf("got %v at %d, before %d", got, e.Revision, first)
	}
	second := e.Revision
	ok(t, w.resolver.All(w.ctx))
	// The same enrolment again changes nothing either.
	w.enrol(schemas.DefaultAccountsGroup, "base", "latest", nil)
	if _, e = w.resolved(prod); e.Revision != second {
		t.Fatalf("the revision moved from %d to %d without a change", second, e.Revision)
	}
	w.publish("base", "0.9.0")
	ok(t, w.resolver.All(w.ctx))
	if got, e = w.resolved(prod); got[0] != "base 0.9.0 (default-accounts-policy-group)" || e.Revision == second {
		t.Fatalf("latest did not follow: %v", got)
	}
	wantCode(t, w.resolver.Resolve(w.ctx, dev), schemas.CodeNotFound)
}

// What a resolver remembers of a key holds for that revision only: what another
// process, or a restore, wrote meanwhile is seen and put right.
func TestResolversSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(prod, "prod")
	w.publish("base", "1")
	other := policy.NewResolver(w.resolvers)
	applies := func(r *policy.Resolver, want string) {
		t.Helper()
		ok(t, r.All(w.ctx))
		e, rev, err := w.effective.Get(w.ctx, string(prod))
		ok(t, err)
		var names []string
		for _, p := range e.Packs {
			names = append(names, p.Name)
		}
		if strings.Join(names, " ") != want {
			t.Errorf("got %v, want %q", names, want)
		}
		ok(t, r.All(w.ctx))
		if _, again, err := w.effective.Get(w.ctx, string(prod)); err != nil || again != rev {
			t.Errorf("written again: revision %d after %d, %v", again, rev, err)
		}
	}
	applies(w.resolver, "")
	w.enrol(schemas.DefaultAccountsGroup, "base", "1", nil)
	applies(other, "base")
	_, before, err := w.effective.Get(w.ctx, string(prod))
	ok(t, err)
	applies(w.resolver, "base")
	if _, after, err := w.effective.Get(w.ctx, string(prod)); err != nil || after != before {
		t.Errorf("what another one wrote was written again: revision %d after %d, %v", after, before, err)
	}
	_, err = w.groups.Withdraw(w.ctx, schemas.DefaultAccountsGroup, "base")
	ok(t, err)
	applies(w.resolver, "") // as it wrote before, and as it is not any more
	_, rev, err := w.effective.Get(w.ctx, string(prod))
	ok(t, err)
	_, err = w.effective.Update(w.ctx, string(prod), schemas.Effective{AccountID: prod, Account: "prod", Packs: []schemas.EffectivePack{{}}}, rev)
	ok(t, err)
	applies(w.resolver, "")
	ok(t, w.effective.Delete(w.ctx, string(prod)))
	applies(w.resolver, "")
}

func TestResolverRunFollowsEveryChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.resolver.Run(ctx) }()
	sets := make(chan schemas.Effective, 100)
	go func() {
		_ = w.effective.Watch(ctx, func(_ string, e *schemas.Effective, _ uint64) { sets <- *e }, nil)
	}()
	await := func(want string) {
		t.Helper()
		for {
			select {
			case e := <-sets:
				var names []string
				for _, p := range e.Packs {
					names = append(names, p.Name+" "+p.Version)
				}
				if strings.Join(names, ";") == want {
					return
				}
			case <-w.ctx.Done():
				t.Fatalf("%q never came", want)
			}
		}
	}
	w.account(prod, "prod")
	await("")
	w.publish("base", "1")
	w.enrol(schemas.DefaultAccountsGroup, "base", "latest", nil)
	await("base 1")
	w.publish("base", "2")
	await("base 2")
	_, err := w.groups.Withdraw(w.ctx, schemas.DefaultAccountsGroup, "base")
	ok(t, err)
	await("")
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
