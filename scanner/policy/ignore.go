package policy

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// ignoreRule is one line of a .gitignore file.
type ignoreRule struct {
	match   *regexp.Regexp // of the path from the root of the pack
	negated bool
	dirOnly bool
	under   string // the way to the pack from where the rule is, if that is above it
}

// parseIgnore reads the .gitignore of a directory: comments, "!" (keep after
// all), a trailing "/" (directories only), a "/" elsewhere (from this directory,
// else at any depth), "*", "?", "**" and character classes. A line that cannot be
// read matches nothing, as in git.
func parseIgnore(dir, text string) []ignoreRule {
	var rules []ignoreRule
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		var r ignoreRule
		line, r.negated = strings.CutPrefix(line, "!")
		line = strings.TrimPrefix(line, `\`)
		line, r.dirOnly = strings.CutSuffix(line, "/")
		prefix := "^"
		if dir != "." {
			prefix += regexp.QuoteMeta(dir + "/")
		}
		if !strings.Contains(line, "/") {
			prefix += "(?:.*/)?"
		}
		match, err := regexp.Compile(prefix + glob(strings.TrimPrefix(line, "/")) + "$")
		if err != nil {
			continue
		}
		r.match = match
		rules = append(rules, r)
	}
	return rules
}

// ignoredAbove are the rules of the directories above a pack, up to the root of its
// git repository; none outside of one. The nearest come last.
func ignoredAbove(dir string) (rules []ignoreRule) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	under := ""
	for at := dir; ; {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return rules
		}
		up := filepath.Dir(at)
		if up == at {
			return nil
		}
		under, at = path.Join(filepath.Base(at), under), up
		if raw, err := os.ReadFile(filepath.Join(at, ".gitignore")); err == nil {
			above := parseIgnore(".", string(raw))
			for i := range above {
				above[i].under = under
			}
			rules = append(above, rules...)
		}
	}
}

// glob writes a pattern as a regular expression.
func glob(p string) string {
	var out strings.Builder
	for i := 0; i < len(p); {
		rest := p[i:]
		switch {
		case strings.HasPrefix(rest, "**/"):
			out.WriteString("(?:.*/)?")
			i += 3
		case strings.HasPrefix(rest, "**"):
			out.WriteString(".*")
			i += 2
		case rest[0] == '*':
			out.WriteString("[^/]*")
			i++
		case rest[0] == '?':
			out.WriteString("[^/]")
			i++
		case rest[0] == '[' && strings.IndexByte(rest, ']') > 1:
			end := strings.IndexByte(rest, ']')
			class := rest[1:end]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			out.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 1
		default:
			// Bytes of one rune pass together, since quoting leaves them alone.
			out.WriteString(regexp.QuoteMeta(rest[:1]))
			i++
		}
	}
	return out.String()
}

// ignored tells whether a path is left out: the last rule that matches decides.
func ignored(rules []ignoreRule, name string, isDir bool) bool {
	for i := len(rules) - 1; i >= 0; i-- {
		r := rules[i]
		if (!r.dirOnly || isDir) && r.match.MatchString(path.Join(r.under, name)) {
			return !r.negated
		}
	}
	return false
}
