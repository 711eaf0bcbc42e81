package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output, FailedBuild string
	Elapsed                                                float64
}

type key struct{ pkg, test string }

type skip struct {
	key
	reason string
}

type summary struct {
	w              io.Writer
	output         map[key][]string // of what runs, and of packages
	build          map[string][]string
	running        map[key]bool
	failedIn       map[string]int
	passed, failed int
	skipped        []skip
	failures       []string
	slow           []slowTest
}

// slowTest is a test, whole, that took longer than slowFrom. The turns that its
// parallel parts wait for are among that.
type slowTest struct {
	key
	seconds float64
}

const (
	slowFrom = 10.0 // seconds
	slowMost = 20
)

func newSummary(w io.Writer) *summary {
	return &summary{
		w: w, output: map[key][]string{}, build: map[string][]string{},
		running: map[key]bool{}, failedIn: map[string]int{},
	}
}

// read takes the events in. What is no event is printed as it is.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				s.print(string(line))
			} else {
				s.add(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what go test prints: %w", err)
		}
	}
}

func (s *summary) add(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		s.build[e.ImportPath] = append(s.build[e.ImportPath], e.Output)
	case "output":
		s.output[k] = append(s.output[k], e.Output)
	case "run":
		s.running[k] = true
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(k, e.Action)
			s.time(k, e.Elapsed)
		}
	}
}

func (s *summary) endTest(k key, action string) {
	delete(s.running, k)
	switch action {
	case "pass":
		s.passed++
	case "skip":
		s.skipped = append(s.skipped, skip{k, reason(s.output[k])})
	case "fail":
		s.fail(k)
	}
	delete(s.output, k)
}

func (s *summary) time(k key, seconds float64) {
	if seconds > slowFrom && !strings.Contains(k.test, "/") {
		s.slow = append(s.slow, slowTest{k, seconds})
	}
}

// printSlow names the tests that a run spends its time on.
func (s *summary) printSlow() {
	slices.SortFunc(s.slow, func(a, b slowTest) int { return cmp.Compare(b.seconds, a.seconds) })
	for i, t := range s.slow[:min(len(s.slow), slowMost)] {
		if i == 0 {
			s.print("\nSlowest:\n")
		}
		s.print(fmt.Sprintf("  %s %s: %.0fs\n", t.pkg, t.test, t.seconds))
	}
}

func (s *summary) fail(k key) {
	s.failed++
	s.failedIn[k.pkg]++
	s.failures = append(s.failures, strings.TrimSpace(k.pkg+" "+k.test))
	s.print(strings.Join(s.output[k], ""))
}

// endPackage prints the line of a package, before it what is not told yet of a failure.
func (s *summary) endPackage(e event) {
	k := key{pkg: e.Package}
	defer delete(s.output, k)
	switch e.Action {
	case "skip":
		s.print(fmt.Sprintf("?   \t%s\t[no test files]\n", e.Package))
		return
	case "pass":
		note := ""
		if slices.ContainsFunc(s.output[k], func(l string) bool { return strings.Contains(l, "\t(cached)") }) {
			note = "\t(cached)"
			s.slow = slices.DeleteFunc(s.slow, func(t slowTest) bool { return t.pkg == e.Package }) // they took no time now
		}
		s.print(fmt.Sprintf("ok  \t%s\t%.1fs%s\n", e.Package, e.Elapsed, note))
		return
	}
	s.endRunning(e.Package)
	s.print(strings.Join(s.build[e.FailedBuild], ""))
	s.output[k] = slices.DeleteFunc(s.output[k], func(l string) bool {
		return l == "FAIL\n" || strings.HasPrefix(l, "FAIL\t")
	})
	note := ""
	if e.FailedBuild != "" {
		note = "\t[build failed]"
	}
	if s.failedIn[e.Package] == 0 { // it does not build, or TestMain or the clean-up failed
		s.fail(k)
	} else {
		s.print(strings.Join(s.output[k], ""))
	}
	s.print(fmt.Sprintf("FAIL\t%s\t%.1fs%s\n", e.Package, e.Elapsed, note))
}

// endRunning fails the tests that the end of their process cut off.
func (s *summary) endRunning(pkg string) {
	var cut []key
	for k := range s.running {
		if k.pkg == pkg {
			cut = append(cut, k)
		}
	}
	slices.SortFunc(cut, func(a, b key) int { return strings.Compare(a.test, b.test) })
	for _, k := range cut {
		s.output[k] = append(s.output[k], fmt.Sprintf("--- FAIL: %s (did not end)\n", k.test))
		s.endTest(k, "fail")
	}
}

func (s *summary) print(text string) { _, _ = io.WriteString(s.w, text) }

var place = regexp.MustCompile(`^\s*[\w.-]+\.go:\d+: `)

// reason is what a skipped test printed last before it ended, without the place.
func reason(output []string) string {
	text := ""
	for _, l := range output {
		switch t := strings.TrimSpace(l); {
		case t == "" || strings.HasPrefix(t, "=== ") || strings.HasPrefix(t, "--- "):
		case place.MatchString(l) || text == "":
			text = strings.TrimSpace(place.ReplaceAllString(l, ""))
		default:
			text += " " + t
		}
	}
	if text == "" {
		return "no reason given"
	}
	return text
}

// close prints the end and returns the exit code.
func (s *summary) close(allowed []allowance, goTest int) int {
	code := goTest
	s.printSlow()
	if len(s.failures) > 0 {
		s.print("\nFailed:\n  " + strings.Join(s.failures, "\n  ") + "\n")
		code = 1
	}
	if len(s.skipped) > 0 {
		s.print("\nSkipped:\n")
	}
	for _, k := range s.skipped {
		note := ""
		if !slices.ContainsFunc(allowed, func(a allowance) bool { return a.matches(k) }) {
			note, code = "  <- not allowed: .ci/skips.txt does not list it", 1
		}
		s.print(fmt.Sprintf("  %s %s: %s%s\n", k.pkg, k.test, k.reason, note))
	}
	if goTest != 0 && len(s.failures) == 0 {
		s.print(fmt.Sprintf("go test ended with code %d\n", goTest))
	}
	s.print(fmt.Sprintf("\n%d passed, %d failed, %d skipped\n", s.passed, s.failed, len(s.skipped)))
	return code
}
