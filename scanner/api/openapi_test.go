package api_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/scanner/api"
)

// document is what the tests look at of an OpenAPI document.
type document struct {
	OpenAPI string
	Info    struct{ Version string }
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Responses   map[string]any
	}
	Components struct{ Schemas map[string]any }
}

func (s *server) document(t *testing.T) (d document) {
	t.Helper()
	a := s.ask(t, "GET", "/openapi.json", "")
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	ok(t, json.Unmarshal([]byte(a.body), &d))
	return d
}

// Every route is in the document, and every operation of the service has one of
// its name there.
func TestEveryOperationIsInTheDocument(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := s.document(t)
	if d.OpenAPI != "3.1.0" || d.Info.Version != "1.2.3" {
		t.Errorf("OpenAPI %q, version %q", d.OpenAPI, d.Info.Version)
	}
	described := map[string]bool{}
	for path, item := range d.Paths {
		for method, o := range item {
			pattern := strings.ToUpper(method) + " " + path
			if _, known := scopes[pattern]; !known || described[o.OperationID] || len(o.Responses) == 0 {
				t.Errorf("%s %q with %d responses", pattern, o.OperationID, len(o.Responses))
			}
			described[o.OperationID], described[pattern] = true, true
		}
	}
	for pattern := range scopes {
		if !described[pattern] && strings.Contains(pattern, " ") && !strings.Contains(pattern, "openapi") {
			t.Errorf("%s is not in the document", pattern)
		}
	}
	for m := range reflect.TypeFor[api.Service]().Methods() {
		if !described[m.Name] {
			t.Errorf("there is no operation %s", m.Name)
		}
	}
}

func TestTheDocumentIsTheSameInYAML(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var inJSON, inYAML any
	ok(t, json.Unmarshal([]byte(s.ask(t, "GET", "/openapi.json", "").body), &inJSON))
	raw, err := yaml.YAMLToJSON([]byte(s.ask(t, "GET", "/openapi.yaml", "").body))
	ok(t, err)
	ok(t, json.Unmarshal(raw, &inYAML))
	if !reflect.DeepEqual(inJSON, inYAML) {
		t.Error("they differ")
	}
}

// What an operation takes and answers besides the usual is in the document too.
func TestTheDocumentTellsWhatIsUnusual(t *testing.T) {
	t.Parallel()
	var d struct {
		Paths map[string]map[string]struct {
			Parameters  []struct{ Name, In string }
			RequestBody struct{ Content map[string]any } `json:"requestBody"`
			Responses   map[string]any
		}
		Components struct {
			Schemas map[string]struct{ Required []string }
		}
	}
	ok(t, json.Unmarshal([]byte(newServer(t).ask(t, "GET", "/openapi.json", "").body), &d))
	events := d.Paths["/v1/scans/{scan}/events"]["get"]
	if events.Responses["204"] == nil {
		t.Error("a stream of events that has ended is answered with 204")
	}
	if !slices.Contains(events.Parameters, struct{ Name, In string }{"Last-Event-ID", "header"}) {
		t.Errorf("a stream of events goes on after Last-Event-ID: %v", events.Parameters)
	}
	if c := d.Paths["/v1/packs"]["post"].RequestBody.Content; len(c) != 3 || c["multipart/form-data"] == nil {
		t.Errorf("packs are published as %v", c)
	}
	for name, want := range map[string][]string{"WaiverTermsInput": {"expiresAt", "reason", "selector"}, "WaiverRequest": {"expiresAt", "name", "reason", "selector"}} {
		if got := d.Components.Schemas[name].Required; !slices.Equal(got, want) {
			t.Errorf("%s requires %q, want %q", name, got, want)
		}
	}
}
