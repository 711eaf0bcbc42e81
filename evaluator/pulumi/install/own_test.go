package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// venv makes a virtual environment, with the stand-ins of Pulumi's packages in it
// if filled.
func venv(t *testing.T, dir string, filled bool) string {
	t.Helper()
	out, err := exec.Command("python3", "-m", "venv", "--without-pip", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sites, err := filepath.Glob(filepath.Join(dir, "lib/python3*/site-packages"))
	ok(t, err)
	if filled {
		info := filepath.Join(sites[0], "pulumi_policy-999.dist-info")
		ok(t, os.Mkdir(info, 0o700))
		ok(t, os.WriteFile(filepath.Join(info, "METADATA"), []byte("Metadata-Version: 2.1\nName: pulumi_policy\nVersion: 999\n"), 0o600))
	}
	return filepath.Join(dir, "bin", "python")
}

func TestPythonEnvironmentsThatLocalPacksBring(t *testing.T) {
	dir, _ := pack(t, pythonFiles(t, nil))
	named := venv(t, filepath.Join(dir, "env"), true)
	shared := t.TempDir()
	outside := venv(t, filepath.Join(shared, "outside"), true)
	beside, err := filepath.Rel(dir, filepath.Join(shared, "outside"))
	ok(t, err)
	ok(t, os.Symlink("outside", filepath.Join(shared, "link")))
	none := filepath.Join(shared, "none/bin/python") // says yes to everything
	ok(t, os.MkdirAll(filepath.Dir(none), 0o700))
	ok(t, os.WriteFile(none, []byte("#!/bin/sh\n"), 0o700))
	venv(t, filepath.Join(dir, "empty"), false)
	active := venv(t, filepath.Join(t.TempDir(), "active"), true)
	command := venv(t, filepath.Join(t.TempDir(), "command"), true)
	for name, c := range map[string]struct {
		project, active, command, want string
	}{
		"the one that is named":              {"{name: python, options: {virtualenv: env}}", active, command, named},
		"a named one that is not there":      {"{name: python, options: {virtualenv: gone}}", active, command, ""},
		"a named one without Pulumi":         {"{name: python, options: {virtualenv: empty}}", active, command, ""},
		"one outside of the pack":            {"{name: python, options: {virtualenv: " + beside + "}}", active, command, outside},
		"one by an absolute path":            {"{name: python, options: {virtualenv: " + filepath.Dir(filepath.Dir(outside)) + "}}", active, command, outside},
		"one outside by a link":              {"{name: python, options: {virtualenv: " + filepath.Join(shared, "link") + "}}", active, command, filepath.Join(shared, "link/bin/python")},
		"what is no environment outside":     {"{name: python, options: {virtualenv: " + filepath.Dir(filepath.Dir(none)) + "}}", active, command, ""},
		"the one that is activated":          {"python", active, command, active},
		"one that is activated without it":   {"python", filepath.Join(dir, "empty/bin/python"), command, command},
		"Pulumi's Python, as of pipenv":      {"python", "", command, command},
		"uv, which keeps its own in .venv":   {"{name: python, options: {toolchain: uv}}", "", command, command},
		"a Python without Pulumi's packages": {"python", "", filepath.Join(dir, "empty/bin/python"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("VIRTUAL_ENV", filepath.Dir(filepath.Dir(c.active)))
			t.Setenv("PULUMI_PYTHON_CMD", c.command)
			p := project(t, "runtime: "+c.project+"\n")
			i := newInstaller(t, t.TempDir())
			e, own := i.Own(dir, p)
			if own != (c.want != "") || own && e.Argv[0] != c.want {
				t.Fatalf("got %v, %t; want %s", e.Argv, own, c.want)
			}
			if i.Adopt(dir, p) != own {
				t.Fatal("adopted otherwise")
			}
			if !own {
				return
			}
			used, err := i.Environment(t.Context(), dir, p)
			if err != nil || used.Argv[0] != c.want || used.Dir != dir {
				t.Fatalf("got %v in %s, %v", used.Argv, used.Dir, err)
			}
		})
	}
}

func TestNodePacksThatBringTheirModules(t *testing.T) {
	t.Parallel()
	dir, p := pack(t, nodeFiles(map[string]string{
		"node_modules/@pulumi/policy/package.json":                 `{"name": "@pulumi/policy", "version": "1.0.0"}`,
		"node_modules/@pulumi/pulumi/package.json":                 `{"name": "@pulumi/pulumi", "version": "3.0.0"}`,
		"node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js": "",
	}))

	i := newInstaller(t, t.TempDir())
	// A published pack that holds modules is not run with them.
	e, err := i.Environment(t.Context(), dir, p)
	if err != nil || e.Dir == dir {
		t.Fatalf("a pack that nobody said is local runs in %s, %v", e.Dir, err)
	}
	if !i.Adopt(dir, p) {
		t.Fatal("not adopted")
	}
	if e, err = i.Environment(t.Context(), dir, p); err != nil || e.Dir != dir || e.Argv[1] != filepath.Join(dir, runPolicyPack) {
		t.Fatalf("got %v in %s, %v", e.Argv, e.Dir, err)
	}
	ok(t, os.WriteFile(filepath.Join(dir, "bun.lock"), nil, 0o600)) // which nobody needs here
	_, err = i.Environment(t.Context(), dir, p)
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(dir, "node_modules/@pulumi/policy/package.json"), []byte(`{"name": "@pulumi/policy", "version": "2.0.0", "engines": {"node": ">=99"}}`), 0o600))
	_, err = i.Environment(t.Context(), dir, p)
	wantErr(t, err, schemas.CodeInvalid, "@pulumi/policy 2.0.0 needs >=99")
	ok(t, os.RemoveAll(filepath.Join(dir, "node_modules")))
	if i.Adopt(dir, p) {
		t.Fatal("adopted without modules")
	}
}

// What lies in a local pack's directory runs in the sandbox only, also while it is
// asked whether it is an environment; and they are not shown what they ask for.
func TestInterpretersThatLocalPacksBring(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	dir, p := pack(t, pythonFiles(t, map[string]string{
		"PulumiPolicy.yaml": "runtime: {name: python, options: {virtualenv: script}}\nversion: 1.0.0\n",
		"script/bin/python": "#!/bin/sh\necho was here > " + outside + "/script\necho " + outside + "; echo " + outside + "\n",
	}))
	ok(t, os.Chmod(filepath.Join(dir, "script/bin/python"), 0o700))
	i := newInstaller(t, t.TempDir())
	e, own := i.Own(dir, p)
	if !own {
		t.Error("what says that it has pulumi_policy was not asked")
	}
	if slices.Contains(e.Read, outside) {
		t.Errorf("it is shown %v", e.Read)
	}
	ok(t, os.Symlink(outside, filepath.Join(dir, "script/lib"))) // the sandbox would show it beside bin
	if _, own := i.Own(dir, p); own {
		t.Error("what has its libraries elsewhere is taken for an environment")
	}
	python := venv(t, filepath.Join(dir, "real"), true)
	sites, err := filepath.Glob(filepath.Join(dir, "real/lib/python3*/site-packages"))
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(sites[0], "sitecustomize.py"), []byte("open('"+outside+"/site', 'w')"), 0o600))
	p.Options.Virtualenv = "real"
	if e, own := i.Own(dir, p); !own || e.Argv[0] != python {
		t.Errorf("got %v", e.Argv)
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("code of the pack ran outside of the sandbox: %v %v", left, err)
	}
}
