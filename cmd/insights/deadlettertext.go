package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const noDeadLetters = "No dead letters: every message was handled."

func (a *app) printDeadLetters(ctx context.Context, s api.Service, list []schemas.DeadLetter, limit int) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(a.out, noDeadLetters)
		return err
	}
	accounts, err := s.ListAccounts(ctx)
	if err != nil {
		return err
	}
	names := map[schemas.AccountID]string{}
	for _, acc := range accounts {
		names[acc.ID] = acc.Name
	}
	rows := make([][]string, len(list))
	for i, l := range list {
		rows[i] = []string{
			fmt.Sprint(l.ID), l.At.UTC().Format(time.DateTime), orText(names[l.AccountID], orText(string(l.AccountID), "-")),
			orText(l.Scan, "-"), orText(l.Kind, "unknown"), orText(aboutText(l), "-"), l.Reason,
		}
	}
	if err := printTable(a.out, []string{"id", "time (utc)", "account", "scan?", "kind", "about", "reason"}, rows); err != nil {
		return err
	}
	if len(list) == limit {
		_, err = fmt.Fprintf(a.out, "\nThere may be more than %d: see --limit.\n", limit)
	}
	return err
}

// aboutText is the unit, batch or scope that a dead letter is of.
func aboutText(l schemas.DeadLetter) string {
	switch {
	case l.Scope != "":
		return l.Scope
	case l.Kind == schemas.KindWebhook:
		return strings.TrimPrefix(l.Subject, schemas.SubjectWebhook(""))
	case l.Kind == schemas.KindRejudge:
		return fmt.Sprintf("batch %d", l.Number) // of no unit
	case l.Unit == (schemas.UnitKey{}):
		return ""
	case l.Number > 0:
		return fmt.Sprintf("%s batch %d", l.Unit, l.Number)
	default:
		return l.Unit.String()
	}
}

func (a *app) printDeadMessage(m schemas.DeadMessage) error {
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(a.out, "  %-10s %s\n", what, oneLine(text))
		}
	}
	fmt.Fprintf(a.out, "Dead letter %d: %s\n", m.ID, strings.TrimSpace(orText(m.Kind, "unknown")+" "+oneLine(aboutText(m.DeadLetter))))
	line("Reason", m.Reason)
	line("Given up", timeText(m.At))
	line("Account", string(m.AccountID))
	line("Scan", m.Scan)
	if m.Seq > 0 {
		line("Attempt", fmt.Sprint(m.Seq))
	}
	line("Subject", m.Subject)
	fmt.Fprintln(a.out, "\nHeaders:")
	for _, k := range slices.Sorted(maps.Keys(m.Headers)) {
		fmt.Fprintf(a.out, "  %s: %s\n", oneLine(k), oneLine(m.Headers[k]))
	}
	_, err := fmt.Fprintf(a.out, "\nMessage:\n%s\n", bodyText(m.Body))
	return err
}

// bodyText is a body for people: JSON with indents, else what it is.
func bodyText(body []byte) string {
	var b bytes.Buffer
	switch {
	case len(body) == 0:
		return "(empty)"
	case json.Indent(&b, body, "", "  ") == nil:
		return b.String()
	case utf8.Valid(body):
		return oneLine(string(body))
	default:
		return fmt.Sprintf("(%d bytes that are no text; -o json has them)", len(body))
	}
}

// deadMessageDoc has the body as the JSON it is, for programs; bytes that are
// none are in base64, under another name.
func deadMessageDoc(m schemas.DeadMessage) any {
	doc := struct {
		schemas.DeadLetter
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body,omitempty"`
		Raw     []byte            `json:"rawBody,omitempty"`
	}{DeadLetter: m.DeadLetter, Headers: m.Headers}
	if json.Valid(m.Body) {
		doc.Body = m.Body
	} else {
		doc.Raw = m.Body
	}
	return doc
}

// replayText says what was replayed, and what can come of it.
func replayText(r schemas.Replay) string {
	what := fmt.Sprintf("dead letter %d (%s).", r.ID, strings.TrimSpace(orText(r.Kind, "unknown")+" "+oneLine(aboutText(r.DeadLetter))))
	if r.Kind == schemas.KindWebhook {
		return what + " It is sent again; what its receiver is known to have taken is not sent twice."
	}
	if r.Scan == "" {
		return what + " It changes nothing that is newer."
	}
	if r.ScanState != "" && !r.ScanState.Ended() {
		return what + fmt.Sprintf(" Scan %s is still %s; the message counts unless a newer attempt has taken over.", r.Scan, r.ScanState)
	}
	ended := fmt.Sprintf(" Scan %s is not kept any more", r.Scan)
	if r.ScanState != "" {
		ended = fmt.Sprintf(" Scan %s has ended %s, and stays so", r.Scan, r.ScanState)
	}
	switch r.Kind {
	case schemas.KindUnit:
		return what + ended + ": nothing is read for it. To read the unit, start a new scan."
	case schemas.KindClose:
		return what + ended + "; the scope is closed as of then, unless a newer scan has closed it."
	default:
		return what + ended + "; what a newer attempt has written is not changed."
	}
}
