package seal

import (
	"regexp"
	"strings"
)

// A pack may print a part of a secret: the password of a URL, a line of a key, a
// token without what goes before it, or what a text in base64 stands for.

// minLine is the length of the shortest line that is hidden of a secret.
const minLine = 12

// run is letters and digits in a row, as many as nobody takes for a word's.
var run = regexp.MustCompile(`[A-Za-z0-9]{12,}`)

// parts are the texts inside a secret that give it away by themselves.
func parts(s string) (out []string) {
	out = withoutDecoding(s)
	for word := range strings.FieldsSeq(s) {
		if text := decoded(word); len(text) >= minRedact {
			out = append(append(out, text), withoutDecoding(text)...)
		}
	}
	return out
}

func withoutDecoding(s string) (out []string) {
	if strings.Contains(s, "\n") {
		for line := range strings.Lines(s) {
			if line = strings.TrimSpace(line); len(line) >= minLine {
				out = append(out, line)
			}
		}
	}
	for _, found := range plainSecrets(s) {
		out = append(append(out, found), run.FindAllString(found, -1)...)
	}
	for _, r := range run.FindAllString(s, -1) {
		if looksRandom(r) {
			out = append(out, r)
		}
	}
	return out
}
