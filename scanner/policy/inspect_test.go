package policy_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// locker is an inspector of packs that have dependencies: a file "lock", and a
// file "installed" when they are there.
type locker struct {
	inspector
	inspected *string
}

func (l locker) Inspect(ctx context.Context, dir string) (schemas.PackManifest, error) {
	*l.inspected = dir
	return l.inspector.Inspect(ctx, dir)
}

func (locker) Lock(_ context.Context, dir string) (bool, error) {
	path := filepath.Join(dir, "lock")
	if _, err := os.Stat(path); err == nil {
		return false, nil
	}
	return true, os.WriteFile(path, []byte("chosen"), 0o600)
}

func (locker) Own(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "installed"))
	return err == nil
}

func newLockingWorld(t *testing.T) (w *world, cache *policy.ArchiveCache, inspected *string) {
	t.Helper()
	inspected = new(string)
	w = newWorld(t, func(d *policy.RegistryDeps) {
		d.Inspectors = map[schemas.Runtime]policy.Inspector{schemas.RuntimeOPA: locker{inspected: inspected}}
		cache = policy.NewArchiveCache(t.TempDir(), d.Now, d.Objects, d.Tried)
		d.InPlace = cache.Use
	})
	return w, cache, inspected
}

func TestWhatIsPublishedHasTheLock(t *testing.T) {
	t.Parallel()
	w, cache, _ := newLockingWorld(t)
	dir := newPack(t, "base", "1")
	write(t, dir, ".gitignore", "lock\nsecret\n")
	write(t, dir, "secret", "x")
	m, err := w.registry.PublishDir(w.ctx, dir, "ci")
	ok(t, err)
	unpacked, _, err := cache.Dir(w.ctx, m.Digest)
	ok(t, err)
	if text, err := os.ReadFile(filepath.Join(unpacked, "lock")); err != nil || string(text) != "chosen" {
		t.Fatalf("the lock is %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(unpacked, "secret")); err == nil {
		t.Fatal("what .gitignore names was published")
	}
	if _, err := os.Stat(filepath.Join(dir, "lock")); err == nil {
		t.Fatal("publishing wrote into the author's directory")
	}
}

func TestALockThatIsThereStays(t *testing.T) {
	t.Parallel()
	w, cache, _ := newLockingWorld(t)
	dir := newPack(t, "base", "1")
	write(t, dir, "lock", "the author's")
	archive, err := policy.Archive(dir)
	ok(t, err)
	m, err := w.registry.Publish(w.ctx, archive, "ci")
	ok(t, err)
	if m.Digest != policy.Digest(archive) {
		t.Fatal("the archive was changed")
	}
	unpacked, _, err := cache.Dir(w.ctx, m.Digest)
	ok(t, err)
	if text, err := os.ReadFile(filepath.Join(unpacked, "lock")); err != nil || string(text) != "the author's" {
		t.Fatalf("the lock is %q, %v", text, err)
	}
}

func TestLocalPackThatBringsItsDependencies(t *testing.T) {
	t.Parallel()
	w, cache, inspected := newLockingWorld(t)
	dir := newPack(t, "base", "1")
	write(t, dir, "installed", "")
	write(t, dir, "lock", "the author's") // so that what is published is this very archive
	published, err := w.registry.PublishDir(w.ctx, dir, "ci")
	ok(t, err)
	packs, _, err := w.registry.Locals(w.ctx, []policy.LocalPack{{Dir: dir}})
	ok(t, err)
	local := packs[0]
	if *inspected != dir {
		t.Errorf("inspected in %s, want %s", *inspected, dir)
	}
	if used, _, err := cache.Dir(w.ctx, local.Digest); err != nil || used != dir {
		t.Errorf("it runs in %s, %v; want %s", used, err, dir)
	}
	if used, _, err := cache.Dir(w.ctx, published.Digest); err != nil || used == dir {
		t.Errorf("the published pack of the same files runs in %s, %v", used, err)
	}
	// Another process finds the archive, without what is installed.
	other := policy.NewArchiveCache(t.TempDir(), w.clock.Now, w.objects, w.tried)
	if _, _, err := other.Dir(w.ctx, local.Digest); err != nil {
		t.Error(err)
	}
}

func TestLocalPackWithoutDependenciesIsLockedAsPublished(t *testing.T) {
	t.Parallel()
	w, cache, inspected := newLockingWorld(t)
	dir := newPack(t, "base", "1")
	packs, _, err := w.registry.Locals(w.ctx, []policy.LocalPack{{Dir: dir}})
	ok(t, err)
	local := packs[0]
	if *inspected == dir {
		t.Error("inspected in place")
	}
	unpacked, _, err := cache.Dir(w.ctx, local.Digest)
	ok(t, err)
	if _, err := os.Stat(filepath.Join(unpacked, "lock")); err != nil {
		t.Error(err)
	}
}
