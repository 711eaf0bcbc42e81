package main

import (
	"fmt"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// chart is a picture of bars, drawn in the page itself (SVG).
type chart struct {
	Title  string
	Height int
	Bars   []chartBar
}

type chartBar struct {
	Label, Value, Class string
	Whole               string // the label, where it is shortened
	Y, TextY            int
	Width, ValueX       float64
}

// What a chart measures, in units of the picture, which is 640 wide.
const (
	chartLeft  = 250.0 // of the bars: room for chartLabel letters of the widest common font
	chartRoom  = 200.0 // for the longest bar; its value stands behind it
	chartRow   = 26
	chartText  = 15 // baseline of a row's text
	chartLabel = 30 // letters
	chartBars  = 12
)

// bars draws at most chartBars values beside their labels; whole is as long as a
// bar can be.
func bars[T any](title string, list []T, whole float64, of func(T) (label, class, text string, value float64)) *chart {
	if len(list) == 0 || whole <= 0 {
		return nil
	}
	c := &chart{Title: title}
	for i, v := range list[:min(len(list), chartBars)] {
		label, class, text, value := of(v)
		width := chartRoom * max(value, 0) / whole
		short, whole := cut(label, chartLabel), ""
		if short != label {
			whole = label
		}
		c.Bars = append(c.Bars, chartBar{short, text, class, whole, i * chartRow, i*chartRow + chartText, width, chartLeft + width + 8})
	}
	c.Height = len(c.Bars) * chartRow
	return c
}

// severityChart shows an account's open violations by severity.
func severityChart(a pageAccount) *chart {
	most := uint64(0)
	for _, s := range a.Severities {
		most = max(most, s.Open)
	}
	return bars("Open violations by severity", a.Severities, float64(most), func(s pageSeverity) (string, string, string, float64) {
		return severityText(s.Severity), severityText(s.Severity), fmt.Sprint(s.Open), float64(s.Open)
	})
}

// policyChart shows the policies that fail on most resources of an account.
func policyChart(a pageAccount) *chart {
	var list []schemas.PolicyReport
	most := uint64(0)
	for _, p := range a.Packs {
		for _, q := range p.Open {
			if q.Counts.Failed > 0 && !p.Local {
				list = append(list, q)
				most = max(most, q.Counts.Failed)
			}
		}
	}
	slices.SortStableFunc(list, func(x, y schemas.PolicyReport) int { return int(y.Counts.Failed) - int(x.Counts.Failed) })
	return bars("Policies that fail on most resources", list, float64(most), func(q schemas.PolicyReport) (string, string, string, float64) {
		return q.Policy, severityText(q.Severity), fmt.Sprint(q.Counts.Failed), float64(q.Counts.Failed)
	})
}

// scoreChart shows the scores of the accounts that have one, the lowest first.
func scoreChart(p page) *chart {
	list := slices.DeleteFunc(slices.Clone(p.Accounts), func(a pageAccount) bool { return a.Never || a.Score < 0 })
	slices.SortStableFunc(list, func(a, b pageAccount) int {
		switch {
		case a.Score < b.Score:
			return -1
		case a.Score > b.Score:
			return 1
		}
		return 0
	})
	if len(list) < 2 {
		return nil
	}
	return bars("Score by account, the lowest first", list, 100, func(a pageAccount) (string, string, string, float64) {
		return a.Account, "passed", percentText(a.Score) + ", coverage " + percentText(a.Coverage), a.Score
	})
}
