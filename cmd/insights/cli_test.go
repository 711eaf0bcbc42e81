package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What a person sees of wrong input: the exit code for scripts, the reason, and
// what to do about it. None of these opens the data directory.
func TestWrongUsage(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	for _, c := range []struct {
		args string
		want []string
	}{
		{"reprot", []string{`unknown command "reprot" for "insights"`, "Did you mean 'insights report'?"}},
		{"frobnicate", []string{`unknown command "frobnicate"`, "See 'insights --help'."}},
		{"frobnicate --now", []string{`unknown command "frobnicate"`}},
		{"scan begin", []string{`unknown command "begin" for "insights scan"`, "See 'insights scan --help'."}},
		{"help frobnicate", []string{`unknown command "frobnicate"`}},
		{"help scan begin", []string{`unknown command "begin" for "insights scan"`}},
		{"report --bogus", []string{"unknown flag: --bogus", "See 'insights report --help'."}},
		{"scan start", []string{"ACCOUNT is missing", "Usage: insights scan start ACCOUNT [flags]."}},
		{"group add-account", []string{"GROUP and ACCOUNT are missing"}},
		{"group add-account production", []string{"ACCOUNT is missing", "Usage: insights group add-account GROUP ACCOUNT"}},
		{"scan start prod dev", []string{`unexpected argument "dev"`}},
		{"report prod", []string{`unexpected argument "prod"`}},
		{"pack show", []string{"PACK is missing"}},
		{"group select", []string{"GROUP is missing"}},
		{"group select production", []string{"give either a SELECTOR or --none"}},
		{"group select production env --none", []string{"give either a SELECTOR or --none"}},
		{"group select production env>x", []string{`selector "env>x"`, "as in Kubernetes: env=prod,team in (a,b)"}},
		{"account update prod", []string{"nothing to change: name a setting"}},
		{"account update prod --label team", []string{`--label "team": must be KEY=VALUE`}},
		{"account packs", []string{"ACCOUNT is missing"}},
		{"pack show a b c", []string{`unexpected argument "c"`}},
		{"completion tcsh", []string{`SHELL "tcsh": must be bash, zsh, fish or powershell`}},
		{"report --fail-on terrible", []string{`--fail-on "terrible": must be low, medium, high or critical`}},
		{"scan start prod --fail-on terrible", []string{`--fail-on "terrible"`}},
		{"scan watch 123456789012-1 --fail-on terrible", []string{`--fail-on "terrible"`}},
		{"scan watch 123456789012-1 --follow", []string{"--follow needs -o json"}},
		{"scan start prod --resource a --region b", []string{"--resource does not go with --service or --region"}},
		{"scan start prod --service=", []string{"--service is empty"}},
		{"scan start prod --service ec2 --region=", []string{"--region is empty"}},
		{"violations --policy= --severity high", []string{"--policy is empty", "See 'insights violations --help'."}},
		{"violations --account=", []string{"--account is empty"}},
		{"resources --id=", []string{"--id is empty"}},
		{"report --framework=", []string{"--framework is empty"}},
		{"report --fail-on=", []string{"--fail-on is empty"}},
		{"scan start prod --fail-on=", []string{`--fail-on "": must be low, medium, high or critical`}},
		{"report trend --pack=", []string{"--pack is empty"}},
		{"waiver add w --account prod --policy= --reason r --expires 2999-01-01", []string{"--policy is empty"}},
		{"waiver update w --tag=", []string{"--tag is empty"}},
		{"scan start prod --follow", []string{"--follow needs -o json"}},
		{"report --as-of 2999-01-01", []string{`--as-of "2999-01-01": is yet to come`}},
		{"violations --as-of 2999-01-01T00:00:00Z", []string{`--as-of "2999-01-01T00:00:00Z": is yet to come`}},
		{"report --framework CIS -o csv", []string{"--framework does not go with -o csv; use table, json or html"}},
		{"waiver add w --pack p --reason r --expires 2020-01-01", []string{`--expires "2020-01-01": is past`}},
		{"report --severity high,terrible", []string{`--severity "terrible": must be critical, high, medium, low or unspecified`}},
		{"violations --state closed", []string{`--state "closed": must be open or fixed`}},
		{"violations --limit 0", []string{"--limit 0: must be 1 to 1000"}},
		{"resources --limit 1001", []string{"--limit 1001: must be 1 to 1000"}},
		{"violations --limit many", []string{`--limit "many": must be a whole number`}},
		{"violations --type s3/bucket", []string{`--type "s3/bucket"`, "aws:s3/bucket:Bucket"}},
		{"dead-letters list --limit 0", []string{"--limit 0: must be 1 or more"}},
		{"dead-letters show twelve", []string{`ID "twelve": must be a whole number`}},
		{"dead-letters replay", []string{"name either an ID or --all"}},
		{"dead-letters replay 1 --all", []string{"name either an ID or --all"}},
		{"scan list --limit -1", []string{"--limit -1: must be 1 or more"}},
		{"account policy prod --format yaml", []string{`--format "yaml": must be json, cloudformation or terraform`}},
		{"resources types --service snow", []string{`--service "snow": is not known; services: s3, ec2`}},
		{"resources tpyes", []string{`unexpected argument "tpyes"`}},
		{"token create ci --ttl soon", []string{`--ttl "soon": must be a duration such as 720h`}},
		{"account add prod --cap aws:ebs/snapshot:Snapshot", []string{`--cap "aws:ebs/snapshot:Snapshot": must be TYPE=N, for example`}},
		{"account add prod --max-share much", []string{`--max-share "much": must be a number`}},
		{"account add prod --label team", []string{`--label "team": must be KEY=VALUE`}},
		{"scan start prod --detach", []string{"--detach needs --server"}},
		{"version -o xml", []string{`-o "xml": must be table or json`}},
		{"report -o xml", []string{`-o "xml": must be table, json, html, csv or jsonl`}},
		{"violations -o html", []string{"-o html: only 'insights report' makes a page"}},
		{"report --server foo", []string{`"foo"`, "http://127.0.0.1:8080"}},
		{"report --server http://127.0.0.1:1 --token-file /nonexistent", []string{"read API token", "/nonexistent"}},
		{"apply", []string{"-f FILE is missing", "See 'insights apply --help'."}},
		{"apply -f /nonexistent.yaml", []string{"read /nonexistent.yaml: no such file or directory"}},
		{"apply accounts.yaml", []string{`unexpected argument "accounts.yaml"`}},
		{"backup", []string{"FILE is missing", "Usage: insights backup FILE [flags]."}},
		{"backup /nonexistent/b.tar.gz", []string{"/nonexistent/", "no such file or directory"}},
		{"restore /nonexistent.tar.gz", []string{"read the backup: open /nonexistent.tar.gz: no such file or directory"}},
		{"pack publish /nonexistent", []string{"/nonexistent does not exist"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			checkFailure(t, p, exitUsage, strings.Fields(c.args), c.want...)
		})
	}
}

