package seal_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
)

// secretsOf are the texts that opening a value gives to be redacted.
func secretsOf(t *testing.T, v any) []string {
	t.Helper()
	r, _ := newRing(t)
	_, secrets, err := r.Open(r.Seal(variables(v), function))
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secrets    []string
		text, want string
	}{
		"nothing to hide":      {nil, "all is well", "all is well"},
		"everywhere":           {[]string{"hunter22"}, "hunter22 is hunter22", "[secret] is [secret]"},
		"one inside another":   {[]string{"hunter22-long", "hunter22"}, "hunter22-long, hunter22", "[secret], [secret]"},
		"the shorter first":    {[]string{"hunter22", "hunter22-long"}, "hunter22-long", "[secret]"},
		"overlapping":          {[]string{"abcdef", "defghi"}, "xabcdefghiy", "x[secret]y"},
		"overlapping itself":   {[]string{"aaaa"}, "baaaaaab", "b[secret]b"},
		"side by side":         {[]string{"abcd"}, "abcdabcd", "[secret][secret]"},
		"part of the mark":     {[]string{"hunter22", "secret"}, "hunter22", "[secret]"},
		"empty":                {[]string{""}, "text", "text"},
		"between other bytes":  {[]string{"ärger"}, "Vorärgern\xff", "Vor[secret]n\xff"},
		"longer than the text": {[]string{"hunter22"}, "hunter", "hunter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := seal.Redact(c.text, c.secrets); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			r, _ := newRing(t)
			if got := r.Redact(c.text, c.secrets); got != c.want {
				t.Errorf("ring: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOpenGivesSecretsLongestFirst(t *testing.T) {
	t.Parallel()
	got := secretsOf(t, map[string]any{"a": "four", "b": "longest of all", "c": []any{"middling", "four"}, "d": "on", "e": 1.0, "f": true})
	if want := []string{"longest of all", "middling", "four"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r, _ := newRing(t)
	if _, secrets, err := r.Open(map[string]any{"a": "open text"}); err != nil || len(secrets) != 0 {
		t.Errorf("got %q, %v of a document without secrets", secrets, err)
	}
}

// Engines print what they were given, each in its own way.
func TestSecretsAreRedactedInEveryForm(t *testing.T) {
	t.Parallel()
	const value = "p<w>&\"q\"\n\u00e4\U0001F511"
	inGo, _ := json.Marshal(value)
	for engine, printed := range map[string]string{
		"Go":         string(inGo),
		"JavaScript": "\"p<w>&\\\"q\\\"\\n\u00e4\U0001F511\"",
		"Python":     `"p<w>&\"q\"\n\u00e4\ud83d\udd11"`,
	} {
		if got := seal.Redact("v="+printed+";", secretsOf(t, value)); got != `v="[secret]";` {
			t.Errorf("%s: got %q", engine, got)
		}
	}
	if got := seal.Redact("v="+value+";", secretsOf(t, value)); got != "v=[secret];" {
		t.Errorf("as it is: got %q", got)
	}
}

func TestNumbersAndDocumentsAreRedacted(t *testing.T) {
	t.Parallel()
	if got := seal.Redact("pin 123456", secretsOf(t, 123456.0)); got != "pin [secret]" {
		t.Errorf("got %q", got)
	}
	if got := seal.Redact("port 22", secretsOf(t, 22.0)); got != "port 22" {
		t.Errorf("got %q", got)
	}
	// A pack reads the document and prints a part of it.
	task := ` [{"name":"web","environment":[{"name":"PASSWORD","value":"hunter22"}],"portMappings":[{"containerPort":8080}]}]`
	got := seal.Redact("container web has PASSWORD=hunter22 on port 8080", secretsOf(t, task))
	if got != "container web has [secret]=[secret] on port 8080" {
		t.Errorf("got %q", got)
	}
	if got := seal.Redact("{not json", secretsOf(t, "{not json")); got != "[secret]" {
		t.Errorf("got %q", got)
	}
}
