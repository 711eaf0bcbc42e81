package schemas

import "testing"

// A policy of which nothing but waived failures is there is left out.
func TestScoresOfWaivedAlone(t *testing.T) {
	policies, hub := Counts{Failed: 2, Waived: 2}.PolicyScores(3)
	if policies.Strict != NewShare(0, 3) || *policies.WithWaivers != NewShare(0, 0) || *hub.WithWaivers != NewShare(0, 0) {
		t.Errorf("%+v %+v, %+v", policies, *policies.WithWaivers, *hub.WithWaivers)
	}
}
