package evaluator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Every snapshot batch is answered by one verdict batch of the same number, with
// one verdict for every resource sent whole.
func TestOneAnswerForEveryBatch(t *testing.T) {
	empty, unchanged, rejudged := batch(), batch(), batch("x")
	unchanged.Unchanged = []schemas.Sighting{{Key: schemas.Key{ID: "y"}}}
	unchanged.Gone = []schemas.Sighting{{Key: schemas.Key{ID: "z"}}}
	rejudged.Rejudge = true
	for name, b := range map[string]*schemas.SnapshotBatch{"empty": empty, "unchanged": unchanged, "rejudged": rejudged, "two": batch("x", "y")} {
		t.Run(name, func(t *testing.T) {
			w := with(pack("p"), pack("a"))
			if err := w.worker(t, io.Discard).Handle(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if len(w.published) != 1 {
				t.Fatalf("%d batches", len(w.published))
			}
			got := *w.published[0]
			verdicts, packs := got.Verdicts, got.Packs
			got.Verdicts, got.Packs = nil, nil
			want := schemas.VerdictBatch{
				Scan: b.Scan, AccountID: b.AccountID, Account: b.Account, Unit: b.Unit, Seq: b.Seq, Number: b.Number, Route: b.Route, At: b.At,
				Rejudge: b.Rejudge, Revision: 7,
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v\nwant %+v", got, want)
			}
			if len(verdicts) != len(b.Resources) {
				t.Fatalf("%d verdicts", len(verdicts))
			}
			for i, v := range verdicts {
				r := b.Resources[i]
				if v.Key != r.Key || v.Name != r.Name || v.Version != r.Version || v.Hash != r.Hash || v.Projection != r.Projection {
					t.Errorf("%+v is not about %+v", v, r)
				}
				for _, p := range []string{"a", "p"} {
					if got, _ := w.outcomes(t, i, p); got != "deny=passed warn=passed" {
						t.Errorf("%s: %s", p, got)
					}
				}
			}
			if want := "[{a 1 g [deny warn]} {p 1 g [deny warn]}]"; len(verdicts) > 0 && fmt.Sprint(packs) != want {
				t.Errorf("packs %v, want %s", packs, want)
			}
		})
	}
}

// What an engine is shown of a resource.
func TestInput(t *testing.T) {
	w := with(pack("p"), pack("q"))
	var seen []Input
	w.evaluate = func(_ string, in Input) ([]schemas.PolicyResult, error) {
		if n := len(in.Shared); n != len(seen)%2 {
			t.Errorf("%d things are shared with pack %d", n, len(seen))
		}
		in.Shared[fake] = true
		seen = append(seen, in)
		return nil, nil
	}
	b := batch("x", "y")
	b.Resources[0].Unknown = []schemas.UnknownPath{{Path: "acl"}}
	if err := w.worker(t, io.Discard).Handle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	in := seen[0]
	if in.Account != "prod" || in.URN != "urn:insights:prod/us-east-1::aws::t::x" || in.Type != "t" || in.ID != "x" || in.Name != "nx" || len(in.Unknown) != 1 {
		t.Errorf("%+v", in)
	}
	if in.Properties["secret"] != "hunter2" || b.Resources[0].Properties["secret"] != "sealed:hunter2" {
		t.Errorf("the pack sees %v, the batch has %v", in.Properties, b.Resources[0].Properties)
	}
}

// An account whose packs are not resolved yet is not an account without packs.
func TestAccountsWithoutPacks(t *testing.T) {
	w := with()
	worker := w.worker(t, io.Discard)
	b := batch("x")
	b.AccountID = "b"
	if err := worker.Handle(t.Context(), b); schemas.CodeOf(err) != schemas.CodeUnavailable || len(w.published) != 0 {
		t.Errorf("%v, published %v", err, w.published)
	}
	if err := worker.Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
	if v := w.published[0].Verdicts; len(v) != 1 || len(v[0].Packs) != 0 {
		t.Errorf("%+v", v)
	}
}

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

// An engine that fails as a whole is asked once more, then errored.
func TestEnginesThatFail(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("the process died") },
		"panic": func() error { panic("the process died") },
	} {
		for _, times := range []int{1, 2} {
			t.Run(fmt.Sprint(name, times), func(t *testing.T) {
				w := with(pack("bad"), pack("good"))
				failures := 0
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
				if want := []string{"bad x", "bad x", "good x", "bad y", "good y"}; !slices.Equal(w.asked, want) {
					t.Errorf("asked %v, want %v", w.asked, want)
				}
			})
		}
	}
}

