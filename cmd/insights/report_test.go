package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// at is a fixed moment, n minutes after noon.
func at(n int) time.Time { return time.Date(2026, 3, 1, 12, n, 0, 0, time.UTC) }

// exampleReport has one of everything that a report shows.
func exampleReport() schemas.Report {
	cis := []schemas.Control{{Framework: "CIS AWS Foundations Benchmark", Version: "3.0.0", ID: "2.1.4"}}
	nist := []schemas.Control{{Framework: "NIST SP 800-53", ID: "SC-28"}, {Framework: "AWS Foundational Security Best Practices", ID: "S3.8"}}
	pack := schemas.PackReport{
		Pack: "aws_foundations", Version: "1.2.0", Counts: schemas.Counts{Passed: 12, Failed: 5, Unknown: 2, Errored: 1}, Score: 60, Coverage: 85,
		Policies: []schemas.PolicyReport{
			{Policy: "warn_logging", Title: "Buckets log access", Severity: schemas.SeverityLow, Counts: schemas.Counts{Failed: 4}},
			{
				Policy: "deny_public", Title: "Buckets block public access", Severity: schemas.SeverityHigh, Counts: schemas.Counts{Passed: 4, Failed: 1, Unknown: 2},
				Controls: cis, RemediationSteps: "1. Open the bucket.\n2. Block public access.",
			},
			{Policy: "deny_plain", Severity: schemas.SeverityMedium, Counts: schemas.Counts{Errored: 1}},
			{Policy: "deny_encryption", Title: "Buckets encrypt", Severity: schemas.SeverityMedium, Counts: schemas.Counts{Passed: 8}, Controls: nist},
		},
	}
	local := schemas.PackReport{
		Pack: "drafts@local", Version: "0.1.0", Local: true, Counts: schemas.Counts{Passed: 1, Failed: 3, Errored: 1}, Score: 20, Coverage: 80,
		Policies: []schemas.PolicyReport{{Policy: "deny_owner", Title: "Buckets have an owner", Severity: schemas.SeverityMedium, Counts: schemas.Counts{Passed: 1, Failed: 3, Errored: 1}}},
	}
	return schemas.Report{Accounts: []schemas.AccountReport{
		{AccountID: "aws-210987654321", Account: "dev", Score: -1, Coverage: -1},
		{
			AccountID: "aws-123456789012", Account: "prod", Resources: 9, Counts: pack.Counts, Score: 60, Coverage: 85,
			Open:  map[schemas.Severity]uint64{schemas.SeverityHigh: 1, schemas.SeverityLow: 4},
			Packs: []schemas.PackReport{pack, local},
			Gaps: []schemas.Gap{
				{Pack: "aws_foundations", Policy: "deny_public", Outcome: schemas.Unknown, Reason: "access denied", Call: "s3:GetBucketPolicy", Resources: 2, Example: schemas.Key{ID: "logs"}},
				{Pack: "aws_foundations", Policy: "deny_plain", Outcome: schemas.Errored, Reason: "division by zero", Resources: 1, Example: schemas.Key{ID: "site"}},
				{Pack: "drafts@local", Local: true, Policy: "deny_owner", Outcome: schemas.Errored, Reason: "tags is no object", Resources: 1, Example: schemas.Key{ID: "site"}},
			},
			Scopes: []schemas.ScopeGap{{
				ScopeEnd: schemas.ScopeEnd{Scope: schemas.Scope{Region: "us-east-1", Type: "aws:cloudtrail/trail:Trail"}, State: schemas.ScopeDenied, Call: "cloudtrail:DescribeTrails", Reason: "AccessDeniedException"},
				Scan:     "123456789012-7", At: at(1),
			}},
			LastScan: &schemas.Scan{ID: "123456789012-7", State: schemas.ScanPartial, StartedAt: at(0), EndedAt: at(1), Reason: "1 of 9 scopes could not be read completely"},
		},
	}}
}

func exampleViolations() []schemas.Violation {
	violation := func(id, policy string, s schemas.Severity, messages ...string) schemas.Violation {
		return schemas.Violation{
			AccountID: "aws-123456789012", Account: "prod", Key: schemas.Key{Region: "eu-west-1", Type: "aws:s3/bucket:Bucket", ID: id}, Name: id,
			Pack: "aws_foundations", Policy: policy, Severity: s, Messages: messages, State: schemas.ViolationOpen, FirstSeen: at(0),
		}
	}
	reopened := violation("logs", "warn_logging", schemas.SeverityLow, "no logging")
	reopened.Reopened = 1
	return []schemas.Violation{
		violation("site", "deny_public", schemas.SeverityHigh, "block_public_acls is off", "block_public_policy is off"), reopened,
		violation("a", "warn_logging", schemas.SeverityLow, "no logging"), violation("b", "warn_logging", schemas.SeverityLow, "no logging"), violation("c", "warn_logging", schemas.SeverityLow, "no logging"),
	}
}

