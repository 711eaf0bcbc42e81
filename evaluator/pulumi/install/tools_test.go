package install_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestTools(t *testing.T) {
	for runtime, names := range map[schemas.Runtime]string{schemas.RuntimeNodeJS: "node npm", schemas.RuntimePython: "python", schemas.RuntimeOPA: ""} {
		var found []string
		for _, tool := range install.Tools(t.Context(), runtime) {
			found = append(found, tool.Name)
			if tool.Err != nil || !strings.Contains(tool.Version, ".") {
				t.Errorf("%+v", tool)
			}
		}
		if strings.Join(found, " ") != names {
			t.Errorf("%s needs %v", runtime, found)
		}
	}
}

func TestToolsThatWillNotDo(t *testing.T) {
	dir := t.TempDir()
	for name, says := range map[string]string{"node": "v18.20.1", "python3": "3\n9\n/usr\n/usr/bin/python3"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\nprintf '"+strings.ReplaceAll(says, "\n", `\n`)+"'\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	for runtime, want := range map[schemas.Runtime][]string{
		schemas.RuntimeNodeJS: {"packs need Node.js 20 or newer; this machine has 18.20.1", "there is no npm on this machine"},
		schemas.RuntimePython: {"packs need Python 3.10 or newer; "},
	} {
		for i, tool := range install.Tools(t.Context(), runtime) {
			if tool.Err == nil || !strings.Contains(tool.Err.Error(), want[i]) || !strings.Contains(tool.Err.Error(), "\n  install ") {
				t.Errorf("%s: %v, want %s", tool.Name, tool.Err, want[i])
			}
		}
	}
}
