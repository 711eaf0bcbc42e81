package seal_test

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
)

// Who calls a tag password gets its value sealed.
func TestValuesAreSealedByTheirName(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	for name, sealed := range map[string]bool{
		"password": true, "db-password": true, "DB_PASSWORD": true, "dbPassword": true, "clientSecret": true, "api-key": true, "GITHUB_TOKEN": true, "pwd": true, "private key": true,
		"passwordLength": false, "secretArn": false, "tokens": false, "owner": false, "creationToken": false, "ClientRequestToken": false, "keyword": false,
	} {
		out := r.Seal(map[string]any{"tags": map[string]any{name: "hunter"}}, bucket)
		if isSealed(at(out, "tags", name)) != sealed {
			t.Errorf("%s: %v", name, out)
		}
		wantEqual(t, at(opened(t, r, out), "tags", name), any("hunter"))
	}
	for _, value := range []any{"required", "TRUE", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x", "/prod/db", "${PASSWORD}", "****", "abc", true, 7.0, nil} {
		given := map[string]any{"tags": map[string]any{"password": value}}
		wantEqual(t, r.Seal(given, bucket), given)
	}
}

// A name cannot be sealed by itself: with a token for a name, all is.
func TestSecretsThatAreNames(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	token := join("ghp", "_", letters(36))
	given := map[string]any{"tags": map[string]any{token: "", "owner": "me"}}
	out := r.Seal(given, bucket)
	if !isSealed(out["tags"]) {
		t.Errorf("%v", out)
	}
	plain, secrets, err := r.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, plain, given)
	if got := seal.Redact("tag "+token+" of me", secrets); got != "tag [secret] of me" {
		t.Error(got)
	}
	if !r.Secret("named "+token) || r.Secret("web-1") {
		t.Error("a name is not told from a secret")
	}
}

// A pack may print a part of a secret.
func TestPartsOfSecretsAreRedacted(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	const word = "Zk9QwX7vT3mB8s"
	body := strings.Repeat("aB3dEf6h", 8)
	for name, c := range map[string]struct{ value, told, want string }{
		"the password of a URL":      {"postgres://app:abcd@db/app", "password abcd of app", "password [secret] of app"},
		"a token without its prefix": {"runs with " + join("ghp", "_", letters(36)), "token " + letters(36), "token [secret]"},
		"an assigned value":          {"deploys, password=hunter22", "it deploys with hunter22", "it deploys with [secret]"},
		"a line of a key":            {"-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----\n", "key " + body, "key [secret]"},
		"base64 decoded":             {"dXNlcjpodW50ZXIyMmFiY2Q=", "it is user:hunter22abcd", "it is [secret]"},
		"a part of base64 decoded":   {"cGFzc3dvcmQ9aHVudGVyMjIh", "it is hunter22!", "it is [secret]"},
		"an argument":                {"--key:" + word, "key " + word, "key [secret]"},
		"words stay":                 {"serve --port 8080 --region eu-west-1", "region eu-west-1 serves", "region eu-west-1 serves"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, secrets, err := r.Open(stored(t, r.Seal(variables(c.value), function)))
			if err != nil {
				t.Fatal(err)
			}
			if got := seal.Redact(c.told, secrets); got != c.want {
				t.Errorf("%q, want %q; secrets %q", got, c.want, secrets)
			}
		})
	}
}
