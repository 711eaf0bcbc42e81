package evaluator

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

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
		// A key as a program prints it, and a line of a secret that is no secret by itself.
		{[]string{"-----BEGIN\n  MIIEow\n}\n"}, "'-----BEGIN\\n' + 'MIIEow\\n' }", "'[secret]\\n' + '[secret]\\n' }"},
	} {
		if got := Redact(c.text, c.secrets); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.secrets, c.text, got, c.want)
		}
	}
	results := []schemas.PolicyResult{{Messages: []string{"a s1", "a s2", "[a"}}}
	redactor{"s1", "s2"}.redact(results)
	if got := results[0].Messages; !slices.Equal(got, []string{"[a", "a [secret]"}) {
		t.Errorf("%q", got)
	}
}
