package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Action is what happens to an object.
type Action string

// Actions.
const (
	Create Action = "create"
	Update Action = "change"
	Delete Action = "delete"
)

// Kind says what an object is.
type Kind string

// Kinds of objects. The name of a member or an enrolment is that of the account or
// pack, that of a selector what it is or will be; the group stands beside it.
const (
	KindAccount   Kind = "account"
	KindGroup     Kind = "group"
	KindMember    Kind = "member"
	KindSelector  Kind = "selector"
	KindEnrolment Kind = "enrolment"
	KindWaiver    Kind = "waiver"
	KindFramework Kind = "framework"
)

// Object names one thing that is kept as code.
type Object struct {
	Kind  Kind   `json:"kind"`
	Name  string `json:"name"`
	Group string `json:"group,omitempty"` // of a member, selector or enrolment
}

func (o Object) String() string {
	switch o.Kind {
	case KindMember:
		return "account " + o.Name + " in group " + o.Group
	case KindSelector:
		return "selector " + o.Name + " in group " + o.Group
	case KindEnrolment:
		return "pack " + o.Name + " in group " + o.Group
	default:
		return string(o.Kind) + " " + o.Name
	}
}

// Change is what is to be done to one object.
type Change struct {
	Object
	Action Action  `json:"action"`
	Fields []Field `json:"fields,omitempty"` // of what is created or changed
	Done   bool    `json:"done"`

	// Lists is the name of an account that lists an organization: its members follow when
	// that is looked at.
	Lists string `json:"-"`

	do func(ctx context.Context, s Service) error
}

// Field is one setting that changes; a side that is not set is nil.
type Field struct {
	Path string `json:"path"` // "schedule.cron"
	Old  any    `json:"old,omitempty"`
	New  any    `json:"new,omitempty"`
}

// Plan is the difference between a document and what there is, in the order in
// which it is brought about.
type Plan struct {
	Changes []*Change `json:"changes"`
	// Kept is what the document's lists do not have and what stays nevertheless.
	Kept []Object `json:"kept"`
}

// Compare says what a document changes. With prune, what a list of the document
// does not have is deleted; lists it does not have stay as they are, and so does
// the default group itself. The error is CodeInvalid and lists every problem of
// the document with its file and line: accounts, packs and versions that there
// are not, settings that nobody takes.
func Compare(d *Document, st State, rules Rules, prune bool) (*Plan, error) {
	c := &checker{d: d, st: st, rules: rules, prune: prune}
	if err := c.check(); err != nil {
		return nil, err
	}
	b := &builder{checker: c, plan: &Plan{Changes: []*Change{}, Kept: []Object{}}}
	b.accounts()
	b.groups()
	b.frameworks()
	b.waivers()
	slices.Reverse(b.deletes) // accounts last: what names them goes first
	for _, change := range b.deletes {
		if prune {
			b.plan.Changes = append(b.plan.Changes, change)
		} else {
			b.plan.Kept = append(b.plan.Kept, change.Object)
		}
	}
	return b.plan, nil
}

// Empty tells whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Count is how many changes have an action.
func (p *Plan) Count(a Action) int {
	n := 0
	for _, c := range p.Changes {
		if c.Action == a {
			n++
		}
	}
	return n
}

// Run makes the changes, in order, and calls done after each. Of accounts, all
// are tried; nothing that comes after them happens when one of them failed.
// What was done is marked. Doing it again goes on where it ended.
func (p *Plan) Run(ctx context.Context, s Service, done func(*Change)) error {
	var errs []error
	for _, c := range p.Changes {
		registers := c.Kind == KindAccount && c.Action != Delete
		if !registers && len(errs) > 0 {
			break
		}
		if err := c.do(ctx, s); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.Object, err))
			if !registers || ctx.Err() != nil {
				break
			}
			continue
		}
		c.Done = true
		done(c)
	}
	return errors.Join(errs...)
}

type builder struct {
	*checker
	plan    *Plan
	deletes []*Change
}