func checkFailure(t *testing.T, p program, code int, args []string, want ...string) {
	t.Helper()
	out, errs, got := p.run(t, args...)
	if got != code || out != "" || !strings.HasPrefix(errs, "error: ") || !strings.HasSuffix(errs, "\n") {
		t.Errorf("exit %d instead of %d\nstdout: %sstderr: %s", got, code, out, errs)
	}
	for _, w := range want {
		if !strings.Contains(errs, w) {
			t.Errorf("%q is missing in: %s", w, errs)
		}
	}
}

func TestHelpWritesToStdout(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	for _, args := range [][]string{nil, {"--help"}, {"help"}, {"scan"}, {"help", "scan", "start"}, {"scan", "start", "--help"}, {"config"}} {
		out, errs, code := p.run(t, args...)
		if code != 0 || errs != "" || !strings.Contains(out, "Usage:") || !strings.Contains(out, "Examples:") {
			t.Errorf("%v: exit %d\n%s%s", args, code, out, errs)
		}
	}
}

func TestVersion(t *testing.T) {
	p := newProgram(t)
	want := regexp.MustCompile(`^insights \S+ \(go\S+, \w+/\w+\)( [0-9a-f]+)?\n$`)
	for _, args := range []string{"version", "--version"} {
		if out := p.ok(t, args); !want.MatchString(out) {
			t.Errorf("%s: %q", args, out)
		}
	}
	var b buildInfo
	if p.json(t, &b, "version"); b.Version == "" || b.Go == "" || b.Platform == "" {
		t.Errorf("version -o json: %+v", b)
	}
}

