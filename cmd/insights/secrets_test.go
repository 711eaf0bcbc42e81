package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator/evaltest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// TestSecretsAreNowhereInPlainText scans an account full of secrets under packs
// that tell them, and then looks at everything the system has written or says.
func TestSecretsAreNowhereInPlainText(t *testing.T) {
	t.Parallel()
	m := startMoto(t)
	h := newHunt(t, m.plant(t))
	s := startTapped(t, "--policy-pack", leakyPack(t, schemas.RuntimeNodeJS, "leaky_node"), "--policy-pack", leakyPack(t, schemas.RuntimePython, "leaky_python"))

	p := s.client
	p.ok(t, "pack", "publish", leakyPack(t, schemas.RuntimeOPA, "leaky"))
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "leaky")
	p.ok(t, "account", "add", "prod", "--endpoint", m.url, "--region", "us-east-1")
	out, errs, code := p.run(t, "scan", "start", "prod", "-o", "json", "--follow")
	if code != exitOK && code != exitPartial {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	h.look("the output of the scan", out+errs)
	scan := regexp.MustCompile(`123456789012-\d+`).FindString(out)
	h.seen(t, p)
	h.commands(t, p, scan)
	h.routes(t, s.url, scan)

	s.stop(t)
	h.look("the log", s.log.String())
	h.look("what went over NATS", s.tapped())
	h.look("the ClickHouse tables", m.tables(t, s.program))
	h.files(t, s.dir)
	h.files(t, s.nats)
}

// leakyPack is a pack of testdata/secrets with the SDK that it needs.
func leakyPack(t *testing.T, runtime schemas.Runtime, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(here(t), "testdata", "secrets", name))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, ".gitignore"), "node_modules\nvenv\n")
	evaltest.Link(t, runtime, dir)
	return dir
}

// hunt looks for secrets.
type hunt struct {
	t       *testing.T
	planted []planted
	of      map[string]planted // by what gives it away
}

// traceLength is how much of a secret gives it away.
const traceLength = 12

func newHunt(t *testing.T, list []planted) *hunt {
	t.Helper()
	h := &hunt{t: t, planted: list, of: map[string]planted{}}
	for _, s := range list {
		begin := s.Core[strings.Index(strings.ToLower(s.Core), "plant"):][:traceLength]
		for _, text := range append(inBase64(begin), begin) {
			h.of[text] = s
		}
	}
	return h
}

// inBase64 are the ways in which a text shows inside base64, by where it begins.
func inBase64(text string) (out []string) {
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
		encoded = strings.TrimRight(encoded, "=")
		out = append(out, encoded[(8*shift+5)/6:len(encoded)-1]) // what neighbours have a part in is left out
	}
	return out
}

// look fails for every secret in a text.
func (h *hunt) look(where, text string) {
	h.t.Helper()
	if text == "" {
		h.t.Errorf("%s: there is nothing to look at", where)
	}
	told := map[string]bool{}
	for trace, s := range h.of { // one by one: an expression of all of them takes minutes for the files
		at := strings.Index(text, trace)
		if at < 0 || told[s.Number] {
			continue
		}
		told[s.Number] = true
		h.t.Errorf("%s: no. %s (%s) is in %q", where, s.Number, s.Kind, text[max(0, at-150):min(len(text), at+len(trace)+50)])
	}
}

// seen makes sure that the packs have seen every secret that a scan reads, and
// said what cannot be said.
func (h *hunt) seen(t *testing.T, p program) {
	t.Helper()
	var list struct{ Violations []schemas.Violation }
	p.json(t, &list, "violations", "--limit", "1000")
	said := map[string]map[string]bool{} // by pack
	hidden := map[string]int{}
	for _, v := range list.Violations {
		for _, m := range v.Messages {
			for _, found := range regexp.MustCompile(`planted no. (\d\d)`).FindAllStringSubmatch(m, -1) {
				if said[v.Pack] == nil {
					said[v.Pack] = map[string]bool{}
				}
				said[v.Pack][found[1]] = true
			}
			hidden[v.Policy] += strings.Count(m, "[secret]")
		}
	}
	for _, pack := range []string{"leaky", "leaky_node@local", "leaky_python@local"} {
		for _, s := range h.planted {
			if said[pack][s.Number] != s.Read {
				t.Errorf("pack %s: no. %s (%s) is seen: %t", pack, s.Number, s.Kind, said[pack][s.Number])
			}
		}
	}
	for _, policy := range []string{"deny_text", "deny_part", "deny_named", "deny_document"} {
		if hidden[policy] < 10 {
			t.Errorf("%s: %d secrets are redacted", policy, hidden[policy])
		}
	}
}

// commands runs every command that shows something.
func (h *hunt) commands(t *testing.T, p program, scan string) {
	t.Helper()
	for _, c := range []string{
		"account list", "account show prod", "account check prod", "scan list", "scan show " + scan, "scan watch " + scan,
		"report", "report --pack leaky", "violations --limit 1000", "violations --state fixed", "resources --limit 1000 --properties",
		"pack list", "pack show leaky", "group list", "group show " + schemas.DefaultAccountsGroup, "token list", "dead-letters list", "doctor", "export",
	} {
		for _, format := range []string{"table", "json"} {
			out, errs, _ := p.run(t, append(strings.Fields(c), "-o", format)...)
			h.look(c+" -o "+format, out+errs)
		}
	}
	h.look("report -o html", p.ok(t, "report", "-o", "html"))
}

// routes asks for everything that can be got of the API. They are found in its
// code, so that none is forgotten.
func (h *hunt) routes(t *testing.T, url, scan string) {
	t.Helper()
	var patterns []string
	files, err := filepath.Glob(filepath.Join("..", "..", "scanner", "api", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`"GET (/[^"]*)"`).FindAllStringSubmatch(readText(t, f), -1) {
			patterns = append(patterns, m[1])
		}
	}
	if len(patterns) < 20 {
		t.Fatalf("only %d routes found: %q", len(patterns), patterns)
	}
	finding := regexp.MustCompile(`"finding":"(\w+)"`).FindStringSubmatch(get(t, url+"/v1/violations"))
	if finding == nil {
		t.Fatal("no violation to ask for")
	}
	known := strings.NewReplacer("{account}", "prod", "{scan}", scan, "{pack}", "leaky", "{version}", "1.0.0", "{group}", schemas.DefaultAccountsGroup, "{id}", "1",
		"{finding}", finding[1], "{waiver}", "none", "{framework}", "CIS", "{other}", scan)
	for _, pattern := range patterns {
		path := known.Replace(pattern)
		if strings.ContainsAny(path, "{}") {
			t.Fatalf("what to ask %s for?", pattern)
		}
		for _, query := range []string{"", "?limit=1000", "?properties=true&limit=1000"} {
			h.look("GET "+path+query, get(t, url+path+query))
		}
	}
}

// get is the answer to a request, whatever it is.
func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return fmt.Sprint(resp.Status, resp.Header, string(body))
}

// files looks at every file below a directory as it is.
func (h *hunt) files(t *testing.T, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(file)
		if len(raw) > 0 {
			n++
			h.look(file, string(raw))
		}
		return err
	})
	if err != nil || n < 10 {
		t.Errorf("%d files in %s: %v", n, dir, err)
	}
}
