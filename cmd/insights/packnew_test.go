package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/deploy/packs"
	"github.com/insights-scanner/insights-scanner/evaluator/evaltest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What a new pack says of its fixtures is what they want, in every language. It
// runs with the SDK that make setup installed, which has the version it asks for.
func TestNewPacks(t *testing.T) {
	t.Parallel()
	for language, runtime := range map[string]schemas.Runtime{
		"opa": schemas.RuntimeOPA, "typescript": schemas.RuntimeNodeJS, "javascript": schemas.RuntimeNodeJS, "python": schemas.RuntimePython,
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
			dir := filepath.Join(t.TempDir(), "Acme Basics")
			p.ok(t, "pack", "new", dir, "--runtime", language, "--generate-only")
			evaltest.Link(t, runtime, dir)
			var told testOutcome
			p.json(t, &told, "pack", "test", dir)
			want := "acme-basics"
			if language == "opa" {
				want = "acme_basics"
			}
			if told.Pack != want || told.Version != "0.1.0" || told.Passed != 7 || len(told.Cases) != 7 {
				t.Errorf("%+v", told)
			}
		})
	}
}

// The versions that new packs pin are those that are tested.
func TestNewPacksPinWhatIsTested(t *testing.T) {
	t.Parallel()
	template, _ := packs.Template("typescript")
	raw, err := fs.ReadFile(template, "package.json")
	var asked struct{ Dependencies map[string]string }
	if err == nil {
		err = json.Unmarshal(raw, &asked)
	}
	if err != nil || len(asked.Dependencies) != 2 {
		t.Fatalf("%v, %v", asked, err)
	}
	for name, version := range asked.Dependencies {
		var installed struct{ Version string }
		raw, err := os.ReadFile(tool(t, "packs", "node", "node_modules", filepath.FromSlash(name), "package.json"))
		if err == nil {
			err = json.Unmarshal(raw, &installed)
		}
		if err != nil || strings.TrimPrefix(installed.Version, "v") != version {
			t.Errorf("%s %s is pinned, %s installed, %v", name, version, installed.Version, err)
		}
	}
	template, _ = packs.Template("python")
	raw, err = fs.ReadFile(template, "requirements.txt")
	name, version, _ := strings.Cut(strings.TrimSpace(string(raw)), "==")
	if err != nil || name != "pulumi_policy" {
		t.Fatalf("%s, %v", raw, err)
	}
	out, err := exec.CommandContext(t.Context(), tool(t, "packs", "python", "bin", "python"), "-c", "import importlib.metadata as m; print(m.version('pulumi_policy'), end='')").Output()
	if err != nil || string(out) != version {
		t.Errorf("%s %s is pinned, %s installed, %v", name, version, out, err)
	}
}

// A registry that does not answer leaves the files, and says how to go on.
func TestNewPackWithoutARegistry(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "npm_config_registry=http://127.0.0.1:1", "npm_config_fetch_retries=0")
	dir := filepath.Join(t.TempDir(), "mine")
	out, errs, code := p.run(t, "pack", "new", dir, "--runtime", "javascript")
	if code != exitError || out != "" || !strings.Contains(errs, "npm install: exit status 1\n  The pack is written. Install its dependencies yourself: cd "+dir+" && npm install") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "index.js")); err != nil {
		t.Error(err)
	}
}

func TestNewPackFiles(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	for _, language := range packs.Languages {
		dir := filepath.Join(t.TempDir(), "2 go")
		if out := p.ok(t, "pack", "new", dir, "--runtime", language, "--generate-only"); !strings.Contains(out, "insights pack test "+dir) {
			t.Errorf("%s: it says\n%s", language, out)
		}
		for _, file := range []string{".gitignore", "README.md", "PulumiPolicy.yaml", "config.yaml", "tests/recorded.yaml"} {
			raw, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil || strings.Contains(string(raw), "my-pack") || strings.Contains(string(raw), "my_pack") {
				t.Errorf("%s: %v\n%s", language, err, raw)
			}
		}
		if _, err := readPackConfig(filepath.Join(dir, "config.yaml")); err != nil {
			t.Error(err)
		}
	}
	checkFailure(t, p, exitUsage, []string{"pack", "new", p.dir + "/..", "--runtime", "opa"}, "is not empty")
	dir := filepath.Join(t.TempDir(), "a")
	checkFailure(t, p, exitUsage, []string{"pack", "new", dir}, `--runtime "": must be typescript, javascript, python, opa`)
	checkFailure(t, p, exitUsage, []string{"pack", "new", dir, "--runtime", "opa", "--name", "a-b"}, `--name "a-b"`)
	checkFailure(t, p, exitUsage, []string{"pack", "new", dir, "--runtime", "python", "--name", "A"}, `--name "A"`)
	if _, err := os.Stat(dir); err == nil {
		t.Error("what is refused is made anyway")
	}
	var told map[string]any
	if p.json(t, &told, "pack", "new", dir, "--runtime", "opa", "--name", "other"); told["pack"] != "other" || told["installed"] != false {
		t.Errorf("%v", told)
	}
}
