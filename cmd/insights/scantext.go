package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// changesText is what a scan did to violations; it is counted at its end.
func changesText(s schemas.Scan) string {
	c := s.Changes
	switch {
	case !s.State.Ended():
		return "counted at its end"
	case c == (schemas.Changes{}):
		return "no violation opened, fixed or reopened"
	default:
		return fmt.Sprintf("%s opened, %d fixed, %d reopened", countText(c.Opened, "violation", "violations"), c.Fixed, c.Reopened)
	}
}

func progressText(s schemas.Scan) string {
	p := s.Progress
	text := fmt.Sprintf("%s %s: units %d/%d, resources %d, calls %d, throttled %d, gaps %d",
		s.ID, s.State, p.UnitsEnded, p.UnitsTotal, p.Resources, p.Calls, p.Throttles, p.Gaps)
	if len(s.Reading) > 0 {
		text += "; reading " + readingText(s.Reading)
	}
	return text
}

// maxReading bounds how many units a line of progress names.
const maxReading = 3

// readingText names the units that are being read: "ec2 in us-east-1, 2 more".
func readingText(units []schemas.UnitKey) string {
	names := make([]string, 0, maxReading+1)
	for _, u := range units[:min(len(units), maxReading)] {
		names = append(names, u.Service+" in "+u.Region)
	}
	if left := len(units) - len(names); left > 0 {
		names = append(names, fmt.Sprintf("%d more", left))
	}
	return strings.Join(names, ", ")
}

func (a *app) printStarted(scan schemas.Scan) error {
	if a.output == "json" {
		return printJSON(a.out, scan)
	}
	_, err := fmt.Fprintf(a.out, "Scan %s of %s has started. Follow it with 'insights scan watch %s'.\n", scan.ID, scan.Account, scan.ID)
	return err
}

// printOutcome is what a person sees at the end of a scan.
func (a *app) printOutcome(scan schemas.Scan, r schemas.Report) error {
	a.printScanFacts(scan)
	for _, acc := range r.Accounts {
		a.printScores(acc)
		if err := a.printLocal(acc); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.out, "\nSee 'insights report --account %s' and 'insights violations --scan %s'.\n", scan.Account, scan.ID)
	return err
}

// printScores is what enforced packs say of an account.
func (a *app) printScores(acc schemas.AccountReport) {
	fmt.Fprintf(a.out, "  Score      %s\n", scoreText(acc))
	fmt.Fprintf(a.out, "  Coverage   %s\n", coverageText(acc.Coverage, acc.Counts))
	fmt.Fprintf(a.out, "  Open       %s\n", openText(acc.Open))
}

// printLocal is what local packs say of an account, policy by policy, and why where
// they could not tell: it is not in the scores, and whoever tries a pack wants to
// see it.
func (a *app) printLocal(acc schemas.AccountReport) error {
	for _, p := range acc.Packs {
		if !p.Local {
			continue
		}
		if err := printPackReport(a.out, p, true); err != nil {
			return err
		}
		gaps := slices.DeleteFunc(slices.Clone(acc.Gaps), func(g schemas.Gap) bool { return g.Pack != p.Pack })
		if err := printGaps(a.out, gaps); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "\nSee 'insights violations --account %s --pack %s'. The next scan or evaluation without this pack forgets them.\n", acc.Account, p.Pack)
	}
	return nil
}

// printScanFacts is the head that the end of a scan and 'scan show' share.
func (a *app) printScanFacts(s schemas.Scan) {
	p := s.Progress
	took := "so far"
	if s.State.Ended() {
		took = "in " + durationText(s)
	}
	fmt.Fprintf(a.out, "Scan %s of %s: %s %s\n", s.ID, s.Account, s.State, took)
	if !s.Limit.Whole() {
		fmt.Fprintf(a.out, "  Limited    to %s; the rest of the account was not looked at\n", oneLine(s.Limit.String()))
	}
	if s.Reason != "" {
		fmt.Fprintf(a.out, "  Reason     %s\n", oneLine(s.Reason))
	}
	fmt.Fprintf(a.out, "  Read       %d resources in %d of %d units; %d API calls, %d throttled\n", p.Resources, p.UnitsEnded, p.UnitsTotal, p.Calls, p.Throttles)
	if text := recordedText(s.Recorded); text != "" {
		fmt.Fprintf(a.out, "  Recorded   %s\n", text)
	}
	if p.Gaps > 0 {
		fmt.Fprintf(a.out, "  Gaps       %s not read completely; 'insights report' says why\n", countText(uint64(p.Gaps), "scope was", "scopes were"))
	}
	fmt.Fprintf(a.out, "  Changed    %s\n", changesText(s))
}

