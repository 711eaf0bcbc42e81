package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Resolve returns the packs that apply to an entity, sorted by name: the union
// over the groups that hold it; one version per pack, the highest number; of the
// same version the enrolment that was modified last; then the group whose name
// sorts first. Where groups hold children, that is found out for every child that
// some group names, among the groups that hold the entity or that child, and a
// pack on which children do not agree is there once per winner. The group that won
// is recorded. A pack whose configuration is invalid, or whose version cannot be
// had, carries an Error: it is never left out in silence. Resolve is a function of
// its arguments alone.
func Resolve(memberships []Membership, manifests []schemas.PackManifest) []schemas.EffectivePack {
	return newIndex(manifests).resolve(memberships)
}

func (x *index) resolve(memberships []Membership) []schemas.EffectivePack {
	out := []schemas.EffectivePack{}
	for _, candidates := range x.candidates(memberships) {
		for _, w := range winners(candidates) {
			out = append(out, x.effective(w))
		}
	}
	return out
}

// candidate is an enrolment with the version it stands for.
type candidate struct {
	*Membership
	enrolment schemas.Enrolment
	manifest  schemas.PackManifest
	problem   string // why the version cannot be had
}

// compare is the rule of precedence between two enrolments of one pack: what wins
// comes first.
func (c candidate) compare(o candidate) int {
	return cmp.Or(
		cmp.Compare(o.manifest.Number, c.manifest.Number),
		o.enrolment.ModifiedAt.Compare(c.enrolment.ModifiedAt),
		strings.Compare(c.Group, o.Group),
	)
}

// candidates are the enrolments of each pack, packs by name.
func (x *index) candidates(memberships []Membership) [][]candidate {
	byPack := map[string][]candidate{}
	for i := range memberships {
		for _, e := range memberships[i].Packs {
			m, problem := x.find(e.Pack, e.Version)
			byPack[e.Pack] = append(byPack[e.Pack], candidate{&memberships[i], e, m, problem})
		}
	}
	out := make([][]candidate, 0, len(byPack))
	for _, pack := range slices.Sorted(maps.Keys(byPack)) {
		slices.SortFunc(byPack[pack], candidate.compare)
		out = append(out, byPack[pack])
	}
	return out
}

// winner is a candidate and where it wins, as EffectivePack has it.
type winner struct {
	candidate
	regions, except []string
}

// winners are those of one pack. Outside of the children that are named it is the
// first candidate that holds all of the entity, if there is one.
func winners(sorted []candidate) []winner {
	everywhere := slices.IndexFunc(sorted, func(c candidate) bool { return c.whole() })
	won := make([][]string, len(sorted))
	var except []string
	for _, region := range childrenOf(sorted) {
		i := slices.IndexFunc(sorted, func(c candidate) bool { return c.holds(region) })
		if i != everywhere {
			won[i], except = append(won[i], region), append(except, region)
		}
	}
	var out []winner
	if everywhere >= 0 {
		out = append(out, winner{sorted[everywhere], nil, except})
	}
	for i, c := range sorted {
		if len(won[i]) > 0 {
			out = append(out, winner{c, won[i], nil})
		}
	}
	return out
}

// childrenOf are the regions that are named, sorted.
func childrenOf(candidates []candidate) []string {
	var regions []string
	for _, c := range candidates {
		regions = append(regions, c.Regions...)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

func (x *index) effective(w winner) schemas.EffectivePack {
	l := x.layer(w.manifest, w.enrolment.Config)
	return schemas.EffectivePack{
		PackRef: w.manifest.PackRef, Group: w.Group, Regions: w.regions, Except: w.except,
		Policies: w.manifest.Policies, Config: l.config, Error: cmp.Or(w.problem, l.err),
	}
}
