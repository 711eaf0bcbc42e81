package policy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// WhatIf is how an enrolment would apply to one account.
type WhatIf struct {
	Account schemas.Account
	// Packs are the entries of the pack that would be effective and come from the
	// enrolment; more than one never, none when it is overruled.
	Packs     []schemas.EffectivePack
	Overruled string // why, in words
}

// Candidate reads a pack that is not published as the version that it would be if
// it were published now. Its archive is stored, so that it can be loaded. Errors
// as in Publish; a version that has been used is no error, since nothing is
// published.
func (r *Registry) Candidate(ctx context.Context, archive []byte) (schemas.PackManifest, error) {
	m, archive, err := r.inspectArchive(ctx, archive)
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
	return m, r.d.Objects.Put(ctx, m.Digest, archive)
}

// WhatIf resolves every account of a group as if the group enforced m with a
// configuration. Nothing is written. Errors: CodeNotFound (the group), CodeInvalid
// (the configuration, with every problem).
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
	return whatIf(accounts, with(groups, group, e), with2(manifests, m), group, e)
}

// with puts an enrolment into a group. One that changes nothing keeps its time, as
// enforcing it would.
func with(groups []schemas.Group, name string, e schemas.Enrolment) []schemas.Group {
	out := slices.Clone(groups)
	for i := range out {
		if out[i].Name != name {
			continue
		}
		packs := slices.DeleteFunc(slices.Clone(out[i].Packs), func(o schemas.Enrolment) bool { return o.Pack == e.Pack })
		out[i].Packs = append(packs, e)
	}
	return out
}

// with2 has m among the manifests.
func with2(manifests []schemas.PackManifest, m schemas.PackManifest) []schemas.PackManifest {
	rest := slices.DeleteFunc(slices.Clone(manifests), func(o schemas.PackManifest) bool { return o.Name == m.Name && o.Version == m.Version })
	return append(rest, m)
}

var _ = strings.Compare
var _ time.Time
