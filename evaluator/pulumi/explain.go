package pulumi

import (
	"regexp"
	"strings"
)

// What the SDKs write around what a pack's author can use: colours, words of
// introduction, frames of the interpreter and of the SDK.
var (
	colours  = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	openings = regexp.MustCompile(`^(error: )?(\[runtime\] )?(Running program '.*' failed with an unhandled exception:|Program failed with an unhandled exception:|Here's what we think went wrong:)?`)
	foreign  = regexp.MustCompile(`^\s+at .*(node:|node_modules/|<anonymous>\)?$)|^\s+File "(<frozen |.*/site-packages/)|^- .*node_modules/`)
)

const (
	maxExplained      = 4 << 10 // bytes
	maxExplainedLines = 30
)

// explain makes what a pack wrote, or the text of an exception, readable: what
// is not the pack's own is left out, its files are named relative to its
// directory. Of a long text the beginning and the end are kept.
func explain(text, dir string) string {
	text = strings.NewReplacer(dir+"/", "", dir, ".").Replace(colours.ReplaceAllString(text, ""))
	var lines []string
	until := func(string) bool { return true } // what is left out ends before, or with, such a line
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if !until(line) {
			continue
		}
		until = func(string) bool { return true }
		switch {
		case line == "}": // of the object of a missing module
		case !foreign.MatchString(line):
			if line = openings.ReplaceAllString(line, ""); line != "" {
				lines = append(lines, line)
			}
		case strings.HasSuffix(line, " {"): // Node prints the exception's properties
			until = func(line string) bool { return line == "}" }
		case strings.HasPrefix(line, "  File "): // Python prints the source below
			until = func(line string) bool { return !strings.HasPrefix(line, "    ") }
		}
	}
	return shortened(lines)
}

func shortened(lines []string) string {
	if n := maxExplainedLines / 2; len(lines) > maxExplainedLines {
		lines = append(append(lines[:n:n], "…"), lines[len(lines)-n:]...)
	}
	text := strings.ToValidUTF8(strings.Join(lines, "\n"), "\uFFFD")
	if n := maxExplained / 2; len(text) > maxExplained {
		text = strings.ToValidUTF8(text[:n], "") + "\n…\n" + strings.ToValidUTF8(text[len(text)-n:], "")
	}
	return strings.TrimSpace(text)
}
