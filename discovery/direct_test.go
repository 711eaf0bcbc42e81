package discovery_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Of a unit with keys these are read and nothing else; no scope is complete, and
// what does not exist is told, not gone.
func TestAUnitWithKeysReadsThemAlone(t *testing.T) {
	t.Parallel()
	w := world{
		listed: map[string]string{"other": "1"},
		exists: map[string]string{"same": "1", "changed": "2", "new": "1"},
		stored: map[string]string{"same": hashOf(t, "1"), "changed": hashOf(t, "1"), "gone": "x", "elsewhere": "x"},
	}
	for _, id := range []string{"same", "changed", "new", "gone", "never"} {
		w.keys = append(w.keys, key(id))
	}
	w.handle(t)
	if got, want := w.summary(), "unchanged:same whole:changed whole:new"; got != want {
		t.Errorf("published %q, want %q", got, want)
	}
	if w.end.Direct == nil || len(w.end.Scopes) != 0 || w.end.Batches != len(w.batches) || w.paged != 0 {
		t.Fatalf("end %+v, %d pages of keys were asked for", w.end, w.paged)
	}
	want := []schemas.ResourceRead{
		{Key: key("same"), State: schemas.ResourceUnchanged},
		{Key: key("changed"), State: schemas.ResourceChanged},
		{Key: key("new"), State: schemas.ResourceNew},
		{Key: key("gone"), State: schemas.ResourceGone},
	}
	if got := w.end.Direct; !slices.Equal(got.Read, want) || got.Failure != "" {
		t.Errorf("read %+v, want %v", got, want)
	}
}

func TestAKeyThatCannotBeReadIsToldSo(t *testing.T) {
	t.Parallel()
	w := world{stored: map[string]string{"a": "x"}, keys: []schemas.Key{key("a")}, verifyErr: errors.New("denied")}
	w.handle(t)
	if e := w.end; len(w.batches) != 0 || len(e.Scopes) != 0 || e.Direct == nil || e.Direct.Failure != "denied" || len(e.Direct.Read) != 0 {
		t.Errorf("end %+v, %+v", e, e.Direct)
	}
}
