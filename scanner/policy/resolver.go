package policy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// ResolverDeps is what a Resolver needs.
type ResolverDeps struct {
	Accounts  Table[schemas.Account]
	Groups    Table[schemas.Group]
	Manifests Table[schemas.PackManifest]
	Effective Table[schemas.Effective]
	Log       zerolog.Logger
}

// Resolver writes the effective packs of accounts. Control alone uses one.
type Resolver struct {
	d     ResolverDeps
	mu    sync.Mutex
	local []schemas.EffectivePack
}

// NewResolver returns a resolver without local packs.
func NewResolver(d ResolverDeps) *Resolver { return &Resolver{d: d} }

// SetLocal names the packs that apply to every account beside the enforced
// ones; see Registry.Locals. It writes nothing; resolve afterwards.
func (r *Resolver) SetLocal(packs []schemas.EffectivePack) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.local = slices.Clone(packs)
}

// Resolve brings the effective packs of one account up to date. The key is
// written only when its content changes, so that its revision moves only then;
// an account without packs gets an empty set. CodeNotFound when there is no such
// account: what it had stays as it was.
func (r *Resolver) Resolve(ctx context.Context, account schemas.AccountID) error {
	for {
		// The revision is read before what is resolved, so that a resolution of
		// older groups can never replace one of newer groups.
		old, rev, err := r.current(ctx, account)
		if err != nil {
			return err
		}
		a, _, err := r.d.Accounts.Get(ctx, string(account))
		if err != nil {
			return err
		}
		groups, x, err := r.load(ctx)
		if err != nil {
			return err
		}
		e, err := r.effective(a, groups, x)
		if err != nil {
			return err
		}
		err = r.write(ctx, e, old, rev)
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return err
		}
	}
}

// All brings the effective packs of every account up to date. One account that
// cannot be resolved does not keep the others from it; the errors are joined.
func (r *Resolver) All(ctx context.Context) error {
	type held struct {
		v   schemas.Effective
		rev uint64
	}
	effective := map[string]held{}
	err := r.d.Effective.List(ctx, "", func(key string, v schemas.Effective, rev uint64) error {
		effective[key] = held{v, rev}
		return nil
	})
	if err != nil {
		return err
	}
	var accounts []schemas.Account
	err = r.d.Accounts.List(ctx, "", func(_ string, a schemas.Account, _ uint64) error {
		accounts = append(accounts, a)
		return nil
	})
	if err != nil {
		return err
	}
	groups, x, err := r.load(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range accounts {
		old := effective[string(a.ID)]
		e, err := r.effective(a, groups, x)
		if err == nil {
			err = r.write(ctx, e, old.v, old.rev)
		}
		if is(err, schemas.CodeConflict) {
			err = r.Resolve(ctx, a.ID)
		}
		if err != nil && !is(err, schemas.CodeNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run resolves every account at the start and whenever an account, group or
// pack changes, whoever changed it, until ctx ends. It returns an error when
// its tables cannot be watched any more.
func (r *Resolver) Run(ctx context.Context) error {
	wake := make(chan struct{}, 1)
	nudge := func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return r.d.Accounts.Watch(ctx, func(string, *schemas.Account, uint64) { nudge() }, nudge)
	})
	g.Go(func() error { return r.d.Groups.Watch(ctx, func(string, *schemas.Group, uint64) { nudge() }, nudge) })
	g.Go(func() error {
		return r.d.Manifests.Watch(ctx, func(string, *schemas.PackManifest, uint64) { nudge() }, nudge)
	})
	g.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-wake:
			}
			if err := r.All(ctx); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return err
			}
		}
	})
	return g.Wait()
}

// current is the stored set, and revision 0 when there is none.
func (r *Resolver) current(ctx context.Context, account schemas.AccountID) (schemas.Effective, uint64, error) {
	e, rev, err := r.d.Effective.Get(ctx, string(account))
	if is(err, schemas.CodeNotFound) {
		return schemas.Effective{}, 0, nil
	}
	return e, rev, err
}

func (r *Resolver) load(ctx context.Context) ([]schemas.Group, *index, error) {
	groups, err := listGroups(ctx, r.d.Groups)
	if err != nil {
		return nil, nil, err
	}
	manifests, err := listManifests(ctx, r.d.Manifests, "")
	if err != nil {
		return nil, nil, err
	}
	return groups, newIndex(manifests), nil
}

func (r *Resolver) effective(a schemas.Account, groups []schemas.Group, x *index) (schemas.Effective, error) {
	memberships, err := Memberships(a, groups)
	return schemas.Effective{AccountID: a.ID, Account: a.Name, Packs: r.addLocal(x.resolve(memberships))}, err
}

// addLocal adds local packs to the enforced ones; both run. Their names are
// local ones, so that findings, verdicts and reports, which go by pack name, do
// not mix.
func (r *Resolver) addLocal(packs []schemas.EffectivePack) []schemas.EffectivePack {
	r.mu.Lock()
	defer r.mu.Unlock()
	packs = append(packs, r.local...)
	slices.SortStableFunc(packs, func(a, b schemas.EffectivePack) int { return strings.Compare(a.Name, b.Name) })
	return packs
}

// write stores a set unless it equals what is stored.
func (r *Resolver) write(ctx context.Context, e, old schemas.Effective, rev uint64) error {
	if rev != 0 && contentOf(e) == contentOf(old) {
		return nil
	}
	var err error
	if rev == 0 {
		_, err = r.d.Effective.Create(ctx, string(e.AccountID), e)
	} else {
		_, err = r.d.Effective.Update(ctx, string(e.AccountID), e, rev)
	}
	if err == nil {
		r.d.Log.Info().Str("account", e.Account).Int("packs", len(e.Packs)).Msg("effective packs changed")
	}
	return err
}

// contentOf is a value as JSON, for comparing.
func contentOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "not JSON: " + err.Error()
	}
	return string(raw)
}
