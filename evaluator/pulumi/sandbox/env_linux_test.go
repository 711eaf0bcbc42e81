package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What says how registries are reached comes along with the network, and nothing
// that the environment holds beside it.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kept := []string{
		"HTTPS_PROXY=http://proxy:3128", "https_proxy=http://proxy:3128", "no_proxy=localhost", "npm_config_registry=https://npm.example", "NPM_CONFIG_LOGLEVEL=error",
		"npm_config_//npm.example/:_auth=x", "PIP_INDEX_URL=https://pypi.example", "UV_INDEX_URL=https://pypi.example", "POETRY_HTTP_BASIC_X_PASSWORD=x",
		"SSL_CERT_FILE=" + file, "NODE_EXTRA_CA_CERTS=" + file, "PIP_CERT=" + file,
	}
	ours := append(slices.Clone(kept),
		"PATH=/elsewhere", "HOME=/home", "AWS_ACCESS_KEY_ID=x", "AWS_CA_BUNDLE="+file, "NPM_TOKEN=x", "UV_PUBLISH_TOKEN=x", "NODE_OPTIONS=--require x", "PYTHONPATH=/x",
		"INSIGHTS_NATS_PASSWORD=x", "npm_config_cache="+dir, "PIP_CACHE_DIR=/nonexistent", "NODE_EXTRA_CA_CERTS=/nonexistent", "LD_PRELOAD=x.so",
	)
	base := []string{"PATH=/python/bin:/usr/bin:/bin", "LANG=C.UTF-8"}
	spec := Spec{Argv: []string{"/python/bin/python3"}, Env: []string{"PATH=/venv/bin"}}
	if got, want := environment(spec, ours), append(slices.Clone(base), "PATH=/venv/bin"); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	spec.Network = true
	if got, want := environment(spec, ours), slices.Concat(base, kept, spec.Env); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A program that is given a name twice would take the first.
func TestLaterEntriesWin(t *testing.T) {
	t.Parallel()
	const script = `import os; print(os.environ["PATH"], os.environ["LANG"], os.environ["HOME"] == "/x")`
	spec := Spec{Argv: []string{python(t), "-c", script}, Env: []string{"PATH=/first", "LANG=C", "PATH=/second", "HOME=/x"}}
	run(t, sandbox(t, BestEffort), spec).does(t, "/second C False", "nil")
}

// With the network a program reads what this user wrote down for package
// managers, in its own HOME, and nothing else there.
func TestNetwork(t *testing.T) {
	home := t.TempDir()
	for name, text := range map[string]string{".npmrc": "npm", ".config/pip/pip.conf": "pip", ".ssh/id": "ssh", "ca.pem": "ca"} {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("NODE_EXTRA_CA_CERTS", filepath.Join(home, "ca.pem"))
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	const script = `
import os
for file in "HOME .npmrc", "HOME .config/pip/pip.conf", "HOME .ssh/id", "THERE .ssh/id":
    at, name = file.split()
    try: print(file, open(os.environ[at] + "/" + name).read())
    except OSError: pass
print(os.environ.get("AWS_SECRET_ACCESS_KEY"), open(os.environ.get("NODE_EXTRA_CA_CERTS", "/dev/null")).read())
`
	s := sandbox(t, BestEffort)
	m := newScene(t)
	spec := m.spec(t, "connect to this machine", "read the data directory")
	spec.Network, spec.Env = true, []string{"GIVEN=1"}
	want := map[string]string{"connect to this machine": "done"}
	for name, got := range intrude(t, s, spec).Got {
		if w := want[name]; got != w && (w != "" || !strings.HasPrefix(got, "refused: ")) {
			t.Errorf("%s: %s, want %q", name, got, w)
		}
	}
	spec = Spec{Argv: []string{python(t), "-c", script}, Env: []string{"THERE=" + home}, Network: true}
	run(t, s, spec).does(t, "HOME .npmrc npm\nHOME .config/pip/pip.conf pip\nNone ca", "nil")
	spec.Network = false
	run(t, s, spec).does(t, "None", "nil")
}
