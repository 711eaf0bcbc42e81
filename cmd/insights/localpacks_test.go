package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// writeFiles makes files below a directory of the test.
func writeFiles(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func jsonLine(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// localTestPack has the name of the starter pack, and fails every bucket.
func localTestPack(t *testing.T, message string) string {
	t.Helper()
	return writeFiles(t, map[string]string{
		"PulumiPolicy.yaml":  "runtime: opa\nversion: 1.1.0\n",
		"config-schema.json": `{"deny_bucket": {"properties": {"tag": {"type": "string", "default": "none"}}}}`,
		"buckets.rego": `package aws_foundations

import rego.v1

# METADATA
# title: A bucket that does not please
# custom:
#   severity: critical
deny_bucket contains msg if {
	input.__type == "aws:s3/bucket:Bucket"
	msg := sprintf("` + message + ` %s", [data.config.deny_bucket.tag])
}
`,
	})
}

// judgements is all that is told of an account's enforced packs and, apart, of
// local ones.
type judgements struct{ enforced, local []string }

// judgements takes the report that a scan or an evaluation ended with.
func (p program) judgements(t *testing.T, r schemas.Report) (j judgements) {
	t.Helper()
	var page schemas.ViolationPage
	p.json(t, &page, "violations", "--state", "open,fixed", "--limit", "1000")
	for _, v := range page.Violations {
		if v.Local {
			j.local = append(j.local, v.Pack+" "+v.Policy+" "+v.ID+": "+strings.Join(v.Messages, "; "))
		} else {
			j.enforced = append(j.enforced, jsonLine(t, v))
		}
	}
	acc := &r.Accounts[0]
	acc.Packs = slices.DeleteFunc(acc.Packs, func(p schemas.PackReport) bool {
		if p.Local {
			j.local = append(j.local, "report of "+p.Pack+" "+p.Version+" "+p.Policies[0].Title)
		}
		return p.Local
	})
	j.enforced = append(j.enforced, jsonLine(t, acc))
	return j
}

// Local packs judge beside enforced ones, are told apart wherever they are
// shown, and leave everything enforced as it was, while they apply and after.
func TestLocalPacks(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 2, Users: 1})
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url)
	var told struct {
		Report   schemas.Report
		Unjudged uint64
	}
	p.json(t, &told, "scan", "start", "prod")
	before := p.judgements(t, told.Report)
	if len(before.enforced) < 10 || len(before.local) > 0 {
		t.Fatalf("without local packs: %+v", before)
	}

	config := filepath.Join(writeFiles(t, map[string]string{"c.json": "{\n\t\"deny_bucket\": {\"tag\": \"blue\"},\n\t\"deny_nothing\": \"disabled\"\n}\n"}), "c.json")
	args := []string{"evaluate", "prod", "--policy-pack", localTestPack(t, "one"), "--policy-pack", localTestPack(t, "two"), "--policy-pack-config", "", "--policy-pack-config", config}
	p.json(t, &told, args...)
	with := p.judgements(t, told.Report)
	sameContent(t, "what is enforced, with local packs", with.enforced, before.enforced)
	sameContent(t, "what local packs found", with.local, []string{
		"aws_foundations@local deny_bucket bucket-00000000: one none", "aws_foundations@local deny_bucket bucket-00000001: one none",
		"aws_foundations@local2 deny_bucket bucket-00000000: two blue", "aws_foundations@local2 deny_bucket bucket-00000001: two blue",
		"report of aws_foundations@local 1.1.0 A bucket that does not please", "report of aws_foundations@local2 1.1.0 A bucket that does not please",
	})
	// What is held makes fixtures, which a pack runs on without any of it.
	recorded := filepath.Join(localTestPack(t, "one"), "tests", "recorded.yaml")
	p.ok(t, "pack", "record", "--account", "prod", "--type", "aws:s3/bucket:Bucket,aws:s3/bucketAcl:BucketAcl", "--out", recorded)
	var tested testOutcome
	p.json(t, &tested, "pack", "test", filepath.Dir(filepath.Dir(recorded)))
	if len(tested.Cases) != 4 || tested.Cases[0].Case != "bucket-00000001" || len(tested.Cases[0].Results) != 1 || tested.Cases[0].Results[0].Messages[0] != "one none" {
		t.Errorf("tested %+v", tested)
	}
	if told.Unjudged != 0 {
		t.Errorf("%d were not judged", told.Unjudged)
	}
	out, errs, code := p.run(t, append(args, "--fail-on", "critical")...)
	for _, want := range []string{"Account prod: ", "Local pack aws_foundations@local 1.1.0: score 0.0%", "Local pack aws_foundations@local2 1.1.0: ", "A bucket that does not please"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if code != exitViolations || !strings.Contains(errs, `has no policy "deny_nothing"`) {
		t.Errorf("exit %d\n%s", code, errs)
	}
	if out := p.ok(t, "account", "show", "prod"); !strings.Contains(out, "aws_foundations@local2  1.1.0 ") || !strings.Contains(out, "--policy-pack") {
		t.Errorf("account show does not tell:\n%s", out)
	}

	p.json(t, &told, "evaluate")
	after := p.judgements(t, told.Report)
	sameContent(t, "what is enforced, after local packs", after.enforced, before.enforced)
	sameContent(t, "what is left of local packs", after.local, nil)
	for _, command := range []string{"violations", "report"} {
		checkFailure(t, p, exitError, []string{command, "--pack", "aws_foundations@local"}, `nothing of a local pack "aws_foundations@local"`, "evaluate --policy-pack")
	}
}

