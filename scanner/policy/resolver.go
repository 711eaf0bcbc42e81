package policy

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// EffectiveTable is the table of effective packs; Revisions reads no values.
type EffectiveTable interface {
	Table[schemas.Effective]
	Revisions(ctx context.Context) (map[string]uint64, error)
}

// ResolverDeps is what a Resolver needs.
type ResolverDeps struct {
	Accounts  Table[schemas.Account]
	Groups    Table[schemas.Group]
	Manifests Table[schemas.PackManifest]
	Effective EffectiveTable
	Log       zerolog.Logger
}

// Resolver writes the effective packs of accounts. Control alone uses one.
type Resolver struct {
	d     ResolverDeps
	mu    sync.Mutex
	local []schemas.EffectivePack
	known map[schemas.AccountID]content
}

// content tells what a key holds at a revision, so that most keys need not be read
// to see that nothing changes.
type content struct {
	rev   uint64
	name  string // of the account
	packs [sha256.Size]byte
}

// NewResolver returns a resolver without local packs.
func NewResolver(d ResolverDeps) *Resolver {
	return &Resolver{d: d, known: map[schemas.AccountID]content{}}
}

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
		rev, err := r.read(ctx, account)
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
		err = r.write(ctx, a, groups, x, rev)
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return err
		}
	}
}

// All brings the effective packs of every account up to date. One account that
// cannot be resolved does not keep the others from it; the errors are joined.
func (r *Resolver) All(ctx context.Context) error {
	revs, err := r.d.Effective.Revisions(ctx)
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
		err := r.write(ctx, a, groups, x, revs[string(a.ID)])
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

// read finds out what a key holds; revision 0 is of one that there is not.
func (r *Resolver) read(ctx context.Context, account schemas.AccountID) (rev uint64, err error) {
	e, rev, err := r.d.Effective.Get(ctx, string(account))
	if is(err, schemas.CodeNotFound) {
		return 0, nil
	}
	if err == nil {
		r.remember(account, content{rev, e.Account, digestOf(e.Packs)})
	}
	return rev, err
}

// holds tells whether a key holds a content at a revision. CodeConflict when it
// has another revision by now.
func (r *Resolver) holds(ctx context.Context, account schemas.AccountID, c content) (bool, error) {
	r.mu.Lock()
	known := r.known[account]
	r.mu.Unlock()
	if known.rev != c.rev {
		rev, err := r.read(ctx, account)
		if err != nil {
			return false, err
		}
		if rev != c.rev {
			return false, schemas.Errorf(schemas.CodeConflict, "the packs of account %s changed meanwhile", account)
		}
		r.mu.Lock()
		known = r.known[account]
		r.mu.Unlock()
	}
	return known == c, nil
}

func (r *Resolver) remember(account schemas.AccountID, c content) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.rev > r.known[account].rev {
		r.known[account] = c
	}
}

// digestOf tells packs from any others.
func digestOf(packs []schemas.EffectivePack) [sha256.Size]byte {
	return sha256.Sum256([]byte(contentOf(packs)))
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
	x := newIndex(manifests)
	r.mu.Lock()
	defer r.mu.Unlock()
	x.local = r.local
	return groups, x, nil
}

// write stores what applies to an account, unless its key, which has this revision,
// holds it.
func (r *Resolver) write(ctx context.Context, a schemas.Account, groups []schemas.Group, x *index, rev uint64) error {
	memberships, err := Memberships(a, groups)
	if err != nil {
		return err
	}
	applying := x.applying(memberships)
	c := content{rev, a.Name, applying.digest}
	if rev != 0 {
		if same, err := r.holds(ctx, a.ID, c); err != nil || same {
			return err
		}
	}
	e := schemas.Effective{AccountID: a.ID, Account: a.Name, Packs: applying.packs}
	if rev == 0 {
		c.rev, err = r.d.Effective.Create(ctx, string(a.ID), e)
	} else {
		c.rev, err = r.d.Effective.Update(ctx, string(a.ID), e, rev)
	}
	if err == nil {
		r.remember(a.ID, c)
		r.d.Log.Info().Str("account", a.Name).Int("packs", len(e.Packs)).Msg("effective packs changed")
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
