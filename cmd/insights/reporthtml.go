package main

import (
	"context"
	"embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A page is bounded: it is to be mailed and opened on a phone, and must fit into
// memory whatever the accounts hold. What is left out is said, with the command
// that lists it.
const (
	pageViolations = 10000 // violations of all accounts
	pagePerAccount = 1000  // of one account; with more of them:
	pagePerPolicy  = 50    // of one policy, so that no policy crowds out the others
	pageGaps       = 200   // reasons of one account
)

//go:embed *.html.tmpl
var pageSources embed.FS

var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"percent":   percentText,
	"severity":  severityText,
	"time":      timeText,
	"unscanned": unscannedText,
	"controls":  controlText,
	"gap":       gapText,
	"scope":     func(g schemas.ScopeGap) string { return scopeText(g.ScopeEnd) },
	"took":      func(s *schemas.Scan) string { return durationText(*s) },
	"noPacks":   func() string { return noPacksText },
	"count":     countText,
	"share":     share,
	"scores":    scoreLines,

	"severityChart": severityChart,
	"policyChart":   policyChart,
	"scoreChart":    scoreChart,

	"perPolicy": func() int { return pagePerPolicy },

	"status":       func(s schemas.ControlStatus) string { return causeText(schemas.FixCause(s)) },
	"tally":        tallyText,
	"tallyBar":     tallyBar,
	"otherwise":    otherwise,
	"policyCounts": policyCounts,
	"unknown":      func(c schemas.Counts) uint64 { return c.Unknown + c.Errored },
	"sectionChart": sectionChart,
}).ParseFS(pageSources, "*.html.tmpl"))

// page is what the template prints.
type page struct {
	At       time.Time
	AsOf     time.Time // zero: now
	Version  string
	Filters  []string
	Accounts []pageAccount
}

type pageAccount struct {
	schemas.AccountReport
	Never      bool
	Severities []pageSeverity // those with open violations, worst first
	Total      uint64         // open violations
	Packs      []pagePack
	Violations []pageViolation
	MoreGaps   int
}

type pageSeverity struct {
	Severity schemas.Severity
	Open     uint64
}

// pagePack has the policies that need work apart from those that do not.
type pagePack struct {
	schemas.PackReport
	Open  []schemas.PolicyReport
	Clean []schemas.PolicyReport
}

type pageViolation struct {
	schemas.Violation
	Title string // of the policy
}

// violationLister is the part of the service that pages come from.
type violationLister interface {
	Violations(ctx context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error)
}

// newPage gathers a page: the report, and the open violations it counts.
func newPage(ctx context.Context, s violationLister, r schemas.Report, q schemas.ReportQuery, now time.Time) (page, error) {
	p := page{At: now, AsOf: r.AsOf, Version: thisBuild().Version, Filters: filterTexts(q)}
	room := pageViolations
	for _, acc := range r.Accounts {
		pa := newPageAccount(acc)
		if !pa.Never {
			list, err := pa.open(ctx, s, q, room)
			if err != nil {
				return page{}, err
			}
			room -= len(list)
			pa.setViolations(list)
		}
		p.Accounts = append(p.Accounts, pa)
	}
	return p, nil
}

func filterTexts(q schemas.ReportQuery) []string {
	var out []string
	if len(q.Accounts) > 0 {
		out = append(out, "accounts "+strings.Join(q.Accounts, ", "))
	}
	if q.Pack != "" {
		out = append(out, "pack "+q.Pack)
	}
	if len(q.Severity) > 0 {
		names := make([]string, len(q.Severity))
		for i, s := range q.Severity {
			names[i] = severityText(s)
		}
		out = append(out, "severities "+strings.Join(names, ", "))
	}
	return out
}

