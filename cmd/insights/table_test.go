package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestTableHasNoTrailingSpaces(t *testing.T) {
	var buf bytes.Buffer
	if err := printTable(&buf, []string{"name", "reason?"}, [][]string{{"a", ""}, {"a long name", "because"}}); err != nil {
		t.Fatal(err)
	}
	want := "NAME         REASON\na\na long name  because\n"
	if buf.String() != want {
		t.Errorf("got %q instead of %q", buf.String(), want)
	}
}

// A cell is foreign text: it must neither break the table nor steer the terminal.
func TestTableCellsStayOnTheirLine(t *testing.T) {
	var buf bytes.Buffer
	if err := printTable(&buf, []string{"name"}, [][]string{{"a\nb\tc\x1b[31m\u202ed"}}); err != nil {
		t.Fatal(err)
	}
	if want := "NAME\na b c\ufffd[31m\ufffdd\n"; buf.String() != want {
		t.Errorf("got %q instead of %q", buf.String(), want)
	}
}

func TestFit(t *testing.T) {
	const id = "arn:aws:cloudtrail:us-east-1:123456789012:trail/demo-audit"
	header := []string{"id", "count?", "reason"}
	rows := [][]string{{id, "12", "access denied to s3:GetBucketPolicy since yesterday"}}
	for _, c := range []struct {
		width int
		want  []string
	}{
		{200, []string{id, "12", rows[0][2]}},
		{100, []string{id, "12", "access denied to s3:GetBucketPol…"}},
		{86, []string{id, "access denied to s3:GetBu…"}},
		{60, []string{"arn:aws:cloudtrai…trail/demo-audit", "access denied to s3:Get…"}},
		{10, []string{"arn:aws:…o-audit", "access denied to s3:Get…"}},
	} {
		table, optional := newTable(header, rows)
		table = fit(table, optional, c.width)
		if got := strings.Join(table[1], "|"); got != strings.Join(c.want, "|") {
			t.Errorf("width %d: %s", c.width, got)
		}
		if n := tableWidth(columnWidths(table), 1000); c.width >= 60 && n > c.width {
			t.Errorf("width %d: %d columns", c.width, n)
		}
	}
}

func TestCutKeepsWidth(t *testing.T) {
	for _, s := range []string{"short", "a sentence of some words", "arn:aws:iam::123456789012:user/someone", "日本語のとても長い名前です"} {
		for width := 3; width < 20; width++ {
			if got := cut(s, width); twwidth.Width(got) > width {
				t.Errorf("%q cut to %d is %q", s, width, got)
			}
		}
	}
}

// On a narrow terminal violations are blocks, so that ids stay whole.
func TestViolationBlocks(t *testing.T) {
	v := exampleViolations()[0]
	v.ID = "arn:aws:cloudtrail:us-east-1:123456789012:trail/demo-audit"
	v.Messages = []string{"the first of two messages, which is longer than the line", "second"}
	var buf bytes.Buffer
	if err := printBlocks(&buf, []schemas.Violation{v}, 60); err != nil {
		t.Fatal(err)
	}
	want := `high         deny_public
             prod eu-west-1 s3/bucket
             arn:aws:cloudtrail:us-east-1:123456789012:trail/demo-audit
             (site)
             open, first seen 2026-03-01 12:00:00 UTC
             the first of two messages, which is longer than
             the line
             second
`
	if buf.String() != want {
		t.Errorf("got\n%s", buf.String())
	}
	table, _ := newTable([]string{"id"}, [][]string{{v.ID}})
	if narrow(table, 0) || narrow(table, 200) || !narrow(append(table, []string{v.ID, "x"})[2:], 40) {
		t.Error("narrow is wrong")
	}
}
