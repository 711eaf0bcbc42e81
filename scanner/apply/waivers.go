package apply

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/insights-scanner/insights-scanner/schemas"
)

type waiver struct {
	schemas.WaiverTerms
	name string
	at   place
	refs []reference // of accounts
}

func (r *reader) waiver(n ast.Node) waiver {
	w := waiver{at: r.at(n)}
	text := func(to *string) func(ast.Node) { return func(n ast.Node) { *to = r.text(n) } }
	list := func(to *[]string) func(ast.Node) { return func(n ast.Node) { *to = r.texts(n) } }
	s := &w.Selector
	r.object(n, "a waiver", fields{
		"name": text(&w.name), "reason": text(&w.Reason), "requester": text(&w.Requester), "approver": text(&w.Approver), "ticket": text(&w.Ticket),
		"startsAt":  func(n ast.Node) { w.StartsAt = r.time(n) },
		"expiresAt": func(n ast.Node) { w.ExpiresAt = r.time(n) },
		"selector": func(n ast.Node) {
			r.object(n, "a selector", fields{
				"accounts": func(n ast.Node) {
					r.each(n, func(n ast.Node) { w.refs = append(w.refs, reference{r.text(n), r.at(n)}) })
				},
				"packs": list(&s.Packs), "policies": list(&s.Policies), "types": list(&s.Types), "urns": list(&s.URNs),
				"tags": func(n ast.Node) { s.Tags = r.labels(n) },
			}, nil)
		},
		"removed": r.notYours, "changes": r.notYours,
	}, nil, "name", "selector", "reason", "expiresAt")
	return w
}

// time reads a day (its first moment in UTC) or a moment.
func (r *reader) time(n ast.Node) time.Time {
	text := r.text(n)
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	if text != "" {
		r.wants(n, "a day or a moment such as 2027-01-31 or 2027-01-31T18:00:00Z")
	}
	return time.Time{}
}

// waiver checks a waiver and makes its accounts ids, or names where they are to
// be added.
func (c *checker) waiver(w *waiver) {
	if w.name == "" {
		return
	}
	w.Selector.Accounts = nil
	for i := range w.refs {
		g := group{kind: "waiver", name: w.name}
		c.member(&g, &w.refs[i], map[string]place{})
		w.Selector.Accounts = append(w.Selector.Accounts, schemas.Member(w.refs[i].account))
	}
	for _, list := range []*[]string{&w.Selector.Packs, &w.Selector.Policies, &w.Selector.Types, &w.Selector.URNs} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.Sort(w.Selector.Accounts)
	if w.ExpiresAt.IsZero() || w.Reason == "" {
		return // said already
	}
	terms, check := w.WaiverTerms, c.rules.NewWaiver
	if have := c.st.waiver(w.name); have != nil { // it may have ended
		terms, check = asAdded(terms, have), schemas.WaiverTerms.Validate
	}
	c.p.addAll(w.at, "waiver \""+w.name+"\": ", check(terms))
}

// waiver is the one of a name, nil without it.
func (st State) waiver(name string) *schemas.Waiver {
	if i := slices.IndexFunc(st.Waivers, func(o schemas.Waiver) bool { return o.Name == name }); i >= 0 {
		return &st.Waivers[i]
	}
	return nil
}

// asAdded has what a file leaves out as it was when the waiver was added.
func asAdded(t schemas.WaiverTerms, have *schemas.Waiver) schemas.WaiverTerms {
	if t.StartsAt.IsZero() {
		t.StartsAt = have.StartsAt
	}
	t.Requester = cmp.Or(t.Requester, have.Requester)
	return t
}

func (b *builder) waivers() {
	declared := map[string]bool{}
	for _, w := range b.d.waivers {
		declared[w.name] = true
		want, action := w.WaiverTerms, Create
		var old map[string]any
		if have := b.st.waiver(w.name); have != nil {
			want, old, action = asAdded(want, have), asJSON(have.WaiverTerms), Update
		}
		fields := fieldsOf(old, asJSON(want))
		if action == Update && len(fields) == 0 {
			continue
		}
		b.change(Object{Kind: KindWaiver, Name: w.name}, action, fields, func(ctx context.Context, s Service) error {
			var err error
			if action == Create {
				_, err = s.AddWaiver(ctx, w.name, want)
			} else {
				_, err = s.UpdateWaiver(ctx, w.name, want)
			}
			return err
		})
	}
	for _, o := range b.st.Waivers {
		if b.d.listsWaivers && !declared[o.Name] {
			b.change(Object{Kind: KindWaiver, Name: o.Name}, Delete, nil, func(ctx context.Context, s Service) error {
				return s.RemoveWaiver(ctx, o.Name)
			})
		}
	}
}

// exportedWaiver is a waiver in the form of a file.
type exportedWaiver struct {
	Name string `json:"name"`
	schemas.WaiverTerms
}

// waivers have the names of accounts, as people write them.
func exportWaivers(list []schemas.Waiver, names map[schemas.AccountID]string) []exportedWaiver {
	out := []exportedWaiver{}
	for _, w := range list {
		e := exportedWaiver{w.Name, w.WaiverTerms}
		e.Selector.Tags = maps.Clone(e.Selector.Tags)
		e.Selector.Accounts = nil
		for _, m := range w.Selector.Accounts {
			id := m.Account()
			if name, ok := names[id]; ok {
				id = schemas.AccountID(name)
			}
			e.Selector.Accounts = append(e.Selector.Accounts, schemas.NewMember(id, m.Region()))
		}
		out = append(out, e)
	}
	return out
}
