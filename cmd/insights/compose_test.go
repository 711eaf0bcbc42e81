package main

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// composeFile is what the tests read of deploy/compose/compose.yaml.
type composeFile struct {
	Services map[string]composeService `yaml:"services"`
	Configs  map[string]struct {
		File string `yaml:"file"`
	} `yaml:"configs"`
	Secrets map[string]any `yaml:"secrets"`
	Volumes map[string]any `yaml:"volumes"`
}

type composeService struct {
	Image       string            `yaml:"image"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Secrets     []string          `yaml:"secrets"`
	Configs     []struct {
		Source string `yaml:"source"`
		Target string `yaml:"target"`
	} `yaml:"configs"`
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Healthcheck struct {
		Test    []string `yaml:"test"`
		Disable bool     `yaml:"disable"`
	} `yaml:"healthcheck"`
	DependsOn map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

// ours tells whether a service is the program.
func (s composeService) ours() bool { return strings.HasPrefix(s.Image, "insights-scanner:") }

// readCompose reads the file with the variables of .env set as given.
func readCompose(t *testing.T, dotenv map[string]string) composeFile {
	t.Helper()
	raw, err := os.ReadFile("../../deploy/compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := os.Expand(string(raw), func(v string) string {
		name, otherwise, required := strings.Cut(v, ":?")
		if !required {
			name, otherwise, _ = strings.Cut(v, ":-")
		}
		value, ok := dotenv[name]
		switch {
		case ok:
			return value
		case required:
			t.Errorf("${%s} is not set", v)
		}
		return otherwise
	})
	var f composeFile
	// A key beside a merged one takes its place, which the parser calls a duplicate.
	if err := yaml.UnmarshalWithOptions([]byte(text), &f, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	return f
}

var composeSecrets = map[string]string{"NATS_PASSWORD": "n-secret", "CLICKHOUSE_PASSWORD": "c-secret"}

func TestComposeRefersToWhatThereIs(t *testing.T) {
	f := readCompose(t, composeSecrets)
	roles := map[string]bool{}
	for name, s := range f.Services {
		for on, d := range s.DependsOn {
			other, ok := f.Services[on]
			if !ok || d.Condition == "service_healthy" && len(other.Healthcheck.Test) == 0 {
				t.Errorf("%s depends on %s (%s)", name, on, d.Condition)
			}
		}
		for _, v := range s.Volumes {
			if source, _, named := strings.Cut(v, ":"); named && !hasKey(f.Volumes, source) {
				t.Errorf("%s: there is no volume %s", name, source)
			}
		}
		for _, x := range s.Secrets {
			if !hasKey(f.Secrets, x) {
				t.Errorf("%s: there is no secret %s", name, x)
			}
		}
		for _, c := range s.Configs {
			if _, err := os.Stat(filepath.Join("../../deploy/compose", f.Configs[c.Source].File)); err != nil || f.Configs[c.Source].File == "" {
				t.Errorf("%s: config %s: %v", name, c.Source, err)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: %s is open to everybody", name, p)
			}
		}
		if len(s.Healthcheck.Test) == 0 && !s.Healthcheck.Disable {
			t.Errorf("%s has no health check", name)
		}
		if s.ours() {
			checkOurs(t, name, s, roles)
		}
	}
	if got := slices.Sorted(maps.Keys(roles)); !slices.Equal(got, []string{"control", "discovery", "evaluator", "sink"}) {
		t.Errorf("the services run the roles %v", got)
	}
}

func hasKey(m map[string]any, key string) bool { _, ok := m[key]; return ok }

// checkOurs holds a service against the program: commands, settings, roles.
func checkOurs(t *testing.T, name string, s composeService, roles map[string]bool) {
	t.Helper()
	if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
		t.Errorf("%s is not confined", name)
	}
	parses(t, name, s.Command)
	if test := s.Healthcheck.Test; len(test) > 0 {
		if len(test) < 3 || test[0] != "CMD" || test[1] != "/usr/local/bin/insights" {
			t.Fatalf("%s: health check %v", name, test)
		}
		parses(t, name, test[2:])
	}
	if i := slices.Index(s.Command, "--roles"); i >= 0 {
		for _, r := range splitList(s.Command[i+1]) {
			roles[r] = true
		}
	}
	if name != "discovery" && slices.ContainsFunc(slices.Collect(maps.Keys(s.Environment)), func(k string) bool { return strings.HasPrefix(k, "AWS_") }) {
		t.Errorf("%s gets credentials of the cloud", name)
	}
	checkSettings(t, name, s.Environment)
	env := func(k string) string { return s.Environment[k] }
	given := map[string]string{}
	if i := slices.Index(s.Command, "--roles"); i >= 0 {
		given["roles"] = s.Command[i+1]
	}
	if _, err := loadConfig("/dev/null", env, given); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// checkSettings finds environment variables of ours that nothing reads.
func checkSettings(t *testing.T, where string, env map[string]string) {
	t.Helper()
	for k := range env {
		known := slices.ContainsFunc(settings, func(s setting) bool { return s.env() == k })
		if strings.HasPrefix(k, "INSIGHTS_") && !known {
			t.Errorf("%s: nothing reads %s", where, k)
		}
	}
}

// parses holds a command line of a file against the program's flags.
func parses(t *testing.T, where string, words []string) {
	t.Helper()
	root := testRoot()
	cmd, rest, err := root.Find(words)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil && cmd.Args != nil {
		err = cmd.Args(cmd, cmd.Flags().Args())
	}
	if err != nil || !cmd.Runnable() || cmd == root {
		t.Errorf("%s: insights %s: %v", where, strings.Join(words, " "), err)
	}
}

// TestComposeLayoutScans runs what the compose file runs, as processes: three NATS
// servers with its nats.conf, and its commands and environment of every role.
// The embedded engine of the control process stands in for ClickHouse.
func TestComposeLayoutScans(t *testing.T) {
	f := readCompose(t, composeSecrets)
	servers, addresses := composeNATS(t, f)
	apiAddr, dir := freeAddress(t), t.TempDir()
	place := strings.NewReplacer(append(addresses, "0.0.0.0:8080", apiAddr, "127.0.0.1:8080", apiAddr, "/run/secrets/keyring", filepath.Join(dir, "keyring.json"))...)
	programs := map[string]program{}
	for name, s := range f.Services {
		if !s.ours() || s.Command[0] != "serve" {
			continue
		}
		env := []string{"INSIGHTS_LOG_LEVEL=error", "INSIGHTS_ADMIN_ADDR=" + freeAddress(t)} // containers have a loopback each
		for k, v := range s.Environment {
			if !strings.HasPrefix(k, "INSIGHTS_CLICKHOUSE_") && !strings.HasPrefix(k, "AWS_") {
				env = append(env, k+"="+place.Replace(v))
			}
		}
		programs[name] = newProgram(t, env...)
	}
	if len(programs) != 3 {
		t.Fatalf("the file has the services %v", slices.Sorted(maps.Keys(programs)))
	}
	control := programs["control"]
	control.ok(t, "config", "keyring", filepath.Join(dir, "keyring.json"))
	words := func(list []string) []string {
		out := make([]string, len(list))
		for i, w := range list {
			out[i] = place.Replace(w)
		}
		return out
	}
	for _, name := range []string{"control", "discovery", "evaluator"} {
		cmd := programs[name].command(context.WithoutCancel(t.Context()), words(f.Services[name].Command)...)
		cmd.Stderr = os.Stderr
		background(t, cmd)
	}
	eventually(t, time.Minute, "the API answers", func() bool { return dial(apiAddr) })
	for name, p := range programs {
		check := words(f.Services[name].Healthcheck.Test[2:])
		var out, errs string
		eventually(t, time.Minute, "the health check of "+name+" is fine", func() bool {
			var code int
			out, errs, code = p.run(t, check...)
			return code == exitOK
		})
		if !strings.Contains(out, "is ready") || errs != "" {
			t.Errorf("%s: the health check says\n%s%s", name, out, errs)
		}
	}
	programs["evaluator"].doctor(t, "--only", "nats").wants(t, "streams", checkOK, "with 3 replicas")

	srv := httptest.NewServer(awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 5, Users: 3, SecurityGroups: 4, VPCs: 1, Instances: 20,
	}))
	defer srv.Close()
	client := newProgram(t, "INSIGHTS_SERVER=http://"+apiAddr)
	eventually(t, time.Minute, "a discovery worker answers", func() bool {
		_, _, code := client.run(t, "account", "add", "prod", "--endpoint", srv.URL)
		return code == exitOK
	})
	var done struct {
		Scan   schemas.Scan   `json:"scan"`
		Report schemas.Report `json:"report"`
	}
	client.json(t, &done, "scan", "start", "prod")
	if a := done.Report.Accounts; done.Scan.State != schemas.ScanSucceeded || len(a) != 1 || a[0].Counts.Failed == 0 || a[0].Resources == 0 {
		t.Errorf("scan %+v, report %+v", done.Scan, a)
	}

	// One of three servers may go: nothing of the system notices for long.
	servers[2].Shutdown()
	servers[2].WaitForShutdown()
	eventually(t, 2*time.Minute, "a scan with two of three servers", func() bool {
		out, errs, code := client.run(t, "scan", "start", "prod", "-o", "json")
		t.Logf("scan without a server: exit %d, %d bytes%s", code, len(out), errs)
		return code == exitOK
	})
	programs["evaluator"].doctor(t, "--only", "nats").wants(t, "streams", checkWarning, "nats-3 is offline")
}

// composeNATS starts the file's NATS servers on free ports. addresses are pairs of
// what the file calls them and where they are.
func composeNATS(t *testing.T, f composeFile) (servers []*server.Server, addresses []string) {
	t.Helper()
	names := []string{"nats-1", "nats-2", "nats-3"}
	var routes []*url.URL
	for range names {
		routes = append(routes, &url.URL{Scheme: "nats", Host: freeAddress(t)})
	}
	for i, name := range names {
		s, ok := f.Services[name]
		if !ok || !slices.Equal(s.Command, []string{"-c", s.Configs[0].Target}) {
			t.Fatalf("service %s: %+v", name, s)
		}
		for k, v := range s.Environment {
			t.Setenv(k, v)
		}
		o, err := server.ProcessConfigFile(filepath.Join("../../deploy/compose", f.Configs[s.Configs[0].Source].File))
		if err != nil {
			t.Fatal(err)
		}
		if o.ServerName != name || !o.JetStream || !o.SyncAlways || len(o.Routes) != len(names) || o.Port != 4222 || o.Username == "" || o.Password != composeSecrets["NATS_PASSWORD"] {
			t.Errorf("%s: nats.conf gives %+v", name, o)
		}
		addr := freeAddress(t)
		if o.Host, o.Port, err = hostPort(addr); err != nil {
			t.Fatal(err)
		}
		if o.Cluster.Host, o.Cluster.Port, err = hostPort(routes[i].Host); err != nil {
			t.Fatal(err)
		}
		o.Routes, o.StoreDir, o.HTTPPort, o.NoSigs, o.NoLog = routes, t.TempDir(), 0, true, true
		srv, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		srv.Start()
		t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
		servers = append(servers, srv)
		addresses = append(addresses, fmt.Sprintf("%s:%d", name, 4222), addr)
	}
	eventually(t, time.Minute, "the NATS servers have a leader", func() bool {
		return slices.ContainsFunc(servers, (*server.Server).JetStreamIsLeader) && !slices.ContainsFunc(servers, func(s *server.Server) bool { return !s.JetStreamIsCurrent() })
	})
	return servers, addresses
}
