package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// checker holds a document against what there is, before anything is compared.
type checker struct {
	d     *Document
	st    State
	rules Rules
	prune bool
	p     problems

	// registered has what each account of the document is now; those that are to
	// be added are not in it.
	registered map[int]schemas.Account
}

func (c *checker) check() error {
	c.registered = map[int]schemas.Account{}
	for i := range c.d.accounts {
		c.account(i)
	}
	c.names()
	for i := range c.d.groups {
		c.group(&c.d.groups[i])
	}
	return c.p.err()
}

// account checks an account's settings and finds which one it is: that of its
// id, else that of its name.
func (c *checker) account(i int) {
	a := &c.d.accounts[i]
	if a.Name == "" {
		return // said already
	}
	if err := c.rules.Account(a.Account); err != nil {
		// A hint is a line of its own, below what it is about.
		text := strings.ReplaceAll(err.Error(), "\n  ", "; ")
		for line := range strings.SplitSeq(text, "\n") {
			key := line[:max(0, strings.IndexAny(line, ":.["))]
			at, ok := a.lines[key]
			if !ok {
				at = a.at
			}
			c.p.add(at, "account %q: %s", a.Name, line)
		}
	}
	for _, o := range c.st.Accounts {
		if a.ID != "" && o.ID == a.ID {
			c.registered[i] = o
			return
		}
	}
	for _, o := range c.st.Accounts {
		switch {
		case o.Name != a.Name:
		case a.ID != "":
			c.p.add(a.lines["id"], "account %q is registered as %s and cannot become %s; use another name, or remove it first", a.Name, o.ID, a.ID)
		default:
			c.registered[i] = o
		}
	}
}

// names checks that no two accounts would have one name.
func (c *checker) names() {
	taken := map[schemas.AccountID]int{}
	for i := range c.d.accounts {
		o, ok := c.registered[i]
		if !ok {
			continue
		}
		a := c.d.accounts[i]
		if first, twice := taken[o.ID]; twice {
			c.p.add(a.at, "account %q is %s, which is there already, at %s", a.Name, o.ID, c.d.accounts[first].at)
			continue
		}
		taken[o.ID] = i
		for _, other := range c.st.Accounts {
			if other.ID != o.ID && other.Name == a.Name {
				c.p.add(a.lines["name"], "account %s cannot be called %q: %s is", o.ID, a.Name, other.ID)
			}
		}
	}
}

func (c *checker) group(g *group) {
	if g.name == "" {
		return
	}
	if err := c.rules.Group(g.name); err != nil {
		c.p.addAll(g.at, "", err)
		return
	}
	if g.name == schemas.DefaultAccountsGroup && len(g.members) > 0 {
		c.p.add(g.members[0].at, "group %s holds every account; leave its accounts out", g.name)
	}
	c.selector(g)
	seen := map[string]place{}
	for i := range g.members {
		c.member(g, &g.members[i], seen)
	}
	for i := range g.packs {
		c.enrolment(g, &g.packs[i])
	}
}

// selector makes a selector canonical.
func (c *checker) selector(g *group) {
	switch {
	case g.selector == "":
	case g.name == schemas.DefaultAccountsGroup:
		c.p.add(g.selects, "group %s holds every account; leave its selector out", g.name)
	default:
		canonical, err := c.rules.Selector(g.selector)
		c.p.addAll(g.selects, fmt.Sprintf("group %q: ", g.name), err)
		g.selector = canonical
	}
}

// member makes a reference the account's id, or its name if it is to be added,
// with the region of a child behind it.
func (c *checker) member(g *group, m *reference, seen map[string]place) {
	path := m.account
	if path == "" {
		return
	}
	name, region, child := strings.Cut(path, "/")
	target, ok := c.find(name)
	switch {
	case !ok && c.prune && slices.Contains(c.accountNames(), name):
		c.p.add(m.at, "group %q: account %q is not among the accounts of the file, so that --prune removes it", g.name, name)
		return
	case !ok:
		c.p.add(m.at, "group %q: there is no account %q; %s", g.name, name, nearest(name, c.accountNames()))
		return
	case child && !schemas.IsChild(region):
		c.p.add(m.at, "group %q: account %q has no child %q; a child is a region or %q", g.name, name, region, schemas.GlobalRegion)
		return
	case child:
		target = schemas.Path(target, region)
	}
	if first, twice := seen[target]; twice && target != path {
		c.p.add(m.at, "group %q: account %q is there twice, first at %s", g.name, path, first)
		return
	}
	seen[target] = m.at
	m.account = target
}

// find is the account that a name or id will mean: its id, or its name if it is
// to be added.
func (c *checker) find(name string) (string, bool) {
	declared := map[schemas.AccountID]bool{}
	for i, a := range c.d.accounts {
		o, known := c.registered[i]
		declared[o.ID] = known
		if a.Name != name && (a.ID == "" || string(a.ID) != name) && (!known || string(o.ID) != name) {
			continue
		}
		if known {
			return string(o.ID), true
		}
		return a.Name, true
	}
	for _, o := range c.st.Accounts {
		gone := c.prune && c.d.listsAccounts && o.Found == nil
		if (o.Name == name || string(o.ID) == name) && !declared[o.ID] && !gone {
			return string(o.ID), true
		}
	}
	return "", false
}

func (c *checker) accountNames() []string {
	var names []string
	for _, a := range c.d.accounts {
		names = append(names, a.Name)
	}
	for _, o := range c.st.Accounts {
		if !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	return names
}

// enrolment checks pack, version and configuration, and makes the configuration
// canonical.
func (c *checker) enrolment(g *group, e *enrolment) {
	if e.Pack == "" {
		return
	}
	var packs, versions []string
	var found *schemas.PackManifest
	for i, m := range c.st.Packs {
		if !slices.Contains(packs, m.Name) {
			packs = append(packs, m.Name)
		}
		if m.Name != e.Pack || m.Removed {
			continue
		}
		versions = append(versions, m.Version)
		if found == nil && (e.Version == m.Version || e.Version == schemas.Latest) {
			found = &c.st.Packs[i]
		}
	}
	switch {
	case !slices.Contains(packs, e.Pack):
		c.p.add(e.pack, "group %q: there is no pack %q; %s", g.name, e.Pack, nearest(e.Pack, packs))
	case found == nil:
		c.p.add(e.pack, "group %q: pack %s has no version %q; %s", g.name, e.Pack, e.Version, nearest(e.Version, versions))
	default:
		config, err := c.rules.Config(*found, e.Config)
		c.p.addAll(e.config, "group \""+g.name+"\": pack "+e.Pack+": ", err)
		e.Config = config
	}
}
