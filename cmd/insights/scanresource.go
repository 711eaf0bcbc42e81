package main

import (
	"context"
	"fmt"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// violationsOf are the open violations of what a scan of single resources read.
func violationsOf(ctx context.Context, s api.Service, scan schemas.Scan) ([]schemas.Violation, error) {
	read := map[schemas.Key]bool{}
	for _, r := range scan.Resources {
		read[r.Key] = true
	}
	var out []schemas.Violation
	asked := map[string]bool{}
	for _, r := range scan.Resources {
		if asked[r.ID] {
			continue // resources that are split off another share its id
		}
		asked[r.ID] = true
		q := schemas.ViolationQuery{Accounts: []string{string(scan.AccountID)}, Resource: r.ID, Limit: maxPage}
		for {
			page, err := s.Violations(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, v := range page.Violations {
				if v.ID == r.ID && read[v.Key] { // the query takes a part of an id, too
					out = append(out, v)
				}
			}
			if page.Next == "" {
				break
			}
			q.Cursor = page.Next
		}
	}
	return out, nil
}

// finishResources prints the outcome of a scan of resources and gives the exit code.
func (a *app) finishResources(ctx context.Context, s api.Service, scan schemas.Scan, wait waitOptions) error {
	open, err := violationsOf(ctx, s, scan)
	if err != nil {
		return err
	}
	if a.output == "json" {
		err = a.printResult(wait, map[string]any{"scan": scan, "violations": orEmpty(open)})
	} else {
		err = a.printResourceOutcome(scan, open)
	}
	if err != nil {
		return err
	}
	if scan.State != schemas.ScanSucceeded {
		return exitCode(exitPartial)
	}
	return failOnThese(open, wait.failOn)
}

// printResourceOutcome is what a person sees at the end of a scan of resources.
func (a *app) printResourceOutcome(scan schemas.Scan, open []schemas.Violation) error {
	a.printScanFacts(scan)
	if len(scan.Resources) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	if err := a.printRead(scan.Resources, open); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if len(open) == 0 {
		_, err := fmt.Fprintln(a.out, "No open violations.")
		return err
	}
	return printViolations(a.out, schemas.ViolationPage{Violations: open})
}

// printRead lists what was read of single resources, and how many violations
// each has.
func (a *app) printRead(read []schemas.ResourceRead, open []schemas.Violation) error {
	violations := map[schemas.Key]int{}
	for _, v := range open {
		violations[v.Key]++
	}
	rows := make([][]string, len(read))
	for i, r := range read {
		n := fmt.Sprint(violations[r.Key])
		if r.State == schemas.ResourceGone {
			n = "-"
		}
		rows[i] = []string{r.Region, shortType(r.Type), r.ID, string(r.State), n}
	}
	return printTable(a.out, []string{"region", "type", "resource", "content", "violations"}, rows)
}

// failOnThese gives the exit code for --fail-on of a scan of resources.
func failOnThese(open []schemas.Violation, failOn string) error {
	for _, v := range open {
		if failOn != "" && v.Severity.Rank() >= schemas.Severity(failOn).Rank() {
			return exitCode(exitViolations)
		}
	}
	return nil
}

// printFound lists what a scan found of single resources.
func (a *app) printFound(read []schemas.ResourceRead) error {
	rows := make([][]string, len(read))
	for i, r := range read {
		rows[i] = []string{r.Region, shortType(r.Type), r.ID, string(r.State)}
	}
	return printTable(a.out, []string{"region", "type", "resource", "content"}, rows)
}
