package evaluator_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func readProject(t *testing.T, text string) (evaluator.Project, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, evaluator.ProjectFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return evaluator.ReadProject(dir)
}

// Every key that Pulumi knows is taken, and each that it does not know warns.
func TestReadProject(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, c := range map[string]struct {
		text string
		want evaluator.Project
	}{
		"every key": {`
runtime:
  name: nodejs
  options:
    typescript: true
    tsconfig: tsconfig.json
    nodeargs: --max-old-space-size=512
    packagemanager: pnpm
    production: false
    virtualenv: venv
    toolchain: uv
    typechecker: mypy
version: 1.10
main: src
description: |
  Two
  lines
author: me
website: https://example.com
license: Apache-2.0
inputFormat: kubernetes-admission
requiredPulumiVersion: ">=3.0.0"
`, evaluator.Project{
			Runtime: "nodejs", Version: "1.10", Description: "Two\nlines\n", InputFormat: evaluator.KubernetesAdmission,
			Options: evaluator.ProjectOptions{
				TypeScript: &yes, TSConfig: "tsconfig.json", NodeArgs: "--max-old-space-size=512", PackageManager: "pnpm", Production: &no,
				Virtualenv: "venv", Toolchain: "uv", Typechecker: "mypy",
			},
		}},
		"one key":              {"runtime: opa", evaluator.Project{Runtime: "opa"}},
		"one key, an object":   {"runtime: {name: opa}", evaluator.Project{Runtime: "opa"}},
		"one key, a block":     {"runtime:\n  name: opa\n", evaluator.Project{Runtime: "opa"}},
		"nothing said":         {"runtime: {name: opa, options: }\nversion:\ndescription: ~\nmain: null\n", evaluator.Project{Runtime: "opa"}},
		"a whole number":       {"runtime: opa\nversion: 1", evaluator.Project{Runtime: "opa", Version: "1"}},
		"a number as written":  {"runtime: opa\nversion: 0x10", evaluator.Project{Runtime: "opa", Version: "0x10"}},
		"a quoted version":     {"runtime: opa\nversion: '1.10'", evaluator.Project{Runtime: "opa", Version: "1.10"}},
		"a tagged version":     {"runtime: opa\nversion: !!str 1.10", evaluator.Project{Runtime: "opa", Version: "1.10"}},
		"an anchor, an alias":  {"runtime: opa\ndescription: &d text\nauthor: *d\nversion: &v 1.10", evaluator.Project{Runtime: "opa", Description: "text", Version: "1.10"}},
		"a folded description": {"runtime: opa\ndescription: >-\n  two\n  words\n", evaluator.Project{Runtime: "opa", Description: "two words"}},
		"unknown keys": {"name: x\nruntime:\n  name: opa\n  opts: {}\n  options:\n    speed: 9\ntags: [a]\n", evaluator.Project{
			Runtime: "opa",
			Warnings: []string{
				"PulumiPolicy.yaml:1: name: unknown key",
				"PulumiPolicy.yaml:4: runtime.opts: unknown key",
				"PulumiPolicy.yaml:6: runtime.options.speed: unknown key",
				"PulumiPolicy.yaml:7: tags: unknown key",
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readProject(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// A declared key of a wrong type is an error with its line, whichever key it is, and
// of several each is told.
func TestReadProjectRefusesWrongTypes(t *testing.T) {
	t.Parallel()
	const (
		text    = "must be a text"
		boolean = "must be true or false"
	)
	options := map[string]string{
		"virtualenv": text, "toolchain": text, "typechecker": text, "packagemanager": text, "tsconfig": text, "nodeargs": text,
		"typescript": boolean, "production": boolean,
	}
	for key, want := range options {
		wrong := []string{"[a]", "{a: b}", "7", "1.5"}
		if want == text {
			wrong = append(wrong, "true", ".inf")
		} else {
			wrong = append(wrong, "maybe", `"true"`)
		}
		for _, value := range wrong {
			refused(t, "runtime:\n  name: python\n  options:\n    "+key+": "+value+"\n", "PulumiPolicy.yaml:4: runtime.options."+key+": "+want)
		}
	}
	for _, key := range []string{"version", "description", "main", "author", "website", "license", "inputFormat", "requiredPulumiVersion"} {
		wrong := []string{"[a]", "{a: b}", "true"}
		if key != "version" { // which is as written
			wrong = append(wrong, "7", "1.5")
		}
		for _, value := range wrong {
			refused(t, "runtime: opa\n"+key+": "+value+"\n", "PulumiPolicy.yaml:2: "+key+": "+text)
		}
	}
	for _, value := range []string{"[a]", "7", "true"} {
		refused(t, "runtime: "+value+"\n", "PulumiPolicy.yaml:1: runtime: must be a name, or an object with a name")
		refused(t, "runtime:\n  name: "+value+"\n", "PulumiPolicy.yaml:2: runtime.name: "+text)
		refused(t, "runtime:\n  name: opa\n  options: "+value+"\n", "PulumiPolicy.yaml:3: runtime.options: must be an object")
	}
	for value, want := range map[string]string{
		"":                                    "PulumiPolicy.yaml: must be an object, such as",
		"# nothing\n":                         "PulumiPolicy.yaml: must be an object, such as",
		"- runtime: opa\n":                    "PulumiPolicy.yaml: must be an object, such as",
		"opa\n":                               "PulumiPolicy.yaml: must be an object, such as",
		"version: 1.0.0\n":                    "PulumiPolicy.yaml: runtime: must be a name, or an object with a name",
		"runtime: opa\nversion: [\n":          "PulumiPolicy.yaml: ",
		"runtime: opa\nruntime: python\n":     "already defined",
		"runtime: opa\n---\nversion: 1.0.0\n": "PulumiPolicy.yaml: must be one document",
		"runtime: opa\ninputFormat: xml\n":    `inputFormat: "xml" must be one of`,
		"runtime: opa\nversion: {a: 1}\nauthor: [me]\n": "version: must be a text\nPulumiPolicy.yaml:3: author: must be a text",
	} {
		refused(t, value, want)
	}
}

func refused(t *testing.T, text, want string) {
	t.Helper()
	_, err := readProject(t, text)
	if schemas.CodeOf(err) != schemas.CodeInvalid || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%q: %v, want %q", text, err, want)
	}
}
