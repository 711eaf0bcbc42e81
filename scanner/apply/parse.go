package apply

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// File is a file as it was read.
type File struct {
	Name string // as errors name it
	Data []byte
}

// Document is what files say there should be. A list that no file has is not
// spoken of: nothing of it changes.
type Document struct {
	accounts []account
	groups   []group

	waivers    []waiver
	frameworks []framework

	listsAccounts, listsGroups, listsWaivers, listsFrameworks bool
}

// place is where something stands.
type place struct {
	file string
	line int
}

type account struct {
	schemas.Account
	at    place
	lines map[string]place // of its keys
}

type group struct {
	kind     string // what errors call it, "group" when empty
	name     string
	at       place
	members  []reference
	selector string
	selects  place // where the selector stands
	packs    []enrolment

	listsMembers, hasSelector, listsPacks bool
}

func (g *group) label() string { return fmt.Sprintf("%s %q", cmp.Or(g.kind, "group"), g.name) }

// reference names an account, by name or id, or a child of one, by path.
type reference struct {
	account string
	at      place
}

type enrolment struct {
	schemas.Enrolment
	at     place
	config place
	pack   place
}

// Parse reads files. Top-level keys for which others is true are left to who
// knows them. The error is CodeInvalid and lists every problem with its file and
// line: what is not YAML, unknown keys, wrong types, what is missing, and what is
// there twice.
func Parse(files []File, others func(key string) bool) (*Document, error) {
	d, p := &Document{}, &problems{}
	for _, f := range files {
		r := &reader{file: f.Name, anchors: map[string]ast.Node{}, problems: p}
		r.document(d, f.Data, others)
	}
	d.checkTwice(p)
	return d, p.err()
}

// bodies reads the documents of a file that hold something; false when it is none.
func (r *reader) bodies(data []byte, read func(ast.Node)) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as some editors begin a file
	if at := invalidUTF8(data); at >= 0 {
		r.problems.add(place{r.file, 1 + bytes.Count(data[:at], []byte("\n"))}, "is not UTF-8")
		return false
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		line, text := 0, err.Error()
		if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			line, text = syntax.Token.Position.Line, syntax.Message
		}
		r.problems.add(place{r.file, line}, "%s", text)
		return false
	}
	for _, doc := range f.Docs {
		if doc.Body != nil {
			read(doc.Body)
		}
	}
	return true
}

func (r *reader) document(d *Document, data []byte, others func(string) bool) {
	some := false
	is := r.bodies(data, func(body ast.Node) {
		r.object(body, "the file", fields{
			"accounts": func(n ast.Node) {
				some, d.listsAccounts = true, true
				r.each(n, func(n ast.Node) { d.accounts = append(d.accounts, r.account(n)) })
			},
			"groups": func(n ast.Node) {
				some, d.listsGroups = true, true
				r.each(n, func(n ast.Node) { d.groups = append(d.groups, r.group(n)) })
			},
			"waivers": func(n ast.Node) {
				some, d.listsWaivers = true, true
				r.each(n, func(n ast.Node) { d.waivers = append(d.waivers, r.waiver(n)) })
			},
			"frameworks": func(n ast.Node) {
				some, d.listsFrameworks = true, true
				r.each(n, func(n ast.Node) { d.frameworks = append(d.frameworks, r.framework(n)) })
			},
		}, others)
	})
	if is && !some && !r.failed {
		r.problems.add(place{file: r.file}, "has neither accounts, groups, waivers nor frameworks")
	}
}

// invalidUTF8 is where data stops being UTF-8, or -1. The parser would put a
// replacement character there, into a name.
func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func (r *reader) account(n ast.Node) account {
	a := account{at: r.at(n), lines: map[string]place{}}
	text := func(to *string) func(ast.Node) { return func(n ast.Node) { *to = r.text(n) } }
	share := func(to **float64) func(ast.Node) { return func(n ast.Node) { *to = new(r.fraction(n)) } }
	id := ""
	keys := fields{
		"id": text(&id), "name": text(&a.Name), "provider": text(&a.Provider), "roleArn": text(&a.RoleARN), "externalId": text(&a.ExternalID),
		"profile": text(&a.Profile), "endpoint": text(&a.Endpoint),
		"maxShare":        share(&a.MaxShare),
		"tail":            func(n ast.Node) { a.Tail = schemas.Tail(r.text(n)) },
		"tailShare":       share(&a.TailShare),
		"awsConfig":       func(n ast.Node) { a.AWSConfig = schemas.ConfigUse(r.text(n)) },
		"regions":         func(n ast.Node) { a.Regions = r.texts(n) },
		"services":        func(n ast.Node) { a.Services = r.texts(n) },
		"sessionPolicies": func(n ast.Node) { a.SessionPolicies = r.texts(n) },
		"caps": func(n ast.Node) {
			a.Caps = map[string]int{}
			for _, p := range r.pairs(n) {
				r.under(r.key+"."+keyOf(p), func() { a.Caps[keyOf(p)] = r.number(p.Value) })
			}
		},
		"organization": func(n ast.Node) { a.Organization = r.organization(n) },
		"found":        r.notYours,
		"schedule": func(n ast.Node) {
			r.object(n, "a schedule", fields{
				"cron":          text(&a.Schedule.Cron),
				"jitterSeconds": func(n ast.Node) { a.Schedule.JitterSeconds = r.number(n) },
			}, nil)
		},
		"labels":    func(n ast.Node) { a.Labels = r.labels(n) },
		"createdAt": r.notYours,
	}
	for key, set := range keys {
		keys[key] = func(n ast.Node) {
			a.lines[key] = r.at(n)
			set(n)
		}
	}
	r.object(n, "an account", keys, nil, "name")
	a.ID = schemas.AccountID(id)
	if a.Provider == "" {
		a.Provider = "aws"
	}
	return a
}

