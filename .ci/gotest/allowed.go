package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// allowance is one line of the list: "package test : reason", three regular
// expressions of which the first two match the whole and the third the start.
type allowance struct{ pkg, test, reason *regexp.Regexp }

func (a allowance) matches(s skip) bool {
	return a.pkg.MatchString(s.pkg) && a.test.MatchString(s.test) && a.reason.MatchString(s.reason)
}

func readAllowed(file string) ([]allowance, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []allowance
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		a, err := parseAllowance(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		out = append(out, a)
	}
	return out, lines.Err()
}

func parseAllowance(line string) (allowance, error) {
	what, reason, found := strings.Cut(line, " : ")
	names := strings.Fields(what)
	reason = strings.TrimSpace(reason)
	if !found || len(names) != 2 || reason == "" {
		return allowance{}, fmt.Errorf("not of the form 'package test : reason': %q", line)
	}
	var res [3]*regexp.Regexp
	for i, text := range []string{"^(?:" + names[0] + ")$", "^(?:" + names[1] + ")$", "^(?:" + reason + ")"} {
		re, err := regexp.Compile(text)
		if err != nil {
			return allowance{}, err
		}
		res[i] = re
	}
	return allowance{res[0], res[1], res[2]}, nil
}
