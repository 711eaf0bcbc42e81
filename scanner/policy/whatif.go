package policy

import (
	"context"
	"fmt"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// WhatIf is what an enrolment would make of one account.
type WhatIf struct {
	Account schemas.Account
	// Packs are the entries of the pack that would apply: that of the enrolment and,
	// where children differ, those of other groups. None when the enrolment is
	// overruled everywhere, which Overruled tells of.
	Packs     []schemas.EffectivePack
	Overruled string
}

// Candidate reads a pack that is not published as the version that it would be if
// it were published now, and stores its archive for schemas.TriedAge, so that it can
// be loaded. Errors as in Publish; a version that has been used is no error.
func (r *Registry) Candidate(ctx context.Context, archive []byte) (schemas.PackManifest, error) {
	archive, m, err := r.inspectArchive(ctx, archive)
	if err != nil {
		return m, err
	}
	if m.Version == "" {
		m.Version = m.Digest[:12]
	}
	head, _, err := r.d.Heads.Get(ctx, m.Name)
	if err != nil && !is(err, schemas.CodeNotFound) {
		return m, err
	}
	m.Number = head.Number + 1
	return m, r.d.Tried.Put(ctx, m.Digest, archive)
}

// WhatIf resolves every account that a group holds as if the group enforced m with
// a configuration. Nothing is written. Errors: CodeNotFound (the group),
// CodeInvalid (the configuration, with every problem).
func (g *Groups) WhatIf(ctx context.Context, group string, m schemas.PackManifest, given map[string]map[string]any) ([]WhatIf, error) {
	if _, err := g.Get(ctx, group); err != nil {
		return nil, err
	}
	config, err := CheckConfig(m, given)
	if err != nil {
		return nil, err
	}
	groups, err := g.List(ctx)
	if err != nil {
		return nil, err
	}
	manifests, err := g.d.Registry.List(ctx)
	if err != nil {
		return nil, err
	}
	accounts, err := listAccounts(ctx, g.d.Accounts)
	if err != nil {
		return nil, err
	}
	e := schemas.Enrolment{Pack: m.Name, Version: m.Version, Config: config, ModifiedAt: g.d.Now().UTC()}
	groups, x := enrolled(groups, group, e), newIndex(replaced(manifests, m))
	var out []WhatIf
	for _, a := range accounts {
		memberships, err := Memberships(a, groups)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(memberships, func(s Membership) bool { return s.Group == group }) {
			out = append(out, x.whatIf(a, memberships, group, m.Name))
		}
	}
	return out, nil
}

// whatIf finds what comes of the enrolment of one group.
func (x *index) whatIf(a schemas.Account, memberships []Membership, group, pack string) WhatIf {
	w := WhatIf{Account: a}
	won := false
	for _, p := range x.resolve(memberships) {
		if p.Name != pack {
			continue
		}
		w.Packs = append(w.Packs, p)
		won = won || p.Group == group
		if p.Group != group {
			w.Overruled = fmt.Sprintf("version %s, which group %s enforces, wins", p.Version, p.Group)
		}
	}
	if won {
		w.Overruled = ""
	} else {
		w.Packs = nil
	}
	return w
}

// enrolled puts an enrolment into a group.
func enrolled(groups []schemas.Group, name string, e schemas.Enrolment) []schemas.Group {
	out := slices.Clone(groups)
	for i := range out {
		if out[i].Name == name {
			out[i].Packs = slices.DeleteFunc(slices.Clone(out[i].Packs), func(o schemas.Enrolment) bool { return o.Pack == e.Pack })
			out[i].Packs = append(out[i].Packs, e)
		}
	}
	return out
}

// replaced has m among the manifests, in the place of one of its version.
func replaced(manifests []schemas.PackManifest, m schemas.PackManifest) []schemas.PackManifest {
	others := slices.DeleteFunc(slices.Clone(manifests), func(o schemas.PackManifest) bool { return o.Name == m.Name && o.Version == m.Version })
	return append(others, m)
}
