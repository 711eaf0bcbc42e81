package install

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// installed is the version of a package in an environment, "" without it.
func installed(t *testing.T, e Environment, name string) string {
	t.Helper()
	cmd := exec.Command(e.Argv[0], "-I", "-c", "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))", name)
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func TestPip(t *testing.T) {
	t.Parallel()
	dir, p := pack(t, pythonFiles(t, nil))
	i := newInstaller(t, t.TempDir())
	changed, err := i.Lock(t.Context(), dir, p)
	ok(t, err)
	lock := read(t, dir, requirementsLock)
	for _, line := range []string{"--find-links wheels", "pulumi_policy==999", "pulumi==999", "six==1.16.0"} {
		if !changed || !strings.Contains(lock, "\n"+line+"\n") {
			t.Errorf("changed %t, the lock lacks %q:\n%s", changed, line, lock)
		}
	}
	if exists(filepath.Join(dir, "venv")) {
		t.Error("locking left a virtual environment in the pack")
	}
	if changed, err = i.Lock(t.Context(), dir, p); changed || err != nil {
		t.Fatalf("a lock that was there was changed: %t, %v", changed, err)
	}
	e, err := i.Environment(t.Context(), dir, p)
	ok(t, err)
	if e.Argv[0] != filepath.Join(e.Dir, "venv/bin/python") || installed(t, e, "six") != "1.16.0" || installed(t, e, "setuptools") == "" {
		t.Fatalf("six is %q in %s", installed(t, e, "six"), e.Argv[0])
	}
	again, err := i.Environment(t.Context(), dir, p)
	if err != nil || again.Dir != e.Dir {
		t.Fatalf("made twice: %s, %v", again.Dir, err)
	}
	// A dependency is added as the FAQ says: with an entry in requirements.txt.
	ok(t, os.WriteFile(filepath.Join(dir, requirementsTxt), []byte("--find-links wheels\npulumi_policy\nsix<1.17\nisodate\n"), 0o600))
	ok(t, os.Remove(filepath.Join(dir, requirementsLock)))
	if changed, err = i.Lock(t.Context(), dir, p); !changed || err != nil || !strings.Contains(read(t, dir, requirementsLock), "\nisodate==") {
		t.Fatalf("the dependency that was added is not in the lock: %t, %v", changed, err)
	}
}

func TestPins(t *testing.T) {
	t.Parallel()
	report := func(download string) []byte {
		return []byte(`{"install": [{"is_direct": true, "metadata": {"name": "x", "version": "1"}, "download_info": ` + download + `}]}`)
	}
	for download, want := range map[string]string{
		`{"url": "https://h/x-1.whl", "archive_info": {}}`:                           "x @ https://h/x-1.whl",
		`{"url": "https://h/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}`: "x @ git+https://h/x.git@abc",
	} {
		if got, err := pins(report(download)); err != nil || strings.Join(got, ",") != want {
			t.Errorf("%s: got %v, %v; want %s", download, got, err, want)
		}
	}
	for _, download := range []string{`{"url": "file:///pack/x-1.whl", "archive_info": {}}`, `{"url": "file:///pack", "dir_info": {}}`} {
		_, err := pins(report(download))
		wantErr(t, err, schemas.CodeInvalid, "installs x from a path")
	}
}

func TestPythonPacksThatAreRefused(t *testing.T) {
	t.Parallel()
	const lock = "--find-links wheels\n--only-binary :all:\npulumi_policy==999\n"
	for name, c := range map[string]struct {
		files map[string]string
		code  schemas.Code
		parts []string
	}{
		"a stale lock": {
			map[string]string{requirementsLock: lock + "pulumi==999\nsix==1.17.0\n"},
			schemas.CodeInvalid,
			[]string{"asks for six<1.17, requirements.lock has 1.17.0", "delete requirements.lock"},
		},
		"a lock that lacks what another Python needs": {
			map[string]string{requirementsLock: lock + "six==1.16.0\n"},
			schemas.CodeInvalid,
			[]string{"the lock lacks what Python", "pulumi-policy 999 requires pulumi", "one version of Python"},
		},
		"another Python": {
			map[string]string{pyproject: "[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \"<3.10\"\n"},
			schemas.CodeInvalid,
			[]string{"needs Python <3.10 (requires-python)", "this machine has 3.", "widen requires-python"},
		},
		"no requirements": {
			map[string]string{requirementsTxt: "--find-links wheels\nsix\n"},
			schemas.CodeInvalid,
			[]string{"does not depend on pulumi_policy", "requirements.txt"},
		},
		"an index that is away": {
			map[string]string{requirementsTxt: "--index-url http://someone:hunter22@127.0.0.1:9/simple\nsix\n"},
			schemas.CodeUnavailable,
			[]string{"pip install"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, p := pack(t, pythonFiles(t, c.files))
			_, err := newInstaller(t, t.TempDir()).Environment(t.Context(), dir, p)
			wantErr(t, err, c.code, c.parts...)
			if strings.Contains(err.Error(), "hunter22") {
				t.Errorf("the error tells a password:\n%v", err)
			}
		})
	}
}

func TestRequirementsWithHashesAreALock(t *testing.T) {
	t.Parallel()
	dir, p := pack(t, pythonFiles(t, map[string]string{
		"PulumiPolicy.yaml": "runtime: {name: python, options: {virtualenv: env}}\nversion: 1.0.0\n",
	}))
	var text strings.Builder
	text.WriteString("--no-index\n--find-links wheels\n")
	for _, name := range []string{"pulumi_policy", "pulumi"} {
		sum := sha256.Sum256([]byte(read(t, dir, "wheels", name+"-999-py3-none-any.whl")))
		text.WriteString(name + "==999 --hash=sha256:" + hex.EncodeToString(sum[:]) + "\n")
	}
	ok(t, os.WriteFile(filepath.Join(dir, requirementsTxt), []byte(text.String()), 0o600))
	i := newInstaller(t, t.TempDir())
	if changed, err := i.Lock(t.Context(), dir, p); changed || err != nil {
		t.Fatalf("locked once more: %t, %v", changed, err)
	}
	e, err := i.Environment(t.Context(), dir, p)
	ok(t, err)
	if e.Argv[0] != filepath.Join(e.Dir, "env/bin/python") {
		t.Errorf("the option virtualenv was not heeded: %s", e.Argv[0])
	}
	for _, elsewhere := range []string{"../env", "/env"} { // an archive has no such directory
		p.Options.Virtualenv = elsewhere
		if e, err = i.Environment(t.Context(), dir, p); err != nil || e.Argv[0] != filepath.Join(e.Dir, "venv/bin/python") {
			t.Errorf("%s: %v, %v", elsewhere, e.Argv, err)
		}
	}
}

// simpleIndex is the package index that pip uses here, which poetry has to be
// told: not every index has what poetry asks by itself.
func simpleIndex(t *testing.T) string {
	t.Helper()
	const question = `from pip._internal.configuration import Configuration
from pip._internal.models.index import PyPI
c = Configuration(isolated=False)
c.load()
print(c.get_value("global.index-url") if "global.index-url" in dict(c.items()) else PyPI.simple_url)`
	cmd := exec.Command("python3", "-c", question)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	ok(t, err)
	return strings.TrimSpace(string(out)) + "/"
}

func TestPoetryAndUV(t *testing.T) {
	t.Setenv("PATH", filepath.Join(tools(t), "bin")+":"+os.Getenv("PATH"))
	for name, text := range map[string]string{
		"poetry": `[project]
name = "stub"
version = "1.0.0"
requires-python = ">=3.10,<4"
dependencies = ["six<1.17", "pulumi-policy", "pulumi"]
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
pulumi-policy = { path = "wheels/pulumi_policy-999-py3-none-any.whl" }
pulumi = { path = "wheels/pulumi-999-py3-none-any.whl" }
[[tool.poetry.source]]
name = "index"
url = "` + simpleIndex(t) + `"
`,
		"uv": `[project]
name = "stub"
version = "1.0.0"
requires-python = ">=3.10"
dependencies = ["six<1.17", "pulumi-policy", "pulumi"]
[tool.uv.sources]
pulumi-policy = { path = "wheels/pulumi_policy-999-py3-none-any.whl" }
pulumi = { path = "wheels/pulumi-999-py3-none-any.whl" }
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, p := pack(t, pythonFiles(t, map[string]string{
				"PulumiPolicy.yaml": "runtime: {name: python, options: {toolchain: " + name + "}}\nversion: 1.0.0\n", pyproject: text,
			}))
			i := newInstaller(t, t.TempDir())
			changed, err := i.Lock(t.Context(), dir, p)
			ok(t, err)
			lock := read(t, dir, name+".lock")
			if !changed || !strings.Contains(lock, "1.16.0") {
				t.Fatalf("changed %t, lock:\n%s", changed, lock)
			}
			if changed, err = i.Lock(t.Context(), dir, p); changed || err != nil {
				t.Fatalf("a lock that was there was changed: %t, %v", changed, err)
			}
			e, err := i.Environment(t.Context(), dir, p)
			ok(t, err)
			if v := installed(t, e, "six"); v != "1.16.0" {
				t.Fatalf("six is %q", v)
			}
			ok(t, os.WriteFile(filepath.Join(dir, pyproject), []byte(strings.Replace(text, "six<1.17", "six==1.17.0", 1)), 0o600))
			_, err = i.Environment(t.Context(), dir, p)
			wantErr(t, err, schemas.CodeInvalid, name, name+" lock", "publish again")
		})
	}
}

func TestPythonWithoutEnsurepip(t *testing.T) {
	t.Parallel()
	// What Debian's python3 says without python3-venv.
	err := noVenv("/usr/bin/python3", "3.11", "The virtual environment was not created successfully because ensurepip is not\navailable.")
	wantErr(t, err, schemas.CodeInvalid, "/usr/bin/python3", "ensurepip", "apt-get install python3.11-venv")
}

// A virtual environment is of one interpreter: another one of the same version,
// which may be there in the place of the first, makes its own.
func TestKeyOfPython(t *testing.T) {
	t.Parallel()
	dir, _ := pack(t, pythonFiles(t, nil))
	keys := map[string]bool{}
	for _, p := range []*python{{version: "3.11", base: "/a/bin/python3.11", prefix: "/a"}, {version: "3.11", base: "/b/bin/python3.11", prefix: "/b"}} {
		key, err := keyOf(p, dir)
		ok(t, err)
		keys[key] = true
	}
	if len(keys) != 2 {
		t.Error("two interpreters share an environment")
	}
}