// listed answers as the service does: filtered, in pages.
type listed struct {
	all  []schemas.Violation
	asks []schemas.ViolationQuery
}

func (l *listed) Violations(_ context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error) {
	l.asks = append(l.asks, q)
	var found []schemas.Violation
	for _, v := range l.all {
		if slices.Contains(q.Accounts, string(v.AccountID)) && (q.Policy == "" || q.Policy == v.Policy) {
			found = append(found, v)
		}
	}
	from := 0
	if q.Cursor != "" {
		if _, err := fmt.Sscan(q.Cursor, &from); err != nil {
			return schemas.ViolationPage{}, err
		}
	}
	to := min(len(found), from+q.Limit)
	page := schemas.ViolationPage{Violations: found[from:to]}
	if to < len(found) {
		page.Next = fmt.Sprint(to)
	}
	return page, nil
}

func renderPage(t *testing.T, r schemas.Report, l *listed, q schemas.ReportQuery) string {
	t.Helper()
	p, err := newPage(t.Context(), l, r, q, at(30))
	if err != nil {
		t.Fatal(err)
	}
	p.Version = "test"
	var buf bytes.Buffer
	if err := printPage(&buf, p); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// A page of the past says so, and lists what was open then.
func TestPageOfThePast(t *testing.T) {
	t.Parallel()
	l := &listed{}
	r := schemas.Report{AsOf: at(10), Accounts: []schemas.AccountReport{{AccountID: "aws-1", Account: "prod", Resources: 1, CountedAt: at(9)}}}
	got := renderPage(t, r, l, schemas.ReportQuery{AsOf: at(10)})
	if len(l.asks) != 1 || !l.asks[0].AsOf.Equal(at(10)) || len(l.asks[0].State) != 0 {
		t.Errorf("asked for %+v", l.asks)
	}
	for _, want := range []string{"as of " + timeText(at(10)), "Counted: " + timeText(at(9))} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}

// sameAsFile compares with a file of testdata, which -update writes anew.
func sameAsFile(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew); got:\n%s", file, got)
	}
}

func TestReportPage(t *testing.T) {
	q := schemas.ReportQuery{Accounts: []string{"prod", "dev"}, Severity: []schemas.Severity{schemas.SeverityHigh, schemas.SeverityUnspecified}}
	sameAsFile(t, "report.html", renderPage(t, exampleReport(), &listed{all: exampleViolations()}, q))
}

func TestReportText(t *testing.T) {
	var buf bytes.Buffer
	if err := printReport(&buf, exampleReport(), false); err != nil {
		t.Fatal(err)
	}
	sameAsFile(t, "report.txt", buf.String())
}

// Names, messages and reasons are foreign input: whoever may tag a resource or
// write a pack must not be able to run a script in the auditor's browser.
func TestReportPageEscapesForeignText(t *testing.T) {
	for _, evil := range []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "'-alert(1)-'", "</style><svg onload=alert(1)>",
		"javascript:alert(1)", "{{.}}", "&lt;b&gt;", "\x00\x1b[31m",
	} {
		r := exampleReport()
		acc := &r.Accounts[1]
		acc.Account, acc.LastScan.Reason = evil, evil
		acc.Gaps[0].Reason, acc.Gaps[0].Example.ID, acc.Scopes[0].Reason, acc.Scopes[0].Type = evil, evil, evil, evil
		p := &acc.Packs[0]
		p.Pack, p.Version = evil, evil
		p.Policies[1].Policy, p.Policies[1].Title, p.Policies[1].RemediationSteps, p.Policies[1].Severity = evil, evil, evil, schemas.Severity(evil)
		p.Policies[1].Controls = []schemas.Control{{Framework: evil, Version: evil, ID: evil}}
		list := exampleViolations()
		v := &list[0]
		v.ID, v.Name, v.Type, v.Region, v.Pack, v.Policy, v.Messages, v.Severity = evil, evil+"!", evil, evil, evil, evil, []string{evil}, schemas.Severity(evil)
		checkMarkup(t, evil, renderPage(t, r, &listed{all: list}, schemas.ReportQuery{Accounts: []string{evil}, Pack: evil}))
	}
}

