package rego_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

type files map[string]string

const v1Head = "package p\n\nimport rego.v1\n\n"

// write makes a pack directory. PulumiPolicy.yaml is added where there is none.
func write(t testing.TB, f files) string {
	t.Helper()
	dir := t.TempDir()
	if _, ok := f["PulumiPolicy.yaml"]; !ok {
		f["PulumiPolicy.yaml"] = "runtime: opa\nversion: 1.0.0\n"
	}
	for name, text := range f {
		file := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(file), 0o750)
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPacksThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files files
		want  []string // each a part of the error
	}{
		"no manifest file":     {files{"PulumiPolicy.yaml": "", "a.rego": "package p\ndeny[m] { m := 1 }"}, nil},
		"no rego":              {files{}, []string{"has no .rego file"}},
		"only unit tests":      {files{"a_test.rego": v1Head + `test_deny if true`}, []string{"has no .rego file"}},
		"a broken unit test":   {files{"a.rego": v1Head + `deny contains "m" if true`, "a_test.rego": "not rego"}, []string{"a_test.rego:1: "}},
		"an empty file":        {files{"lib/a.rego": ""}, []string{"lib/a.rego:1: "}},
		"two packages":         {files{"a.rego": v1Head + `deny contains "m" if true`, "b.rego": "package q\nx = 1"}, []string{"a.rego is in package p, b.rego in package q"}},
		"not a pack name":      {files{"a.rego": "package p[\"a b\"]\ndeny[m] { m := 1 }"}, []string{"a.rego", `"p.a b" is no pack name`}},
		"syntax v0":            {files{"a.rego": "package p\n\ndeny[msg] {\n\tmsg := \n}\n"}, []string{"a.rego:5: "}},
		"syntax v1":            {files{"sub/b.rego": v1Head + "deny contains msg if {\n\tmsg := \"m\"\n\tinput.x ==\n}\n"}, []string{"sub/b.rego:8: "}},
		"late in v0":           {files{"a.rego": "package p\n\nif = 1 { true }\n\ndeny[msg] {\n\tmsg := \n}\n"}, []string{"a.rego:7: "}},
		"late in v1":           {files{"a.rego": "package p\n\ndeny contains msg if input.x\n\nwarn contains msg if {\n\tmsg := \n}\n"}, []string{"a.rego:7: "}},
		"a type error":         {files{"a.rego": v1Head + "deny contains \"m\" if count(1) > 0\n"}, []string{"a.rego:5: count: invalid argument(s) (have: (number, ???); want: ("}},
		"two errors":           {files{"a.rego": v1Head + "deny contains msg if {\n\tmsg := nope(1)\n}\n\nwarn contains nope2(1) if true\n"}, []string{"a.rego:6: undefined function nope\na.rego:9: undefined function nope2"}},
		"errors in two files":  {files{"a.rego": v1Head + "deny contains x if true", "b.rego": v1Head + "warn contains x if true"}, []string{"a.rego:5: ", "b.rego:5: "}},
		"http.send":            {files{"a.rego": v1Head + "deny contains m if {\n\tm := http.send({\"method\": \"get\", \"url\": \"x\"}).body\n}"}, []string{"a.rego:6: http.send may not be used: ", "network"}},
		"opa.runtime":          {files{"a.rego": v1Head + "deny contains m if {\n\tm := opa.runtime().env.HOME\n}"}, []string{"a.rego:6: opa.runtime may not be used: ", "host"}},
		"net.lookup_ip_addr":   {files{"a.rego": v1Head + "deny contains m if some m in net.lookup_ip_addr(input.x)"}, []string{"a.rego:5: net.lookup_ip_addr may not be used"}},
		"rand.intn":            {files{"a.rego": v1Head + "x if {\n\trand.intn(\"a\", 2) == 1\n}\ndeny contains \"m\" if x"}, []string{"a.rego:6: rand.intn may not be used", "same verdict"}},
		"uuid.rfc4122":         {files{"a.rego": v1Head + "deny contains uuid.rfc4122(\"x\") if true"}, []string{"a.rego:5: uuid.rfc4122 may not be used"}},
		"json.match_schema":    {files{"a.rego": v1Head + "deny contains \"m\" if json.match_schema(input, {\"$ref\": \"file:///etc/passwd\"})[0]"}, []string{"a.rego:5: json.match_schema may not be used", "files"}},
		"input format":         {files{"a.rego": v1Head + `deny contains "m" if true`, "PulumiPolicy.yaml": "runtime: opa\ninputFormat: terraform\n"}, []string{`PulumiPolicy.yaml:2: inputFormat: "terraform" must be one of [pulumi kubernetes-admission]`}},
		"config-schema.json":   {files{"a.rego": v1Head + `deny contains "m" if true`, "config-schema.json": "{"}, []string{"config-schema.json: "}},
		"yaml":                 {files{"a.rego": v1Head + `deny contains "m" if true`, "PulumiPolicy.yaml": "runtime: [\n"}, []string{"PulumiPolicy.yaml: "}},
		"version is an object": {files{"a.rego": v1Head + `deny contains "m" if true`, "PulumiPolicy.yaml": "runtime: opa\nversion: {a: 1}\n"}, []string{"PulumiPolicy.yaml:2: version: must be a text"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, c.files)
			if c.want == nil {
				c.want = []string{"has no PulumiPolicy.yaml", "runtime: opa"}
				if err := os.Remove(filepath.Join(dir, "PulumiPolicy.yaml")); err != nil {
					t.Fatal(err)
				}
			}
			_, err := rego.Loader{}.Inspect(t.Context(), dir)
			if schemas.CodeOf(err) != schemas.CodeInvalid {
				t.Fatalf("%v, want an invalid pack", err)
			}
			if _, loadErr := (rego.Loader{}).Load(t.Context(), dir, schemas.EffectivePack{}); loadErr == nil || loadErr.Error() != err.Error() {
				t.Errorf("Load says %v, Inspect %v", loadErr, err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\nhas no %q", err, part)
				}
			}
			if strings.HasSuffix(c.want[0], ": ") && strings.Contains(err.Error(), dir) {
				t.Errorf("%v\nnames the directory of the pack", err)
			}
		})
	}
}

