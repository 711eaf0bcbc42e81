package seal_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
)

func TestTextsAreSealed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keyring.json")
	ring, err := seal.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "hunter22", `{"a":"<b>"}` + "\n", "\x00\u2028", strings.Repeat("x", 1<<20)} {
		sealed := ring.SealText(text)
		if text != "" && strings.Contains(sealed, text) {
			t.Errorf("%q is in the open", text)
		}
		rotated, err := seal.Rotate(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rotated.OpenText(sealed); err != nil || got != text {
			t.Errorf("%q opened as %q, %v", text, got, err)
		}
		if _, err := ring.OpenText(sealed[:len(sealed)-1]); err == nil {
			t.Errorf("%q opened although it is damaged", text)
		}
	}
}
