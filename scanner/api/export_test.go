package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// many is a service with so many violations and resources, numbered, that breaks
// off at one of them.
type many struct {
	api.Service
	n, breaks int
	asked     []schemas.ViolationQuery
	manifest  schemas.PackManifest
}

func (m *many) page(limit int, cursor string, row func(i int)) (next string, err error) {
	from, _ := strconv.Atoi(cursor)
	for i := from; i < min(from+limit, m.n); i++ {
		if m.breaks > 0 && i == m.breaks {
			return "", schemas.Errorf(schemas.CodeUnavailable, "no answer")
		}
		row(i)
	}
	if from+limit < m.n {
		next = strconv.Itoa(from + limit)
	}
	return next, nil
}

func (m *many) Violations(_ context.Context, q schemas.ViolationQuery) (p schemas.ViolationPage, err error) {
	m.asked = append(m.asked, q)
	p.Next, err = m.page(q.Limit, q.Cursor, func(i int) { p.Violations = append(p.Violations, schemas.Violation{Finding: fmt.Sprint(i)}) })
	return p, err
}

func (m *many) Resources(_ context.Context, q schemas.ResourceQuery) (p schemas.ResourcePage, err error) {
	p.Next, err = m.page(q.Limit, q.Cursor, func(i int) {
		p.Resources = append(p.Resources, schemas.StoredResource{Resource: schemas.Resource{Key: schemas.Key{ID: fmt.Sprint(i)}}})
	})
	return p, err
}

func (m *many) GetPack(_ context.Context, name, _ string) (schemas.PackManifest, error) {
	if name != m.manifest.Name {
		return schemas.PackManifest{}, schemas.Errorf(schemas.CodeNotFound, "there is no pack %s", name)
	}
	return m.manifest, nil
}

func TestExportsWriteEverythingOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ n, limit, want, pages int }{
		{0, 0, 0, 1}, {1, 0, 1, 1}, {1000, 0, 1000, 1}, {1001, 0, 1001, 2}, {2500, 0, 2500, 3}, {2500, 1, 1, 1}, {2500, 1000, 1000, 1}, {2500, 1001, 1001, 2}, {3, 5, 3, 1},
	} {
		m, out := &many{n: c.n}, &bytes.Buffer{}
		ok(t, api.ExportViolations(t.Context(), m, schemas.ViolationQuery{Limit: c.limit, Pack: "p"}, api.JSONL, "1", out))
		for i := range c.want {
			var v schemas.Violation
			line, _ := out.ReadBytes('\n')
			if err := json.Unmarshal(line, &v); err != nil || v.Finding != fmt.Sprint(i) {
				t.Fatalf("%+v: line %d is %s: %v", c, i, line, err)
			}
		}
		if out.Len() > 0 || len(m.asked) != c.pages || m.asked[0].Sort != "key" || m.asked[0].Pack != "p" {
			t.Errorf("%+v: rest %s, asked %+v", c, out, m.asked)
		}
		ok(t, api.ExportResources(t.Context(), m, schemas.ResourceQuery{Limit: c.limit}, api.CSV, out))
		if lines := strings.Count(out.String(), "\n"); lines != c.want+1 {
			t.Errorf("%+v: %d lines of resources", c, lines)
		}
	}
	for _, format := range []api.Format{"", "xml", api.HTML} {
		wantCode(t, api.ExportViolations(t.Context(), &many{}, schemas.ViolationQuery{}, format, "1", io.Discard), schemas.CodeInvalid, "is not csv, jsonl or ocsf")
	}
	wantCode(t, api.ExportResources(t.Context(), &many{}, schemas.ResourceQuery{}, api.OCSF, io.Discard), schemas.CodeInvalid)
	wantCode(t, api.ExportReport(t.Context(), &many{}, schemas.ReportQuery{}, api.OCSF, io.Discard), schemas.CodeInvalid)
	wantCode(t, api.ExportResources(t.Context(), &many{}, schemas.ResourceQuery{Limit: -1}, api.CSV, io.Discard), schemas.CodeInvalid)
	full := errors.New("disk full")
	if err := api.ExportResources(t.Context(), &many{n: 9999}, schemas.ResourceQuery{}, api.CSV, failing{full}); !errors.Is(err, full) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

