package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// printScores prints the ways in which compliance is counted, each with its name:
// numbers of the same name must be the same everywhere.
func printScores(w io.Writer, a schemas.AccountReport) {
	for _, s := range namedScores(a.Scores) {
		fmt.Fprintf(w, "  · %-9s %s\n", s.name, scoreLine(s.score, s.what))
	}
}

type namedScore struct {
	name  string
	score schemas.Score
	what  string
}

func namedScores(s *schemas.Scores) []namedScore {
	if s == nil {
		return nil
	}
	return []namedScore{
		{"policies", s.Policies, "compliant policies, as Pulumi counts"},
		{"resources", s.Resources, "compliant resources, as Pulumi counts"},
		{"controls", s.SecurityHub, "passed policies with data, as Security Hub counts"},
	}
}

// scoreLines are the scores, what could be judged, what is waived and the time to
// fix, a sentence each.
func scoreLines(a schemas.AccountReport) []string {
	var lines []string
	if a.Scores != nil {
		lines = append(lines, "Results: "+scoreLine(a.Scores.Results, "of what should be judged passed"))
	}
	for _, s := range namedScores(a.Scores) {
		lines = append(lines, strings.ToUpper(s.name[:1])+s.name[1:]+": "+scoreLine(s.score, s.what))
	}
	if text := judgedText(a.Judged); text != "" {
		lines = append(lines, text+".")
	}
	for _, u := range a.Waivers {
		lines = append(lines, fmt.Sprintf("Waiver %s covers %s until %s.", u.Name, countText(u.Violations, "open violation", "open violations"), timeText(u.ExpiresAt)))
	}
	if text := fixTimeText(a.TimeToFix); text != "" {
		lines = append(lines, "Mended: "+text+".")
	}
	return lines
}

// scoreLine is a score with both sides: "80.0% (8 of 10 …); 90.0% with waivers".
func scoreLine(s schemas.Score, what string) string {
	return fmt.Sprintf("%s (%d of %d %s)", percentText(s.Strict.Percent), s.Strict.Part, s.Strict.Of, what) + withWaiversText(s)
}

// withWaiversText is the other side of a score, where it differs.
func withWaiversText(s schemas.Score) string {
	if s.WithWaivers == nil || *s.WithWaivers == s.Strict {
		return ""
	}
	return "; " + percentText(s.WithWaivers.Percent) + " with waivers"
}

// judgedText says how many policies could be judged, and why not the others:
// "62 of 70 policies judged; 8 unknown: access denied to s3:GetBucketPolicy on 14 buckets".
func judgedText(j schemas.JudgedPolicies) string {
	if j.Policies == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %s judged", j.Judged, countText(j.Policies, "policy", "policies"))
	if j.Unknown == 0 {
		return text
	}
	text += fmt.Sprintf("; %d unknown", j.Unknown)
	var why []string
	for _, r := range j.Reasons[:min(len(j.Reasons), 3)] {
		why = append(why, gapText(schemas.Gap{Outcome: r.Outcome, Reason: r.Reason, Call: r.Call})+" on "+resourcesText(r))
	}
	if more := len(j.Reasons) - len(why); more > 0 {
		why = append(why, countText(uint64(more), "more reason", "more reasons"))
	}
	if len(why) > 0 {
		text += ": " + strings.Join(why, "; ")
	}
	return text
}

// resourcesText counts resources by what they are when they are all of one type.
func resourcesText(r schemas.GapReason) string {
	noun := "resource"
	if len(r.Types) == 1 {
		if _, after, found := strings.Cut(shortType(r.Types[0]), "/"); found {
			noun = after
		}
	}
	many := noun + "s"
	switch {
	case strings.HasSuffix(noun, "s") || strings.HasSuffix(noun, "x"):
		many = noun + "es"
	case strings.HasSuffix(noun, "cy"):
		many = strings.TrimSuffix(noun, "y") + "ies"
	}
	return countText(r.Resources, noun, many)
}

// printWaived says what waivers cover, and which of them end soon after a moment.
func printWaived(w io.Writer, a schemas.AccountReport, now time.Time) {
	if len(a.Waivers) == 0 {
		return
	}
	total := uint64(0)
	var soon []string
	for _, u := range a.Waivers {
		total += u.Violations
		if u.ExpiresAt.Sub(now) <= schemas.WaiverSoon {
			soon = append(soon, u.Name+" on "+u.ExpiresAt.UTC().Format(time.DateOnly))
		}
	}
	fmt.Fprintf(w, "  Waived      %s of them, by %s\n", number(total), countText(uint64(len(a.Waivers)), "waiver", "waivers"))
	if len(soon) > 0 {
		fmt.Fprintf(w, "              ends soon: %s\n", strings.Join(soon, ", "))
	}
}

// fixTimeText is how long violations were open that somebody mended.
func fixTimeText(list []schemas.FixTimes) string {
	var n uint64
	var seconds float64
	for _, f := range list {
		if f.Cause.Mended() {
			n += f.Fixed
			seconds += f.MeanSeconds * float64(f.Fixed)
		}
	}
	if n == 0 {
		return ""
	}
	return countText(n, "violation", "violations") + ", open for " + ageText(time.Duration(seconds/float64(n)*float64(time.Second))) + " on average"
}
