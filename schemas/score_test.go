package schemas

import "testing"

// Unknown and errored are never compliant in any score; what a waiver covers is
// left out, never passed; not applicable counts as data nowhere.
func TestWhatAPolicyContributes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		counts            Counts
		strict, waived    ControlStatus
		policies, with    Share // as Pulumi counts, of two groups
		hub, hubWith      Share
		results, resultsW Share
	}{
		"passed":                  {Counts{Passed: 3, NotApplicable: 1}, ControlPassed, ControlPassed, NewShare(2, 2), NewShare(2, 2), NewShare(1, 1), NewShare(1, 1), NewShare(3, 3), NewShare(3, 3)},
		"failed":                  {Counts{Passed: 3, Failed: 1}, ControlFailed, ControlFailed, NewShare(0, 2), NewShare(0, 2), NewShare(0, 1), NewShare(0, 1), NewShare(3, 4), NewShare(3, 4)},
		"unknown":                 {Counts{Passed: 3, Unknown: 1}, ControlUnknown, ControlUnknown, NewShare(0, 2), NewShare(0, 2), NewShare(0, 1), NewShare(0, 1), NewShare(3, 4), NewShare(3, 4)},
		"errored":                 {Counts{Passed: 3, Errored: 1}, ControlUnknown, ControlUnknown, NewShare(0, 2), NewShare(0, 2), NewShare(0, 1), NewShare(0, 1), NewShare(3, 4), NewShare(3, 4)},
		"not applicable":          {Counts{NotApplicable: 4}, ControlNoData, ControlNoData, NewShare(2, 2), NewShare(2, 2), NewShare(0, 0), NewShare(0, 0), NewShare(0, 0), NewShare(0, 0)},
		"disabled":                {Counts{Disabled: 4}, ControlNoData, ControlNoData, NewShare(0, 0), NewShare(0, 0), NewShare(0, 0), NewShare(0, 0), NewShare(0, 0), NewShare(0, 0)},
		"waived in part":          {Counts{Passed: 1, Failed: 2, Waived: 1}, ControlFailed, ControlFailed, NewShare(0, 2), NewShare(0, 2), NewShare(0, 1), NewShare(0, 1), NewShare(1, 3), NewShare(1, 2)},
		"waived":                  {Counts{Passed: 1, Failed: 2, Waived: 2}, ControlFailed, ControlPassed, NewShare(0, 2), NewShare(2, 2), NewShare(0, 1), NewShare(1, 1), NewShare(1, 3), NewShare(1, 1)},
		"waived, nothing else":    {Counts{Failed: 2, Waived: 2}, ControlFailed, ControlNoData, NewShare(0, 2), NewShare(0, 0), NewShare(0, 1), NewShare(0, 0), NewShare(0, 2), NewShare(0, 0)},
		"waived beside unknown":   {Counts{Passed: 1, Failed: 1, Waived: 1, Unknown: 1}, ControlFailed, ControlUnknown, NewShare(0, 2), NewShare(0, 2), NewShare(0, 1), NewShare(0, 1), NewShare(1, 3), NewShare(1, 2)},
		"more waived than failed": {Counts{Passed: 1, Failed: 1, Waived: 9}, ControlFailed, ControlPassed, NewShare(0, 2), NewShare(2, 2), NewShare(0, 1), NewShare(1, 1), NewShare(1, 2), NewShare(1, 1)},
	} {
		if s, w := c.counts.Decided(), c.counts.DecidedWithWaivers(); s != c.strict || w != c.waived {
			t.Errorf("%s: %s, with waivers %s", name, s, w)
		}
		policies, hub := c.counts.PolicyScores(2)
		results := c.counts.ResultScore()
		for what, s := range map[string]struct {
			got          Score
			strict, with Share
		}{"policies": {policies, c.policies, c.with}, "Security Hub": {hub, c.hub, c.hubWith}, "results": {results, c.results, c.resultsW}} {
			if s.got.Strict != s.strict || *s.got.WithWaivers != s.with {
				t.Errorf("%s: %s: %+v, with waivers %+v; want %+v, %+v", name, what, s.got.Strict, *s.got.WithWaivers, s.strict, s.with)
			}
		}
	}
}

// What is not known with waivers stays so in a sum.
func TestSumsOfScores(t *testing.T) {
	t.Parallel()
	known, past := NewScore(NewShare(1, 2), NewShare(1, 1)), Score{Strict: NewShare(3, 4)}
	if s := known.Plus(known); s.Strict != NewShare(2, 4) || *s.WithWaivers != NewShare(2, 2) {
		t.Errorf("known: %+v", s)
	}
	if s := known.Plus(past); s.Strict != NewShare(4, 6) || s.WithWaivers != nil {
		t.Errorf("with one of the past: %+v", s)
	}
	if s := NewShare(0, 0); s.Percent != -1 {
		t.Errorf("of nothing: %+v", s)
	}
}
