package seal_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	signature = "4dabf18193072939515e22adb298388d"
	secret    = "1b47061264138c4ac30d75fd1eb44270"
	bucket    = "aws:s3/bucket:Bucket"
	function  = "aws:lambda/function:Function"
)

// newRing makes a ring in a file of its own.
func newRing(t *testing.T) (*seal.Ring, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyring.json")
	r, err := seal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return r, path
}

func must(t *testing.T) func(*seal.Ring, error) *seal.Ring {
	return func(r *seal.Ring, err error) *seal.Ring {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// wantCode checks an error's code, and that texts are in it.
func wantCode(t *testing.T, err error, code schemas.Code, texts ...string) {
	t.Helper()
	if err == nil || schemas.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Fatalf("got error %v, want %q in it", err, text)
		}
	}
}

// hintOf is what an error says should be done next.
func hintOf(err error) string {
	if e, ok := errors.AsType[*schemas.Error](err); ok {
		return e.Hint
	}
	return ""
}

// sealed is a value in its sealed form, of the one property "v" of a function.
func sealed(t *testing.T, r *seal.Ring, v any) map[string]any {
	t.Helper()
	out := r.Seal(variables(v), function)
	s, ok := at(out, "environment", "variables", "v").(map[string]any)
	if !ok {
		t.Fatalf("%v was not sealed: %v", v, out)
	}
	return s
}

// variables are the properties of a function with one environment variable.
func variables(v any) map[string]any {
	return map[string]any{"environment": map[string]any{"variables": map[string]any{"v": v}}}
}

// at follows names into objects.
func at(v any, names ...string) any {
	for _, n := range names {
		m, _ := v.(map[string]any)
		v = m[n]
	}
	return v
}

// isSealed tells the sealed form by its documented look alone.
func isSealed(v any) bool {
	m, _ := v.(map[string]any)
	_, c := m["ciphertext"].(string)
	return c && m[signature] == secret
}

// stored is a document as it comes back from a message or a table.
func stored(t *testing.T, v map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// opened is a document with its secrets opened.
func opened(t *testing.T, r *seal.Ring, v map[string]any) map[string]any {
	t.Helper()
	plain, _, err := r.Open(v)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func wantEqual(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}