func newPageAccount(acc schemas.AccountReport) pageAccount {
	pa := pageAccount{AccountReport: acc, Never: acc.NeverScanned()}
	for _, s := range severities {
		if n := acc.Open[s]; n > 0 {
			pa.Severities = append(pa.Severities, pageSeverity{s, n})
			pa.Total += n
		}
	}
	for _, p := range acc.Packs {
		pp := pagePack{PackReport: p}
		for _, q := range worstFirst(p.Policies) {
			if q.Counts.Failed+q.Counts.Unknown+q.Counts.Errored > 0 {
				pp.Open = append(pp.Open, q)
			} else {
				pp.Clean = append(pp.Clean, q)
			}
		}
		pa.Packs = append(pa.Packs, pp)
	}
	if n := len(acc.Gaps); n > pageGaps {
		pa.MoreGaps = n - pageGaps
		pa.Gaps = acc.Gaps[:pageGaps]
	}
	return pa
}

// setViolations adds the violations, each with the title of its policy.
func (pa *pageAccount) setViolations(list []schemas.Violation) {
	titles := map[[2]string]string{}
	for _, p := range pa.AccountReport.Packs {
		for _, q := range p.Policies {
			titles[[2]string{p.Pack, q.Policy}] = q.Title
		}
	}
	for _, v := range list {
		pa.Violations = append(pa.Violations, pageViolation{v, titles[[2]string{v.Pack, v.Policy}]})
	}
	// Violations come and go between two questions; "5 of 4" helps nobody.
	pa.Total = max(pa.Total, uint64(len(list)))
}

// open lists an account's open violations, worst first, room at most: all of
// them, or when there are too many the first ones of each policy.
func (pa *pageAccount) open(ctx context.Context, s violationLister, q schemas.ReportQuery, room int) ([]schemas.Violation, error) {
	ask := schemas.ViolationQuery{
		Accounts: []string{string(pa.AccountID)}, Pack: q.Pack, Severity: q.Severity,
		State: []schemas.ViolationState{schemas.ViolationOpen}, Sort: "severity", Enforced: !schemas.IsLocal(q.Pack),
	}
	if !q.AsOf.IsZero() { // what was open then, whatever it is now
		ask.AsOf, ask.State = q.AsOf, nil
	}
	if pa.Total <= pagePerAccount {
		return violationsUpTo(ctx, s, ask, min(room, pagePerAccount))
	}
	var out []schemas.Violation
	for _, p := range pa.Packs {
		for _, policy := range p.Open {
			if policy.Counts.Failed == 0 {
				continue
			}
			ask.Pack, ask.Policy = p.Pack, policy.Policy
			list, err := violationsUpTo(ctx, s, ask, min(room-len(out), pagePerPolicy))
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	slices.SortStableFunc(out, func(a, b schemas.Violation) int { return b.Severity.Rank() - a.Severity.Rank() })
	return out, nil
}

// violationsUpTo pages through violations up to a limit.
func violationsUpTo(ctx context.Context, s violationLister, ask schemas.ViolationQuery, limit int) ([]schemas.Violation, error) {
	var out []schemas.Violation
	for len(out) < limit {
		ask.Limit = min(limit-len(out), maxPage/2)
		got, err := s.Violations(ctx, ask)
		if err != nil {
			return nil, err
		}
		out = append(out, got.Violations...)
		if ask.Cursor = got.Next; ask.Cursor == "" {
			break
		}
	}
	return out, nil
}

// bar is how results divide, in percent of what should have been judged.
type bar struct{ Passed, Failed, Unknown, Errored float64 }

func share(c schemas.Counts) bar {
	whole := float64(c.Passed + c.Failed + c.Unknown + c.Errored)
	if whole == 0 {
		return bar{}
	}
	of := func(n uint64) float64 { return 100 * float64(n) / whole }
	return bar{Passed: of(c.Passed), Failed: of(c.Failed), Unknown: of(c.Unknown), Errored: of(c.Errored)}
}

func printPage(w io.Writer, p page) error {
	return pageTemplates.ExecuteTemplate(w, "report.html.tmpl", p)
}
