package sink

import (
	"math/rand/v2"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Unknown and errored never raise a score, whatever they stand beside and
// whatever they replace. Nothing to judge is -1, below every score: becoming
// aware of something that cannot be judged gives 0, never more.
func TestNotKnowingNeverRaisesAScore(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 5))
	small := func() uint64 { return uint64(rnd.IntN(4) * rnd.IntN(50)) } // often 0
	for range 20000 {
		c := schemas.Counts{Passed: small(), Failed: small(), NotApplicable: small(), Unknown: small(), Errored: small(), Disabled: small()}
		score, coverage := c.Score(), c.Coverage()
		if score > 100 || coverage > 100 || score > coverage || score < 0 && score != -1 || (score == -1) != (coverage == -1) {
			t.Fatalf("%+v: score %v, coverage %v", c, score, coverage)
		}
		n := 1 + uint64(rnd.IntN(20))
		for name, change := range map[string]func(*schemas.Counts){
			"more unknown":            func(c *schemas.Counts) { c.Unknown += n },
			"more errored":            func(c *schemas.Counts) { c.Errored += n },
			"unknown for passed":      func(c *schemas.Counts) { m := min(n, c.Passed); c.Passed, c.Unknown = c.Passed-m, c.Unknown+m },
			"errored for passed":      func(c *schemas.Counts) { m := min(n, c.Passed); c.Passed, c.Errored = c.Passed-m, c.Errored+m },
			"unknown for failed":      func(c *schemas.Counts) { m := min(n, c.Failed); c.Failed, c.Unknown = c.Failed-m, c.Unknown+m },
			"errored for failed":      func(c *schemas.Counts) { m := min(n, c.Failed); c.Failed, c.Errored = c.Failed-m, c.Errored+m },
			"unknown, not applicable": func(c *schemas.Counts) { c.NotApplicable += n; c.Unknown += n },
			"errored for not applying": func(c *schemas.Counts) {
				m := min(n, c.NotApplicable)
				c.NotApplicable, c.Errored = c.NotApplicable-m, c.Errored+m
			},
			"unknown for disabled": func(c *schemas.Counts) { m := min(n, c.Disabled); c.Disabled, c.Unknown = c.Disabled-m, c.Unknown+m },
		} {
			after := c
			change(&after)
			if s := after.Score(); s > max(score, 0) || after.Coverage() > max(coverage, 0) {
				t.Fatalf("%s: %+v has %v, %+v has %v", name, c, score, after, s)
			}
		}
		// What does not apply or is switched off does not count at all.
		after := c
		after.NotApplicable, after.Disabled = 0, 0
		if after.Score() != score || after.Coverage() != coverage {
			t.Fatalf("%+v: %v without what does not apply, %v with it", c, after.Score(), score)
		}
	}
}
