package pulumi

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
)

// A link that code of a package left in an environment shows the pack nothing.
func TestPlantedLinks(t *testing.T) {
	t.Parallel()
	dir, private := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"PulumiPolicy.yaml": "runtime: nodejs\n", "index.js": "",
		"package.json":                                  `{"name": "p", "version": "1.0.0", "dependencies": {"@pulumi/policy": "file:stubs/policy", "@pulumi/pulumi": "file:stubs/pulumi"}}`,
		"stubs/policy/package.json":                     `{"name": "@pulumi/policy", "version": "1.0.0"}`,
		"stubs/pulumi/package.json":                     `{"name": "@pulumi/pulumi", "version": "3.0.0"}`,
		"stubs/pulumi/cmd/run-policy-pack/package.json": `{}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	box, err := sandbox.New(sandbox.BestEffort)
	if err != nil {
		t.Fatal(err)
	}
	l := New(Options{Installer: install.New(t.TempDir(), box, zerolog.Nop()), Sandbox: box})
	_, env, err := l.prepare(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(env.Dir, "node_modules")
	if err := os.Rename(modules, modules+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(private, modules); err != nil {
		t.Fatal(err)
	}
	if _, env, err = l.prepare(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(env.Read, func(path string) bool { return strings.HasPrefix(path, private) }) {
		t.Errorf("the pack may read %v", env.Read)
	}
}
