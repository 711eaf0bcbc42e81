package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What others make of the OpenAPI document of a real server with something in it:
// a validator finds it in order, a client generated from it works, and a fuzzer
// finds no answer that it does not allow, no 5xx, and nothing accepted that it
// forbids.
func TestTheOpenAPIDocumentIsTrue(t *testing.T) {
	t.Parallel()
	p, _ := scanned(t)
	p.ok(t, "pack", "publish", ruled(t, "own", "1.0.0", anyBucket))
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own")
	var made struct {
		Secret string `json:"secret"`
	}
	p.json(t, &made, "token", "create", "outside", "--scope", "admin")
	addr := freeAddress(t)
	p.env = append(p.env, "INSIGHTS_API_REQUESTS_PER_MINUTE=0")
	background(t, p.command(t.Context(), "serve", "--listen", addr))
	eventually(t, time.Minute, "serve answers", func() bool { return dial(addr) })
	document := filepath.Join(p.dir, "openapi.json")
	write(t, document, httpBody(t, "http://"+addr+"/openapi.json"))

	t.Run("valid", func(t *testing.T) {
		p.outside(t, "python", "-m", "openapi_spec_validator", "--schema", "3.1", document)
	})
	t.Run("client", func(t *testing.T) {
		write(t, filepath.Join(p.dir, "generator.json"), `{"content_type_overrides": {"application/gzip": "application/octet-stream"}}`)
		p.outside(t, "openapi-python-client", "generate", "--path", document, "--output-path", filepath.Join(p.dir, "client"), "--meta", "none", "--config", filepath.Join(p.dir, "generator.json"), "--fail-on-warning")
		script, err := filepath.Abs("testdata/askapi.py")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Packs, Groups, Resources []string
			Scan, Refused            string
		}
		if err := json.Unmarshal(p.outside(t, "python", script, "http://"+addr, made.Secret), &got); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got.Packs, " ") != "own 1.0.0: default-accounts-policy-group" || strings.Join(got.Groups, " ") != "default-accounts-policy-group" {
			t.Errorf("packs %q, groups %q", got.Packs, got.Groups)
		}
		if len(got.Resources) != 4 || got.Scan != "succeeded" || got.Refused != "not_found" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("fuzzed", func(t *testing.T) {
		p.outside(t, "st", "run", "http://"+addr+"/openapi.json", "--header", "Authorization: Bearer "+made.Secret,
			"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth",
			"--phases", "coverage,fuzzing", "--max-examples", "3", "--seed", "1", "--suppress-health-check", "all", "--request-timeout", "60", "--no-color", "--warnings", "off")
	})
}

// outside runs a program of .tools/apitools and gives what it prints.
func (p program) outside(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	bin := filepath.Dir(tool(t, "apitools", "bin", name))
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, name), args...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Stderr = p.dir, &errs
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + p.dir, "PYTHONPATH=" + p.dir, "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, errs.Bytes())
	}
	return out
}

func httpBody(t testing.TB, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v\n%s", url, res.Status, err, raw)
	}
	return string(raw)
}
