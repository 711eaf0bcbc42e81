package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testedPack = `package mine

import rego.v1

deny_public contains sprintf("bucket %s is public", [input.bucket]) if {
	input.__type == "aws:s3/bucket:Bucket"
	input.acl == "public-read"
}

warn_tag contains sprintf("tag %s is missing", [data.config.warn_tag.tag]) if {
	input.__type == "aws:s3/bucket:Bucket"
	not input.tags[data.config.warn_tag.tag]
}

stack_deny_all contains "never" if false
`

const testedCases = `# Of the shop.
- case: a public bucket
  type: aws:s3/bucket:Bucket
  config: {warn_tag: {tag: team}, deny_public: advisory}
  properties: {bucket: shop, acl: public-read}
  want:
    deny_public: {outcome: failed, level: advisory, messages: [bucket shop is public]}
    warn_tag: {outcome: failed, messages: [tag owner is missing]} # wrong
- case: what is not known
  type: aws:s3/bucket:Bucket
  properties: {bucket: shop, tags: {owner: me}}
  unknown: [{path: acl}]
  want: {deny_public: passed, warn_tag: passed}
- type: aws:s3/bucket:Bucket
  id: logs
  properties: {bucket: logs}
`

func writeTestedPack(t *testing.T, cases string) string {
	t.Helper()
	return writeFiles(t, map[string]string{
		"PulumiPolicy.yaml": "runtime: opa\nversion: 1.0.0\n", "mine.rego": testedPack, "tests/cases.yaml": cases,
		"config-schema.json": `{"warn_tag": {"properties": {"tag": {"type": "string", "default": "owner"}}}}`,
	})
}

func TestPackTest(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	dir := writeTestedPack(t, testedCases)
	file := filepath.Join(dir, "tests", "cases.yaml")
	out, errs, code := p.run(t, "pack", "test", dir)
	want := strings.ReplaceAll(`FAILED   FILE:2  a public bucket
           warn_tag: messages
             - tag owner is missing
             + tag team is missing
FAILED   FILE:9  what is not known
           deny_public: outcome
             - passed
             + unknown: acl
shown    FILE:14  logs
           deny_public: passed
           warn_tag: failed: tag owner is missing

Pack mine 1.0.0: 3 cases, 0 as wanted, 2 not, 1 without a want (--update writes one).
`, "FILE", file)
	if code != exitViolations || errs != "" || out != want {
		t.Errorf("exit %d\n%s%s\nwant\n%s", code, out, errs, want)
	}
	if out := p.ok(t, "pack", "test", dir, "--update"); !strings.Contains(out, "3 cases, 0 as wanted, 0 not, 3 updated") {
		t.Errorf("update says\n%s", out)
	}
	raw, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(raw), "# Of the shop.\n- case: a public bucket\n") || !strings.Contains(string(raw), "- tag team is missing") {
		t.Errorf("%v\n%s", err, raw)
	}
	var told testOutcome
	p.json(t, &told, "pack", "test", dir)
	if told.Passed != 3 || told.Pack != "mine" || len(told.Cases) != 3 || len(told.Cases[0].Results) != 2 || told.Cases[2].Results[1].Messages[0] != "tag owner is missing" {
		t.Errorf("afterwards %+v", told)
	}
}

func TestPackTestOfWhatIsWrong(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	wrong := writeTestedPack(t, `- type: x
  config: {warn_tag: {tag: 3}, deny_publik: advisory}
  want:
    deny_publik: passed
    stack_deny_all: passed
`)
	checkFailure(t, p, exitUsage, []string{"pack", "test", wrong}, `cases.yaml:4: the pack has no policy "deny_publik"`, `cases.yaml:2: the pack has no policy "deny_publik"`,
		"cases.yaml:5: stack_deny_all is a stack policy", "cases.yaml:1: policy pack configuration is invalid: warn_tag: tag: got number, want string")
	broken := writeTestedPack(t, "- type: x\n  prop: {}\n")
	checkFailure(t, p, exitUsage, []string{"pack", "test", broken}, `cases.yaml:2: unknown field "prop"`)
	if err := os.Remove(filepath.Join(broken, "tests", "cases.yaml")); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, p, exitError, []string{"pack", "test", broken}, "has no fixtures", "insights pack record --out")
	checkFailure(t, p, exitUsage, []string{"pack", "test", filepath.Join(broken, "nowhere")}, "nowhere does not exist")
	none := writeFiles(t, map[string]string{"tests/a.yaml": "- type: x\n"})
	checkFailure(t, p, exitUsage, []string{"pack", "test", none}, "has no PulumiPolicy.yaml")
	perl := writeFiles(t, map[string]string{"tests/a.yaml": "- type: x\n", "PulumiPolicy.yaml": "runtime: perl\n"})
	checkFailure(t, p, exitUsage, []string{"pack", "test", perl}, `runtime "perl" is not supported`, "supported: nodejs, opa, python")
}
