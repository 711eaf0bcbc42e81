package main

import (
	"context"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A misspelt name in a filter finds nothing, and nothing looks like compliance.
// So when nothing is found, the names are looked up.

// filtersExist checks the filters of a list of violations that came back empty.
func filtersExist(ctx context.Context, s api.Service, q schemas.ViolationQuery) error {
	if q.Scan != "" {
		if _, err := s.GetScan(ctx, q.Scan); err != nil {
			return err
		}
	}
	if q.Pack == "" && q.Policy == "" {
		return nil
	}
	r, err := s.Report(ctx, schemas.ReportQuery{Pack: q.Pack})
	if err != nil {
		return err
	}
	if err := packExists(ctx, s, q.Pack, r); err != nil {
		return err
	}
	return policyExists(ctx, s, q.Policy, r)
}

// packExists looks a pack up: something was judged by it (a pack of
// --policy-pack is published nowhere), or it was published.
func packExists(ctx context.Context, s api.Service, pack string, r schemas.Report) error {
	if pack == "" {
		return nil
	}
	for _, acc := range r.Accounts {
		if len(acc.Packs) > 0 {
			return nil
		}
	}
	if schemas.IsLocal(pack) {
		return schemas.Errorf(schemas.CodeNotFound, "there is nothing of a local pack %q", pack).
			WithHint("A local pack's results are kept until the next scan or evaluation without it: insights evaluate --policy-pack DIRECTORY")
	}
	_, err := s.GetPack(ctx, pack, schemas.Latest)
	return err
}

func policyExists(ctx context.Context, s api.Service, policy string, r schemas.Report) error {
	if policy == "" {
		return nil
	}
	for _, acc := range r.Accounts {
		for _, p := range acc.Packs {
			for _, q := range p.Policies {
				if q.Policy == policy {
					return nil
				}
			}
		}
	}
	packs, err := s.ListPacks(ctx)
	if err != nil {
		return err
	}
	for _, m := range packs {
		for _, p := range m.Policies {
			if p.Name == policy {
				return nil
			}
		}
	}
	return schemas.Errorf(schemas.CodeNotFound, "there is no policy %q", policy).WithHint("See 'insights pack show PACK'.")
}
