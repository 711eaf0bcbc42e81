package pulumi

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// place is where a sentinel stands for unknown paths.
type place struct {
	at    []string // as the SDKs name it: rules, 0, encrypted
	paths []schemas.UnknownPath
}

// places are the sentinels of a resource.
type places []place

// hide puts holes into a copy of properties, at each unknown path. What a path
// leads through need not be there: then the hole is as far down as there is
// something. A name under a list means that of every element. What is internal
// to Pulumi is left out, as Pulumi does.
func hide(properties map[string]any, unknown []schemas.UnknownPath) (map[string]any, places) {
	var ps places
	public := make(map[string]any, len(properties))
	for name, v := range properties {
		if !strings.HasPrefix(name, "__") {
			public[name] = v
		}
	}
	var out any = public
	for _, u := range unknown {
		out = ps.hide(out, parsePath(u.Path), nil, u)
	}
	hidden, _ := out.(map[string]any)
	return hidden, ps
}

// hide returns v with a hole where a path leads to. at is where v is.
func (ps *places) hide(v any, path, at []string, u schemas.UnknownPath) any {
	if v == (hole{}) || len(path) == 0 {
		ps.note(at, u)
		return hole{}
	}
	switch v := v.(type) {
	case map[string]any:
		out, name := maps.Clone(v), path[0]
		child, there := v[name]
		if !there {
			path, child = path[:1], nil
		}
		out[name] = ps.hide(child, path[1:], below(at, name), u)
		return out
	case []any:
		out := slices.Clone(v)
		n, err := strconv.Atoi(path[0])
		switch {
		case err != nil:
			for i := range out {
				out[i] = ps.hide(v[i], path, below(at, strconv.Itoa(i)), u)
			}
			return out
		case n >= 0 && n < len(out):
			out[n] = ps.hide(v[n], path[1:], below(at, path[0]), u)
			return out
		}
	}
	ps.note(at, u)
	return hole{}
}

func below(at []string, name string) []string { return append(at[:len(at):len(at)], name) }

func (ps *places) note(at []string, u schemas.UnknownPath) {
	i := slices.IndexFunc(*ps, func(p place) bool { return slices.Equal(p.at, at) })
	if i < 0 {
		*ps = append(*ps, place{at: at, paths: []schemas.UnknownPath{u}})
		return
	}
	(*ps)[i].paths = append((*ps)[i].paths, u)
}

// parsePath splits a property path as Pulumi writes it: a.b, a[0].b, ["a b"].c.
func parsePath(path string) []string {
	var parts []string
	for path != "" {
		var part string
		switch {
		case strings.HasPrefix(path, `["`):
			part, path, _ = strings.Cut(path[2:], `"]`)
		case path[0] == '[':
			part, path, _ = strings.Cut(path[1:], "]")
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			part, path = path[:end], path[end:]
		}
		path = strings.TrimPrefix(path, ".")
		parts = append(parts, part)
	}
	return parts
}

// all are the unknown paths of a resource that matter.
func (ps places) all() []schemas.UnknownPath {
	var out []schemas.UnknownPath
	for _, p := range ps {
		out = append(out, p.paths...)
	}
	return sortedPaths(out)
}

// named are the unknown paths that an SDK means by a path: those of the nearest
// sentinels, and all of them if it is near to none.
func (ps places) named(path string) []schemas.UnknownPath {
	var out []schemas.UnknownPath
	most := 0
	for _, p := range ps {
		if strings.Join(p.at, ".") == path {
			return sortedPaths(p.paths)
		}
		switch n := shared(p.at, strings.Split(path, ".")); {
		case n > most:
			most, out = n, p.paths
		case n == most && n > 0:
			out = append(out[:len(out):len(out)], p.paths...)
		}
	}
	if most == 0 {
		return ps.all()
	}
	return sortedPaths(out)
}

// shared is how many parts two paths begin with alike.
func shared(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// sortedPaths sorts paths and leaves out those that are there twice.
func sortedPaths(paths []schemas.UnknownPath) []schemas.UnknownPath {
	out := slices.Clone(paths)
	slices.SortFunc(out, func(a, b schemas.UnknownPath) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(out, func(a, b schemas.UnknownPath) bool { return a.Path == b.Path })
}
