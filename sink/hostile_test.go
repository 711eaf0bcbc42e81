package sink

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// hostile is what a tag, a name or a message in a cloud account may be, since
// whoever can create a resource there chooses it.
var hostile = []string{
	`'`, `\`, `\'`, `''`, `"`, "`", `\\'`, `'; DROP TABLE @db.resources; --`, `') OR 1=1 --`, `' UNION ALL SELECT 1 --`,
	"?", "$1", "@name", "{x:String}", "@db.resources", "/*", "*/", "--", "#", "%", "_", `\0`, `\N`, "a'?b?", "FORMAT Native",
	"\x00", "\x00'", "x\x00y", "\n", "\r\n", "\t", "\x1a", "ü", "日本", "\U0001F47E", "\u202egnp", "\u2028", "[]", "NULL", " ", "__exception__\r\n",
	strings.Repeat("long'", 2000),
}

// Names are data: every one of them can be stored, asked for, and is found alone,
// in every place where it can stand.
func TestHostileNamesAreData(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	var ms []schemas.Message
	for _, text := range hostile {
		sc.seq++
		sc.scan = "scan " + text
		sc.packs = []schemas.JudgedPack{{Pack: "pack " + text, Version: text, Group: text, Policies: []string{"a", "policy " + text}}}
		sc.says = func(_ schemas.Key, _, policy string) schemas.PolicyResult {
			if policy == "a" {
				return schemas.PolicyResult{Outcome: schemas.Errored, Reason: text}
			}
			return failed(schemas.SeverityHigh, text, "second "+text)
		}
		k := schemas.Key{Region: "region " + text, Type: "type " + text, ID: "id " + text}
		sc.content[k] = text
		b := sc.batch()
		b.Resources = []schemas.Resource{sc.resource(k)}
		b.Resources[0].Name = text
		end := &schemas.UnitEnd{Scan: sc.scan, AccountID: sc.id, Account: sc.name, Unit: b.Unit, Seq: sc.seq, StartedAt: b.At, Scopes: []schemas.ScopeEnd{
			{Scope: b.ScopeOf(k), State: schemas.ScopeFailed, Call: text, Reason: text},
		}}
		ms = append(ms, schemas.Message{Snapshot: b}, schemas.Message{Verdicts: sc.answer(b)}, schemas.Message{End: end})
	}
	sc.write(ms...)
	for _, text := range hostile {
		hostileAnswers(t, sc, text)
	}
	var q schemas.KnownRequest
	counts := schemas.CountsRequest{AccountID: sc.id, Region: "global", Route: schemas.RouteNative, Before: 1000}
	for k := range sc.content {
		q.Keys, counts.Types = append(q.Keys, k), append(counts.Types, k.Type)
	}
	q.AccountID = sc.id
	known, err := sc.s.Known(t.Context(), q)
	if err != nil || len(known.Known) != len(hostile) {
		t.Errorf("%d are known: %v", len(known.Known), err)
	}
	for _, k := range known.Known {
		if k.Hash != sc.content[k.Key] {
			t.Errorf("known: %+v", k)
		}
	}
	if got, err := sc.s.Counts(t.Context(), counts); err != nil || len(got.Counts) != len(hostile) {
		t.Errorf("counts: %+v, %v", got, err)
	}
	r := reportOf(t, sc.s, schemas.ReportQuery{})
	if r.Counts != (schemas.Counts{Failed: uint64(len(hostile)), Errored: uint64(len(hostile))}) || len(r.Packs) != len(hostile) || len(r.Gaps) != len(hostile) || len(r.Scopes) != len(hostile) {
		t.Errorf("report: %+v, %d packs, %d gaps, %d scopes", r.Counts, len(r.Packs), len(r.Gaps), len(r.Scopes))
	}
	for i, g := range r.Gaps {
		if g.Policy != "a" || g.Pack != "pack "+g.Reason || !slices.Contains(hostile, g.Reason) || r.Scopes[i].Call != r.Scopes[i].Reason || !slices.Contains(hostile, r.Scopes[i].Call) {
			t.Errorf("gap %+v, scope %+v", g, r.Scopes[i])
		}
	}
}

func hostileAnswers(t *testing.T, sc *scene, text string) {
	t.Helper()
	k := schemas.Key{Region: "region " + text, Type: "type " + text, ID: "id " + text}
	what := fmt.Sprintf("%.40q", text)
	page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{
		Pack: "pack " + text, Policy: "policy " + text, Type: k.Type, Region: k.Region, Resource: k.ID, Scan: "scan " + text,
	}, schemas.Record{})

	if err != nil || len(page.Violations) != 1 {
		t.Errorf("%s: %d violations, %v", what, len(page.Violations), err)
		return
	}
	if v := page.Violations[0]; v.Key != k || v.Name != text || v.Group != text || v.PackVersion != text || !slices.Equal(v.Messages, []string{text, "second " + text}) {
		t.Errorf("%s: %+v", what, v)
	}
	list, err := sc.s.Resources(t.Context(), schemas.ResourceQuery{Type: k.Type, Region: k.Region, ID: k.ID, Match: text, Properties: true})
	if err != nil || len(list.Resources) != 1 || list.Resources[0].Key != k || list.Resources[0].Name != text || list.Resources[0].Properties["is"] != text {
		t.Errorf("%s: %+v, %v", what, list, err)
	}
	none, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{Accounts: []string{text}}, schemas.Record{})
	if err != nil || len(none.Violations) != 0 {
		t.Errorf("%s as account: %d violations, %v", what, len(none.Violations), err)
	}
	scope := schemas.Scope{Region: "global", Type: k.Type, Route: schemas.RouteNative}
	if keys := pagedKeys(t, sc.s, sc.id, scope, 2); len(keys) != 1 || keys[0] != k {
		t.Errorf("%s keys: %+v", what, keys)
	}
	units, err := sc.s.UnitStatuses(t.Context(), sc.id, "scan "+text)
	if err != nil || len(units) != 1 || units[0].End == nil || units[0].End.Scopes[0].Reason != text {
		t.Errorf("%s units: %+v, %v", what, units, err)
	}
}
