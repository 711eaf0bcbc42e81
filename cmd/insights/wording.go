package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// The sentences that tables and pages share.

const noPacksText = "No packs apply, so nothing is judged. Enforce one with 'insights group enforce GROUP PACK'."

func neverText(account string) string {
	return "never scanned; start: insights scan start " + account
}

func notUntilText(asOf time.Time) string { return "not scanned until " + timeText(asOf) }

func lastScanText(s *schemas.Scan) string {
	if s == nil {
		return "none has read the whole account; what was not read is not judged"
	}
	text := s.ID + ", " + string(s.State)
	if !s.Limit.Whole() {
		text += ", only " + oneLine(s.Limit.String())
	}
	if s.State.Ended() {
		text += " " + timeText(s.EndedAt) + " after " + durationText(*s)
	}
	if s.Reason != "" {
		text += ": " + oneLine(s.Reason)
	}
	return text
}

func scoreText(a schemas.AccountReport) string {
	if a.Score < 0 {
		return "none: there was nothing to judge"
	}
	text := percentText(a.Score) + " of what should be judged passed"
	if a.Scores != nil {
		text += withWaiversText(a.Scores.Results)
	}
	return text
}

func coverageText(coverage float64, c schemas.Counts) string {
	if coverage < 0 {
		return "none: there was nothing to judge"
	}
	return fmt.Sprintf("%s could be judged; %d unknown, %d errored", percentText(coverage), c.Unknown, c.Errored)
}

func timeText(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }

// countText is a number with its noun.
func countText(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// gapText says why something could not be judged, with the API call that is to
// blame, which comes apart from the reason.
func gapText(g schemas.Gap) string {
	reason, failed := strings.CutPrefix(g.Reason, "call failed: ")
	switch {
	case g.Call == "" || strings.Contains(g.Reason, g.Call):
		return orText(g.Reason, "no reason was given")
	case g.Reason == "":
		return g.Call + " gave no answer"
	case failed:
		return g.Call + " failed: " + reason
	case strings.HasPrefix(g.Reason, schemas.AccessDenied):
		return schemas.AccessDenied + " to " + g.Call + strings.TrimPrefix(g.Reason, schemas.AccessDenied)
	default:
		return g.Reason + " (" + g.Call + ")"
	}
}

// scopeText says why a scope could not be listed.
func scopeText(e schemas.ScopeEnd) string {
	call := e.Call
	if strings.Contains(e.Reason, call) {
		call = "" // it is named already, or there is none
	}
	text := "failed"
	switch {
	case e.State == schemas.ScopeDenied:
		text = strings.TrimSuffix("access denied to "+call, " to ")
	case e.State == schemas.ScopeUnsupported:
		return e.Reason
	case e.State == schemas.ScopeCancelled:
		return orText(e.Reason, "the scan was cancelled")
	case call != "":
		text = call + " failed"
	}
	if e.Reason == "" {
		return text
	}
	return text + ": " + e.Reason
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// orNone prints a list, also an empty one.
func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// policyText is a policy where packs are not named: one of a local pack is told
// apart.
func policyText(pack, policy string) string {
	if schemas.IsLocal(pack) {
		return policy + " (" + pack + ")"
	}
	return policy
}

// durationText is how long a scan took.
func durationText(s schemas.Scan) string {
	if !s.State.Ended() {
		return ""
	}
	return s.EndedAt.Sub(s.StartedAt).Round(time.Second / 10).String()
}

// bytesText is a size in the largest binary unit that it fills.
func bytesText(n uint64) string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if size := uint64(1) << (30 - 10*i); n >= size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(size), unit)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
