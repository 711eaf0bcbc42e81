package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A misspelt name in a filter finds nothing, and nothing looks like compliance.
// So when nothing is found, the names are looked up.

// filtersExist checks the filters of a list of violations that is empty. Its accounts
// are ids.
func (l *Local) filtersExist(ctx context.Context, q schemas.ViolationQuery) error {
	if q.Scan != "" {
		if _, err := l.p.GetScan(ctx, q.Scan); err != nil {
			return err
		}
	}
	if err := l.packExists(ctx, q.Pack); err != nil {
		return err
	}
	if err := l.policyExists(ctx, q.Pack, q.Policy); err != nil {
		return err
	}
	return l.regionExists(ctx, q.Region, q.Accounts)
}

// packExists looks a pack up: some version of it was published, removed ones too, or
// something is judged by it (a pack of --policy-pack is published nowhere).
func (l *Local) packExists(ctx context.Context, pack string) error {
	if pack == "" {
		return nil
	}
	if !schemas.IsLocal(pack) {
		_, err := l.p.Packs.Versions(ctx, pack)
		return err
	}
	if packs, err := l.judging(ctx, pack); err != nil || len(packs) > 0 {
		return err
	}
	return schemas.Errorf(schemas.CodeNotFound, "there is nothing of a local pack %q", pack).
		WithHint("A local pack's results are kept until the next scan or evaluation without it: insights evaluate --policy-pack DIRECTORY")
}

// hasHistory refuses to ask about the past of a local pack: none is kept.
func hasHistory(pack string) error {
	if schemas.IsLocal(pack) {
		return schemas.Errorf(schemas.CodeInvalid, "pack: %q is a local pack, which has no history", pack)
	}
	return nil
}

// policyExists looks a policy up in a pack, or with "" in all of them.
func (l *Local) policyExists(ctx context.Context, pack, policy string) error {
	if policy == "" {
		return nil
	}
	published, err := l.p.Packs.List(ctx)
	if err != nil {
		return err
	}
	for _, m := range published {
		has := func(p schemas.Policy) bool { return p.Name == policy }
		if (pack == "" || pack == m.Name) && slices.ContainsFunc(m.Policies, has) {
			return nil
		}
	}
	packs, err := l.judging(ctx, pack)
	if err != nil {
		return err
	}
	for _, p := range packs {
		if slices.ContainsFunc(p.Policies, func(q schemas.PolicyReport) bool { return q.Policy == policy }) {
			return nil
		}
	}
	switch {
	case pack == "":
		return schemas.Errorf(schemas.CodeNotFound, "there is no policy %q", policy).WithHint("See 'insights pack show PACK'.")
	case schemas.IsLocal(pack):
		return schemas.Errorf(schemas.CodeNotFound, "pack %s has no policy %q", pack, policy).WithHint("See 'insights report --all --pack %s'.", pack)
	default:
		return schemas.Errorf(schemas.CodeNotFound, "pack %s has no policy %q", pack, policy).WithHint("See 'insights pack show %s'.", pack)
	}
}

// judging are the packs by which something is judged now, of all or of one name, once
// for each account.
func (l *Local) judging(ctx context.Context, pack string) ([]schemas.PackReport, error) {
	r, err := l.report(ctx, schemas.ReportQuery{Pack: pack})
	var packs []schemas.PackReport
	for _, a := range r.Accounts {
		packs = append(packs, a.Packs...)
	}
	return packs, err
}

// regionExists looks a region up: scans of the accounts have looked at it, or found
// something in it. What is in any other is not known.
func (l *Local) regionExists(ctx context.Context, region string, ids []string) error {
	if region == "" {
		return nil
	}
	known, err := l.p.Store.Regions(ctx, ids)
	if err != nil || slices.Contains(known, region) {
		return err
	}
	e := schemas.Errorf(schemas.CodeNotFound, "nothing was scanned in a region %q", region)
	if len(known) == 0 {
		return e.WithHint("nothing was scanned yet: insights scan start ACCOUNT")
	}
	slices.Sort(known)
	return e.WithHint("regions: %s", strings.Join(known, ", "))
}

// scannedUntil refuses a time in the past until which none of the accounts had been
// scanned: what was open then is not known. The zero time is now.
func (l *Local) scannedUntil(ctx context.Context, named []string, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	r, err := l.report(ctx, schemas.ReportQuery{Accounts: named, AsOf: at})
	if err != nil || slices.ContainsFunc(r.Accounts, func(a schemas.AccountReport) bool { return !a.NeverScanned() }) {
		return err
	}
	return schemas.Errorf(schemas.CodeInvalid, "asOf: nothing had been scanned until %s, so nothing says that there were no violations", moment(at)).
		WithHint("Ask for a later time; see 'insights scan list'.")
}
