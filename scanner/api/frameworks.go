package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// FrameworkService are the operations on compliance frameworks. A framework is
// named by its name, a part of it that no other has, or NAME@VERSION.
type FrameworkService interface {
	// PutFramework adds a mapping file, or replaces that of the same name and version.
	PutFramework(ctx context.Context, f schemas.Framework) (schemas.Framework, error)
	// ListFrameworks lists those of mapping files and those that packs name.
	ListFrameworks(ctx context.Context) ([]schemas.Framework, error)
	// FrameworkFiles lists mapping files alone, as they were added.
	FrameworkFiles(ctx context.Context) ([]schemas.Framework, error)
	// GetFramework has every control, with the policies that packs map to it.
	GetFramework(ctx context.Context, name string) (schemas.Framework, error)
	// RemoveFramework takes a mapping file away; what packs map stays.
	RemoveFramework(ctx context.Context, name string) error
	// FrameworkReport is compliance by section and control.
	FrameworkReport(ctx context.Context, q schemas.FrameworkQuery) (schemas.FrameworkReport, error)
}

// Mappings is what Local needs of policy.Mappings.
type Mappings interface {
	Put(ctx context.Context, f schemas.Framework, by string) (schemas.Framework, error)
	List(ctx context.Context) ([]schemas.Framework, error)
	Remove(ctx context.Context, f schemas.Framework) error
}

// frameworkReportQuery is a schemas.FrameworkQuery without what the path names.
type frameworkReportQuery struct {
	Accounts []string  `query:"account"`
	AsOf     time.Time `query:"asOf"`
}

func (s *Server) frameworkRoutes() {
	svc := s.c.Service
	s.op("ListFrameworks", "GET /v1/frameworks", ScopeRead, "Frameworks of mapping files and those that packs name.", svc.ListFrameworks)
	s.op("FrameworkFiles", "GET /v1/framework-files", ScopeRead, "Mapping files alone, as they were added.", svc.FrameworkFiles)
	s.op("PutFramework", "PUT /v1/frameworks", ScopeWrite, "Add a mapping file, or replace that of the same name and version.", svc.PutFramework)
	s.op("GetFramework", "GET /v1/frameworks/{framework}", ScopeRead, "Every control of a framework, with the policies that packs map to it.", svc.GetFramework)
	s.op("RemoveFramework", "DELETE /v1/frameworks/{framework}", ScopeWrite, "Take a mapping file away; what packs map stays.", svc.RemoveFramework)
	s.op("FrameworkReport", "GET /v1/frameworks/{framework}/report", ScopeRead, "Compliance by section and control.",
		func(ctx context.Context, framework string, q frameworkReportQuery) (schemas.FrameworkReport, error) {
			return svc.FrameworkReport(ctx, schemas.FrameworkQuery{Framework: framework, Accounts: q.Accounts, AsOf: q.AsOf})
		})
}

// PutFramework implements Service.
func (c *Client) PutFramework(ctx context.Context, f schemas.Framework) (schemas.Framework, error) {
	return send[schemas.Framework](ctx, c, http.MethodPut, f, "frameworks")
}

// ListFrameworks implements Service.
func (c *Client) ListFrameworks(ctx context.Context) ([]schemas.Framework, error) {
	return list[schemas.Framework](ctx, c, nil, "frameworks")
}

// FrameworkFiles implements Service.
func (c *Client) FrameworkFiles(ctx context.Context) ([]schemas.Framework, error) {
	return list[schemas.Framework](ctx, c, nil, "framework-files")
}

// GetFramework implements Service.
func (c *Client) GetFramework(ctx context.Context, name string) (schemas.Framework, error) {
	return get[schemas.Framework](ctx, c, nil, "frameworks", name)
}

// RemoveFramework implements Service.
func (c *Client) RemoveFramework(ctx context.Context, name string) error {
	return c.remove(ctx, "frameworks", name)
}

// FrameworkReport implements Service.
func (c *Client) FrameworkReport(ctx context.Context, q schemas.FrameworkQuery) (schemas.FrameworkReport, error) {
	return get[schemas.FrameworkReport](ctx, c, values(frameworkReportQuery{q.Accounts, q.AsOf}), "frameworks", q.Framework, "report")
}

// PutFramework implements Service.
func (l *Local) PutFramework(ctx context.Context, f schemas.Framework) (schemas.Framework, error) {
	f, err := l.p.Mappings.Put(ctx, f, Actor(ctx))
	if err == nil {
		l.record(ctx, "framework", f.Label(), f)
	}
	return f, err
}