func (b *builder) change(o Object, a Action, fields []Field, do func(context.Context, Service) error) *Change {
	c := &Change{Object: o, Action: a, Fields: fields, do: do}
	if a == Delete {
		b.deletes = append(b.deletes, c)
	} else {
		b.plan.Changes = append(b.plan.Changes, c)
	}
	return c
}

// lists notes an account whose members are not registered as it says by now.
func (c *Change) lists(a schemas.Account) {
	if a.Organization != nil {
		c.Lists = a.Name
	}
}

func (b *builder) accounts() {
	declared := map[schemas.AccountID]bool{}
	for i, a := range b.d.accounts {
		want := a.Account
		o, known := b.registered[i]
		if !known {
			b.change(Object{Kind: KindAccount, Name: a.Name}, Create, fieldsOf(nil, settings(want)), func(ctx context.Context, s Service) error {
				_, err := s.AddAccount(ctx, want)
				return err
			}).lists(want)
			continue
		}
		declared[o.ID] = true
		want.ID = o.ID
		if fields := fieldsOf(settings(o), settings(want)); len(fields) > 0 {
			b.change(Object{Kind: KindAccount, Name: o.Name}, Update, fields, func(ctx context.Context, s Service) error {
				_, err := s.UpdateAccount(ctx, string(o.ID), want)
				return err
			}).lists(want)
		}
	}
	for _, o := range b.st.Accounts {
		// What an organization made known comes and goes with it.
		if b.d.listsAccounts && !declared[o.ID] && o.Found == nil {
			b.change(Object{Kind: KindAccount, Name: o.Name}, Delete, nil, func(ctx context.Context, s Service) error {
				return s.RemoveAccount(ctx, string(o.ID))
			})
		}
	}
}

func (b *builder) groups() {
	declared := map[string]bool{}
	for _, g := range b.d.groups {
		declared[g.name] = true
		i := slices.IndexFunc(b.st.Groups, func(o schemas.Group) bool { return o.Name == g.name })
		have := schemas.Group{Name: g.name}
		if i >= 0 {
			have = b.st.Groups[i]
		} else {
			b.change(Object{Kind: KindGroup, Name: g.name}, Create, nil, func(ctx context.Context, s Service) error {
				_, err := s.CreateGroup(ctx, g.name)
				return err
			})
		}
		b.members(g, have)
		b.selector(g, have)
		b.enrolments(g, have)
	}
	for _, o := range b.st.Groups {
		if b.d.listsGroups && !declared[o.Name] && o.Name != schemas.DefaultAccountsGroup {
			b.change(Object{Kind: KindGroup, Name: o.Name}, Delete, nil, func(ctx context.Context, s Service) error {
				return s.DeleteGroup(ctx, o.Name)
			})
		}
	}
}

func (b *builder) enrolments(g group, have schemas.Group) {
	wanted := map[string]bool{}
	for _, e := range g.packs {
		wanted[e.Pack] = true
		want, action := e.Enrolment, Update
		i := slices.IndexFunc(have.Packs, func(o schemas.Enrolment) bool { return o.Pack == e.Pack })
		var old map[string]any
		if i < 0 {
			action = Create
		} else {
			old = terms(have.Packs[i])
		}
		fields := fieldsOf(old, terms(want))
		if i >= 0 && len(fields) == 0 {
			continue
		}
		b.change(Object{KindEnrolment, e.Pack, g.name}, action, fields, func(ctx context.Context, s Service) error {
			_, err := s.EnrolPack(ctx, g.name, want)
			return err
		})
	}
	if !g.listsPacks {
		return
	}
	for _, o := range have.Packs {
		if !wanted[o.Pack] {
			b.change(Object{KindEnrolment, o.Pack, g.name}, Delete, nil, func(ctx context.Context, s Service) error {
				_, err := s.WithdrawPack(ctx, g.name, o.Pack)
				return err
			})
		}
	}
}
