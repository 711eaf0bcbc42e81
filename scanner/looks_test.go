package scanner

import (
	"testing"
	"time"
)

// A scan alone is looked at as often as it was; a hundred together as often as ten
// times a second.
func TestAllScansShareTheLooks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		taken time.Duration
		scans int
		want  time.Duration
	}{
		{0, 1, 50 * time.Millisecond},
		{10 * time.Second, 1, 500 * time.Millisecond},
		{time.Hour, 1, time.Second},
		{0, 2, 100 * time.Millisecond},
		{time.Hour, 101, 10 * time.Second},
	} {
		if got := lookAgain(50*time.Millisecond, c.taken, c.scans); got != c.want {
			t.Errorf("%d scans, after %v: again in %v, want %v", c.scans, c.taken, got, c.want)
		}
	}
}
