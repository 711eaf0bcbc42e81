package policy

import (
	"regexp"
	"slices"
	"strings"
)

// globRule is a line of npm's ignore rules: a pattern as the package minimatch reads
// it with the options matchBase, dot, flipNegate and nocase.
type globRule struct {
	negated bool
	sets    [][]globPart // one for each way to choose from its braces
}

// globPart is what one part of a path has to be.
type globPart struct {
	text  string // literally, in lower case
	match *regexp.Regexp
	any   bool // "**": any number of parts
}

// slashes count as one, however many there are.
var slashes = regexp.MustCompile("//+")

// globRules reads lines, without comments and empty ones.
func globRules(lines ...string) (rules []globRule) {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		var r globRule
		for strings.HasPrefix(line, "!") {
			r.negated, line = !r.negated, line[1:]
		}
		for _, pattern := range braces(strings.ToLower(line)) {
			var set []globPart
			for part := range strings.SplitSeq(slashes.ReplaceAllString(pattern, "/"), "/") {
				set = append(set, newGlobPart(part))
			}
			r.sets = append(r.sets, set)
		}
		rules = append(rules, r)
	}
	return rules
}

// braces writes out "{a,b}", the first of them first.
func braces(p string) []string {
	open := strings.IndexByte(p, '{')
	if open < 0 {
		return []string{p}
	}
	depth, from := 0, open+1
	var choices []string
	for i := open; i < len(p); i++ {
		switch {
		case p[i] == '{':
			depth++
		case p[i] == ',' && depth == 1:
			choices, from = append(choices, p[from:i]), i+1
		case p[i] == '}':
			if depth--; depth > 0 {
				continue
			}
			if choices = append(choices, p[from:i]); len(choices) == 1 {
				return []string{p} // no choice, as in a shell
			}
			var out []string
			for _, c := range choices {
				out = append(out, braces(p[:open]+c+p[i+1:])...)
			}
			return out
		}
	}
	return []string{p}
}

func newGlobPart(p string) globPart {
	switch {
	case p == "**":
		return globPart{any: true}
	case !strings.ContainsAny(p, `*?[\`):
		return globPart{text: p}
	}
	// A part of only stars is never empty, "." or "..".
	match, err := regexp.Compile("^(?:" + glob(strings.ReplaceAll(p, "**", "*")) + ")$")
	if err != nil {
		return globPart{text: p}
	}
	return globPart{match: match}
}

func (p globPart) matches(name string) bool {
	if p.match == nil {
		return p.text == name
	}
	return name != "" && name != "." && name != ".." && p.match.MatchString(name)
}

// matches tells whether the pattern, without its "!", fits a path; partial, whether
// something below it could fit.
func (r globRule) matches(path string, partial bool) bool {
	parts := strings.Split(strings.ToLower(path), "/")
	return slices.ContainsFunc(r.sets, func(set []globPart) bool {
		if len(set) == 1 && !set[0].any {
			return fits(lastPart(parts), set, partial)
		}
		return fits(parts, set, partial)
	})
}

// lastPart is what a pattern of one part is held against.
func lastPart(parts []string) []string {
	for _, p := range slices.Backward(parts) {
		if p != "" {
			return []string{p}
		}
	}
	return []string{""}
}

func fits(path []string, set []globPart, partial bool) bool {
	for i, p := range set {
		if i >= len(path) {
			return partial
		}
		if p.any {
			return fitsAny(path[i:], set[i+1:], partial)
		}
		if !p.matches(path[i]) {
			return false
		}
	}
	rest := path[len(set):]
	return len(rest) == 0 || len(rest) == 1 && rest[0] == "" // a directory
}

// fitsAny is fits behind "**".
func fitsAny(path []string, set []globPart, partial bool) bool {
	if len(set) == 0 {
		return true
	}
	for i := range path {
		if fits(path[i:], set, partial) {
			return true
		}
	}
	return partial
}

// relative tells of a pattern that has no directory.
func (r globRule) relative() bool {
	return slices.ContainsFunc(r.sets, func(set []globPart) bool {
		return len(set) == 1 || len(set) == 2 && set[1] == globPart{}
	})
}
