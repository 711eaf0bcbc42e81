package schemas

import (
	"slices"
	"testing"
)

func TestPackVerdictTellsEveryPolicyOnce(t *testing.T) {
	t.Parallel()
	pack := JudgedPack{Pack: "p", Policies: []string{"a", "b", "c", "d", "e"}}
	v := NewPackVerdict(pack, []PolicyResult{
		{Policy: "a", Outcome: Passed},
		{Policy: "b", Outcome: Failed, Messages: []string{"bad"}},
		{Policy: "d", Outcome: Disabled},
		{Policy: "e", Outcome: Unknown, Paths: []UnknownPath{{Path: "x"}}},
		{Policy: "stranger", Outcome: Failed},
	})
	if v.Outcomes != "pfedu" || len(v.Told) != 3 {
		t.Fatalf("got %+v", v)
	}
	var got []string
	err := v.Each(&pack, func(r *PolicyResult) { got = append(got, r.Policy+" "+string(r.Outcome)) })
	want := []string{"a passed", "b failed", "c errored", "d disabled", "e unknown"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if v.Told[1].Reason == "" {
		t.Error("a policy without a result is errored without a reason")
	}
}

func TestPackVerdictThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	pack := JudgedPack{Pack: "p", Policies: []string{"a", "b"}}
	for name, v := range map[string]PackVerdict{
		"too few outcomes": {Outcomes: "p"},
		"no outcome":       {Outcomes: "px"},
		"another policy":   {Outcomes: "pp", Told: []PolicyResult{{Policy: "c", Outcome: Failed}}},
	} {
		if err := v.Each(&pack, func(*PolicyResult) {}); err == nil || CodeOf(err) != CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
