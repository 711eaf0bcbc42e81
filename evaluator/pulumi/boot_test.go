package pulumi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A pack that does not start is refused, with what it says itself.
func TestPacksThatDoNotStart(t *testing.T) {
	t.Parallel()
	entry := func(f files, text string) files {
		if f.runtime() == schemas.RuntimePython {
			return f.with("__main__.py", text)
		}
		return f.with("index.js", text)
	}
	for name, c := range map[string]struct {
		pack files
		want []string
	}{
		"does not compile": {
			files{"PulumiPolicy.yaml": "runtime: nodejs\n", "package.json": `{"version": "1.0.0"}`, "index.ts": "const x: number = \"a\";\n"},
			[]string{"TSError: ⨯ Unable to compile TypeScript:\nindex.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'."},
		},
		"module is missing": {
			entry(node(), "require(\"left-pad\");\n"),
			[]string{"its process ended with exit code 32", "Error: Cannot find module 'left-pad'\nRequire stack:\n- index.js\n    at Object.<anonymous> (index.js:1:1)"},
		},
		"throws":            {entry(node(), "throw new Error(\"boom\");"), []string{"Error: boom\n    at Object.<anonymous> (index.js:1:7)"}},
		"no entry":          {files{"PulumiPolicy.yaml": "runtime: nodejs\n", "package.json": `{"version": "1.0.0"}`}, []string{"'main' file (index.js) does not exist"}},
		"no version":        {node().with("package.json", "{}"), []string{"Version must be defined in the package.json file"}},
		"name":              {entry(node(), `new (require("@pulumi/policy").PolicyPack)("a b", { policies: [] });`), []string{`Invalid policy pack name "a b"`}},
		"two versions":      {node("a", "").with("PulumiPolicy.yaml", "runtime: nodejs\nversion: 2.0.0\n"), []string{"PulumiPolicy.yaml names version 2.0.0, package.json version 1.0.0"}},
		"no policy":         {node(), []string{"pack p has no policy"}},
		"makes no pack":     {entry(node(), ""), []string{"its process ended by itself", "PolicyPack"}},
		"writes before":     {entry(node("a", ""), "console.log(\"hello\"); "+node("a", "")["index.js"]), []string{`it wrote an invalid port: "hello"`, "standard error"}},
		"writes a lot":      {entry(node(), `process.stdout.write("x".repeat(1e6)); setInterval(() => {}, 1e6);`), []string{`it wrote an invalid port: "xxx`}},
		"an impossible one": {entry(node(), `console.log("70000"); setInterval(() => {}, 1e6);`), []string{`it wrote an invalid port: "70000"`}},
		"python traceback": {
			entry(python(), "import nonesuch\n"),
			[]string{"Traceback (most recent call last):\n  File \"__main__.py\", line 1, in <module>\n    import nonesuch\nModuleNotFoundError: No module named 'nonesuch'"},
		},
		"python syntax": {entry(python(), "def f(:\n"), []string{"File \"__main__.py\", line 1\n    def f(:", "SyntaxError: invalid syntax"}},
		"python exits":  {entry(python(), "import sys; sys.exit(3)"), []string{"its process ended with exit code 3"}},
		"python prints": {entry(python(), "print('hello')"), []string{`it wrote an invalid port: "hello"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, c.pack)
			_, err := newLoader(t, pulumi.Options{}).Inspect(t.Context(), dir)
			if schemas.CodeOf(err) != schemas.CodeInvalid {
				t.Fatalf("%v, want an invalid pack", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\nhas no %q", err, part)
				}
			}
			if strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "node_modules") || strings.Contains(err.Error(), "site-packages") {
				t.Errorf("%v\ntells of files that are not the pack's", err)
			}
		})
	}
}

// A pack that takes too long to start is not waited for.
func TestSlowBoot(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]files{
		"writes nothing": node().with("index.js", `console.error("still thinking"); setInterval(() => {}, 1e6);`),
		"never answers":  node().with("index.js", `require("net").createServer(() => {}).listen(0, "127.0.0.1", function () { console.log(this.address().port); })`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoader(t, pulumi.Options{Boot: 10 * time.Second})
			start := time.Now()
			_, err := l.Inspect(t.Context(), write(t, f))
			if schemas.CodeOf(err) != schemas.CodeInvalid || time.Since(start) > 30*time.Second {
				t.Errorf("%v after %s", err, time.Since(start))
			}
			if name == "writes nothing" && !strings.Contains(err.Error(), "it wrote no port within 10s\nstill thinking") {
				t.Error(err)
			}
		})
	}
}
