package install

import (
	"os"
	"path/filepath"
	"testing"

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