func TestCompletionScripts(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := p.ok(t, "completion", shell)
		if !strings.Contains(script, "insights") {
			t.Errorf("%s: no script", shell)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue // bash is everywhere
		}
		cmd := exec.CommandContext(t.Context(), path, "-n")
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s -n: %v\n%s", shell, err, out)
		}
	}
	for args, want := range map[string][]string{
		"report --fail-on ": failOnNames, "violations --state ": {"open", "fixed"}, "scan st": {"start"}, "completion ": {"bash", "zsh"}, "report -o ": {"html"},
	} {
		given := strings.Split(args, " ")
		out := p.ok(t, append([]string{"__complete"}, given...)...)
		for _, w := range want {
			if !slices.ContainsFunc(strings.Split(out, "\n"), func(line string) bool { return line == w || strings.HasPrefix(line, w+"\t") }) {
				t.Errorf("%q does not complete to %s:\n%s", args, w, out)
			}
		}
	}
}

// A wrong configuration is told whole, not one mistake at a time.
func TestEveryConfigurationProblemAtOnce(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent", "INSIGHTS_WORKERS_EVALUATOR=0")
	file := filepath.Join(p.dir, "bad.yaml")
	bad := "listen: [a\n"
	if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, p, exitUsage, []string{"report", "--config", file}, file)
	bad = "log: {level: loud}\nnats: {replicas: many}\nworkers: {discovery: 0}\nnope: 1\nclickhouse: {password: secret}\n"
	if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"report", "serve", "config check"} {
		checkFailure(t, p, exitUsage, append(strings.Fields(command), "--config", file),
			"log.level", "nats.replicas", "workers.discovery", "workers.evaluator", "nope: unknown setting", "clickhouse.password")
	}
	checkFailure(t, p, exitUsage, []string{"report", "--config", filepath.Join(p.dir, "missing.yaml")}, "missing.yaml")
}

func TestMissingEngineLibrary(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	checkFailure(t, p, exitError, []string{"report"}, "/nonexistent", "make setup", "INSIGHTS_CHDB_LIB")
}

func TestServerThatDoesNotAnswer(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	url := "http://" + freeAddress(t)
	checkFailure(t, p, exitError, []string{"report", "--server", url}, url, "connection refused")
	p.env = append(p.env, "INSIGHTS_SERVER="+url)
	checkFailure(t, p, exitError, []string{"account", "list"}, url)
}

