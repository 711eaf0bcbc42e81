package schemas

import (
	"encoding/json"
	"testing"
)

func TestDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Days{"": 0, "1d": 1, "90d": 90, "10000d": 10_000, "forever": Forever} {
		got, err := ParseDays(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q: %d, written %q, %v", text, got, got, err)
		}
	}
	// 0d would be for ever to some and at once to others; a DateTime has no year 2200.
	for _, text := range []string{"0d", "-1d", "90", "d", "2160h", "1.5d", "90 d", "10001d", "Forever", "0"} {
		if d, err := ParseDays(text); err == nil || CodeOf(err) != CodeInvalid {
			t.Errorf("%q: %d, %v", text, d, err)
		}
	}
	raw, err := json.Marshal(Retention{Removed: Forever})
	if err != nil || string(raw) != `{"removed":"forever"}` {
		t.Errorf("%s, %v", raw, err)
	}
	var r Retention
	if err := json.Unmarshal([]byte(`{"history":"30d","removed":"90d"}`), &r); err != nil || r != (Retention{30, 90}) {
		t.Errorf("%+v, %v", r, err)
	}
}