// ListFrameworks implements Service.
func (l *Local) ListFrameworks(ctx context.Context) ([]schemas.Framework, error) {
	list, err := l.p.Mappings.List(ctx)
	if err != nil {
		return nil, err
	}
	manifests, err := l.p.Packs.List(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, m := range manifests { // the newest version of a pack comes first
		if seen[m.Name] || m.Removed {
			continue
		}
		seen[m.Name] = true
		for _, p := range m.Policies {
			for _, c := range p.Controls {
				list = mapped(list, c, m.Name, p.Name)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b schemas.Framework) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
	})
	return list, nil
}

// mapped adds to frameworks that a policy checks a control.
func mapped(list []schemas.Framework, c schemas.Control, pack, policy string) []schemas.Framework {
	i := slices.IndexFunc(list, func(f schemas.Framework) bool { return f.Is(c) })
	if i < 0 {
		list, i = append(list, schemas.Framework{Name: c.Framework, Version: c.Version}), len(list)
	}
	f := &list[i]
	if !slices.Contains(f.Packs, pack) {
		f.Packs = append(f.Packs, pack)
	}
	j := slices.IndexFunc(f.Controls, func(o schemas.FrameworkControl) bool { return o.ID == c.ID })
	if j < 0 {
		f.Controls, j = append(f.Controls, schemas.FrameworkControl{ID: c.ID}), len(f.Controls)
	}
	control := &f.Controls[j]
	if control.Manual = false; !control.Checks(pack, policy) {
		control.Policies = append(control.Policies, pack+"/"+policy)
	}
	return list
}

// FrameworkFiles implements Service.
func (l *Local) FrameworkFiles(ctx context.Context) ([]schemas.Framework, error) {
	return l.p.Mappings.List(ctx)
}

// GetFramework implements Service.
func (l *Local) GetFramework(ctx context.Context, name string) (schemas.Framework, error) {
	list, err := l.ListFrameworks(ctx)
	if err != nil {
		return schemas.Framework{}, err
	}
	return FindFramework(list, name)
}

// FindFramework finds what a name means: the whole of one, else a part of only one,
// else the short name that tables have of it. CodeNotFound when it is none,
// CodeConflict when it may be several.
func FindFramework(list []schemas.Framework, name string) (schemas.Framework, error) {
	var exact, part, short []schemas.Framework
	for _, f := range list {
		label := f.Label()
		switch {
		case name == "":
		case strings.EqualFold(label, name) || strings.EqualFold(f.Name, name):
			exact = append(exact, f)
		case strings.Contains(strings.ToLower(label), strings.ToLower(name)):
			part = append(part, f)
		case strings.EqualFold(schemas.ShortFramework(f.Name), name):
			short = append(short, f)
		}
	}
	for _, others := range [][]schemas.Framework{part, short} {
		if len(exact) == 0 {
			exact = others
		}
	}
	if len(exact) == 1 {
		return exact[0], nil
	}
	if len(exact) > 1 {
		return schemas.Framework{}, schemas.Errorf(schemas.CodeConflict, "%q means several frameworks", name).WithHint("which one: %s", labels(exact))
	}
	e := schemas.Errorf(schemas.CodeNotFound, "there is no framework %q", name)
	if len(list) == 0 {
		return schemas.Framework{}, e.WithHint("no published pack names one; add a mapping: insights framework add FILE")
	}
	return schemas.Framework{}, e.WithHint("frameworks: %s", labels(list))
}

// labels are the names of the first few frameworks.
func labels(list []schemas.Framework) string {
	names := make([]string, min(len(list), 20))
	for i := range names {
		names[i] = list[i].Label()
	}
	return strings.Join(names, "; ")
}

// RemoveFramework implements Service.
func (l *Local) RemoveFramework(ctx context.Context, name string) error {
	list, err := l.p.Mappings.List(ctx)
	if err != nil {
		return err
	}
	f, err := FindFramework(list, name)
	if schemas.CodeOf(err) == schemas.CodeNotFound {
		return noMappingFile(list, name)
	}
	if err != nil {
		return err
	}
	if err := l.p.Mappings.Remove(ctx, f); err != nil {
		return err
	}
	l.record(ctx, "framework", f.Label(), nil)
	return nil
}

func noMappingFile(list []schemas.Framework, name string) error {
	e := schemas.Errorf(schemas.CodeNotFound, "there is no mapping file of %q", name)
	if len(list) == 0 {
		return e.WithHint("there is none at all; what packs map by themselves stays")
	}
	return e.WithHint("mapping files: %s; what packs map by themselves stays", labels(list))
}

// FrameworkReport implements Service.
func (l *Local) FrameworkReport(ctx context.Context, q schemas.FrameworkQuery) (schemas.FrameworkReport, error) {
	f, err := l.GetFramework(ctx, q.Framework)
	if err != nil {
		return schemas.FrameworkReport{}, err
	}
	r, err := l.Report(ctx, schemas.ReportQuery{Accounts: q.Accounts, AsOf: q.AsOf})
	if err != nil {
		return schemas.FrameworkReport{}, err
	}
	return byFramework(f, r), nil
}
