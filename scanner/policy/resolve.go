package policy

import (
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Resolve returns the packs that apply to an account, sorted by name: the
// union over the groups it is in; one version per pack, the highest number; of
// the same version the enrolment that was modified last; then the group whose
// name sorts first. The group that won is recorded. A pack whose configuration
// is invalid, or whose version is not published, carries an Error: it is never
// left out in silence. Resolve is a function of its arguments alone.
func Resolve(account schemas.AccountID, groups []schemas.Group, manifests []schemas.PackManifest) []schemas.EffectivePack {
	return newIndex(manifests).resolve(account, groups)
}

// layered remembers configurations, since most accounts have the same ones.
type layered struct {
	config map[string]schemas.PolicyConfig
	err    string
}

// index finds manifests by pack and version.
type index struct {
	versions map[string]map[string]schemas.PackManifest
	latest   map[string]schemas.PackManifest
	memo     map[string]layered
}

func newIndex(manifests []schemas.PackManifest) *index {
	x := &index{
		versions: map[string]map[string]schemas.PackManifest{}, latest: map[string]schemas.PackManifest{},
		memo: map[string]layered{},
	}
	for _, m := range manifests {
		if x.versions[m.Name] == nil {
			x.versions[m.Name] = map[string]schemas.PackManifest{}
		}
		x.versions[m.Name][m.Version] = m
		if !m.Removed && m.Number > x.latest[m.Name].Number {
			x.latest[m.Name] = m
		}
	}
	return x
}

// find returns the manifest of a version or of "latest"; one with Number 0 when
// there is none.
func (x *index) find(pack, version string) schemas.PackManifest {
	if version == schemas.Latest {
		return x.latest[pack]
	}
	return x.versions[pack][version]
}

// candidate is an enrolment with the version it stands for.
type candidate struct {
	group     string
	enrolment schemas.Enrolment
	manifest  schemas.PackManifest
}

// beats is the rule of precedence between two enrolments of one pack.
func (c candidate) beats(o candidate) bool {
	if c.manifest.Number != o.manifest.Number {
		return c.manifest.Number > o.manifest.Number
	}
	if t := c.enrolment.ModifiedAt.Compare(o.enrolment.ModifiedAt); t != 0 {
		return t > 0
	}
	return c.group < o.group
}

func (x *index) resolve(account schemas.AccountID, groups []schemas.Group) []schemas.EffectivePack {
	best := map[string]candidate{}
	for _, g := range groups {
		if !Contains(g, account) {
			continue
		}
		for _, e := range g.Packs {
			c := candidate{group: g.Name, enrolment: e, manifest: x.find(e.Pack, e.Version)}
			if old, ok := best[e.Pack]; !ok || c.beats(old) {
				best[e.Pack] = c
			}
		}
	}
	out := make([]schemas.EffectivePack, 0, len(best))
	for _, c := range best {
		out = append(out, x.effective(c))
	}
	slices.SortFunc(out, byName)
	return out
}

func byName(a, b schemas.EffectivePack) int { return strings.Compare(a.Name, b.Name) }

func (x *index) effective(c candidate) schemas.EffectivePack {
	p := schemas.EffectivePack{PackRef: c.manifest.PackRef, Group: c.group, Policies: c.manifest.Policies}
	if c.manifest.Number == 0 {
		p.PackRef = schemas.PackRef{Name: c.enrolment.Pack, Version: c.enrolment.Version}
		p.Error = "version " + c.enrolment.Version + " of pack " + c.enrolment.Pack + " is not published"
		return p
	}
	l := x.layer(c)
	p.Config, p.Error = l.config, l.err
	return p
}

func (x *index) layer(c candidate) layered {
	key := c.manifest.Name + "\x00" + c.manifest.Version + "\x00" + contentOf(c.enrolment.Config)
	if l, ok := x.memo[key]; ok {
		return l
	}
	var l layered
	var err error
	if l.config, err = LayerConfig(c.manifest.Policies, c.enrolment.Config); err != nil {
		l.err = err.Error()
	}
	x.memo[key] = l
	return l
}

// Contains tells whether an account is in a group. Every account is in the
// default group.
func Contains(g schemas.Group, account schemas.AccountID) bool {
	return g.Name == schemas.DefaultAccountsGroup || slices.Contains(g.Accounts, account)
}
