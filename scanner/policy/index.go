package policy

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// index finds manifests by pack and version.
type index struct {
	versions map[string]map[string]schemas.PackManifest
	latest   map[string]schemas.PackManifest // of those not removed
	newest   map[string]schemas.PackManifest // of all
	memo     map[string]layered
	local    []schemas.EffectivePack // of --policy-pack
	same     map[string]applying     // by what Memberships say
}

// applying are the packs of an account.
type applying struct {
	packs  []schemas.EffectivePack
	digest [sha256.Size]byte
}

// layered remembers configurations, since most accounts have the same ones.
type layered struct {
	config map[string]schemas.PolicyConfig
	err    string
}

func newIndex(manifests []schemas.PackManifest) *index {
	x := &index{
		versions: map[string]map[string]schemas.PackManifest{}, latest: map[string]schemas.PackManifest{},
		newest: map[string]schemas.PackManifest{}, memo: map[string]layered{}, same: map[string]applying{},
	}
	for _, m := range manifests {
		if x.versions[m.Name] == nil {
			x.versions[m.Name] = map[string]schemas.PackManifest{}
		}
		x.versions[m.Name][m.Version] = m
		if m.Number > x.newest[m.Name].Number {
			x.newest[m.Name] = m
		}
		if !m.Removed && m.Number > x.latest[m.Name].Number {
			x.latest[m.Name] = m
		}
	}
	return x
}

// find returns the manifest of a version, or of "latest", and why nothing can be
// judged by it. Policies are named also then, as far as the pack is known: those
// of a version that cannot be had are errored, not gone.
func (x *index) find(pack, version string) (m schemas.PackManifest, problem string) {
	if version == schemas.Latest {
		if m, ok := x.latest[pack]; ok {
			return m, ""
		}
		if m, ok := x.newest[pack]; ok {
			return m, "every version of pack " + pack + " was removed"
		}
	}
	m, ok := x.versions[pack][version]
	if !ok {
		m.PackRef = schemas.PackRef{Name: pack, Version: version}
		m.Policies = x.newest[pack].Policies
		return m, "version " + version + " of pack " + pack + " is not published"
	}
	if m.Removed {
		problem = "version " + version + " of pack " + pack + " was removed"
	}
	return m, problem
}

// layer is the configuration of a version, and what is wrong with it.
func (x *index) layer(m schemas.PackManifest, given map[string]map[string]any) layered {
	key := m.Name + "\x00" + m.Version + "\x00" + contentOf(given)
	if l, ok := x.memo[key]; ok {
		return l
	}
	var l layered
	var err error
	if l.config, err = LayerConfig(m.Policies, given); err != nil {
		l.err = err.Error()
	}
	x.memo[key] = l
	return l
}

// applying are the packs of an account with these memberships, local ones included.
// Most accounts have the same memberships as many others. Nobody may change them.
func (x *index) applying(memberships []Membership) applying {
	var key strings.Builder
	for _, m := range memberships {
		fmt.Fprintf(&key, "%s %s\n", m.Group, strings.Join(m.Regions, " "))
	}
	a, ok := x.same[key.String()]
	if !ok {
		a.packs = addLocal(x.resolve(memberships), x.local)
		a.digest = digestOf(a.packs)
		x.same[key.String()] = a
	}
	return a
}

// addLocal adds local packs to the enforced ones; both run. Their names are
// local ones, so that findings, verdicts and reports, which go by pack name, do
// not mix.
func addLocal(packs, local []schemas.EffectivePack) []schemas.EffectivePack {
	packs = append(packs, local...)
	slices.SortStableFunc(packs, func(a, b schemas.EffectivePack) int { return strings.Compare(a.Name, b.Name) })
	return packs
}

// problem says why an enrolment cannot judge anything, "" when it can.
func (x *index) problem(e schemas.Enrolment) string {
	m, problem := x.find(e.Pack, e.Version)
	if problem == "" {
		problem = x.layer(m, e.Config).err
	}
	return problem
}