// A new user's data directory: lists are empty lists, wrong names are told with
// the right ones, and nothing is said on standard error.
func TestEmptyDataDirectory(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for _, args := range []string{"account list", "scan list", "pack list", "group list", "token list", "violations", "resources", "report"} {
		t.Run(args, func(t *testing.T) {
			out, errs, code := p.run(t, append(strings.Fields(args), "-o", "json")...)
			if code != 0 || errs != "" || !json.Valid([]byte(out)) || strings.Contains(out, "null") {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
			out, errs, code = p.run(t, strings.Fields(args)...)
			if code != 0 || errs != "" || out == "" || strings.Contains(out, " \n") {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
		})
	}
	for _, c := range []struct {
		args string
		code int
		want []string
	}{
		{"violations --cursor zzz", exitUsage, []string{"cursor", "zzz"}},
		{"violations --sort size", exitUsage, []string{"size", "severity, account, policy, resource, firstSeen or key"}},
		{"violations --pack aws_fundations", exitError, []string{`there is no pack "aws_fundations"`, "aws_foundations"}},
		{"report --pack aws_fundations", exitError, []string{`there is no pack "aws_fundations"`, "aws_foundations"}},
		{"violations -o csv --pack aws_fundations", exitError, []string{`there is no pack "aws_fundations"`, "aws_foundations"}},
		{"report trend --pack aws_fundations", exitError, []string{`there is no pack "aws_fundations"`, "aws_foundations"}},
		{"violations --region eu-wset-1", exitError, []string{`nothing was scanned in a region "eu-wset-1"`, "insights scan start"}},
		{"resources --region eu-wset-1", exitError, []string{`nothing was scanned in a region "eu-wset-1"`, "insights scan start"}},
		{"violations --pack aws_foundations --policy deny_nothing", exitError, []string{`pack aws_foundations has no policy "deny_nothing"`, "insights pack show aws_foundations"}},
		{"violations --policy deny_nothing", exitError, []string{`there is no policy "deny_nothing"`}},
		{"violations --scan 123456789012-9", exitError, []string{`there is no scan "123456789012-9"`, "insights scan list"}},
		{"scan show 9", exitError, []string{`there is no scan "9"`, "insights scan list"}},
		{"group show produktion", exitError, []string{`there is no group "produktion"`, schemas.DefaultAccountsGroup}},
		{"token revoke ci", exitError, []string{`there is no token "ci"`, "insights token list"}},
		{"scan start prod", exitError, []string{`there is no account "prod"`, "insights account add"}},
		{"report --account prod", exitError, []string{`there is no account "prod"`, "insights account add"}},
		{"account add prod --max-share 0", exitUsage, []string{"maxShare: 0 must be over 0, and 1 at most"}},
		{"account add prod --tail-share 0", exitUsage, []string{"tailShare: 0 must be over 0, and 1 at most"}},
		{"token create a:b", exitUsage, []string{`"a:b"`}},
	} {
		t.Run(c.args, func(t *testing.T) { checkFailure(t, p, c.code, strings.Fields(c.args), c.want...) })
	}
}

func TestReportFile(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for name, begin := range map[string]string{"r.html": "<!DOCTYPE html>", "r.json": "{", "r.txt": "No accounts."} {
		file := filepath.Join(p.dir, name)
		out, errs, code := p.run(t, "report", "--file", file)
		raw, err := os.ReadFile(file)
		if code != 0 || out != "" || errs != "Report written to "+file+".\n" || err != nil || !strings.HasPrefix(string(raw), begin) {
			t.Errorf("%s: exit %d, %v\n%s%s%s", name, code, err, out, errs, raw)
		}
	}
	if out := p.ok(t, "report", "-o", "html"); !strings.HasPrefix(out, "<!DOCTYPE html>") {
		t.Errorf("-o html printed %s", out)
	}
	if p.ok(t, "report", "-o", "json", "--file", filepath.Join(p.dir, "r.html")); !isJSON(t, filepath.Join(p.dir, "r.html")) {
		t.Error("-o gave way to the file's name")
	}
	checkFailure(t, p, exitUsage, []string{"report", "--file", filepath.Join(p.dir, "no", "such", "dir.html")}, "dir.html", "no such file or directory")
}

func isJSON(t *testing.T, file string) bool {
	t.Helper()
	raw, err := os.ReadFile(file)
	return err == nil && json.Valid(raw)
}

// A data directory belongs to one process; the others are told which, and reach
// it over HTTP. Once there is a token, nobody gets in without one.
func TestServerAndItsDataDirectory(t *testing.T) {
	p := newProgram(t)
	addr := freeAddress(t)
	serve := p.command(t.Context(), "serve", "--listen", addr)
	background(t, serve)
	eventually(t, time.Minute, "serve answers", func() bool { return dial(addr) })

	checkFailure(t, p, exitError, []string{"account", "list"}, "in use by insights serve (process ", "--server URL")

	remote := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent", "INSIGHTS_SERVER=http://"+addr)
	for _, args := range []string{"account list", "scan list", "pack list", "group list", "token list", "violations", "resources", "report"} {
		out, errs, code := remote.run(t, append(strings.Fields(args), "-o", "json")...)
		if code != 0 || errs != "" || !json.Valid([]byte(out)) || strings.Contains(out, "null") {
			t.Errorf("%s: exit %d\n%s%s", args, code, out, errs)
		}
	}
	checkFailure(t, remote, exitUsage, []string{"scan", "start", "prod", "--policy-pack", "."}, "--policy-pack does not go with --server", "insights pack publish")
	checkFailure(t, remote, exitError, []string{"scan", "start", "prod"}, `there is no account "prod"`)

	secret := strings.TrimSpace(remote.ok(t, "token", "create", "reader"))
	checkFailure(t, remote, exitError, []string{"report"}, "a token is needed", "INSIGHTS_TOKEN")
	file := filepath.Join(remote.dir, "token")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	remote.ok(t, "report", "--token-file", file)
	checkFailure(t, remote, exitError, []string{"group", "create", "production", "--token-file", file}, "token reader has the scope read", "write")
	remote.env = append(remote.env, "INSIGHTS_TOKEN="+secret)
	remote.ok(t, "report")
	remote.env = append(remote.env, "INSIGHTS_TOKEN=ins_wrong")
	checkFailure(t, remote, exitError, []string{"report"}, "the token is not valid")

	if err := serve.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("serve ended with %v", err)
	}
	if list := p.ok(t, "token", "list"); !strings.Contains(list, "reader") || strings.Contains(list, secret) {
		t.Errorf("tokens after serve:\n%s", list)
	}
}
