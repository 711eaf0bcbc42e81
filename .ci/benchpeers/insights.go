package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// insights scans with the starter pack, in an empty data directory.
type insights struct{ program string }

func (i insights) name() string { return "insights" }

func (i insights) with(dir string, args ...string) []string {
	return append([]string{i.program, "--config", "/dev/null", "--data-dir", filepath.Join(dir, "data")}, args...)
}

func (i insights) prepare(b *bench, dir string) error {
	args := []string{"account", "add", "bench", "--endpoint", b.proxy.url}
	for _, r := range b.truth.Regions {
		args = append(args, "--region", r)
	}
	for _, s := range services.insights {
		args = append(args, "--service", s)
	}
	_, err := b.output(dir, i.with(dir, args...))
	return err
}

func (i insights) command(_ *bench, dir string) []string {
	return i.with(dir, "scan", "start", "bench")
}

func (i insights) read(b *bench, dir string) (answers, error) {
	a := newAnswers()
	resources, err := i.resources(b, dir)
	if err != nil {
		return a, err
	}
	for _, r := range resources {
		a.seen[short(r.ID)] = true
	}
	violations, err := i.violations(b, dir)
	if err != nil {
		return a, err
	}
	for _, v := range violations {
		if check, ok := byName(func(c check) string { return c.insights }, v.Policy); ok {
			a.say(check, subject(check, v.ID, v.Region), fail)
		}
	}
	report, err := i.report(b, dir)
	if err != nil {
		return a, err
	}
	for _, f := range b.truth.Facts {
		if a.verdicts[f.Check][f.ID] != fail {
			if v := notFailed(report, resources, a, f.Check, f.ID); v != "" {
				a.say(f.Check, f.ID, v)
			}
		}
	}
	return a, nil
}

// notFailed tells unknown from passed for a resource without a violation: the report
// names what could not be judged, by policy and call; the resource's unknown
// properties name the same call. What could not be listed is unknown as well.
func notFailed(report schemas.AccountReport, resources []schemas.StoredResource, a answers, name, id string) verdict {
	var c check
	for _, k := range checks {
		if k.name == name {
			c = k
		}
	}
	nobody := name == ofAccount || name == ofRegion
	for _, g := range report.Gaps {
		if g.Policy == c.insights && (nobody || lacks(resources, id, g.Call)) {
			return unknown
		}
	}
	if nobody && passedAny(report, c.insights) || !nobody && a.seen[id] {
		return pass
	}
	for _, s := range report.Scopes {
		if s.Call == c.needs {
			return unknown
		}
	}
	return ""
}

func lacks(resources []schemas.StoredResource, id, call string) bool {
	for _, r := range resources {
		if short(r.ID) != id {
			continue
		}
		for _, u := range r.Unknown {
			if u.Call == call {
				return true
			}
		}
	}
	return false
}

func passedAny(report schemas.AccountReport, policy string) bool {
	for _, p := range report.Packs {
		for _, r := range p.Policies {
			if r.Policy == policy && r.Counts.Passed > 0 {
				return true
			}
		}
	}
	return false
}

func (i insights) report(b *bench, dir string) (schemas.AccountReport, error) {
	out, err := b.output(dir, i.with(dir, "report", "-o", "json"))
	if err != nil {
		return schemas.AccountReport{}, err
	}
	var r schemas.Report
	if err := json.Unmarshal(out, &r); err != nil {
		return schemas.AccountReport{}, err
	}
	if len(r.Accounts) != 1 {
		return schemas.AccountReport{}, fmt.Errorf("the report has %d accounts", len(r.Accounts))
	}
	return r.Accounts[0], nil
}

func (i insights) resources(b *bench, dir string) ([]schemas.StoredResource, error) {
	var all []schemas.StoredResource
	for cursor := ""; ; {
		out, err := b.output(dir, i.with(dir, "resources", "-o", "json", "--limit", "1000", "--cursor", cursor))
		if err != nil {
			return nil, err
		}
		var page schemas.ResourcePage
		if err := json.Unmarshal(out, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Resources...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

func (i insights) violations(b *bench, dir string) ([]schemas.Violation, error) {
	var all []schemas.Violation
	for cursor := ""; ; {
		out, err := b.output(dir, i.with(dir, "violations", "-o", "json", "--limit", "1000", "--cursor", cursor))
		if err != nil {
			return nil, err
		}
		var page schemas.ViolationPage
		if err := json.Unmarshal(out, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Violations...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}
