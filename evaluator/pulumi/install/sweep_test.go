package install

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// at is an installer whose clock the test sets.
func at(t *testing.T, root string) (*Installer, *time.Time) {
	i, now := newInstaller(t, root), time.Now()
	i.now = func() time.Time { return now }
	return i, &now
}

// left lists what is below an installer's root, without the locks.
func left(t *testing.T, i *Installer) []string {
	t.Helper()
	entries, err := os.ReadDir(i.root)
	ok(t, err)
	var out []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".lock") {
			out = append(out, e.Name())
		}
	}
	return out
}

func TestSweepRemovesWhatIsNotUsed(t *testing.T) {
	t.Parallel()
	i, now := at(t, t.TempDir())
	attempt := func(name string) { ok(t, os.MkdirAll(filepath.Join(i.root, name, "pack"), 0o700)) }
	for _, key := range []string{"old", "revived", "used"} {
		attempt(key + ".1")
		ok(t, i.mark(key, key+".1"))
		i.touch(key)
	}
	*now = now.Add(23 * time.Hour)
	if _, there := i.complete("revived"); !there {
		t.Fatal("a complete environment is not there")
	}
	i.touch("used")
	*now = now.Add(2 * time.Hour)
	attempt("used.2") // left by a process that died
	attempt("making.1")
	attempt("lock-gone.1")
	ok(t, os.WriteFile(i.markOf("lost")+".removing", nil, 0o600)) // left by one that died while it removed
	release, err := i.hold(t.Context(), "making")
	ok(t, err)
	defer release()
	if n := i.sweep(24 * time.Hour); n != 1 {
		t.Errorf("removed %d", n)
	}
	if got, want := left(t, i), strings.Fields("making.1 revived.1 revived.complete used.1 used.complete"); !slices.Equal(got, want) {
		t.Errorf("left %s\nwant %s", got, want)
	}
	locks, err := filepath.Glob(filepath.Join(i.root, "*.lock"))
	ok(t, err)
	if len(locks) != 3 { // making, revived, used
		t.Errorf("left the locks %s", locks)
	}
}

// An environment that a process holds, or that a wanted pack has, stays however
// long it was not asked for, also when another process sweeps.
func TestSweepLeavesWhatIsWanted(t *testing.T) {
	t.Parallel()
	i, now := at(t, t.TempDir())
	day := 24 * time.Hour
	heldDir, p := pack(t, nodeFiles(map[string]string{"index.js": "// held"}))
	held, err := i.Environment(t.Context(), heldDir, p)
	ok(t, err)
	namedDir, _ := pack(t, nodeFiles(map[string]string{"index.js": "// named"}))
	named, err := i.Environment(t.Context(), namedDir, p)
	ok(t, err)
	other, otherNow := at(t, i.root)
	release := held.Hold()
	for range 9 {
		*now = now.Add(day / 2)
		*otherNow = *now
		for _, sweep := range []*Installer{i, other} {
			var dirs []string
			if sweep == i {
				dirs = []string{namedDir}
			}
			if n, err := sweep.Sweep(t.Context(), dirs, day); n != 0 || err != nil {
				t.Fatalf("removed %d, %v", n, err)
			}
		}
	}
	release()
	release() // counts once
	*now = now.Add(day + time.Minute)
	if n, err := i.Sweep(t.Context(), []string{namedDir}, day); n != 1 || err != nil || exists(held.Dir) || !exists(named.Dir) {
		t.Errorf("removed %d, %v", n, err)
	}
	if n, err := i.Sweep(t.Context(), []string{t.TempDir()}, 0); n != 0 || err == nil || !exists(named.Dir) {
		t.Errorf("removed %d though it is not known what a named pack has", n)
	}
	if again, err := i.Environment(t.Context(), heldDir, p); err != nil || !exists(again.Dir) {
		t.Errorf("it is not made again: %v", err)
	}
}

// Who waits for a lock that is removed meanwhile does not take the removed one.
func TestRemovedLocksHoldNothing(t *testing.T) {
	t.Parallel()
	i := newInstaller(t, t.TempDir())
	release, err := i.tryHold("key")
	ok(t, err)
	opened, err := os.Open(i.lockOf("key"))
	ok(t, err)
	defer opened.Close()
	if !current(opened) {
		t.Error("a lock that is there is not current")
	}
	ok(t, os.Remove(i.lockOf("key")))
	if current(opened) {
		t.Error("a removed lock is current")
	}
	release()
	if again, err := i.tryHold("key"); again == nil || err != nil || current(opened) {
		t.Errorf("the lock cannot be had again: %v", err)
	}
}