// A table holds every field under its name, what looks like a formula is none.
func TestTables(t *testing.T) {
	t.Parallel()
	v := filledOutputs()[reflect.TypeFor[schemas.ViolationPage]()].(schemas.ViolationPage).Violations[0]
	v.Messages, v.Name, v.FixedAt = []string{`=HYPERLINK("http://x")`, "a,b\n\"c\""}, "@evil", time.Time{}
	m := &one{v: v}
	var out bytes.Buffer
	ok(t, api.ExportViolations(t.Context(), m, schemas.ViolationQuery{}, api.CSV, "1", &out))
	rows, err := csv.NewReader(&out).ReadAll()
	ok(t, err)
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"finding": v.Finding, "id": v.ID, "region": v.Region, "name": "'@evil", "messages": "'" + v.Messages[0] + "\n" + v.Messages[1],
		"firstSeen": "2026-11-25T10:30:00.123Z", "fixedAt": "", "local": "true", "reopened": fmt.Sprint(v.Reopened), "severity": string(v.Severity),
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	// Nothing is nothing: an open violation took no time to fix, and nobody said a thing of it.
	m.v.Triage, m.v.TimeToFixSeconds, m.v.Reopened = nil, 0, 0
	out.Reset()
	ok(t, api.ExportViolations(t.Context(), m, schemas.ViolationQuery{}, api.CSV, "1", &out))
	rows, err = csv.NewReader(&out).ReadAll()
	ok(t, err)
	for name, want := range map[string]string{"triage": "", "timeToFixSeconds": "", "reopened": "0"} {
		if got := rows[1][slices.Index(rows[0], name)]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	raw, _ := json.Marshal(v)
	var fields map[string]any
	ok(t, json.Unmarshal(raw, &fields))
	for name := range fields {
		if _, there := got[name]; !there {
			t.Errorf("there is no column %s", name)
		}
	}
}

// one is a service with one violation.
type one struct {
	many
	v schemas.Violation
}

func (o *one) Violations(context.Context, schemas.ViolationQuery) (schemas.ViolationPage, error) {
	return schemas.ViolationPage{Violations: []schemas.Violation{o.v}}, nil
}

// Findings of every kind are valid by the published schema of OCSF; see
// testdata/ocsf/README.md.
func TestFindingsAreComplianceFindings(t *testing.T) {
	t.Parallel()
	schema := ocsfSchema(t)
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	open := schemas.Violation{
		Finding: "f1", AccountID: "aws-us-gov-123456789012", Account: "prod", Key: schemas.Key{Region: "us-gov-west-1", Type: "aws:s3/bucket:Bucket", ID: "b"},
		URN: "urn:insights:prod", Name: "b", Pack: "p", PackVersion: "1.0.0", Policy: "q", Group: "g", Level: schemas.Mandatory, Severity: schemas.SeverityHigh,
		Messages: []string{"one", "two"}, State: schemas.ViolationOpen, FirstSeen: at, OpenedAt: at, LastSeen: at.Add(time.Hour),
	}
	m := &one{v: open, many: many{manifest: schemas.PackManifest{PackRef: schemas.PackRef{Name: "p"}, Policies: []schemas.Policy{{
		Name: "q", DisplayName: "Title", Description: "What it is about.", RemediationSteps: "Do it.", URL: "https://example.com",
		Controls: []schemas.Control{{Framework: "CIS AWS Foundations Benchmark", Version: "3.0.0", ID: "2.1.4"}, {Framework: "SOC 2", ID: "CC6.1"}},
	}}}}}
	finding := func(change func(*schemas.Violation)) (f struct {
		Activity   int `json:"activity_id"`
		Type       int `json:"type_uid"`
		Status     int `json:"status_id"`
		Severity   int `json:"severity_id"`
		Time       int64
		Compliance struct {
			Control      string
			Status       int    `json:"status_id"`
			Code         string `json:"status_code"`
			Requirements []string
		}
		Info     struct{ UID, Title string } `json:"finding_info"`
		Unmapped struct {
			Waiver string
			Until  string `json:"waived_until"`
		}
	},
	) {
		t.Helper()
		m.v = open
		change(&m.v)
		var out bytes.Buffer
		ok(t, api.ExportViolations(t.Context(), m, schemas.ViolationQuery{}, api.OCSF, "1.2.3", &out))
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
		ok(t, err)
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
		ok(t, json.Unmarshal(out.Bytes(), &f))
		return f
	}
	f := finding(func(*schemas.Violation) {})
	if f.Activity != 1 || f.Type != 200301 || f.Status != 1 || f.Severity != 4 || f.Time != open.LastSeen.UnixMilli() || f.Info.UID != "f1" || f.Info.Title != "Title" {
		t.Errorf("an open violation is %+v", f)
	}
	if c := f.Compliance; c.Status != 3 || c.Control != "q" || strings.Join(c.Requirements, "|") != "CIS AWS Foundations Benchmark 3.0.0 2.1.4|SOC 2 CC6.1" {
		t.Errorf("an open violation's compliance is %+v", c)
	}
	waived := func(v *schemas.Violation) {
		v.Waiver, v.WaivedUntil, v.Triage = "w", at.Add(48*time.Hour), &schemas.Triage{Status: schemas.TriageInProgress}
	}
	if f = finding(waived); f.Status != 3 || f.Unmapped.Waiver != "w" || f.Unmapped.Until != "2026-11-27T10:00:00Z" {
		t.Errorf("a waived violation is %+v", f)
	}
	if f = finding(func(v *schemas.Violation) { waived(v); v.Waiver = "" }); f.Status != 2 || f.Unmapped.Waiver != "" {
		t.Errorf("one that is worked on is %+v", f)
	}
	if f = finding(func(v *schemas.Violation) { v.Reopened = 1 }); f.Activity != 2 || f.Type != 200302 || f.Status != 1 {
		t.Errorf("a reopened violation is %+v", f)
	}
	for cause, status := range map[schemas.FixCause]int{
		schemas.FixResourceChanged: 1, schemas.FixPolicyChanged: 1, schemas.FixResourceGone: 99, schemas.FixPackWithdrawn: 99, schemas.FixOutOfScope: 99,
	} {
		f := finding(func(v *schemas.Violation) {
			v.State, v.FixCause, v.FixedAt = schemas.ViolationFixed, cause, at.Add(2*time.Hour)
		})
		if f.Activity != 3 || f.Type != 200303 || f.Status != 4 || f.Compliance.Status != status || f.Compliance.Code != string(cause) || f.Time != at.Add(2*time.Hour).UnixMilli() {
			t.Errorf("%s: %+v", cause, f)
		}
	}
	for name, change := range map[string]func(*schemas.Violation){
		"unspecified severity":   func(v *schemas.Violation) { v.Severity = "" },
		"nothing to say":         func(v *schemas.Violation) { v.Name, v.Messages, v.Group = "", nil, "" },
		"global":                 func(v *schemas.Violation) { v.Region, v.AccountID = "global", "aws-123456789012" },
		"a pack that is gone":    func(v *schemas.Violation) { v.Pack = "gone" },
		"a local pack":           func(v *schemas.Violation) { v.Pack, v.Local = "p@local", true },
		"a policy that is gone":  func(v *schemas.Violation) { v.Policy = "other" },
		"an account of no cloud": func(v *schemas.Violation) { v.AccountID = "x" },
	} {
		if f := finding(change); f.Info.Title == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func ocsfSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("testdata/ocsf/compliance_finding-1.8.0.json")
	ok(t, err)
	defer func() { _ = f.Close() }()
	doc, err := jsonschema.UnmarshalJSON(f)
	ok(t, err)
	c := jsonschema.NewCompiler()
	ok(t, c.AddResource("finding.json", doc))
	s, err := c.Compile("finding.json")
	ok(t, err)
	for _, wrong := range []string{`{}`, `{"class_uid": 2003}`} {
		if doc, _ := jsonschema.UnmarshalJSON(strings.NewReader(wrong)); s.Validate(doc) == nil {
			t.Fatalf("the schema allows %s", wrong)
		}
	}
	return s
}

func TestExportsThroughHTTP(t *testing.T) {
	t.Parallel()
	m := &many{n: 1500}
	s := newServer(t, func(c *api.ServerConfig) {
		c.Service = m
		c.Page = func(_ context.Context, q schemas.ReportQuery, w io.Writer) error {
			_, err := fmt.Fprintf(w, "<html>%v", q.Accounts)
			return err
		}
		c.FrameworkPage = func(_ context.Context, q schemas.FrameworkQuery, w io.Writer) error {
			if q.Framework != "CIS AWS@3.0" {
				return schemas.Errorf(schemas.CodeNotFound, "there is no framework %q", q.Framework)
			}
			_, err := fmt.Fprintf(w, "<html>%v\n", q.Accounts)
			return err
		}
	})
	for path, want := range map[string]struct {
		media string
		lines int
	}{
		"violations?format=csv&pack=p":              {"text/csv; charset=utf-8", 1501},
		"violations":                                {"application/jsonl", 1500},
		"violations?format=ocsf&limit=1200":         {"application/jsonl", 1200},
		"resources?format=csv":                      {"text/csv; charset=utf-8", 1501},
		"report?format=html&account=a&account=b&&":  {"text/html; charset=utf-8", 0},
		"frameworks/CIS%20AWS@3.0/report?account=a": {"text/html; charset=utf-8", 1},
	} {
		a := s.ask(t, "GET", "/v1/export/"+path, "")
		if a.status != http.StatusOK || a.header.Get("Content-Type") != want.media || strings.Count(a.body, "\n") != want.lines {
			t.Errorf("%s: %d %s, %d lines", path, a.status, a.header.Get("Content-Type"), strings.Count(a.body, "\n"))
		}
	}
	for _, path := range []string{"violations?format=html", "resources?format=ocsf", "resources?limit=-1", "report?format=ocsf", "violations?frmat=csv"} {
		if a := s.ask(t, "GET", "/v1/export/"+path, ""); a.status != http.StatusBadRequest || a.problem(t).Code != schemas.CodeInvalid {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := s.ask(t, "GET", "/v1/export/frameworks/none/report", ""); a.status != http.StatusNotFound {
		t.Errorf("no such framework: %d %s", a.status, a.body)
	}
	// Half an export must not look like a whole one.
	m.breaks = 1200
	res, err := s.Client().Get(s.URL + "/v1/export/violations")
	ok(t, err)
	defer func() { _ = res.Body.Close() }()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("it ended as if it were whole")
	}
	m.breaks = 1
	m.n = 3
	if a := s.ask(t, "GET", "/v1/export/resources?format=csv", ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A page that leads nowhere ends an export with an error, not never.
func TestAnExportThatDoesNotAdvanceEnds(t *testing.T) {
	t.Parallel()
	wantCode(t, api.ExportViolations(t.Context(), stuck{}, schemas.ViolationQuery{}, api.JSONL, "1", io.Discard), schemas.CodeInternal, "a page ends where the one before it did")
}

// stuck is a service whose pages all have the same cursor.
type stuck struct{ api.Service }

func (stuck) Violations(ctx context.Context, _ schemas.ViolationQuery) (schemas.ViolationPage, error) {
	return schemas.ViolationPage{Violations: []schemas.Violation{{}}, Next: "again"}, ctx.Err()
}

// Whatever a spreadsheet takes for the beginning of a formula is quoted, and no more.
func TestFormulas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\t=1": "'\t=1", "\r=1": "'\r=1", "a=1": "a=1", "": "", "'=1": "'=1", "1=1": "1=1", "1-1": "1-1",
	} {
		var out bytes.Buffer
		ok(t, api.ExportViolations(t.Context(), &one{v: schemas.Violation{Name: text}}, schemas.ViolationQuery{}, api.CSV, "1", &out))
		rows, err := csv.NewReader(&out).ReadAll()
		ok(t, err)
		for i, name := range rows[0] {
			if name == "name" && rows[1][i] != want {
				t.Errorf("%q is written as %q, want %q", text, rows[1][i], want)
			}
		}
	}
}

// An account of which nothing is counted is in a report's rows, without a pack.
func TestReportsHaveAccountsThatWereNeverScanned(t *testing.T) {
	t.Parallel()
	r := schemas.Report{Accounts: []schemas.AccountReport{{AccountID: "aws-1", Account: "new"}, {AccountID: "aws-2", Account: "old", Packs: []schemas.PackReport{
		{Pack: "p", Policies: []schemas.PolicyReport{{Policy: "a"}, {Policy: "b"}}},
	}}}}
	var out bytes.Buffer
	ok(t, api.WriteReport(r, api.CSV, &out))
	rows, err := csv.NewReader(&out).ReadAll()
	ok(t, err)
	if len(rows) != 4 || rows[1][1] != "new" || rows[1][2] != "" || rows[2][1] != "old" || rows[2][2] != "p" {
		t.Errorf("rows %q", rows)
	}
}
