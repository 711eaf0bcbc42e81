package main

import (
	"context"
	"maps"
	"slices"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
	"github.com/insights-scanner/insights-scanner/sink"
)

// previewTally compares verdicts with the violations that are open. It implements
// evaluator.Publisher. Resources come type by type, so that the open violations of
// one type are held at a time.
type previewTally struct {
	store   *sink.Store
	account schemas.Account
	pack    string
	out     schemas.PreviewAccount

	policies map[string]*schemas.PreviewPolicy
	listed   map[string]int // findings by policy and kind
	reads    map[previewRead]*schemas.PreviewRead

	seen map[string]bool              // types that were looked at
	kind string                       // the type whose violations are held
	open map[string]schemas.Violation // by finding
}

type previewRead struct {
	token, call string
	state       schemas.FacetState
	reason      string
}

func newPreviewTally(store *sink.Store, w policy.WhatIf) *previewTally {
	t := &previewTally{
		store: store, account: w.Account, policies: map[string]*schemas.PreviewPolicy{}, listed: map[string]int{},
		reads: map[previewRead]*schemas.PreviewRead{}, seen: map[string]bool{},
		out: schemas.PreviewAccount{
			AccountID: w.Account.ID, Account: w.Account.Name, Overruled: w.Overruled,
			Policies: []schemas.PreviewPolicy{}, Missing: []schemas.PreviewRead{},
		},
	}
	if len(w.Packs) > 0 {
		t.pack = w.Packs[0].Name
	}
	return t
}

// PublishVerdicts implements evaluator.Publisher.
func (t *previewTally) PublishVerdicts(ctx context.Context, b *schemas.VerdictBatch) error {
	for i := range b.Verdicts {
		v := &b.Verdicts[i]
		if err := t.turnTo(ctx, v.Type); err != nil {
			return err
		}
		for p := range v.Packs {
			if v.Packs[p].Absent {
				continue
			}
			if err := v.Packs[p].Each(&b.Packs[p], func(r *schemas.PolicyResult) { t.result(v, r) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// turnTo holds the open violations of the next type.
func (t *previewTally) turnTo(ctx context.Context, token string) error {
	if t.kind == token && t.open != nil {
		return nil
	}
	t.leave()
	t.kind, t.open, t.seen[token] = token, map[string]schemas.Violation{}, true
	return t.store.EachOpen(ctx, t.account.ID, t.pack, token, func(v schemas.Violation) { t.open[v.Finding] = v })
}

// leave counts the violations of a type that nothing was said of: those of policies
// and regions that the pack would not judge.
func (t *previewTally) leave() {
	for _, v := range t.open {
		t.disappear(v)
	}
	t.open = nil
}

// end counts what is open on types of which nothing is held.
func (t *previewTally) end(ctx context.Context) error {
	t.leave()
	err := t.store.EachOpen(ctx, t.account.ID, t.pack, "", func(v schemas.Violation) {
		if !t.seen[v.Type] {
			t.disappear(v)
		}
	})
	for _, name := range slices.Sorted(maps.Keys(t.policies)) {
		t.out.Policies = append(t.out.Policies, *t.policies[name])
	}
	t.out.Policies = changed(t.out.Policies)
	t.out.Missing = t.missing()
	return err
}

func (t *previewTally) policy(name string) *schemas.PreviewPolicy {
	p := t.policies[name]
	if p == nil {
		p = &schemas.PreviewPolicy{Policy: name}
		t.policies[name] = p
	}
	return p
}

// result counts what one policy says of one resource.
func (t *previewTally) result(v *schemas.Verdict, r *schemas.PolicyResult) {
	finding := schemas.FindingID(t.account.ID, v.Key, t.pack, r.Policy)
	old, open := t.open[finding]
	delete(t.open, finding)
	p := t.policy(r.Policy)
	switch r.Outcome {
	case schemas.Failed:
		if !open {
			p.Appear++
			t.list(p, schemas.PreviewFinding{Key: v.Key, Name: v.Name, Severity: r.Severity, Messages: r.Messages, Appears: true})
			return
		}
	case schemas.Unknown:
		p.Unknown++
		t.unread(v.Type, r.Paths)
	case schemas.Errored:
		p.Errored++
		if p.Reason == "" {
			p.Reason = r.Reason
		}
	default:
		if open {
			t.disappear(old)
		}
		return
	}
	if open {
		p.Stay++ // not known is not fixed
	}
}

func (t *previewTally) disappear(v schemas.Violation) {
	p := t.policy(v.Policy)
	p.Disappear++
	t.list(p, schemas.PreviewFinding{Key: v.Key, Name: v.Name, Severity: v.Severity, Messages: v.Messages})
}

func (t *previewTally) list(p *schemas.PreviewPolicy, f schemas.PreviewFinding) {
	kind := p.Policy + "-"
	if f.Appears {
		kind = p.Policy + "+"
	}
	if t.listed[kind] < schemas.MaxPreviewFindings {
		t.listed[kind]++
		p.Findings = append(p.Findings, f)
	}
}

// unread notes every different call that would tell a policy of a resource.
func (t *previewTally) unread(token string, paths []schemas.UnknownPath) {
	noted := map[previewRead]bool{}
	for _, p := range paths {
		k := previewRead{token, p.Call, p.State, p.Reason}
		if noted[k] {
			continue
		}
		noted[k] = true
		if t.reads[k] == nil {
			t.reads[k] = &schemas.PreviewRead{Type: token, Call: p.Call, State: p.State, Reason: p.Reason}
		}
		t.reads[k].Resources++
	}
}
