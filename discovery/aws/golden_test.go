package aws

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares observations with testdata/golden/<name>.json.
func golden(t *testing.T, name string, list []discovery.Observation) {
	t.Helper()
	type observation struct {
		Key        string                `json:"key"`
		Name       string                `json:"name,omitempty"`
		Properties map[string]any        `json:"properties"`
		Unknown    []schemas.UnknownPath `json:"unknown,omitempty"`
	}
	out := make([]observation, len(list))
	for i, o := range list {
		out[i] = observation{o.String(), o.Name, o.Properties, o.Unknown}
		checkNames(t, o)
	}
	raw, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got := string(raw) + "\n"
	path := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s, line %d:\ngot  %s\nwant %s", path, i+1, line(g, i), line(w, i))
		}
	}
}

func line(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(end)"
}

// classic are the property paths of the classic types, as testdata/classic.py
// finds them in the declarations of @pulumi/aws 7.48.0: blank-separated, "*" for
// the keys of a map.
var classic = func() map[string][]string {
	raw, err := os.ReadFile(filepath.Join("testdata", "classic-7.48.0.json"))
	if err != nil {
		panic(err)
	}
	var lines map[string]string
	if err := json.Unmarshal(raw, &lines); err != nil {
		panic(err)
	}
	out := make(map[string][]string, len(lines))
	for token, paths := range lines {
		out[token] = strings.Fields(paths)
	}
	return out
}()

// checkNames refuses property names that the classic type does not have: a pack
// would never find them.
func checkNames(t *testing.T, o discovery.Observation) {
	t.Helper()
	if !strings.HasPrefix(o.Type, "aws:") {
		return // a type of our own
	}
	known, ok := classic[o.Type]
	if !ok {
		t.Errorf("%s is no classic type that we know", o.Type)
		return
	}
	paths := map[string]bool{}
	collectPaths(o.Properties, "", paths)
	for _, u := range o.Unknown {
		paths[u.Path] = true
	}
	for p := range paths {
		i := strings.LastIndexByte(p, '.')
		if !slices.Contains(known, p) && !slices.Contains(known, p[:i+1]+"*") {
			t.Errorf("%s has no property %s", o.Type, p)
		}
	}
}

func collectPaths(v any, prefix string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, c := range v {
			into[prefix+k] = true
			collectPaths(c, prefix+k+".", into)
		}
	case []any:
		for _, c := range v {
			collectPaths(c, prefix, into)
		}
	}
}

// Every type that a scan can emit is one that packs can name.
func TestEveryTypeIsClassicOrOurs(t *testing.T) {
	t.Parallel()
	for _, s := range services {
		for _, spec := range s.types {
			if _, ok := classic[spec.token]; !ok && !strings.HasPrefix(spec.token, "insights:aws/") {
				t.Errorf("%s is no type of @pulumi/aws", spec.token)
			}
			if len(spec.calls) == 0 {
				t.Errorf("%s needs no permission", spec.token)
			}
		}
	}
}
