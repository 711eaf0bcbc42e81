package policy_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// model is the slow and obvious statement of what applies where: of every child by
// itself it looks at all that every group asks for.
type model struct {
	labels map[schemas.AccountID]map[string]string
	groups map[string]*modelGroup
	packs  map[string][]modelVersion // in the order of publishing
}

type modelGroup struct {
	members  map[schemas.Member]bool
	selector string
	packs    map[string]modelEnrolment
}

type modelVersion struct {
	version string
	removed bool
}

type modelEnrolment struct {
	version, level string
	modified       time.Time
}

// modelSelectors are selectors, and what they say of labels.
var modelSelectors = map[string]func(map[string]string) bool{
	"":              func(map[string]string) bool { return false },
	"env=prod":      func(l map[string]string) bool { return l["env"] == "prod" },
	"team in (a,b)": func(l map[string]string) bool { return l["team"] == "a" || l["team"] == "b" },
	"!env,team!=a":  func(l map[string]string) bool { _, has := l["env"]; return !has && l["team"] != "a" },
}

func (m *model) holds(group string, a schemas.AccountID, region string) bool {
	g := m.groups[group]
	return group == schemas.DefaultAccountsGroup || g.members[schemas.NewMember(a, "")] || g.members[schemas.NewMember(a, region)] ||
		modelSelectors[g.selector](m.labels[a])
}

// ask is one group's enrolment with the number of the version that it stands for.
type ask struct {
	group, version, level string
	number                int
	modified              time.Time
}

// applies is what the FAQ says of one pack: all groups are aggregated, only the
// newest version is run, of the same version the most recently modified.
func (m *model) applies(pack string, a schemas.AccountID, region string) (ask, bool) {
	var asks []ask
	for name, g := range m.groups {
		if e, ok := g.packs[pack]; ok && m.holds(name, a, region) {
			asks = append(asks, m.standsFor(pack, ask{name, e.version, e.level, 0, e.modified}))
		}
	}
	for _, better := range []func(a, b ask) bool{
		func(a, b ask) bool { return a.number > b.number },
		func(a, b ask) bool { return a.modified.After(b.modified) },
		func(a, b ask) bool { return a.group < b.group },
	} {
		var best []ask
		for _, x := range asks {
			if !slices.ContainsFunc(asks, func(y ask) bool { return better(y, x) }) {
				best = append(best, x)
			}
		}
		asks = best
	}
	if len(asks) == 0 {
		return ask{}, false
	}
	return asks[0], true
}

func (m *model) standsFor(pack string, a ask) ask {
	for i, v := range m.packs[pack] {
		if v.version == a.version || a.version == schemas.Latest && !v.removed {
			a.number = i + 1
		}
	}
	a.version = m.packs[pack][a.number-1].version
	return a
}

// life makes random changes to the real groups and to the model alike.
type life struct {
	*world
	m   *model
	rnd *rand.Rand
}

var (
	modelGroups  = []string{schemas.DefaultAccountsGroup, "a", "b", "c"}
	modelPacks   = []string{"p", "q"}
	modelRegions = []string{"eu-west-1", "us-east-1", schemas.GlobalRegion, "ap-south-1"} // the last one is never named
)

func newLife(t *testing.T, seed uint64) *life {
	l := &life{newWorld(t), &model{labels: map[schemas.AccountID]map[string]string{}, groups: map[string]*modelGroup{}, packs: map[string][]modelVersion{}}, rand.New(rand.NewPCG(seed, 3))}
	l.account(prod, "prod")
	l.account(dev, "dev")
	for _, g := range modelGroups {
		l.m.groups[g] = &modelGroup{members: map[schemas.Member]bool{}, packs: map[string]modelEnrolment{}}
		if g != schemas.DefaultAccountsGroup {
			_, err := l.groups.Create(l.ctx, g)
			ok(t, err)
		}
	}
	for _, p := range modelPacks {
		l.release(p)
	}
	return l
}

func pick[T any](l *life, list []T) T { return list[l.rnd.IntN(len(list))] }

// release publishes a version whose text says nothing of its order.
func (l *life) release(pack string) {
	version := fmt.Sprintf("%d.%d", 9-l.rnd.IntN(9), len(l.m.packs[pack]))
	l.publish(pack, version)
	l.m.packs[pack] = append(l.m.packs[pack], modelVersion{version: version})
}

func (l *life) change() {
	l.clock.add(time.Duration(l.rnd.IntN(2)) * time.Minute) // two changes may be made at the same time
	group, pack := pick(l, modelGroups), pick(l, modelPacks)
	switch n := l.rnd.IntN(20); {
	case n < 8:
		l.enforce(group, pack)
	case n < 10:
		_, held := l.m.groups[group].packs[pack]
		_, err := l.groups.Withdraw(l.ctx, group, pack)
		l.agree(err, held)
		delete(l.m.groups[group].packs, pack)
	case n < 14 && group != schemas.DefaultAccountsGroup:
		l.join(group)
	case n < 16 && group != schemas.DefaultAccountsGroup:
		selector := pick(l, slices.Sorted(maps.Keys(modelSelectors)))
		_, err := l.groups.Select(l.ctx, group, selector)
		ok(l.t, err)
		l.m.groups[group].selector = selector
	case n < 18:
		l.label(pick(l, []schemas.AccountID{prod, dev}))
	case n == 18 && len(l.m.packs[pack]) < 6:
		l.release(pack)
	default:
		i := l.rnd.IntN(len(l.m.packs[pack]))
		l.m.packs[pack][i].removed = l.registry.Remove(l.ctx, pack, l.m.packs[pack][i].version) == nil
	}
}

