package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// results are what became of packs that were run before, a file for each, so that
// a run that was broken off goes on, and the table is made of all.
type results struct{ dir string }

func (r results) file(p pack) string {
	return filepath.Join(r.dir, strings.ReplaceAll(p.name, "/", "_")+".json")
}

// get is the result of a pack, if it is known of that commit.
func (r results) get(p pack) (out row, ok bool) {
	raw, err := os.ReadFile(r.file(p))
	if err != nil || json.Unmarshal(raw, &out) != nil {
		return row{}, false
	}
	return out, out.Commit == p.commit
}

func (r results) put(p pack, out row) error {
	out.Commit = p.commit
	raw, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.dir, 0o750); err != nil {
		return err
	}
	part := r.file(p) + ".part"
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(part, r.file(p))
}
