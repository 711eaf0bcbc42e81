package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is installed in a pack's directory does not belong to the pack, also when
// it is a link to what several packs share. Another link is refused.
func TestInstalledDependenciesAreNotArchived(t *testing.T) {
	t.Parallel()
	plain, linked, shared := newPack(t, "base", "1"), newPack(t, "base", "1"), t.TempDir()
	write(t, shared, "pyvenv.cfg", "")
	for _, name := range []string{"node_modules", "venv", ".venv", "my-env"} { // what virtualenv may name
		ok(t, os.Symlink(shared, filepath.Join(linked, name)))
	}
	want, err := policy.Archive(plain)
	ok(t, err)
	got, err := policy.Archive(linked)
	ok(t, err)
	if policy.Digest(got) != policy.Digest(want) {
		t.Error("the links are in the archive")
	}
	ok(t, os.Symlink(filepath.Dir(shared), filepath.Join(linked, "lib")))
	if _, err = policy.Archive(linked); schemas.CodeOf(err) != schemas.CodeInvalid || !strings.Contains(err.Error(), "lib is a link") {
		t.Errorf("another link: %v", err)
	}
}