// agree fails unless an operation succeeded exactly when it should.
func (l *life) agree(err error, succeeds bool) {
	l.t.Helper()
	if (err == nil) != succeeds {
		l.t.Fatalf("got error %v, want success: %v", err, succeeds)
	}
}

func (l *life) enforce(group, pack string) {
	version, level := schemas.Latest, pick(l, []string{"advisory", "mandatory", "disabled"})
	published := slices.DeleteFunc(slices.Clone(l.m.packs[pack]), func(v modelVersion) bool { return v.removed })
	if len(published) > 0 && l.rnd.IntN(3) > 0 {
		version = pick(l, published).version
	}
	_, err := l.groups.Enrol(l.ctx, group, schemas.Enrolment{
		Pack: pack, Version: version, Config: map[string]map[string]any{"encrypt": {"enforcementLevel": level}},
	})
	l.agree(err, len(published) > 0)
	old, had := l.m.groups[group].packs[pack]
	if err != nil || had && old.version == version && old.level == level {
		return // only a real change counts
	}
	now := l.clock.Now()
	if had && !now.After(old.modified) {
		now = old.modified.Add(time.Nanosecond)
	}
	l.m.groups[group].packs[pack] = modelEnrolment{version, level, now}
}

func (l *life) join(group string) {
	region := pick(l, append([]string{""}, modelRegions[:3]...))
	m, members := schemas.NewMember(pick(l, []schemas.AccountID{prod, dev}), region), l.m.groups[group].members
	if l.rnd.IntN(2) == 0 {
		_, err := l.groups.AddAccount(l.ctx, group, string(m))
		ok(l.t, err)
		members[m] = true
		return
	}
	_, err := l.groups.RemoveAccount(l.ctx, group, string(m))
	l.agree(err, members[m])
	delete(members, m)
}

func (l *life) label(id schemas.AccountID) {
	labels := map[string]string{}
	for key, values := range map[string][]string{"env": {"prod", "dev", ""}, "team": {"a", "b", ""}} {
		if v := pick(l, values); v != "" {
			labels[key] = v
		}
	}
	a, rev, err := l.accounts.Get(l.ctx, string(id))
	ok(l.t, err)
	a.Labels = labels
	_, err = l.accounts.Update(l.ctx, string(id), a, rev)
	ok(l.t, err)
	l.m.labels[id] = labels
}

// compare holds what is in effect against the model, child by child.
func (l *life) compare() (split int) {
	l.t.Helper()
	ok(l.t, l.resolver.All(l.ctx))
	for _, id := range []schemas.AccountID{prod, dev} {
		e, _, err := l.effective.Get(l.ctx, string(id))
		ok(l.t, err)
		for _, region := range modelRegions {
			var got, want []string
			for _, p := range e.Packs {
				if p.Covers(region) {
					got = append(got, fmt.Sprint(p.Name, " ", p.Version, " ", p.Group, " ", p.Config["encrypt"].Level, p.Error))
				}
			}
			for _, pack := range modelPacks {
				if a, found := l.m.applies(pack, id, region); found {
					want = append(want, fmt.Sprint(pack, " ", a.version, " ", a.group, " ", a.level))
				}
			}
			if !slices.Equal(got, want) {
				l.t.Fatalf("%s in %s has\n%s\nwant\n%s", id, region, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		split += l.explained(id, e)
	}
	return split
}

// explained checks that the explanation is of what is in effect, in one entry per
// pack and winner; it counts the packs on which children do not agree.
func (l *life) explained(id schemas.AccountID, e schemas.Effective) (split int) {
	l.t.Helper()
	a, _, err := l.accounts.Get(l.ctx, string(id))
	ok(l.t, err)
	x, err := l.resolver.Explain(l.ctx, a)
	ok(l.t, err)
	if len(x.Packs) != len(e.Packs) {
		l.t.Fatalf("%d packs are explained, %d apply", len(x.Packs), len(e.Packs))
	}
	seen := map[string]bool{}
	for i, p := range x.Packs {
		q := e.Packs[i]
		won := p.Claims[0]
		if p.PackRef != q.PackRef || !slices.Equal(p.Regions, q.Regions) || !slices.Equal(p.Except, q.Except) || !won.Won || won.Group != q.Group || p.Reason == "" {
			l.t.Fatalf("explained %+v, in effect %+v", p, q)
		}
		if key := q.Name + " " + q.Group; seen[key] {
			l.t.Fatalf("%s is there twice", key)
		} else {
			seen[key] = true
		}
		split += min(1, len(q.Regions))
	}
	return split
}

func TestResolutionIsThatOfTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			l, split := newLife(t, seed), 0
			for range 150 {
				l.change()
				split += l.compare()
			}
			if split < 20 {
				t.Errorf("children differed %d times only", split)
			}
		})
	}
}
