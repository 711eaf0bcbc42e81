package seal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	task  = "aws:ecs/taskDefinition:TaskDefinition"
	plain = `[{"command":["serve","--key","hunter11"],"cpu":10,"dockerLabels":{"auth":"hunter12"},"environment":[{"name":"PASSWORD","value":"hunter22"},{"name":"EMPTY","value":""}],` +
		`"healthCheck":{"command":["CMD","hunter13"],"interval":30},"image":"web:1 <b>&","logConfiguration":{"logDriver":"splunk","options":{"splunk-token":"hunter14"}},` +
		`"memory":1.50,"name":"website","secrets":[{"name":"S","valueFrom":"arn:s"}]}]`
)

func definitions(text string) map[string]any {
	return map[string]any{"family": "f", "containerDefinitions": text}
}

// sealedText is the container definitions with what is secret in them sealed.
func sealedText(t *testing.T, r *seal.Ring, text string) string {
	t.Helper()
	out, ok := at(stored(t, r.Seal(definitions(text), task)), "containerDefinitions").(string)
	if !ok {
		t.Fatalf("%s is sealed whole", text)
	}
	return out
}

// What is secret in a text that is a document is sealed inside it: names, images
// and settings stay readable, and the text comes back as it was.
func TestSecretsInATextAreSealedThere(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	out := sealedText(t, r, plain)
	if strings.Contains(out, "hunter") || strings.Contains(out, "serve") {
		t.Errorf("a secret is left open: %s", out)
	}
	for _, open := range []string{`"name":"PASSWORD"`, `"name":"EMPTY","value":""`, `"image":"web:1 <b>&"`, `"memory":1.50`, `"valueFrom":"arn:s"`, `"logDriver":"splunk"`} {
		if !strings.Contains(out, open) {
			t.Errorf("%s is not in %s", open, out)
		}
	}
	again := r.Seal(definitions(out), task)
	wantEqual(t, again, definitions(out))
	back, secrets, err := r.Open(again)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, back, definitions(plain))
	if got := seal.Redact("container website gets PASSWORD=hunter22 and hunter14", secrets); got != "container website gets PASSWORD=[secret] and [secret]" {
		t.Errorf("got %q", got)
	}
}

// The same text has the same hash for ever, another secret in it another one.
func TestSecretsInATextAreHashed(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	hash := func(text string) string {
		h, err := schemas.HashContent(stored(t, r.Seal(definitions(text), task)), nil, r.MAC)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if hash(plain) != hash(plain) || hash(plain) == hash(strings.Replace(plain, "hunter22", "hunter23", 1)) {
		t.Error("the hash does not follow the content")
	}
}

// A text that would not come back as it was is sealed whole, and so is one that is
// no document.
func TestTextsThatAreSealedWhole(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	for name, text := range map[string]string{
		"no document": "hunter22", "two documents": "[]\n[]", "blanks": `[{"name": "a"}]`, "unsorted": `[{"name":"a","cpu":1}]`, "twice": `[{"a":1,"a":2}]`,
		"escaped": `[{"name":"\u0061"}]`, "cut": `[{"name":"a"`,
	} {
		out := stored(t, r.Seal(definitions(text), task))
		if !isSealed(at(out, "containerDefinitions")) {
			t.Errorf("%s: %v", name, out)
		}
		wantEqual(t, opened(t, r, out), definitions(text))
	}
	wantEqual(t, r.Seal(definitions(""), task), definitions(""))
	wantEqual(t, r.Seal(definitions("[]"), task), definitions("[]"))
}

// Whoever writes texts can write the mark of a secret into them. That must neither
// hide a secret beside it nor make the resource unreadable.
func TestTextsThatOnlyLookSealed(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	forged := map[string]any{signature: secret, "ciphertext": "x", "mac": "y"}
	inText, _ := json.Marshal([]any{map[string]any{"dockerLabels": forged, "name": "a"}})
	beside, _ := json.Marshal([]any{map[string]any{"dockerLabels": map[string]any{signature: secret}, "environment": []any{map[string]any{"value": "hunter22"}}}})
	nested, _ := json.Marshal([]any{map[string]any{"name": string(inText)}})
	for name, given := range map[string]map[string]any{
		"in the text":    definitions(string(inText)),
		"beside":         definitions(string(beside)),
		"in an inner":    definitions(string(nested)),
		"in another one": {"tags": map[string]any{"a": string(inText)}},
		"no document":    {"tags": map[string]any{"a": signature + "{"}},
	} {
		out := stored(t, r.Seal(given, task))
		if raw, _ := json.Marshal(out); strings.Contains(string(raw), "hunter22") {
			t.Errorf("%s: a secret is left open: %s", name, raw)
		}
		wantEqual(t, opened(t, r, out), stored(t, given))
	}
}
