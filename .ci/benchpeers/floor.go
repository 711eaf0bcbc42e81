package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// cli is a script of AWS CLI calls, one after the other: what it takes to read
// what the checks need and nothing else. Its verdicts are the script's, not AWS's.
type cli struct{ python, program string }

func (f cli) name() string { return "AWS CLI" }

func (f cli) prepare(*bench, string) error { return nil }

func (f cli) command(b *bench, _ string) []string {
	args := []string{f.python, filepath.Join(b.here, "floor.py"), "--aws", f.program}
	for _, r := range b.truth.Regions {
		args = append(args, "--region", r)
	}
	return args
}

func (f cli) read(_ *bench, dir string) (answers, error) {
	a := newAnswers()
	raw, err := os.ReadFile(filepath.Join(dir, "stdout"))
	if err != nil {
		return a, err
	}
	var said struct {
		Seen     []string                      `json:"seen"`
		Verdicts map[string]map[string]verdict `json:"verdicts"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return a, err
	}
	for _, id := range said.Seen {
		a.seen[id] = true
	}
	a.verdicts = said.Verdicts
	return a, nil
}
