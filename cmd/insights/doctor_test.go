package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// diagnosis is what 'insights doctor -o json' prints.
type diagnosis struct {
	OK     bool      `json:"ok"`
	Checks []finding `json:"checks"`
	code   int
}

// doctor runs a diagnosis; every finding that is not ok must say what to do.
func (p program) doctor(t *testing.T, args ...string) diagnosis {
	t.Helper()
	out, errs, code := p.run(t, append([]string{"doctor", "-o", "json"}, args...)...)
	d := diagnosis{code: code}
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("insights doctor %v: exit %d, %v\n%s%s", args, code, err, out, errs)
	}
	if d.OK != (code == exitOK) || code != exitOK && code != exitError {
		t.Errorf("ok is %t, exit code %d", d.OK, code)
	}
	for _, f := range d.Checks {
		if (f.State == checkOK) != (f.Do == "") || f.Detail == "" || strings.Contains(f.Detail, "\n") {
			t.Errorf("finding %+v", f)
		}
	}
	return d
}

// wants checks that a finding is there and says something.
func (d diagnosis) wants(t *testing.T, check string, state checkState, texts ...string) {
	t.Helper()
	for _, f := range d.Checks {
		if f.Check != check {
			continue
		}
		if f.State != state {
			t.Errorf("%s is %s, want %s: %s", check, f.State, state, f.Detail)
		}
		for _, text := range texts {
			if !strings.Contains(f.Detail+" "+f.Do, text) {
				t.Errorf("%s: %q is missing in %+v", check, text, f)
			}
		}
		return
	}
	t.Errorf("%s was not checked: %+v", check, d.Checks)
}

func TestDoctorOfAnEmbeddedSystem(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	d := p.doctor(t)
	d.wants(t, "data directory", checkOK, "does not exist yet")
	d.wants(t, "ClickHouse engine", checkOK, "version ", "libchdb.so")
	d.wants(t, "NATS", checkOK, "the first start makes its streams")
	d.wants(t, "memory", checkOK, "available")
	if _, err := os.Stat(filepath.Join(p.dir, "data")); !os.IsNotExist(err) {
		t.Error("doctor made the data directory")
	}

	var fake, skewed atomic.Pointer[string]
	use := func(account, skew string) { fake.Store(&account); skewed.Store(&skew) }
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d, err := time.ParseDuration(*skewed.Load()); err == nil {
			w.Header().Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
		}
		awsfake.New(awsfake.Population{AccountID: *fake.Load(), Regions: []string{"us-east-1"}}).ServeHTTP(w, r)
	}))
	defer srv.Close()
	use("123456789012", "")
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL)
	d = p.doctor(t)
	for _, check := range []string{"data directory", "disk space", "key ring", "open files", "memory", "ClickHouse engine", "schema", "NATS", "streams", "dead letters", "pack runtimes", "clock"} {
		d.wants(t, check, checkOK)
	}
	d.wants(t, "account prod", checkOK, "aws-123456789012")
	if d.code != exitOK {
		t.Errorf("exit code %d", d.code)
	}

	use("999999999999", "-3m10s")
	d = p.doctor(t)
	d.wants(t, "account prod", checkFailed, "belong to aws-999999999999, not to aws-123456789012")
	d.wants(t, "clock", checkWarning, "3m1", " ahead of AWS's")
	use("123456789012", "10m10s")
	d = p.doctor(t)
	d.wants(t, "account prod", checkOK)
	d.wants(t, "clock", checkFailed, " behind AWS's", "NTP")
	p.doctor(t, "--only", "accounts").wants(t, "account prod", checkOK)
	p.doctor(t, "--only", "dead-letters").wants(t, "dead letters", checkOK, "none")
	p.doctor(t, "--only", "nats").wants(t, "streams", checkOK)
	srv.Close()
	d = p.doctor(t)
	d.wants(t, "account prod", checkFailed, "sts:GetCallerIdentity")
	if out, _, code := p.run(t, "doctor"); code != exitError || !strings.Contains(out, "failed   account prod ") || !strings.Contains(out, "→ ") {
		t.Errorf("exit %d:\n%s", code, out)
	}

	if err := os.Remove(filepath.Join(p.dir, "data", "keyring.json")); err != nil {
		t.Fatal(err)
	}
	p.doctor(t).wants(t, "key ring", checkWarning, "Put the copy back")
	p.doctor(t, "--min-free", "10000000").wants(t, "disk space", checkFailed, "Make room")
	if d := p.doctor(t, "--only", "disk,limits"); len(d.Checks) != 3 {
		t.Errorf("--only disk,limits: %+v", d.Checks)
	}
	p.doctor(t, "--min-free", "0").wants(t, "disk space", checkOK)
}

