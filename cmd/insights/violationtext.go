package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// printViolations is the list of violations for people.
func printViolations(w io.Writer, page schemas.ViolationPage) error {
	if len(page.Violations) == 0 {
		_, err := fmt.Fprintln(w, "No violations.")
		return err
	}
	rows := make([][]string, len(page.Violations))
	for i, v := range page.Violations {
		rows[i] = []string{
			severityText(v.Severity), v.Account, v.Region, shortType(v.Type), v.ID, v.Policy,
			stateText(v), v.FirstSeen.UTC().Format(time.DateTime), strings.Join(v.Messages, "; "),
		}
	}
	err := printTable(w, []string{"severity", "account", "region", "type", "resource", "policy", "state", "first seen", "message"}, rows)
	if err == nil && page.Next != "" {
		_, err = fmt.Fprintf(w, "\nMore: --cursor %s\n", page.Next)
	}
	return err
}

func stateText(v schemas.Violation) string {
	if v.State == schemas.ViolationFixed {
		return "fixed: " + string(v.FixCause)
	}
	if v.Reopened > 0 {
		return "reopened"
	}
	return string(v.State)
}

// shortType keeps a table narrow: aws:s3/bucket:Bucket prints as s3/bucket.
func shortType(token string) string {
	p := strings.Split(token, ":")
	if len(p) != 3 {
		return token
	}
	return p[1]
}

// printEvents is what a scan changed, for people.
func printEvents(w io.Writer, events []schemas.ViolationEvent) error {
	if len(events) == 0 {
		_, err := fmt.Fprintln(w, "No violation was opened, fixed or reopened.")
		return err
	}
	rows := make([][]string, len(events))
	for i, e := range events {
		rows[i] = []string{string(e.Transition), string(e.Cause), e.Region, shortType(e.Type), e.ID, e.Policy}
	}
	return printTable(w, []string{"change", "cause", "region", "type", "resource", "policy"}, rows)
}

// printResources is the inventory for people.
func printResources(w io.Writer, page schemas.ResourcePage) error {
	if len(page.Resources) == 0 {
		_, err := fmt.Fprintln(w, "No resources.")
		return err
	}
	rows := make([][]string, len(page.Resources))
	for i, r := range page.Resources {
		rows[i] = []string{
			r.Account, r.Region, r.Type, r.ID, unknownText(r.Unknown),
			r.FirstSeen.UTC().Format(time.DateTime), r.LastSeen.UTC().Format(time.DateTime),
		}
	}
	err := printTable(w, []string{"account", "region", "type", "id", "unknown", "first seen", "last seen"}, rows)
	if err == nil && page.Next != "" {
		_, err = fmt.Fprintf(w, "\nMore: --cursor %s\n", page.Next)
	}
	return err
}

func unknownText(list []schemas.UnknownPath) string {
	paths := make([]string, len(list))
	for i, u := range list {
		paths[i] = u.Path
	}
	return strings.Join(paths, ",")
}