// recordedText says what was taken from AWS Config, if anything was.
func recordedText(list []schemas.ScopesRecorded) string {
	var sum schemas.Recorded
	for _, r := range list {
		sum.Answers += r.Answers
		sum.Calls += r.Calls
		sum.Differed += r.Differed
		if !r.Until.IsZero() && (sum.Until.IsZero() || r.Until.Before(sum.Until)) {
			sum.Until = r.Until
		}
	}
	if sum.Answers == 0 {
		return ""
	}
	text := fmt.Sprintf("AWS Config answered %d calls in %d, with what it had recorded until %s", sum.Answers, sum.Calls, timeText(sum.Until))
	if sum.Differed > 0 {
		text += fmt.Sprintf("; %d resources that it has otherwise were read directly", sum.Differed)
	}
	return text
}

// maxEvents bounds what 'scan show' prints: a first scan may open a million.
const maxEvents = 100

func (a *app) printScanDetails(s schemas.Scan, events []schemas.ViolationEvent) error {
	a.printScanFacts(s)
	fmt.Fprintf(a.out, "  Started    %s %s\n", timeText(s.StartedAt), starterText(s))
	if s.State.Ended() {
		fmt.Fprintf(a.out, "  Ended      %s\n", timeText(s.EndedAt))
	}
	if len(s.Reading) > 0 {
		fmt.Fprintf(a.out, "  Reading    %s\n", readingText(s.Reading))
	}
	for _, line := range unitLines(s.Units) {
		fmt.Fprintf(a.out, "  Units      %s\n", line)
	}
	if len(s.Resources) > 0 {
		fmt.Fprintln(a.out)
		if err := a.printFound(s.Resources); err != nil {
			return err
		}
	}
	if len(events) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	events = slices.SortedStableFunc(slices.Values(events), func(x, y schemas.ViolationEvent) int { return transitionOrder(x) - transitionOrder(y) })
	for _, e := range events[:min(len(events), maxEvents)] {
		rows = append(rows, []string{string(e.Transition), e.Region, shortType(e.Type), e.ID, e.Policy, causeText(e.Cause)})
	}
	err := printTable(a.out, []string{"change", "region", "type", "resource", "policy", "cause"}, rows)
	if left := len(events) - len(rows); err == nil && left > 0 {
		_, err = fmt.Fprintf(a.out, "\n%d more changes: insights violations --scan %s\n", left, s.ID)
	}
	return err
}

func starterText(s schemas.Scan) string {
	if s.Trigger == schemas.TriggerSchedule {
		return "by its schedule"
	}
	if s.Trigger == schemas.TriggerPack {
		return "for what pack " + s.RequestedBy + " needs"
	}
	return "by " + orText(s.RequestedBy, "hand")
}

// transitionOrder puts what got worse before what got better.
func transitionOrder(e schemas.ViolationEvent) int {
	return slices.Index([]schemas.Transition{schemas.Opened, schemas.Reopened, schemas.Fixed}, e.Transition)
}

// unitLines lists what was read, a line for the regions with the same services:
// "eu-west-1, us-east-1: ec2, s3".
func unitLines(list []schemas.UnitKey) []string {
	services := map[string][]string{} // by region
	for _, u := range list {
		services[u.Region] = append(services[u.Region], u.Service)
	}
	regions := map[string][]string{} // by services
	var order []string
	for _, r := range slices.Sorted(maps.Keys(services)) {
		slices.Sort(services[r])
		text := strings.Join(services[r], ", ")
		if regions[text] == nil {
			order = append(order, text)
		}
		regions[text] = append(regions[text], r)
	}
	lines := make([]string, len(order))
	for i, text := range order {
		lines[i] = strings.Join(regions[text], ", ") + ": " + text
	}
	return lines
}

func (a *app) printScans(list []schemas.Scan) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(a.out, "No scans. Start one with 'insights scan start ACCOUNT'.")
		return err
	}
	rows := make([][]string, len(list))
	for i, s := range list {
		p := s.Progress
		rows[i] = []string{
			s.ID, s.Account, string(s.State), string(s.Trigger), s.StartedAt.UTC().Format(time.DateTime), durationText(s),
			fmt.Sprintf("%d/%d", p.UnitsEnded, p.UnitsTotal), number(p.Resources), number(p.Calls), fmt.Sprint(p.Gaps),
			orText(s.Limit.String(), "none"),
		}
	}
	return printTable(a.out, []string{"scan", "account", "state", "trigger?", "started (utc)", "took", "units?", "resources", "calls?", "gaps", "limit?"}, rows)
}
