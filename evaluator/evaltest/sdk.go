package evaltest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Link gives the pack in dir the policy SDK of its runtime, as `make setup`
// installed it: as node_modules, or as the virtual environment venv.
func Link(t testing.TB, runtime schemas.Runtime, dir string) {
	t.Helper()
	link := map[schemas.Runtime][2]string{schemas.RuntimeNodeJS: {"node_modules", "node/node_modules"}, schemas.RuntimePython: {"venv", "python"}}[runtime]
	if link[0] == "" {
		return
	}
	sdk, err := filepath.EvalSymlinks(filepath.Join(tools(t), link[1]))
	if err == nil {
		err = os.Symlink(sdk, filepath.Join(dir, link[0]))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tools is the directory of what `make setup` installed for packs.
func tools(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		packs := filepath.Join(dir, ".tools", "packs")
		if _, err := os.Stat(packs); err == nil {
			return packs
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal(".tools/packs is missing: run 'make setup'")
		}
		dir = parent
	}
}