// Packs in every dialect mean the same.
func TestDialects(t *testing.T) {
	for name, text := range map[string]string{
		"v0":                      "package p\n\ndeny[msg] {\n\tinput.acl == \"public\"\n\tmsg := \"m\"\n}\n",
		"v0 with future keywords": "package p\n\nimport future.keywords\n\ndeny contains msg if {\n\tinput.acl == \"public\"\n\tmsg := \"m\"\n}\n",
		"v0 with rego.v1":         v1Head + "deny contains msg if {\n\tinput.acl == \"public\"\n\tmsg := \"m\"\n}\n",
		"v1 without import":       "package p\n\ndeny contains msg if {\n\tinput.acl == \"public\"\n\tmsg := \"m\"\n}\n",
		"an array":                "package p\n\ndeny = [msg | msg := \"m\"; input.acl == \"public\"]\n",
		"objects with msg":        "package p\n\ndeny[{\"msg\": \"m\", \"details\": {}}] {\n\tinput.acl == \"public\"\n}\n",
		"two files":               "package p\n\ndeny[msg] {\n\tpublic\n\tmsg := \"m\"\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := files{"a.rego": text}
			if name == "two files" { // of two versions
				f["lib/b.rego"] = "package p\n\npublic if input.acl == \"public\"\n"
			}
			for acl, want := range map[string]schemas.Outcome{"public": schemas.Failed, "private": schemas.Passed} {
				r := one(t, f, evaluator.Input{Type: "t", Properties: map[string]any{"acl": acl}})
				if r.Outcome != want || want == schemas.Failed && !slices.Equal(r.Messages, []string{"m"}) {
					t.Errorf("%s: %+v", acl, r)
				}
			}
		})
	}
}

// load loads a pack under a configuration.
func load(t testing.TB, l rego.Loader, f files, config map[string]schemas.PolicyConfig) evaluator.Engine {
	t.Helper()
	dir := write(t, f)
	m, err := l.Inspect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := l.Load(t.Context(), dir, schemas.EffectivePack{PackRef: m.PackRef, Policies: m.Policies, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// judge is the results of a pack by policy.
func judge(t testing.TB, e evaluator.Engine, in evaluator.Input) map[string]schemas.PolicyResult {
	t.Helper()
	rs, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]schemas.PolicyResult{}
	for _, r := range rs {
		out[r.Policy] = r
	}
	return out
}

// one is the result of the one policy of a pack.
func one(t testing.TB, f files, in evaluator.Input) schemas.PolicyResult {
	t.Helper()
	rs := judge(t, load(t, rego.Loader{}, f, nil), in)
	if len(rs) != 1 {
		t.Fatalf("%d results", len(rs))
	}
	for _, r := range rs {
		return r
	}
	panic("unreachable")
}