func TestDoctorOfWhatIsMissing(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	p.doctor(t).wants(t, "ClickHouse engine", checkFailed, "/nonexistent", "make setup")
	file := filepath.Join(p.dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.doctor(t, "--data-dir", file).wants(t, "data directory", checkFailed, "Choose another --data-dir")
	d := p.doctor(t, "--roles", "discovery", "--nats-url", "nats://127.0.0.1:1")
	d.wants(t, "NATS", checkFailed, "nats://127.0.0.1:1")
	d.wants(t, "key ring", checkFailed, "insights config keyring")
	for _, only := range []string{"accounts", "dead-letters"} {
		p.doctor(t, "--roles", "discovery", "--nats-url", "nats://127.0.0.1:1", "--only", only).wants(t, "NATS", checkFailed, "nats://127.0.0.1:1")
	}
	for _, f := range d.Checks {
		if strings.Contains(f.Check, "ClickHouse") {
			t.Errorf("a discovery worker needs no %s", f.Check)
		}
	}
	d = p.doctor(t, "--clickhouse-dsn", "clickhouse://127.0.0.1:1")
	d.wants(t, "ClickHouse", checkFailed, "Check clickhouse.dsn")
	p.doctor(t, "--server", "http://127.0.0.1:1").wants(t, "server", checkFailed, "insights serve")
	checkFailure(t, p, exitUsage, []string{"doctor", "--roles", "nobody"}, "roles[0]")
	p = p.with("INSIGHTS_ADMIN_ADDR=" + freeAddress(t))
	p.doctor(t, "--only", "process").wants(t, "process", checkFailed, "connection refused")
	p.doctor(t, "--only", "process", "--admin-addr", "off").wants(t, "process", checkWarning, "adminAddr is off")
	checkFailure(t, p, exitUsage, []string{"doctor", "--only", "server"}, `--only "server": must be data-dir, disk,`)
	checkFailure(t, p, exitUsage, []string{"doctor", "--min-free", "-1"}, "--min-free -1")
}

// What packs in programming languages need is looked for where they are, and for
// whoever asks.
func TestDoctorOfPackRuntimes(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	d := p.doctor(t, "--only", "packs")
	d.wants(t, "pack runtimes", checkOK, "nodejs, opa, python")
	d.wants(t, "node", checkOK, "version ", "supported is 20 or newer")
	d.wants(t, "npm", checkOK, "version ")
	d.wants(t, "python", checkOK, "version 3.", "supported is 3.10 or newer")
	bare := p.with("PATH=" + t.TempDir())
	d = bare.doctor(t, "--only", "packs")
	d.wants(t, "node", checkWarning, "there is no node on this machine; no published pack is a nodejs pack", "install Node.js")
	d.wants(t, "python", checkWarning, "install Python")
	for _, f := range bare.doctor(t).Checks {
		if f.Check == "node" {
			t.Errorf("nobody needs %+v", f)
		}
	}
	missing := install.Tool{Name: "npm", Err: schemas.Errorf(schemas.CodeInvalid, "there is no npm").WithHint("install it")}
	if f := toolFinding(missing, schemas.RuntimeNodeJS, true); f.State != checkFailed || f.Do != "install it" {
		t.Errorf("with a published pack: %+v", f)
	}
}

func TestDoctorOfARunningServer(t *testing.T) {
	srv := httptest.NewServer(awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 1}))
	defer srv.Close()
	p := newProgram(t, "INSIGHTS_LOG_LEVEL=error")
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL)
	addr := freeAddress(t)
	background(t, p.command(context.WithoutCancel(t.Context()), "serve", "--listen", addr))
	eventually(t, time.Minute, "the API answers", func() bool { return dial(addr) })
	d := p.doctor(t)
	d.wants(t, "data directory", checkWarning, "in use by insights serve (process ", "insights doctor --server")
	d.wants(t, "ClickHouse engine", checkOK)
	url := "http://" + addr
	d = p.doctor(t, "--server", url)
	d.wants(t, "server", checkOK, "version dev")
	d.wants(t, "stores", checkOK)
	d.wants(t, "account prod", checkWarning, "never scanned")
	d.wants(t, "dead letters", checkOK)
	p.ok(t, "scan", "start", "prod", "--server", url)
	p.doctor(t, "--server", url).wants(t, "account prod", checkOK, "succeeded")
	p.ok(t, "token", "create", "ci", "--server", url)
	if d := p.doctor(t, "--server", url); d.code != exitError {
		t.Errorf("without a token: %+v", d)
	}
}
