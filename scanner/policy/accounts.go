package policy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Planner says who an account's credentials are.
type Planner interface {
	Plan(ctx context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error)
}

// AccountsDeps is what Accounts needs.
type AccountsDeps struct {
	Accounts Table[schemas.Account]
	Groups   *Groups
	Resolver *Resolver
	Planner  Planner
	// Organizer lists organizations; Cancel ends a scan of an account that left one.
	// Synced is told of every account that a look at an organization writes. Each may
	// be nil.
	Organizer Organizer
	Cancel    func(ctx context.Context, scan string) error
	Synced    func(ctx context.Context, a schemas.Account)
	// Running returns the id of the account's running scan, "" without one.
	Running func(ctx context.Context, a schemas.AccountID) (string, error)
	// CheckCron refuses a schedule that cannot be read; may be nil.
	CheckCron func(cron string) error
	Now       func() time.Time
}

// Accounts are the registered accounts.
type Accounts struct{ d AccountsDeps }

// NewAccounts returns the accounts.
func NewAccounts(d AccountsDeps) *Accounts { return &Accounts{d: d} }

// Add registers an account; its credentials say which one it is. An ID that is
// given must be theirs. Errors: CodeInvalid (every problem), CodeConflict (the
// name is taken, or the AWS account is registered under another one), and what
// the planner says (CodeDenied, CodeUnavailable).
func (s *Accounts) Add(ctx context.Context, a schemas.Account) (schemas.Account, error) {
	if a.Provider == "" {
		a.Provider = "aws"
	}
	if err := s.check(a); err != nil {
		return a, err
	}
	if err := s.nameFree(ctx, a); err != nil {
		return a, err
	}
	id, _, err := s.d.Planner.Plan(ctx, a)
	if err != nil {
		return a, err
	}
	if a.ID != "" && a.ID != id {
		return a, schemas.Errorf(schemas.CodeConflict, "the credentials belong to %s, not to %s", id, a.ID)
	}
	if err := s.unitsExist(ctx, a, nil); err != nil {
		return a, err
	}
	a.Found, a.OrganizationProblems = nil, nil
	a.ID, a.CreatedAt = id, s.d.Now().UTC().Truncate(time.Millisecond)
	rev, err := s.d.Accounts.Create(ctx, string(a.ID), a)
	if is(err, schemas.CodeConflict) {
		return a, s.errRegistered(ctx, a)
	}
	if err != nil {
		return a, err
	}
	if err := s.keepName(ctx, a, rev); err != nil {
		return a, err
	}
	return a, s.d.Resolver.Resolve(ctx, a.ID)
}

func (s *Accounts) check(a schemas.Account) error { return CheckAccount(a, s.d.CheckCron) }

// CheckAccount returns every problem with an account's settings that shows
// without asking its cloud. checkCron refuses a schedule; it may be nil.
func CheckAccount(a schemas.Account, checkCron func(cron string) error) error {
	var p schemas.Problems
	if err := a.Validate(); err != nil {
		p.Add("", err)
	}
	p.Check(!schemas.AccountID(a.Name).Valid(), "name", "%q has the form of an account id", a.Name)
	p.Check(a.Schedule.JitterSeconds >= 0, "schedule.jitterSeconds", "must not be negative")
	if a.Schedule.Cron != "" && checkCron != nil {
		if err := checkCron(a.Schedule.Cron); err != nil {
			p.Check(false, "schedule.cron", "%v", err)
		}
	}
	return p.Err()
}

func (s *Accounts) nameFree(ctx context.Context, a schemas.Account) error {
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Name == a.Name {
			return errNameTaken(o)
		}
	}
	return nil
}

func errNameTaken(o schemas.Account) error {
	return schemas.Errorf(schemas.CodeConflict, "there is an account named %q already: %s", o.Name, o.ID).
		WithHint("See it with 'insights account show %s', change it with 'insights apply', or choose another name.", o.Name)
}

// keepName undoes a registration whose name somebody else took at the same
// moment: the later of the two gives way.
func (s *Accounts) keepName(ctx context.Context, a schemas.Account, rev uint64) error {
	taken, err := s.takenBefore(ctx, a, rev)
	if err != nil || taken == nil {
		return err
	}
	if err := s.d.Accounts.Delete(ctx, string(a.ID)); err != nil {
		return err
	}
	return taken
}

