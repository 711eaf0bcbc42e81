package apply

import (
	"context"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func (b *builder) members(g group, have schemas.Group) {
	wanted := map[string]bool{}
	for _, m := range g.members {
		wanted[m.account] = true
		if slices.Contains(have.Accounts, schemas.Member(m.account)) {
			continue
		}
		b.change(Object{KindMember, b.nameOf(m.account), g.name}, Create, nil, func(ctx context.Context, s Service) error {
			_, err := s.AddGroupAccount(ctx, g.name, m.account)
			return err
		})
	}
	if !g.listsMembers || g.name == schemas.DefaultAccountsGroup {
		return
	}
	for _, m := range have.Accounts {
		if !wanted[string(m)] {
			b.change(Object{KindMember, b.nameOf(string(m)), g.name}, Delete, nil, func(ctx context.Context, s Service) error {
				_, err := s.RemoveGroupAccount(ctx, g.name, string(m))
				return err
			})
		}
	}
}

// selector changes which accounts a group holds by their labels. An empty one in
// the file leaves out the one there is.
func (b *builder) selector(g group, have schemas.Group) {
	if !g.hasSelector || g.selector == have.Selector || g.name == schemas.DefaultAccountsGroup {
		return
	}
	o, action := Object{KindSelector, g.selector, g.name}, Update
	fields := fieldsOf(map[string]any{"selector": have.Selector}, map[string]any{"selector": g.selector})
	switch {
	case have.Selector == "":
		action, fields = Create, nil
	case g.selector == "":
		o.Name, action, fields = have.Selector, Delete, nil
	}
	b.change(o, action, fields, func(ctx context.Context, s Service) error {
		_, err := s.SelectGroupAccounts(ctx, g.name, g.selector)
		return err
	})
}

// nameOf is the path that a member has by the name that its account will have; what
// is given where the account is not registered.
func (b *builder) nameOf(member string) string {
	id, region, child := strings.Cut(member, "/")
	name := b.accountName(id)
	if !child {
		return name
	}
	return schemas.Path(name, region)
}

func (b *builder) accountName(id string) string {
	for i, o := range b.registered {
		if string(o.ID) == id {
			return b.d.accounts[i].Name
		}
	}
	for _, o := range b.st.Accounts {
		if string(o.ID) == id {
			return o.Name
		}
	}
	return id
}
