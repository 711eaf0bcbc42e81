package seal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestCopyOfARing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "keyring.json"), filepath.Join(dir, "new", "keyring.json")
	first, err := seal.Create(path)
	ok(t, err)
	rotated, err := seal.Rotate(path)
	ok(t, err)
	raw, err := seal.Read(path)
	ok(t, err)
	for range 2 { // repeating it is no error
		ok(t, seal.Restore(copied, raw))
	}
	info, err := os.Stat(copied)
	ok(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	same, err := seal.Load(copied)
	ok(t, err)
	if !same.Identity().Opens(rotated.Identity()) || !same.Identity().Opens(first.Identity()) || first.Identity().Opens(same.Identity()) {
		t.Errorf("identities %+v, %+v, %+v", first.Identity(), rotated.Identity(), same.Identity())
	}
	other := filepath.Join(dir, "other.json")
	ring, err := seal.Create(other)
	ok(t, err)
	if ring.Identity().Opens(first.Identity()) {
		t.Errorf("another ring has the identity %+v", ring.Identity())
	}
	wantCode(t, seal.Restore(other, raw), schemas.CodeConflict)
	if _, err := seal.Load(other); err != nil {
		t.Errorf("the ring that was there: %v", err)
	}
	wantCode(t, seal.Restore(filepath.Join(dir, "none.json"), []byte(`{"version":1}`)), schemas.CodeInvalid)
	wantCode(t, seal.Restore(filepath.Join(dir, "none.json"), []byte("x")), schemas.CodeInvalid)
	_, err = seal.Read(filepath.Join(dir, "none.json"))
	wantCode(t, err, schemas.CodeNotFound)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