var (
	tagPattern  = regexp.MustCompile(`<[/!]?([a-zA-Z][a-zA-Z0-9]*)([^>]*)>`)
	attrPattern = regexp.MustCompile(`\s([a-zA-Z-]+)="([^"]*)"`)
	knownTags   = strings.Fields("DOCTYPE html head meta title style body header main section footer h1 h2 h3 p a b i strong code span div br table thead tbody tr th td details summary figure figcaption svg text rect")
	knownAttrs  = strings.Fields("lang charset name content http-equiv class id href style data-name aria-hidden viewBox role aria-label x y width height rx")
)

// checkMarkup finds whatever is not of the template itself.
func checkMarkup(t *testing.T, evil, html string) {
	t.Helper()
	_, body, _ := strings.Cut(html, "</style>")
	for _, tag := range tagPattern.FindAllStringSubmatch(body, -1) {
		if !slices.Contains(knownTags, tag[1]) {
			t.Errorf("%q made a tag: %s", evil, tag[0])
		}
		rest := attrPattern.ReplaceAllStringFunc(tag[2], func(a string) string {
			m := attrPattern.FindStringSubmatch(a)
			if !slices.Contains(knownAttrs, m[1]) || m[1] == "href" && !strings.HasPrefix(m[2], "#") {
				t.Errorf("%q made an attribute: %s", evil, a)
			}
			return ""
		})
		if strings.TrimSpace(rest) != "" {
			t.Errorf("%q made an attribute: %s", evil, tag[0])
		}
	}
	if strings.Count(html, "</style>") != 1 || strings.Contains(html, "<script") {
		t.Errorf("%q left its place", evil)
	}
}

