package evaluator

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A pack that cannot be used costs its own verdicts and says why.
func TestBrokenPacks(t *testing.T) {
	invalid := schemas.Errorf(schemas.CodeInvalid, "does not compile")
	broken := pack("broken")
	broken.Error = "its configuration became invalid"
	foreign := pack("foreign")
	foreign.Runtime = "cobol"
	unencodable := pack("unencodable")
	unencodable.Config = map[string]schemas.PolicyConfig{"deny": {Properties: map[string]any{"f": func() {}}}}
	for name, c := range map[string]struct {
		pack    schemas.EffectivePack
		loadErr error
		reason  string
	}{
		"invalid":       {pack("invalid"), invalid, "does not compile"},
		"gone":          {pack("gone"), schemas.Errorf(schemas.CodeNotFound, "no such archive"), "no such archive"},
		"configuration": {broken, nil, "its configuration became invalid"},
		"runtime":       {foreign, nil, `runtime "cobol" is not supported`},
		"config type":   {unencodable, nil, "configuration of unencodable"},
		"loader panics": {pack("panics"), nil, "the loader panicked: load"},
	} {
		t.Run(name, func(t *testing.T) {
			c.pack.Config = mergeDisabled(c.pack.Config)
			w := with(pack("good"), c.pack)
			w.loadErr = map[string]error{c.pack.Name: c.loadErr}
			if err := w.worker(t, io.Discard).Handle(t.Context(), batch("x")); err != nil {
				t.Fatal(err)
			}
			if got, _ := w.outcomes(t, 0, "good"); got != "deny=passed warn=passed" {
				t.Errorf("another pack suffers: %s", got)
			}
			got, told := w.outcomes(t, 0, c.pack.Name)
			// What the account's configuration says is so for good; the rest is this machine's.
			if v := w.published[0].Verdicts[0]; v.Unsettled != (name != "configuration") {
				t.Errorf("to be judged again: %t", v.Unsettled)
			}
			if got != "deny=errored warn=disabled" || !strings.Contains(told[0].Reason, c.reason) {
				t.Errorf("%s %+v, want the reason %q", got, told, c.reason)
			}
		})
	}
}

// mergeDisabled switches warn off: what is disabled is not errored.
func mergeDisabled(c map[string]schemas.PolicyConfig) map[string]schemas.PolicyConfig {
	out := map[string]schemas.PolicyConfig{"warn": {Level: schemas.LevelDisabled}}
	for k, v := range c {
		out[k] = v
	}
	return out
}

// A pack that cannot be had now is tried again with the whole batch.
func TestUnavailablePacks(t *testing.T) {
	w := with(pack("good"), pack("later"))
	w.fetch = schemas.Errorf(schemas.CodeUnavailable, "the object store does not answer")
	worker := w.worker(t, io.Discard)
	if err := worker.Handle(t.Context(), batch("x")); schemas.CodeOf(err) != schemas.CodeUnavailable || len(w.published) != 0 {
		t.Errorf("%v, published %v", err, w.published)
	}
	w.fetch = nil
	if err := worker.Handle(t.Context(), batch("x")); err != nil || len(w.published) != 1 {
		t.Errorf("%v, published %v", err, w.published)
	}
}

// A pack whose dependencies cannot be had holds up the others for a while only.
func TestPacksThatCannotBeLoaded(t *testing.T) {
	w := with(pack("good"), pack("later"))
	w.loadErr = map[string]error{"later": schemas.Errorf(schemas.CodeUnavailable, "the registry does not answer")}
	now := time.Unix(0, 0)
	worker := w.worker(t, io.Discard)
	worker.d.Now = func() time.Time { return now }
	for range 2 {
		if err := worker.Handle(t.Context(), batch("x")); schemas.CodeOf(err) != schemas.CodeUnavailable || len(w.published) != 0 {
			t.Fatalf("%v, published %v", err, w.published)
		}
		now = now.Add(patience / 2)
	}
	if err := worker.Handle(t.Context(), batch("x")); err != nil || len(w.published) != 1 || !w.published[0].Verdicts[0].Unsettled {
		t.Fatalf("%v, published %v", err, w.published)
	}
	if got, _ := w.outcomes(t, 0, "good"); got != "deny=passed warn=passed" {
		t.Errorf("another pack suffers: %s", got)
	}
	if got, told := w.outcomes(t, 0, "later"); got != "deny=errored warn=errored" || told[0].Reason != "the registry does not answer" {
		t.Errorf("%s %+v", got, told)
	}
	w.loadErr = nil
	if err := worker.Handle(t.Context(), batch("x")); err != nil || w.published[1].Verdicts[0].Unsettled || len(worker.failed) > 0 {
		t.Fatalf("%v, published %v", err, w.published)
	}
}

// An engine that fails as a whole is asked once more, then errored.
func TestEnginesThatFail(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("the process died") },
		"panic": func() error { panic("the process died") },
	} {
		for _, times := range []int{1, 2} {
			t.Run(fmt.Sprint(name, times), func(t *testing.T) {
				w := with(pack("bad"), pack("good"))
				failures := 0 // x is asked about by one at a time
				w.evaluate = func(pack string, in Input) ([]schemas.PolicyResult, error) {
					if pack == "bad" && in.ID == "x" && failures < times {
						failures++
						return nil, fail()
					}
					return passed(), nil
				}
				if err := w.worker(t, io.Discard).Handle(t.Context(), batch("x", "y")); err != nil {
					t.Fatal(err)
				}
				want := "deny=passed warn=passed"
				if times == 2 {
					want = "deny=errored warn=errored"
				}
				if got, told := w.outcomes(t, 0, "bad"); got != want || times == 2 && !strings.Contains(told[0].Reason, "the process died") {
					t.Errorf("%s %+v, want %s", got, told, want)
				}
				for n, pack := range []string{"good", "bad"} {
					if got, _ := w.outcomes(t, n, pack); got != "deny=passed warn=passed" {
						t.Errorf("another pack or resource suffers: %s of %d: %s", pack, n, got)
					}
				}
				for id, want := range map[string][]string{"x": {"bad x", "bad x", "good x"}, "y": {"bad y", "good y"}} {
					if got := w.askedAbout(id); !slices.Equal(got, want) {
						t.Errorf("asked %v, want %v", got, want)
					}
				}
			})
		}
	}
}
