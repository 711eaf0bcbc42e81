package apply

import (
	"context"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/insights-scanner/insights-scanner/schemas"
)

type framework struct {
	schemas.Framework
	at place
}

func (r *reader) framework(n ast.Node) framework {
	f := framework{at: r.at(n)}
	text := func(to *string) func(ast.Node) { return func(n ast.Node) { *to = r.text(n) } }
	r.object(n, "a framework", fields{
		"name": text(&f.Name), "version": text(&f.Version), "description": text(&f.Description),
		"controls": func(n ast.Node) { r.each(n, func(n ast.Node) { f.Controls = append(f.Controls, r.control(n)) }) },
		"addedAt":  r.notYours, "addedBy": r.notYours,
	}, nil, "name", "controls")
	return f
}

func (r *reader) control(n ast.Node) (c schemas.FrameworkControl) {
	text := func(to *string) func(ast.Node) { return func(n ast.Node) { *to = r.text(n) } }
	r.object(n, "a control", fields{
		"id": text(&c.ID), "title": text(&c.Title), "section": text(&c.Section),
		"policies": func(n ast.Node) { c.Policies = r.texts(n) },
		"manual":   func(n ast.Node) { c.Manual = r.truth(n) },
	}, nil, "id")
	return c
}

func (r *reader) truth(n ast.Node) bool {
	v, ok := r.plain(n).(*ast.BoolNode)
	if !ok {
		r.wants(n, "true or false")
		return false
	}
	return v.Value
}

// ParseFramework reads a mapping file: one framework. The error is CodeInvalid
// and lists every problem with its file and line.
func ParseFramework(f File) (schemas.Framework, error) {
	p := &problems{}
	r := &reader{file: f.Name, anchors: map[string]ast.Node{}, problems: p}
	var found []framework
	r.bodies(f.Data, func(n ast.Node) { found = append(found, r.framework(n)) })
	if len(found) != 1 && !r.failed {
		p.add(place{file: f.Name}, "must hold one framework, not %d", len(found))
	}
	if err := p.err(); err != nil {
		return schemas.Framework{}, err
	}
	p.addAll(found[0].at, "", found[0].Validate())
	return found[0].Framework, p.err()
}

func (b *builder) frameworks() {
	declared := map[string]bool{}
	for _, f := range b.d.frameworks {
		declared[f.Key()] = true
		want, action := f.Framework, Create
		var old map[string]any
		if i := slices.IndexFunc(b.st.Frameworks, func(o schemas.Framework) bool { return o.Key() == f.Key() }); i >= 0 {
			old, action = framed(b.st.Frameworks[i]), Update
		}
		fields := fieldsOf(old, framed(want))
		if action == Update && len(fields) == 0 {
			continue
		}
		b.change(Object{Kind: KindFramework, Name: want.Label()}, action, fields, func(ctx context.Context, s Service) error {
			_, err := s.PutFramework(ctx, want)
			return err
		})
	}
	for _, o := range b.st.Frameworks {
		if b.d.listsFrameworks && !declared[o.Key()] {
			b.change(Object{Kind: KindFramework, Name: o.Label()}, Delete, nil, func(ctx context.Context, s Service) error {
				return s.RemoveFramework(ctx, o.Label())
			})
		}
	}
}

// framed are what people set of a framework; its controls by id, so that a change
// of one names it.
func framed(f schemas.Framework) map[string]any {
	f.AddedAt, f.AddedBy, f.Packs = time.Time{}, "", nil
	m := asJSON(f)
	controls := map[string]any{}
	for _, c := range f.Controls {
		controls[c.ID] = asJSON(c)
	}
	m["controls"] = controls
	return m
}

// exportedFramework is a mapping file without what the scanner sets.
type exportedFramework struct {
	Name        string                     `json:"name"`
	Version     string                     `json:"version,omitempty"`
	Description string                     `json:"description,omitempty"`
	Controls    []schemas.FrameworkControl `json:"controls"`
}

func exportFrameworks(list []schemas.Framework) []exportedFramework {
	out := []exportedFramework{}
	for _, f := range list {
		out = append(out, exportedFramework{f.Name, f.Version, f.Description, f.Controls})
	}
	return out
}
