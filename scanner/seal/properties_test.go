package seal_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is secret by its type is sealed value by value: names, neighbours and
// what is not there stay readable, since packs judge them.
func TestSecretByTypeIsSealedAlone(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	variables := map[string]any{"TABLE": "orders", "EMPTY": "", "NONE": nil, "MODE": "on"}
	for name, c := range map[string]struct {
		token      string
		properties map[string]any
		sealed     []string // dotted paths
	}{
		"function": {function, map[string]any{
			"name": "f", "timeout": 3.0, "tracingConfig": map[string]any{"mode": "Active"}, "environment": map[string]any{"variables": variables},
		}, []string{"environment.variables.TABLE", "environment.variables.MODE"}},
		"function of an image": {function, map[string]any{
			"imageConfig": map[string]any{"commands": []any{"app", "--token=x"}, "entryPoints": []any{"sh"}, "workingDirectory": "/"},
		}, []string{"imageConfig.commands.0", "imageConfig.commands.1", "imageConfig.entryPoints.0"}},
		"native function": {"aws-native:lambda:Function", map[string]any{
			"functionName": "f", "environment": map[string]any{"variables": variables},
		}, []string{"environment.variables.TABLE", "environment.variables.MODE"}},
		"permission": {"aws:lambda/permission:Permission", map[string]any{
			"function": "f", "action": "lambda:InvokeFunction", "eventSourceToken": "amzn1.ask.skill.x",
		}, []string{"eventSourceToken"}},
		"add-on": {"aws:eks/addon:Addon", map[string]any{"addonName": "a", "configurationValues": `{"token":"x"}`}, []string{"configurationValues"}},
		"instance": {"aws:ec2/instance:Instance", map[string]any{
			"userData": "#!/bin/sh\n", "userDataBase64": "IyEvYmluL3NoCg==", "ami": "ami-1", "tags": map[string]any{"userData": "no"},
		}, []string{"userData", "userDataBase64"}},
		"instance without user data": {"aws:ec2/instance:Instance", map[string]any{"userData": "", "ami": "ami-1"}, nil},
		"database":                   {"aws:rds/instance:Instance", map[string]any{"password": "x", "username": "admin", "storageEncrypted": true}, []string{"password"}},
		"build project": {"aws:codebuild/project:Project", map[string]any{
			"environment": map[string]any{"environmentVariables": []any{map[string]any{"name": "A", "value": "plain", "type": "PLAINTEXT"}}},
		}, []string{"environment.environmentVariables.0.value"}},
		"distribution": {"aws:cloudfront/distribution:Distribution", map[string]any{
			"origins": []any{map[string]any{"domainName": "d", "customHeaders": []any{map[string]any{"name": "X-Verify", "value": "x"}}}},
		}, []string{"origins.0.customHeaders.0.value"}},
		"whole object":   {"aws:cloudwatch/eventConnection:EventConnection", map[string]any{"authParameters": map[string]any{"apiKey": map[string]any{"value": "x"}}}, []string{"authParameters"}},
		"subscription":   {"aws:sns/topicSubscription:TopicSubscription", map[string]any{"endpoint": "https://events.example.com/integration/0123/enqueue", "protocol": "https"}, []string{"endpoint"}},
		"another type":   {bucket, map[string]any{"userData": "x", "environment": map[string]any{"variables": map[string]any{"A": "b"}}}, nil},
		"path cut short": {function, map[string]any{"environment": "none", "variables": map[string]any{"A": "b"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, _ := json.Marshal(c.properties)
			out := r.Seal(c.properties, c.token)
			want := map[string]bool{}
			for _, p := range c.sealed {
				want[p] = true
			}
			wantEqual(t, sealedPaths(out, ""), want)
			wantEqual(t, opened(t, r, stored(t, out)), stored(t, c.properties))
			if after, _ := json.Marshal(c.properties); string(after) != string(before) {
				t.Error("the properties that were given have changed")
			}
		})
	}
}

// sealedPaths are the dotted paths of all that is sealed.
func sealedPaths(v any, path string) map[string]bool {
	found := map[string]bool{}
	if isSealed(v) {
		return map[string]bool{strings.TrimPrefix(path, "."): true}
	}
	add := func(key string, child any) {
		for p := range sealedPaths(child, path+"."+key) {
			found[p] = true
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for k, c := range v {
			add(k, c)
		}
	case []any:
		for i, c := range v {
			add(string(rune('0'+i)), c)
		}
	}
	return found
}

func TestCredentialsAreSealedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	token := "ghp_" + strings.Repeat("a1B2", 9)
	given := map[string]any{
		"tags":   map[string]string{"deploy": token, "owner": "team"},
		"list":   []string{"a", token},
		"nested": []any{map[string]any{"deep": []any{token}}},
		"number": 7, "flag": true,
	}
	want := map[string]bool{"tags.deploy": true, "list.1": true, "nested.0.deep.0": true}
	wantEqual(t, sealedPaths(r.Seal(given, bucket), ""), want)
}

func TestSealedInputIsNotSealedTwice(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	for _, given := range []map[string]any{variables("hunter22"), {"tags": map[string]any{"a": "ghp_" + strings.Repeat("a1B2", 9)}}} {
		once := stored(t, r.Seal(given, function))
		wantEqual(t, r.Seal(once, function), once)
		wantEqual(t, opened(t, r, r.Seal(once, function)), given)
	}
	once := r.Seal(variables("hunter22"), function)
	twice := r.Seal(once, function)
	delete(at(twice, "environment", "variables", "v").(map[string]any), "mac")
	if !isSealed(at(once, "environment", "variables", "v")) || at(once, "environment", "variables", "v", "mac") == nil {
		t.Error("what was given shares memory with the copy")
	}
}

// Whoever may set tags or variables can give them the names of the sealed form.
// That must neither hide a secret beside them nor make the resource unreadable.
func TestWhatOnlyLooksSealedComesBack(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	token := "ghp_" + strings.Repeat("a1B2", 9)
	real := sealed(t, r, "hunter22") // as anybody can copy it from a report
	for name, v := range map[string]map[string]any{
		"made up":           {signature: secret, "ciphertext": "x", "mac": "y"},
		"with a secret":     {signature: secret, "ciphertext": token, "mac": "y"},
		"beside a secret":   {signature: secret, "ciphertext": "x", "mac": "y", "TOKEN": token},
		"without a mac":     {signature: secret, "ciphertext": "x"},
		"beside a real one": {signature: secret, "ciphertext": real["ciphertext"], "mac": real["mac"], "TOKEN": token},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			texts := map[string]string{}
			for k, v := range v {
				texts[k] = v.(string)
			}
			const connection = "aws:cloudwatch/eventConnection:EventConnection" // all of authParameters is secret
			for _, tags := range []any{v, texts} {
				for _, given := range []map[string]any{
					{"tags": tags}, {"list": []any{tags}}, {"environment": map[string]any{"variables": tags}}, {"authParameters": tags},
				} {
					token := function
					if given["authParameters"] != nil {
						token = connection
					}
					out := stored(t, r.Seal(given, token))
					raw, _ := json.Marshal(out)
					if strings.Contains(string(raw), token) {
						t.Errorf("a token is left open: %s", raw)
					}
					plain, _, err := r.Open(out)
					if err != nil || !reflect.DeepEqual(plain, stored(t, given)) {
						t.Errorf("got %v (%v), want %v", plain, err, given)
					}
				}
			}
		})
	}
}

// Tags that look sealed are content like any other: a change of them is seen.
func TestWhatOnlyLooksSealedIsHashed(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	hash := func(ciphertext string) string {
		p := r.Seal(map[string]any{"tags": map[string]any{signature: secret, "ciphertext": ciphertext, "mac": "same"}}, bucket)
		h, err := schemas.HashContent(p, nil, r.MAC)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if hash("a") != hash("a") || hash("a") == hash("b") {
		t.Error("the hash does not follow the content")
	}
}

func TestOtherTypesPassUnharmed(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	given := map[string]any{"bucket": "b", "nothing": nil}
	wantEqual(t, r.Seal(given, "aws:s3/bucketV2:BucketV2"), given)
	wantEqual(t, r.Seal(given, ""), given)
	wantEqual(t, r.Seal(nil, bucket), map[string]any{})
}
