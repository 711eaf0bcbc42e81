package bus_test

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestRaiseRevision(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := bustest.ServerIn(t, dir)
	b := bustest.Connect(t, srv)
	const above = 5_000_000_000
	ok(t, b.RaiseRevision(t.Context(), schemas.BucketEffective, above))
	ok(t, b.RaiseRevision(t.Context(), schemas.BucketEffective, above)) // again is no error
	b.Close()
	srv.Shutdown()
	srv.WaitForShutdown()

	b = bustest.Connect(t, bustest.ServerIn(t, dir)) // it outlives the server
	effective := bus.NewTable[schemas.Effective](b, schemas.BucketEffective)
	rev, err := effective.Create(t.Context(), "aws-123456789012", schemas.Effective{})
	ok(t, err)
	if rev != above+1 {
		t.Errorf("revision %d", rev)
	}
	ok(t, b.RaiseRevision(t.Context(), schemas.BucketEffective, above)) // they are greater anyway
	if _, got, err := effective.Get(t.Context(), "aws-123456789012"); err != nil || got != rev {
		t.Errorf("revision %d, %v", got, err)
	}
	wantCode(t, b.RaiseRevision(t.Context(), schemas.BucketEffective, above*2), schemas.CodeConflict)
}

func TestRestoreIsNoted(t *testing.T) {
	t.Parallel()
	b := bustest.Start(t)
	restoring := func(want string) {
		t.Helper()
		if id, err := b.Restoring(t.Context()); err != nil || id != want {
			t.Fatalf("restoring %q (%v), want %q", id, err, want)
		}
	}
	restoring("")
	for range 2 { // interrupted, and repeated
		ok(t, b.BeginRestore(t.Context(), "one"))
		restoring("one")
	}
	wantCode(t, b.BeginRestore(t.Context(), "another"), schemas.CodeConflict)
	restoring("one")
	ok(t, b.EndRestore(t.Context()))
	ok(t, b.EndRestore(t.Context()))
	restoring("")
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