// A page stays small whatever the account holds, says so, and lets no policy
// crowd out the others.
func TestReportPageIsBounded(t *testing.T) {
	r := exampleReport()
	prod := &r.Accounts[1]
	var list []schemas.Violation
	for i := range pagePerAccount + 500 {
		v := exampleViolations()[1]
		v.ID = fmt.Sprintf("bucket-%04d", i)
		list = append(list, v)
	}
	list = append(list, exampleViolations()[0])
	prod.Open = map[schemas.Severity]uint64{schemas.SeverityLow: uint64(len(list) - 1), schemas.SeverityHigh: 1}
	l := &listed{all: list}
	html := renderPage(t, r, l, schemas.ReportQuery{})
	for _, want := range []string{"51 of 1501 are listed, up to 50 of each policy", "block_public_acls is off", "bucket-0049", "insights violations --account prod -o json"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(html, "bucket-0050") {
		t.Error("more than 50 violations of one policy are listed")
	}
	for range pageGaps + 7 {
		prod.Gaps = append(prod.Gaps, schemas.Gap{Outcome: schemas.Errored, Reason: "boom"})
	}
	if html := renderPage(t, r, l, schemas.ReportQuery{}); !strings.Contains(html, "10 more reasons") || strings.Count(html, "<td>boom</td>") != pageGaps-3 {
		t.Error("reasons are not bounded, or the page does not say so")
	}
}

// As many violations as fit are all there, however many pages they take.
func TestReportPageReadsEveryPage(t *testing.T) {
	r := exampleReport()
	var list []schemas.Violation
	for i := range pagePerAccount {
		v := exampleViolations()[1]
		v.ID = fmt.Sprintf("bucket-%04d", i)
		list = append(list, v)
	}
	r.Accounts[1].Open = map[schemas.Severity]uint64{schemas.SeverityLow: uint64(len(list))}
	l := &listed{all: list}
	html := renderPage(t, r, l, schemas.ReportQuery{Pack: "aws_foundations", Severity: []schemas.Severity{schemas.SeverityLow}})
	if n := strings.Count(html, "<strong>bucket-"); n != pagePerAccount || strings.Contains(html, "are listed") {
		t.Errorf("%d of %d violations are listed", n, pagePerAccount)
	}
	if len(l.asks) != 2 || l.asks[0].Pack != "aws_foundations" || !slices.Equal(l.asks[1].Severity, []schemas.Severity{schemas.SeverityLow}) {
		t.Errorf("asked %+v", l.asks)
	}
}

func TestReportWithoutAccounts(t *testing.T) {
	if html := renderPage(t, schemas.Report{}, &listed{}, schemas.ReportQuery{}); !strings.Contains(html, "insights account add NAME") {
		t.Error("an empty page does not say how to begin")
	}
}

func TestGapText(t *testing.T) {
	for _, c := range []struct{ reason, call, want string }{
		{"access denied", "s3:GetBucketPolicy", "access denied to s3:GetBucketPolicy"},
		{"access denied: denied by a service control policy", "s3:GetBucketPolicy", "access denied to s3:GetBucketPolicy: denied by a service control policy"},
		{"access denied to s3:GetBucketPolicy", "s3:GetBucketPolicy", "access denied to s3:GetBucketPolicy"},
		{"call failed: InternalError", "s3:GetBucketAcl", "s3:GetBucketAcl failed: InternalError"},
		{"call failed: InternalError of s3:GetBucketAcl", "s3:GetBucketAcl", "call failed: InternalError of s3:GetBucketAcl"},
		{"not read", "ec2:DescribeInstanceAttribute", "not read (ec2:DescribeInstanceAttribute)"},
		{"division by zero", "", "division by zero"},
		{"", "iam:GetUser", "iam:GetUser gave no answer"},
		{"", "", "no reason was given"},
	} {
		if got := gapText(schemas.Gap{Reason: c.reason, Call: c.call}); got != c.want {
			t.Errorf("%q, %q: %q instead of %q", c.reason, c.call, got, c.want)
		}
	}
}

func TestScopeText(t *testing.T) {
	for _, c := range []struct {
		state              schemas.ScopeState
		call, reason, want string
	}{
		{schemas.ScopeDenied, "iam:ListUsers", "AccessDenied", "access denied to iam:ListUsers: AccessDenied"},
		{schemas.ScopeDenied, "", "", "access denied"},
		{schemas.ScopeFailed, "iam:ListUsers", "InternalError", "iam:ListUsers failed: InternalError"},
		{schemas.ScopeFailed, "", "given up after 3 attempts", "failed: given up after 3 attempts"},
		{schemas.ScopeFailed, "iam:ListUsers", "iam:ListUsers: InternalError", "failed: iam:ListUsers: InternalError"},
		{schemas.ScopeCancelled, "", "", "the scan was cancelled"},
	} {
		if got := scopeText(schemas.ScopeEnd{State: c.state, Call: c.call, Reason: c.reason}); got != c.want {
			t.Errorf("%s %q %q: %q instead of %q", c.state, c.call, c.reason, got, c.want)
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	write := func(text string, err error) error {
		return writeFile(file, func(w io.Writer) error {
			_, werr := io.WriteString(w, text)
			return errors.Join(werr, err)
		})
	}
	check := func(want string, mode os.FileMode) {
		t.Helper()
		got, err := os.ReadFile(file)
		info, serr := os.Stat(file)
		if err != nil || serr != nil || string(got) != want || info.Mode().Perm() != mode {
			t.Errorf("%q (%v), %v, %v", got, info.Mode(), err, serr)
		}
		if list, _ := os.ReadDir(dir); len(list) != 1 {
			t.Errorf("left behind: %v", list)
		}
	}
	if err := write("one", nil); err != nil {
		t.Fatal(err)
	}
	check("one", 0o600)
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write("tw", errors.New("broken")); err == nil {
		t.Error("a failure was swallowed")
	}
	check("one", 0o644)
	if err := write("two", nil); err != nil {
		t.Fatal(err)
	}
	check("two", 0o644)
	if err := writeFile(dir, nil); schemas.CodeOf(err) != schemas.CodeInvalid {
		t.Errorf("a directory was accepted: %v", err)
	}
}

// What is no file must be written to, not replaced: root would lose /dev/stdout.
func TestWriteFileLeavesDevices(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		raw, err := os.ReadFile(pipe)
		got <- fmt.Sprint(string(raw), err)
	}()
	if err := writeFile(pipe, func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err }); err != nil {
		t.Fatal(err)
	}
	select {
	case text := <-got:
		if text != "text<nil>" {
			t.Errorf("the pipe gave %q", text)
		}
	case <-time.After(time.Minute):
		t.Error("nobody wrote to the pipe")
	}
}

// Labels of charts have room for what tells them apart, and tell the whole name.
func TestLongNamesInCharts(t *testing.T) {
	t.Parallel()
	names := []string{"deny_public_access_to_everything_of_buckets", "deny_public_access_to_everything_of_queues", "short"}
	c := bars("title", names, 1, func(name string) (string, string, string, float64) { return name, "", "", 1 })
	if c.Bars[0].Label == c.Bars[1].Label || c.Bars[0].Whole != names[0] || c.Bars[2].Label != "short" || c.Bars[2].Whole != "" {
		t.Errorf("labels %+v", c.Bars)
	}
	for _, b := range c.Bars {
		if len([]rune(b.Label)) > chartLabel {
			t.Errorf("%q has no room", b.Label)
		}
	}
}
