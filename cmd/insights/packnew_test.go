package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/deploy/packs"
)

// What a new pack says of its fixtures is what they want, in every language.
func TestNewPacks(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	for _, language := range packs.Languages {
		t.Run(language, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "Acme Basics")
			out := p.ok(t, "pack", "new", dir, "--runtime", language)
			if strings.Count(out, "\n  insights ") != 3 {
				t.Errorf("it says\n%s", out)
			}
			var told testOutcome
			p.json(t, &told, "pack", "test", dir)
			want := strings.ReplaceAll("acme-basics", "-", map[bool]string{true: "_", false: "-"}[language == "opa"])
			if told.Pack != want || told.Version != "0.1.0" || told.Passed < 6 || told.Failed+told.Shown != 0 {
				t.Errorf("%+v", told)
			}
		})
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
		checkFailure(t, p, exitUsage, []string{"pack", "new", dir, "--runtime", language}, "is not empty")
	}
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
