package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// count is how many policies came to an outcome on some resource.
func (r *row) count(outcomes ...schemas.Outcome) (n int) {
	for _, counts := range r.Policies {
		all := true
		for _, o := range outcomes {
			all = all && counts[o] > 0
		}
		if all {
			n++
		}
	}
	return n
}

// result is what became of a pack in a line.
func (r *row) result() string {
	if r.Why != "" {
		return "does not run: " + line(r.Why)
	}
	runs := "runs"
	if r.Activated {
		runs += " in an activated environment"
	}
	if len(r.Reasons) == 0 {
		return runs
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.Reasons)) {
		out = append(out, fmt.Sprintf("%s errored on %d resources: %s", name, r.Policies[name][schemas.Errored], line(r.Reasons[name])))
	}
	return runs + "; " + strings.Join(out, "; ")
}

const longestReason = 240

// withoutTraceback leaves out where a Python exception came from: what it says
// stands at the end.
func withoutTraceback(text string) string {
	before, trace, found := strings.Cut(text, "Traceback (most recent call last):\n")
	if !found {
		return text
	}
	lines := strings.Split(trace, "\n")
	return before + strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, " ") || l == "" }), "\n")
}

// server is the part of an address that tells where packages come from.
var server = regexp.MustCompile(`https?://[^/\s]+/`)

// line is a text on one line of a table.
func line(text string) string {
	text = server.ReplaceAllString(strings.Join(strings.Fields(withoutTraceback(text)), " "), "")
	text = strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(text)
	if r := []rune(text); len(r) > longestReason {
		return string(r[:longestReason]) + "…"
	}
	return text
}

// runs is how many packs run.
func runs(rows []row) (n int) {
	for _, r := range rows {
		if r.Why == "" {
			n++
		}
	}
	return n
}

// printTable writes the table, in Markdown.
func printTable(w io.Writer, rows []row, s *scene) {
	fmt.Fprintf(w, head, len(s.resources), len(rows), runs(rows))
	for _, r := range rows {
		stack := 0
		for _, p := range r.Manifest.Policies {
			if p.Scope == schemas.PolicyStack {
				stack++
			}
		}
		name := r.Pack
		if r.Manifest.Version != "" {
			name += " " + r.Manifest.Version
		}
		result := r.result()
		if note := s.note(r.Pack); note != "" {
			result += ". " + note
		}
		fmt.Fprintf(w, "| %s | %s | %d | %d | %d | %d | %d | %d | %s |\n", name, r.Runtime, len(r.Manifest.Policies)-stack, stack,
			r.count(schemas.Failed), r.count(schemas.Passed), r.count(schemas.Failed, schemas.Passed), r.count(schemas.Unknown), result)
	}
}

const head = `# Public packs

Packs that others wrote, fetched and run as they are by ` + "`go run ./.ci/publicpacks > docs/public-packs.md`" + `, which made this page. Where they come from, with the
commit, is in ` + "`.ci/publicpacks/sources.yaml`" + `; nothing of them is part of this repository. Each is copied, gets its dependencies, starts in the sandbox and judges
%d resources: what discovery makes of AWS (its golden files), and a few of other providers (` + "`.ci/publicpacks/resources.yaml`" + `). Stack policies are listed and
not evaluated for accounts. *failed*, *passed*, *both*: how many policies did so on some resource; *unknown*: how many could not tell of some, because
what they ask for is not known of it. Of %d packs, %d run; a result is kept until the pack is run again.

A name begins with the repository on GitHub, of Pulumi where no owner is named. Integration tests of pulumi/pulumi-policy assert what one test stack shows them, so on
other resources their own assertions throw: that is what *errored* says there. *In an activated environment* run Python packs that leave it to their
user to install the policy SDK.

| pack | runtime | policies | stack policies | failed | passed | both | unknown | result |
|---|---|---|---|---|---|---|---|---|
`