// Secrets are in no message, no reason and no log.
func TestSecretsAreRedacted(t *testing.T) {
	var log bytes.Buffer
	w := with(pack("bad"), pack("good"))
	w.evaluate = func(pack string, in Input) ([]schemas.PolicyResult, error) {
		text := fmt.Sprint(in.Properties["secret"])
		if pack == "bad" {
			return nil, errors.New("cannot parse " + text)
		}
		return []schemas.PolicyResult{
			{Policy: "deny", Outcome: schemas.Failed, Messages: []string{"a " + text, "b", "user:" + text + "@host " + text}},
			{Policy: "warn", Outcome: schemas.Errored, Reason: "to_number " + text},
		}, nil
	}
	if err := w.worker(t, &log).Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", w.published[0].Verdicts[0].Packs) + log.String()
	if strings.Contains(got, "hunter2") {
		t.Error(got)
	}
	for _, want := range []string{"cannot parse [secret]", "a [secret] b user:[secret]@host [secret]", "to_number [secret]", "pack could not judge"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nhas no %q", got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for _, c := range []struct {
		secrets []string
		text    string
		want    string
	}{
		{nil, "abc", "abc"},
		{[]string{""}, "abc", "abc"},
		{[]string{"b"}, "abcb", "a[secret]c[secret]"},
		{[]string{"ab", "abcd"}, "abcde ab", "[secret]e [secret]"}, // one in the other
		{[]string{"abc", "bcd"}, "xabcdx", "x[secret]x"},           // overlapping
		{[]string{"aa"}, "aaab", "[secret]b"},
		{[]string{"secret", "x"}, "a x", "a [secret]"},
		{[]string{"ü"}, "für", "f[secret]r"},
	} {
		if got := redactor(c.secrets).text(c.text); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.secrets, c.text, got, c.want)
		}
	}
	results := []schemas.PolicyResult{{Messages: []string{"a s1", "a s2", "[a"}}}
	redactor{"s1", "s2"}.redact(results)
	if got := results[0].Messages; !slices.Equal(got, []string{"[a", "a [secret]"}) {
		t.Errorf("%q", got)
	}
}

// Without the key nothing can be judged.
func TestSecretsThatCannotBeOpened(t *testing.T) {
	w := with(pack("p"))
	w.openErr = errors.New("no such key")
	if err := w.worker(t, io.Discard).Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
	got, told := w.outcomes(t, 0, "p")
	if got != "deny=errored warn=errored" || told[0].Reason != "open secrets: no such key" || len(w.asked) != 0 {
		t.Errorf("%s %+v, asked %v", got, told, w.asked)
	}
}

// Who gives up gets an error, and nothing is published.
func TestHandleCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := with(pack("p"))
	w.evaluate = func(string, Input) ([]schemas.PolicyResult, error) {
		cancel()
		return nil, ctx.Err()
	}
	if err := w.worker(t, io.Discard).Handle(ctx, batch("x", "y")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(w.published) != 0 || len(w.asked) != 1 {
		t.Errorf("published %v, asked %v", w.published, w.asked)
	}
}

// A batch counts as handled only when its answer is stored.
func TestPublishFails(t *testing.T) {
	w := with(pack("p"))
	w.publishErr = schemas.Errorf(schemas.CodeUnavailable, "no leader")
	if err := w.worker(t, io.Discard).Handle(t.Context(), batch("x")); schemas.CodeOf(err) != schemas.CodeUnavailable {
		t.Error(err)
	}
}

// The engine is told how much time it has.
func TestTimeout(t *testing.T) {
	w := with(pack("p"))
	worker := NewWorker(Deps{
		Loaders: map[schemas.Runtime]Loader{fake: deadlines{w, t}}, Archives: w, Effectives: w, Publisher: w, Opener: w,
		Now: time.Now, Timeout: time.Hour,
	})
	defer worker.Close()
	if err := worker.Handle(t.Context(), batch("x")); err != nil {
		t.Fatal(err)
	}
}

// deadlines checks the deadline that an engine is given.
type deadlines struct {
	*world
	t *testing.T
}

func (d deadlines) Load(context.Context, string, schemas.EffectivePack) (Engine, error) {
	return d, nil
}
func (d deadlines) Close() error { return nil }
func (d deadlines) Evaluate(ctx context.Context, _ Input) ([]schemas.PolicyResult, error) {
	if at, ok := ctx.Deadline(); !ok || time.Until(at) > time.Hour || time.Until(at) < 50*time.Minute {
		d.t.Errorf("deadline %v, %v", at, ok)
	}
	return nil, nil
}
