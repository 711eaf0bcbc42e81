package seal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
)

func TestHide(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	open := map[string]any{
		"name":        "f",
		"environment": map[string]any{"variables": map[string]any{"A": "hunter2-variable", "EMPTY": ""}},
		"description": "AKIAIOSFODNN7EXAMPLE", "tags": map[string]any{"url": "postgres://u:hunter2-password@db/x"},
	}
	task := map[string]any{"containerDefinitions": `[{"environment":[{"name":"A","value":"hunter2-task"}],"image":"nginx"}]`}
	for name, hidden := range map[string]map[string]any{
		"sealed":     seal.Hide(stored(t, r.Seal(open, function)), function),
		"of before":  seal.Hide(open, function), // stored by a program that knew less
		"in a text":  seal.Hide(stored(t, r.Seal(task, "aws:ecs/taskDefinition:TaskDefinition")), "aws:ecs/taskDefinition:TaskDefinition"),
		"other type": seal.Hide(stored(t, r.Seal(open, function)), bucket),
	} {
		raw, err := json.Marshal(hidden)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		for _, secret := range []string{"hunter2", "AKIA", signature, "ciphertext", "mac"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q is in %s", name, secret, text)
			}
		}
		if !strings.Contains(text, seal.Redacted) || !strings.Contains(text, `"name":"f"`) && !strings.Contains(text, "nginx") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
