package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// How a case came out.
const (
	testPassed  = "passed"
	testFailed  = "failed"
	testShown   = "shown" // nothing was wanted
	testUpdated = "updated"
)

// testedCase is a case with what policies said.
type testedCase struct {
	Where       string                 `json:"where"` // file:line
	Case        string                 `json:"case"`
	State       string                 `json:"state"`
	Results     []schemas.PolicyResult `json:"results"` // of policies that apply
	Differences []fixture.Difference   `json:"differences,omitempty"`
}

func newTestedCase(c *fixture.Case, results []schemas.PolicyResult) testedCase {
	t := testedCase{Where: c.Where(), Case: c.Title(), State: testPassed, Results: []schemas.PolicyResult{}, Differences: c.Compare(results)}
	for _, r := range results {
		if _, wanted := c.Want[r.Policy]; wanted || r.Outcome != schemas.NotApplicable {
			t.Results = append(t.Results, r)
		}
	}
	switch {
	case len(c.Want) == 0:
		t.State = testShown
	case len(t.Differences) > 0:
		t.State = testFailed
	}
	return t
}

// testOutcome is what 'pack test' prints.
type testOutcome struct {
	Pack    string       `json:"pack"`
	Version string       `json:"version"`
	Passed  int          `json:"passed"`
	Failed  int          `json:"failed"`
	Shown   int          `json:"shown"`
	Updated int          `json:"updated"`
	Cases   []testedCase `json:"cases"`
}

func (o *testOutcome) add(t testedCase) {
	o.Cases = append(o.Cases, t)
	*map[string]*int{testPassed: &o.Passed, testFailed: &o.Failed, testShown: &o.Shown, testUpdated: &o.Updated}[t.State]++
}

// finishTest prints the outcome and gives the exit code.
func (a *app) finishTest(o testOutcome) error {
	var err error
	if a.output == "json" {
		err = printJSON(a.out, o)
	} else {
		err = printTest(a.out, o)
	}
	if err == nil && o.Failed > 0 {
		return exitCode(exitViolations)
	}
	return err
}

func printTest(w io.Writer, o testOutcome) error {
	labels := map[string]string{testPassed: "ok", testFailed: "FAILED", testShown: "shown", testUpdated: "updated"}
	for _, t := range o.Cases {
		fmt.Fprintf(w, "%-7s  %s  %s\n", labels[t.State], t.Where, oneLine(t.Case))
		switch t.State {
		case testFailed:
			t.printDifferences(w)
		case testShown, testUpdated:
			for _, r := range t.Results {
				fmt.Fprintf(w, "           %s: %s\n", r.Policy, oneLine(resultText(r)))
			}
		}
	}
	text := fmt.Sprintf("\nPack %s %s: %s, %d as wanted, %d not", o.Pack, o.Version, countText(uint64(len(o.Cases)), "case", "cases"), o.Passed, o.Failed)
	if o.Shown > 0 {
		text += fmt.Sprintf(", %d without a want (--update writes one)", o.Shown)
	}
	if o.Updated > 0 {
		text += fmt.Sprintf(", %d updated: read what changed before you commit it", o.Updated)
	}
	_, err := fmt.Fprintln(w, text+".")
	return err
}

// printDifferences prints what is wanted behind "-" and what was said behind "+".
func (t *testedCase) printDifferences(w io.Writer) {
	for _, d := range t.Differences {
		fmt.Fprintf(w, "           %s: %s\n", d.Policy, d.What)
		got := d.Got
		if d.What == "outcome" {
			got = []string{"no result"}
			if i := slices.IndexFunc(t.Results, func(r schemas.PolicyResult) bool { return r.Policy == d.Policy }); i >= 0 {
				got = []string{resultText(t.Results[i])}
			}
		}
		for _, s := range d.Want {
			if !slices.Contains(got, s) {
				fmt.Fprintf(w, "             - %s\n", oneLine(s))
			}
		}
		for _, s := range got {
			if !slices.Contains(d.Want, s) {
				fmt.Fprintf(w, "             + %s\n", oneLine(s))
			}
		}
	}
}

// resultText is a result in one line: the outcome and what there is to tell.
func resultText(r schemas.PolicyResult) string {
	told := strings.Join(r.Messages, "; ")
	switch r.Outcome {
	case schemas.Unknown:
		var paths []string
		for _, p := range r.Paths {
			paths = append(paths, p.Path)
		}
		told = strings.Join(paths, ", ")
	case schemas.Errored:
		told = r.Reason
	}
	if told == "" {
		return string(r.Outcome)
	}
	return string(r.Outcome) + ": " + told
}
