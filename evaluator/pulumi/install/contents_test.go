package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// kind is a recipe of which only the key is asked.
type kind struct {
	recipe
	name string
}

func (k kind) key() string { return k.name }

func TestEnvironmentsGoByContent(t *testing.T) {
	t.Parallel()
	dir, _ := pack(t, nodeFiles(nil))
	key := func(k string) string {
		t.Helper()
		got, err := keyOf(kind{name: k}, dir)
		ok(t, err)
		return got
	}
	first := key("node 20")
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		ok(t, os.MkdirAll(filepath.Dir(path), 0o700))
		ok(t, os.WriteFile(path, []byte(text), 0o600))
	}
	put("node_modules/x/index.js", "x")
	put(".git/config", "x")
	put("lib/__pycache__/x.pyc", "x")
	put("env/pyvenv.cfg", "x")
	put("env/lib/x.py", "x")
	if got := key("node 20"); got != first {
		t.Error("what is installed or version control changes the key")
	}
	if got := key("node 22"); got == first {
		t.Error("the interpreter does not change the key")
	}
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"content", func() { put("index.js", "x") }},
		{"a new file", func() { put("new.js", "") }},
		{"a name", func() { ok(t, os.Rename(filepath.Join(dir, "new.js"), filepath.Join(dir, "newer.js"))) }},
		{"a mode", func() { ok(t, os.Chmod(filepath.Join(dir, "index.js"), 0o700)) }},
	} {
		before := key("node 20")
		c.change()
		if key("node 20") == before {
			t.Errorf("%s does not change the key", c.name)
		}
	}
	ok(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
	_, err := keyOf(kind{}, dir)
	wantErr(t, err, schemas.CodeInvalid, "link is a link")
}

// Code of packages may have put a link in the place of the lock.
func TestALockThatIsALinkOutside(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	ok(t, os.Symlink("/etc/passwd", filepath.Join(from, "lock")))
	if err := (&shop{pack: from}).bring("lock", to); err == nil || exists(filepath.Join(to, "lock")) {
		t.Fatalf("a file of the machine was brought into the pack: %v", err)
	}
	ok(t, os.WriteFile(filepath.Join(from, "real"), []byte("x"), 0o600))
	ok(t, (&shop{pack: from}).bring("real", to))
}

func TestSweep(t *testing.T) {
	t.Parallel()
	i := newInstaller(t, t.TempDir())
	put := func(name string, age time.Duration) {
		t.Helper()
		path := filepath.Join(i.root, name)
		if !strings.Contains(name, "complete") {
			path = filepath.Join(path, "pack")
			ok(t, os.MkdirAll(path, 0o700))
			return
		}
		key, _, _ := strings.Cut(name, ".")
		ok(t, os.WriteFile(path, []byte(key+".1"), 0o600))
		ok(t, os.Chtimes(path, time.Now(), time.Now().Add(-age)))
	}
	for _, key := range []string{"used", "old", "revived"} {
		put(key+".1", 0)
	}
	put("used.complete", time.Hour)
	put("used.2", 0) // left by a process that died
	put("old.complete", unused+time.Hour)
	put("revived.complete", unused+time.Hour)
	put("held.1", 0)
	put("lock-gone.1", 0)
	release, err := i.hold(t.Context(), "held")
	ok(t, err)
	defer release()
	if _, there := i.complete("revived"); !there {
		t.Fatal("a complete environment is not there")
	}
	i.sweep()
	entries, err := os.ReadDir(i.root)
	ok(t, err)
	var left []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".lock") {
			left = append(left, e.Name())
		}
	}
	if got, want := strings.Join(left, " "), "held.1 revived.1 revived.complete used.1 used.complete"; got != want {
		t.Errorf("left %s\nwant %s", got, want)
	}
}
