package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Memberships are the groups that hold an account, and why.
func (r *Resolver) Memberships(ctx context.Context, a schemas.Account) ([]schemas.Membership, error) {
	groups, err := listGroups(ctx, r.d.Groups)
	if err != nil {
		return nil, err
	}
	memberships, err := Memberships(a, groups)
	out := make([]schemas.Membership, len(memberships))
	for i, m := range memberships {
		out[i] = m.Membership
	}
	return out, err
}

// Explain says which packs apply to an account by what groups say now, and why.
func (r *Resolver) Explain(ctx context.Context, a schemas.Account) (schemas.Explanation, error) {
	groups, x, err := r.load(ctx)
	if err != nil {
		return schemas.Explanation{}, err
	}
	memberships, err := Memberships(a, groups)
	if err != nil {
		return schemas.Explanation{}, err
	}
	out := schemas.Explanation{AccountID: a.ID, Account: a.Name, Packs: x.explain(memberships)}
	for _, p := range x.applying(memberships).packs {
		if p.Local {
			out.Packs = append(out.Packs, explained(p))
		}
	}
	return out, nil
}

// Explain says of every pack that Resolve returns, in the same order, which
// enrolments ask for it, which won and why, and how the pack is configured.
func Explain(memberships []Membership, manifests []schemas.PackManifest) []schemas.ExplainedPack {
	return newIndex(manifests).explain(memberships)
}

func (x *index) explain(memberships []Membership) []schemas.ExplainedPack {
	out := []schemas.ExplainedPack{}
	for _, candidates := range x.candidates(memberships) {
		for _, w := range winners(candidates) {
			p := explained(x.effective(w))
			rivals := w.rivals(candidates)
			for i, c := range rivals {
				p.Claims = append(p.Claims, c.claim(i == 0))
			}
			p.Reason = reason(rivals)
			out = append(out, p)
		}
	}
	return out
}

// rivals are the candidates that hold something of where the winner wins, itself
// first.
func (w winner) rivals(sorted []candidate) []candidate {
	return slices.DeleteFunc(slices.Clone(sorted), func(c candidate) bool {
		if len(w.regions) == 0 {
			return !c.whole()
		}
		return !slices.ContainsFunc(w.regions, c.holds)
	})
}

func (c candidate) claim(won bool) schemas.PackClaim {
	return schemas.PackClaim{
		Group: c.Group, Regions: c.Regions, Enrolled: c.enrolment.Version, Version: c.manifest.Version, Number: c.manifest.Number,
		ModifiedAt: c.enrolment.ModifiedAt, Won: won,
	}
}

// reason says why the first candidate wins against the others.
func reason(sorted []candidate) string {
	won := sorted[0]
	if len(sorted) == 1 {
		return fmt.Sprintf("only group %s asks for the pack", won.Group)
	}
	next := sorted[1]
	at := func(c candidate) string { return c.enrolment.ModifiedAt.UTC().Format(time.RFC3339) }
	switch {
	case next.manifest.Number == 0 && won.manifest.Number > 0:
		return fmt.Sprintf("version %s of group %s is not published", next.manifest.Version, next.Group)
	case won.manifest.Number > next.manifest.Number:
		return fmt.Sprintf("version %s of group %s was published after %s of group %s: the newest version runs, and only one",
			won.manifest.Version, won.Group, next.manifest.Version, next.Group)
	case won.enrolment.ModifiedAt.After(next.enrolment.ModifiedAt):
		return fmt.Sprintf("groups %s and %s ask for the same version; that of %s was modified last, %s and not %s",
			won.Group, next.Group, won.Group, at(won), at(next))
	default:
		return fmt.Sprintf("groups %s and %s ask for the same version, modified at the same time, %s; of these the name %s sorts first",
			won.Group, next.Group, at(won), won.Group)
	}
}

// explained is an effective pack without its reasons.
func explained(p schemas.EffectivePack) schemas.ExplainedPack {
	out := schemas.ExplainedPack{
		PackRef: p.PackRef, Local: p.Local, Regions: p.Regions, Except: p.Except, Error: p.Error,
		Policies: []schemas.ExplainedPolicy{}, Claims: []schemas.PackClaim{},
	}
	if p.Local {
		out.Reason = "named by --policy-pack; it runs beside what groups enforce"
	}
	if p.Config == nil {
		return out
	}
	for _, policy := range p.Policies {
		out.Policies = append(out.Policies, explainedPolicy(policy, p.Config[policy.Name]))
	}
	slices.SortFunc(out.Policies, func(a, b schemas.ExplainedPolicy) int { return strings.Compare(a.Policy, b.Policy) })
	return out
}

func explainedPolicy(p schemas.Policy, c schemas.PolicyConfig) schemas.ExplainedPolicy {
	own := declared(p)
	out := schemas.ExplainedPolicy{Policy: p.Name, Level: c.Level, DefaultLevel: own.Level}
	for name, v := range c.Properties {
		if d, ok := own.Properties[name]; ok && contentOf(d) == contentOf(v) {
			continue
		}
		if out.Properties == nil {
			out.Properties = map[string]any{}
		}
		out.Properties[name] = v
	}
	return out
}

// Enforced is how many groups enforce each pack on each account.
func (r *Resolver) Enforced(ctx context.Context, accounts []schemas.Account) (map[schemas.AccountID]map[string]int, error) {
	groups, err := listGroups(ctx, r.d.Groups)
	if err != nil {
		return nil, err
	}
	out := make(map[schemas.AccountID]map[string]int, len(accounts))
	for _, a := range accounts {
		memberships, err := Memberships(a, groups)
		if err != nil {
			return nil, err
		}
		out[a.ID] = map[string]int{}
		for _, m := range memberships {
			for _, e := range m.Packs {
				out[a.ID][e.Pack]++
			}
		}
	}
	return out, nil
}
