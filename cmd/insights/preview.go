package main

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// preview judges what is held of a group's accounts as if the group enforced a
// pack otherwise, and compares with the violations that are open. Nothing is
// recorded; the archive of a pack that is not published is kept for schemas.TriedAge.
func (n *node) preview(ctx context.Context, q schemas.PreviewRequest) (schemas.Preview, error) {
	m, err := n.previewed(ctx, q)
	if err != nil {
		return schemas.Preview{}, err
	}
	accounts, err := n.parts.groups.WhatIf(ctx, q.Group, m, q.Config)
	if err != nil {
		return schemas.Preview{}, err
	}
	out := schemas.Preview{PackRef: m.PackRef, Group: q.Group, Warnings: m.Warnings, Accounts: []schemas.PreviewAccount{}}
	for _, a := range accounts {
		p, err := n.previewAccount(ctx, a)
		if err != nil {
			return out, err
		}
		out.Accounts = append(out.Accounts, p)
	}
	return out, nil
}

// previewed is the pack that is to be tried.
func (n *node) previewed(ctx context.Context, q schemas.PreviewRequest) (schemas.PackManifest, error) {
	if len(q.Archive) > 0 {
		return n.parts.registry.Candidate(ctx, q.Archive)
	}
	m, err := n.parts.registry.Show(ctx, q.Pack, q.Version)
	if err == nil && m.Removed {
		err = schemas.Errorf(schemas.CodeNotFound, "version %s of pack %s was removed", m.Version, m.Name)
	}
	return m, err
}

func (n *node) previewAccount(ctx context.Context, w policy.WhatIf) (schemas.PreviewAccount, error) {
	t := newPreviewTally(n.store, w)
	if len(w.Packs) == 0 {
		return t.out, nil
	}
	worker := evaluator.NewWorker(evaluator.Deps{
		Loaders: n.parts.runtimes, Archives: n.parts.archives, Effectives: tried(w.Packs), Publisher: t, Opener: n.ring,
		Log: n.log, Now: time.Now, MaxEngines: len(w.Packs), MaxEngineMemory: int64(n.cfg.Workers.MaxEngineMemory),
	})
	defer worker.Close()
	// No revision is that high: everything that is held is streamed.
	err := n.store.Unjudged(ctx, w.Account.ID, math.MaxUint64, 0, math.MaxInt, func(rs []schemas.Resource) error {
		t.out.Resources += uint64(len(rs))
		return worker.Handle(ctx, &schemas.SnapshotBatch{
			AccountID: w.Account.ID, Account: w.Account.Name, At: time.Now(), Resources: rs, Rejudge: true,
		})
	})
	if err == nil {
		err = t.end(ctx)
	}
	return t.out, err
}

// tried is what applies to every account while a pack is tried.
type tried []schemas.EffectivePack

// Effective implements evaluator.Effectives.
func (t tried) Effective(a schemas.AccountID) (schemas.Effective, bool) {
	return schemas.Effective{AccountID: a, Packs: t}, true
}

// changed keeps policies of which something changes or is not known.
func changed(policies []schemas.PreviewPolicy) []schemas.PreviewPolicy {
	return slices.DeleteFunc(policies, func(p schemas.PreviewPolicy) bool {
		return p.Appear+p.Disappear+p.Stay+p.Unknown+p.Errored == 0
	})
}
