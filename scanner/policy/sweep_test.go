package policy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Unpacked packs that nothing names are removed a while after their last use; those
// that are named, or held, stay.
func TestSweepOfUnpackedPacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := 24 * time.Hour
	cache := policy.NewArchiveCache(filepath.Join(t.TempDir(), "packs"), w.clock.Now, w.objects)
	if kept, n, err := cache.Sweep(nil, day); len(kept) != 0 || n != 0 || err != nil {
		t.Fatalf("got %v, %d, %v before there is a directory", kept, n, err)
	}
	digests, dirs, releases := map[string]string{}, map[string]string{}, map[string]func(){}
	for _, name := range []string{"named", "held", "tried", "asked"} {
		digests[name] = w.publish(name, "1").Digest
		var err error
		dirs[name], releases[name], err = cache.Dir(w.ctx, digests[name])
		ok(t, err)
		if name != "held" {
			releases[name]()
		}
	}
	root := filepath.Dir(dirs["held"])
	stale := w.clock.Now().Add(-day - time.Minute)
	for _, name := range []string{".unpacking-1", ".removing-1", strings.Repeat("e", 64)} { // of processes that died
		ok(t, os.Mkdir(filepath.Join(root, name), 0o700))
		ok(t, os.Chtimes(filepath.Join(root, name), stale, stale))
	}
	ok(t, os.Mkdir(filepath.Join(root, ".unpacking-2"), 0o700)) // of one that runs
	named := func(digest string) bool { return digest == digests["named"] }

	w.clock.add(day)
	_, release, err := cache.Dir(w.ctx, digests["asked"])
	ok(t, err)
	release()
	w.clock.add(time.Minute)
	kept, removed, err := cache.Sweep(named, day)
	if err != nil || removed != 1 || !slices.Equal(kept, []string{dirs["named"]}) {
		t.Fatalf("kept %v, removed %d, %v", kept, removed, err)
	}
	wantLeft(t, root, ".unpacking-2", digests["asked"], digests["held"], digests["named"])

	// Another process over the directory knows neither, and they are in use.
	other := policy.NewArchiveCache(root, w.clock.Now, w.objects)
	_, removed, err = other.Sweep(func(string) bool { return false }, day)
	if err != nil || removed != 0 {
		t.Errorf("another process removed %d, %v", removed, err)
	}
	releases["held"]()
	releases["held"]() // counts once
	w.clock.add(day + time.Minute)
	if _, removed, err = cache.Sweep(named, day); err != nil || removed != 2 {
		t.Errorf("removed %d, %v", removed, err)
	}
	// What was removed is fetched again.
	again, _, err := cache.Dir(w.ctx, digests["held"])
	ok(t, err)
	if _, err := os.Stat(filepath.Join(again, "manifest.json")); err != nil {
		t.Error(err)
	}
}

func wantLeft(t *testing.T, root string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(root)
	ok(t, err)
	var got []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".complete") {
			got = append(got, e.Name())
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("left %v\nwant %v", got, want)
	}
}

// Packs that are not published lie apart from those that are, and go by their age;
// who has local packs apply keeps theirs.
func TestArchivesOfUnpublishedPacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cache := policy.NewArchiveCache(filepath.Join(t.TempDir(), "packs"), w.clock.Now, w.objects, w.tried)
	archive, err := policy.Archive(newPack(t, "candidate", "1"))
	ok(t, err)
	candidate, err := w.registry.Candidate(w.ctx, archive)
	ok(t, err)
	locals, _, err := w.registry.Locals(w.ctx, []policy.LocalPack{{Dir: newPack(t, "local", "1")}})
	ok(t, err)
	for _, digest := range []string{candidate.Digest, locals[0].Digest} {
		_, err := w.objects.Get(w.ctx, digest)
		wantCode(t, err, schemas.CodeNotFound)
		_, release, err := cache.Dir(w.ctx, digest)
		ok(t, err)
		release()
	}
	_, _, err = cache.Dir(w.ctx, strings.Repeat("0", 64))
	wantCode(t, err, schemas.CodeNotFound)

	ok(t, w.tried.Put(w.ctx, locals[0].Digest, nil))
	ok(t, w.registry.KeepLocals(w.ctx))
	if kept, err := w.tried.Get(w.ctx, locals[0].Digest); err != nil || policy.Digest(kept) != locals[0].Digest {
		t.Errorf("the archive of a local pack was not stored again: %v", err)
	}
	// Published afterwards, it is where it stays.
	_, err = w.registry.Publish(w.ctx, archive, "ci")
	ok(t, err)
	_, err = w.objects.Get(w.ctx, candidate.Digest)
	ok(t, err)
}