// Why policies of a local pack could not tell stands with it.
func TestGapsOfLocalPacks(t *testing.T) {
	var out strings.Builder
	a := &app{stdio: stdio{out: &out}}
	err := a.printLocal(schemas.AccountReport{
		Account: "prod",
		Packs:   []schemas.PackReport{{Pack: "tried@local", Version: "1.0.0", Local: true}, {Pack: "enforced", Version: "1.0.0"}},
		Gaps: []schemas.Gap{
			{Pack: "enforced", Policy: "a", Outcome: schemas.Unknown, Reason: "AccessDenied", Resources: 1},
			{Pack: "tried@local", Local: true, Policy: "b", Outcome: schemas.Errored, Reason: "the policy threw: Error: broken here", Resources: 13},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "the policy threw: Error: broken here") || !strings.Contains(got, "13 ") || strings.Contains(got, "AccessDenied") {
		t.Errorf("it says\n%s", got)
	}
}

// What is wrong with local packs is told whole, before anything is opened.
func TestLocalPacksThatAreWrong(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	dir := writeFiles(t, map[string]string{"a.yaml": "deny_a: 3\nenvironments: [x/y]\n", "b.yaml": "a: [\n"})
	a, b := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"evaluate", "--policy-pack-config", a}, []string{"more --policy-pack-config than --policy-pack"}},
		{[]string{"scan", "start", "prod", "--policy-pack", dir, "--policy-pack-config", a, "--policy-pack-config", b}, []string{"more --policy-pack-config than --policy-pack"}},
		{
			[]string{"serve", "--policy-pack", dir, "--policy-pack", dir, "--policy-pack-config", a, "--policy-pack-config", b},
			[]string{a + ": deny_a: must be a string or object", a + ": environments: environments are not supported", b + ": "},
		},
		{[]string{"evaluate", "--policy-pack", dir, "--policy-pack-config", filepath.Join(dir, "c.yaml")}, []string{"read pack configuration: ", "c.yaml: no such file"}},
		{[]string{"evaluate", "--server", "http://127.0.0.1:1", "--policy-pack", dir}, []string{"evaluate does not go with --server"}},
		{[]string{"group", "enforce", "g", "p", "--pack-config", a}, []string{a + ": deny_a: must be a string or object"}},
		{[]string{"group", "enforce", "g", "p", "--config", a}, []string{"deny_a: unknown setting", "that of a pack is given with --pack-config"}},
	} {
		checkFailure(t, p, exitUsage, c.args, c.want...)
	}
}
