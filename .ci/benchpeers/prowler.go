package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// prowler runs every check that Prowler has for the services, as 'prowler aws
// --services' does, and reads the OCSF file that it writes by itself.
type prowler struct{ program string }

func (p prowler) name() string { return "Prowler" }

func (p prowler) prepare(*bench, string) error { return nil }

func (p prowler) command(b *bench, dir string) []string {
	args := []string{p.program, "aws", "--no-banner", "--output-modes", "json-ocsf", "--output-directory", dir, "--output-filename", "run", "--services"}
	args = append(append(args, services.prowler...), "--region")
	return append(args, b.truth.Regions...)
}

func (p prowler) read(_ *bench, dir string) (answers, error) {
	a := newAnswers()
	raw, err := os.ReadFile(filepath.Join(dir, "run.ocsf.json"))
	if err != nil {
		return a, err
	}
	var findings []struct {
		Status   string `json:"status_code"`
		Metadata struct {
			Check string `json:"event_code"`
		} `json:"metadata"`
		Resources []struct {
			UID    string `json:"uid"`
			Region string `json:"region"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(raw, &findings); err != nil {
		return a, err
	}
	verdicts := map[string]verdict{"PASS": pass, "FAIL": fail, "MANUAL": unknown}
	for _, f := range findings {
		check, ours := byName(func(c check) string { return c.prowler }, f.Metadata.Check)
		for _, r := range f.Resources {
			a.seen[short(r.UID)] = true
			if ours {
				a.say(check, subject(check, r.UID, r.Region), verdicts[f.Status])
			}
		}
	}
	return a, nil
}
