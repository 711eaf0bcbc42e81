package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// markdown writes a table, as docs/BENCHMARKS.md has them, and none without rows.
func markdown(w io.Writer, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
	}
	fmt.Fprintln(w)
}

// printCosts says what each run took.
func printCosts(w io.Writer, results []result) {
	var rows [][]string
	for _, r := range results {
		rows = append(rows, []string{
			r.tool, number(r.tally.total()), seconds(r.wall), fmt.Sprintf("%s (%d %%)", seconds(r.tally.Busy), int(100*r.tally.Busy/max(r.wall, 1))),
			seconds(r.cpu), fmt.Sprint(r.rss >> 20),
		})
	}
	markdown(w, []string{"", "calls", "wall s", "of which moto was busy", "CPU s", "peak MiB"}, rows)
}

// printServices says which services the calls went to.
func printServices(w io.Writer, results []result) {
	head, rows := []string{"calls"}, [][]string{}
	for _, r := range results {
		head = append(head, r.tool)
	}
	names := append([]string{}, services.insights...)
	for _, s := range append(names, "others") {
		row := []string{s}
		for _, r := range results {
			n := 0
			for op, calls := range r.tally.Calls {
				if service, _, _ := strings.Cut(op, ":"); service == s || s == "others" && !slices.Contains(names, service) {
					n += calls
				}
			}
			row = append(row, number(n))
		}
		rows = append(rows, row)
	}
	markdown(w, head, rows)
}

// printTruth says how right each tool is, over all facts.
func printTruth(w io.Writer, t truth, results []result) {
	var rows [][]string
	for _, r := range results {
		s := t.rate(r.answers, "")
		rows = append(rows, []string{
			r.tool, number(s.Seen), number(s.Right), number(s.FalsePass), number(s.FalseAlarm), number(s.Unknown), number(s.Silent),
			number(r.tally.Throttled), fmt.Sprint(r.exit), seconds(r.wall),
		})
	}
	markdown(w, []string{
		"", fmt.Sprintf("seen of %d resources", len(t.Resources)), fmt.Sprintf("right of %d verdicts", t.count("")), "passes that fail", "fails that pass",
		"said unknown", "nothing said", "throttled calls", "exit code", "wall s",
	}, rows)
}

// printChecks says per check what each tool says, where not all is right.
func printChecks(w io.Writer, t truth, results []result, shown func(check) bool) {
	head := []string{"check", "verdicts"}
	for _, r := range results {
		head = append(head, r.tool)
	}
	var rows [][]string
	for _, c := range checks {
		if !shown(c) {
			continue
		}
		row := []string{fmt.Sprintf("%s (`%s`)", c.name, c.needs), number(t.count(c.name))}
		for _, r := range results {
			row = append(row, t.rate(r.answers, c.name).String())
		}
		rows = append(rows, row)
	}
	markdown(w, head, rows)
}

// String leaves out what there is none of.
func (s score) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{s.Right, "right"}, {s.FalsePass, "pass, wrong"}, {s.FalseAlarm, "fail, wrong"}, {s.Unknown, "unknown"}, {s.Silent, "nothing said"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// printTold says whether what a tool prints lets its user know that it was refused.
func printTold(w io.Writer, results []result) {
	var rows [][]string
	for _, r := range results {
		told := "no"
		if r.told {
			told = "yes"
		}
		rows = append(rows, []string{r.tool, number(r.tally.Denied), told, number(r.exit)})
	}
	markdown(w, []string{"", "calls denied", "its output says so", "exit code"}, rows)
}

func number(n int) string { return fmt.Sprint(n) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