func (r *reader) organization(n ast.Node) *schemas.Organization {
	o := &schemas.Organization{}
	text := func(to *string) func(ast.Node) { return func(n ast.Node) { *to = r.text(n) } }
	r.object(n, "an organization", fields{
		"role": text(&o.Role), "externalId": text(&o.ExternalID), "name": text(&o.Name),
		"ous":     func(n ast.Node) { o.OUs = r.texts(n) },
		"tags":    func(n ast.Node) { o.Tags = r.labels(n) },
		"exclude": func(n ast.Node) { o.Exclude = r.texts(n) },
	}, nil, "role")
	return o
}

func (r *reader) group(n ast.Node) group {
	g := group{at: r.at(n)}
	r.object(n, "a group", fields{
		"name": func(n ast.Node) { g.name = r.text(n) },
		"accounts": func(n ast.Node) {
			g.listsMembers = true
			r.each(n, func(n ast.Node) { g.members = append(g.members, reference{r.text(n), r.at(n)}) })
		},
		"selector": func(n ast.Node) { g.hasSelector, g.selector, g.selects = true, r.text(n), r.at(n) },
		"packs": func(n ast.Node) {
			g.listsPacks = true
			r.each(n, func(n ast.Node) { g.packs = append(g.packs, r.enrolment(n)) })
		},
	}, nil, "name")
	return g
}

func (r *reader) enrolment(n ast.Node) enrolment {
	e := enrolment{at: r.at(n), config: r.at(n)}
	e.pack = e.at
	r.object(n, "a pack of a group", fields{
		"pack":       func(n ast.Node) { e.Pack, e.pack = r.text(n), r.at(n) },
		"version":    func(n ast.Node) { e.Version, e.pack = r.text(n), r.at(n) },
		"config":     func(n ast.Node) { e.Config, e.config = r.config(n), r.at(n) },
		"modifiedAt": r.notYours, "problem": r.notYours,
	}, nil, "pack")
	if e.Version == "" {
		e.Version = schemas.Latest
	}
	return e
}

// config reads the configuration of a pack: per policy, or "all", an enforcement
// level or an object.
func (r *reader) config(n ast.Node) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, p := range r.pairs(n) {
		switch v := r.value(p.Value).(type) {
		case nil:
		case string:
			out[keyOf(p)] = map[string]any{"enforcementLevel": v}
		case map[string]any:
			out[keyOf(p)] = v
		default:
			r.under(r.key+"."+keyOf(p), func() { r.wants(p.Value, "an enforcement level or an object") })
		}
	}
	return out
}

// checkTwice notes what is named more than once.
func (d *Document) checkTwice(p *problems) {
	names, ids, groups := newSet(p), newSet(p), newSet(p)
	waivers, frameworks := newSet(p), newSet(p)
	for _, w := range d.waivers {
		waivers.add(w.at, "waiver", w.name)
	}
	for _, f := range d.frameworks {
		if f.Name != "" {
			frameworks.add(f.at, "framework", f.Label())
		}
	}
	for _, a := range d.accounts {
		names.add(a.at, "account", a.Name)
		ids.add(a.at, "account", string(a.ID))
	}
	for _, g := range d.groups {
		groups.add(g.at, "group", g.name)
		members, packs := newSet(p), newSet(p)
		for _, m := range g.members {
			members.add(m.at, "account", m.account)
		}
		for _, e := range g.packs {
			packs.add(e.at, "pack", e.Pack)
		}
	}
}

type set struct {
	p    *problems
	seen map[string]place
}

func newSet(p *problems) set { return set{p, map[string]place{}} }

func (s set) add(at place, kind, name string) {
	first, twice := s.seen[name]
	switch {
	case name == "":
	case twice:
		s.p.add(at, "%s %q is there twice, first at %s", kind, name, first)
	default:
		s.seen[name] = at
	}
}

// known are the keys that may be written, sorted.
func (f fields) known() []string {
	var list []string
	for key := range f {
		if !slices.Contains(setByUs, key) {
			list = append(list, key)
		}
	}
	slices.Sort(list)
	return list
}

// setByUs are keys of the API's JSON that are not for people to set.
var setByUs = []string{"createdAt", "found", "organizationProblems", "modifiedAt", "problem", "removed", "changes", "addedAt", "addedBy"}
