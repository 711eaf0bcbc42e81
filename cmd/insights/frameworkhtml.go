package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// pageScopes bounds the list of what could not be listed on a page about many accounts.
const pageScopes = 500

// frameworkPage is what the template of frameworks prints.
type frameworkPage struct {
	schemas.FrameworkReport
	At         time.Time
	Version    string
	Only       []string // the accounts that were asked for; empty: all
	Scopes     []pageScope
	MoreScopes int
}

type pageScope struct {
	schemas.ScopeGap
	Account string
}

func newFrameworkPage(r schemas.FrameworkReport, q schemas.FrameworkQuery, now time.Time) frameworkPage {
	p := frameworkPage{FrameworkReport: r, At: now, Version: thisBuild().Version, Only: q.Accounts}
	for _, acc := range r.Accounts {
		for _, g := range acc.Scopes {
			p.Scopes = append(p.Scopes, pageScope{g, acc.Account})
		}
	}
	if n := len(p.Scopes); n > pageScopes {
		p.Scopes, p.MoreScopes = p.Scopes[:pageScopes], n-pageScopes
	}
	return p
}

// Title is the framework as a heading.
func (p frameworkPage) Title() string {
	return strings.TrimSpace(p.Name + " " + p.FrameworkReport.Version)
}

// Label is how people name the framework to a command.
func (p frameworkPage) Label() string {
	return schemas.Framework{Name: p.Name, Version: p.FrameworkReport.Version}.Label()
}

// Waived are the failed controls that do not fail with waivers.
func (p frameworkPage) Waived() (n int) {
	for _, s := range p.Sections {
		for _, c := range s.Controls {
			if c.Status == schemas.ControlFailed && c.WithWaivers != schemas.ControlFailed {
				n++
			}
		}
	}
	return n
}

func printFrameworkPage(w io.Writer, p frameworkPage) error {
	return pageTemplates.ExecuteTemplate(w, "framework.html.tmpl", p)
}

// writeFrameworkPage is a report by framework as a page, for callers of the API.
func (n *node) writeFrameworkPage(ctx context.Context, q schemas.FrameworkQuery, w io.Writer) error {
	r, err := n.service.FrameworkReport(ctx, q)
	if err != nil {
		return err
	}
	return buffered(func(w io.Writer) error { return printFrameworkPage(w, newFrameworkPage(r, q, time.Now())) })(w)
}

// otherwise is the score with waivers where it is another one.
func otherwise(s schemas.Score) string {
	if s.WithWaivers == nil || *s.WithWaivers == s.Strict {
		return ""
	}
	return percentText(s.WithWaivers.Percent)
}

// tallyBar is how controls divide, in percent of all.
func tallyBar(t schemas.ControlTally) bar {
	whole := float64(t.Coverage.Of)
	if whole == 0 {
		return bar{}
	}
	of := func(n uint64) float64 { return 100 * float64(n) / whole }
	return bar{Passed: of(t.Passed), Failed: of(t.Failed), Unknown: of(t.Unknown)}
}

// policyCounts is what a policy says: "3 failed (2 waived), 4 passed".
func policyCounts(c schemas.Counts) string {
	if c.Failed+c.Passed+c.Unknown+c.Errored == 0 {
		return "nothing to judge"
	}
	text := fmt.Sprintf("%d failed", c.Failed)
	if c.Waived > 0 {
		text += fmt.Sprintf(" (%d waived)", c.Waived)
	}
	text += fmt.Sprintf(", %d passed", c.Passed)
	if n := c.Unknown + c.Errored; n > 0 {
		text += fmt.Sprintf(", %d unknown", n)
	}
	return text
}

// sectionChart shows the scores of the sections that have one, the lowest first.
func sectionChart(sections []schemas.SectionReport) *chart {
	list := slices.DeleteFunc(slices.Clone(sections), func(s schemas.SectionReport) bool { return s.Total.Score.Strict.Of == 0 })
	slices.SortStableFunc(list, func(a, b schemas.SectionReport) int {
		return cmp.Compare(a.Total.Score.Strict.Percent, b.Total.Score.Strict.Percent)
	})
	if len(list) < 2 {
		return nil
	}
	return bars("Score by section, the lowest first", list, 100, func(s schemas.SectionReport) (string, string, string, float64) {
		return orText(s.Section, "Controls"), "passed", percentText(s.Total.Score.Strict.Percent) + ", coverage " + percentText(s.Total.Coverage.Percent), s.Total.Score.Strict.Percent
	})
}