// takenBefore is what to say when another account got the name of a before a
// did, at revision rev; nil when none did.
func (s *Accounts) takenBefore(ctx context.Context, a schemas.Account, rev uint64) (taken, err error) {
	err = s.d.Accounts.List(ctx, "", func(_ string, o schemas.Account, r uint64) error {
		if o.ID != a.ID && o.Name == a.Name && r < rev {
			taken = errNameTaken(o)
		}
		return nil
	})
	return taken, err
}

func (s *Accounts) errRegistered(ctx context.Context, a schemas.Account) error {
	e := schemas.Errorf(schemas.CodeConflict, "AWS account %s is registered already", a.ID.AWSAccount())
	o, _, err := s.d.Accounts.Get(ctx, string(a.ID))
	if err != nil {
		return e
	}
	return schemas.Errorf(schemas.CodeConflict, "AWS account %s is registered already, as %q", a.ID.AWSAccount(), o.Name).
		WithHint("to register it anew, remove that one first: insights account remove %s", o.Name)
}

// List returns every account, sorted by name.
func (s *Accounts) List(ctx context.Context) ([]schemas.Account, error) {
	return listAccounts(ctx, s.d.Accounts)
}

// Get returns an account by name or id; CodeNotFound with the names there are.
func (s *Accounts) Get(ctx context.Context, nameOrID string) (schemas.Account, error) {
	return findAccount(ctx, s.d.Accounts, nameOrID)
}

// Remove forgets an account and takes it and its children out of every group; what was found in
// it stays in the store (reports show it by its id only), and its effective packs
// stay as they were, so that nothing of it is judged anew. CodeConflict while a scan of it runs.
func (s *Accounts) Remove(ctx context.Context, nameOrID string) error {
	a, err := s.Get(ctx, nameOrID)
	if err != nil {
		return err
	}
	scan, err := s.d.Running(ctx, a.ID)
	if err != nil {
		return err
	}
	if scan != "" {
		return schemas.Errorf(schemas.CodeConflict, "scan %s of account %s is still running", scan, a.Name).
			WithHint("wait for it, or stop it: insights scan cancel %s", scan)
	}
	if a.Found != nil && !a.Found.Left() {
		if by, _, err := s.d.Accounts.Get(ctx, string(a.Found.By)); err == nil && by.Organization != nil {
			return schemas.Errorf(schemas.CodeConflict, "account %s would be found again by account %s", a.Name, by.Name).
				WithHint("exclude it first: insights account update %s --exclude-account %s", by.Name, a.ID.AWSAccount())
		}
	}
	if a.Organization != nil {
		if err := s.letGo(ctx, a.ID); err != nil {
			return err
		}
	}
	// The account goes first: a crash in between leaves a member that does not
	// exist, never an account that lost its packs.
	if err := s.d.Accounts.Delete(ctx, string(a.ID)); err != nil {
		return err
	}
	groups, err := s.d.Groups.List(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		for _, m := range g.Accounts {
			if m.Account() != a.ID || g.Name == schemas.DefaultAccountsGroup {
				continue
			}
			if _, err := s.d.Groups.RemoveAccount(ctx, g.Name, string(m)); err != nil && !is(err, schemas.CodeNotFound) {
				return err
			}
		}
	}
	return nil
}

func listAccounts(ctx context.Context, t Table[schemas.Account]) ([]schemas.Account, error) {
	var list []schemas.Account
	err := t.List(ctx, "", func(_ string, a schemas.Account, _ uint64) error {
		list = append(list, a)
		return nil
	})
	slices.SortFunc(list, func(a, b schemas.Account) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

func findAccount(ctx context.Context, t Table[schemas.Account], nameOrID string) (schemas.Account, error) {
	list, err := listAccounts(ctx, t)
	if err != nil {
		return schemas.Account{}, err
	}
	names := make([]string, 0, len(list))
	for _, a := range list {
		if a.Name == nameOrID || string(a.ID) == nameOrID {
			return a, nil
		}
		names = append(names, a.Name)
	}
	e := schemas.Errorf(schemas.CodeNotFound, "there is no account %q", nameOrID)
	if len(names) == 0 {
		return schemas.Account{}, e.WithHint("add one: insights account add NAME")
	}
	return schemas.Account{}, e.WithHint("accounts: %s", strings.Join(names[:min(len(names), 20)], ", "))
}
