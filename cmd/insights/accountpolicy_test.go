package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// allowed are the actions of a policy document; it allows nothing else, and on
// nothing but reading.
func allowed(t *testing.T, raw []byte) []string {
	t.Helper()
	var doc policyDocument
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	var actions []string
	for _, s := range doc.Statement {
		if s.Effect != "Allow" || s.Resource != "*" || !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(s.Sid) {
			t.Errorf("statement %+v", s)
		}
		actions = append(actions, s.Action...)
	}
	return actions
}

func TestAccountPolicyIsWhatIsCalled(t *testing.T) {
	doc, err := json.Marshal(readerPolicy(aws.Actions(schemas.Account{})))
	if err != nil {
		t.Fatal(err)
	}
	actions := allowed(t, doc)
	for _, r := range aws.Types() {
		for _, c := range r.Calls {
			if !slices.Contains(actions, c.Action) {
				t.Errorf("%s is called and not allowed", c.Action)
			}
		}
	}
	for _, action := range actions {
		_, verb, _ := strings.Cut(action, ":")
		if !regexp.MustCompile(`^(Get|List|Describe|BatchGet|GenerateCredentialReport|GET$)`).MatchString(verb) {
			t.Errorf("%s does not only read", action)
		}
	}
	// IAM's quota for a managed policy, blanks not counted.
	if len(doc) > 6144 {
		t.Errorf("the policy has %d characters", len(doc))
	}
	sqs := schemas.Account{Services: []string{"sqs"}, Regions: []string{"us-east-1"}}
	if few := aws.Actions(sqs); !slices.Equal(few, []string{
		"config:BatchGetResourceConfig", "config:DescribeConfigurationRecorderStatus", "config:DescribeConfigurationRecorders", "sqs:GetQueueAttributes", "sqs:ListQueues", "tag:GetResources",
	}) {
		t.Errorf("for SQS alone: %v", few)
	}
	sqs.AWSConfig = schemas.ConfigOff
	if few := aws.Actions(sqs); !slices.Equal(few, []string{"sqs:GetQueueAttributes", "sqs:ListQueues", "tag:GetResources"}) {
		t.Errorf("for SQS alone, without AWS Config: %v", few)
	}
}

func TestAccountPolicyAsRole(t *testing.T) {
	acc := schemas.Account{Name: "prod", ExternalID: `7f"3a`}
	policy := readerPolicy(aws.Actions(schemas.Account{Services: []string{"sqs"}, AWSConfig: schemas.ConfigOff}))
	for format, embedded := range map[string]*regexp.Regexp{
		"cloudformation": regexp.MustCompile(`(?s) PolicyDocument:\n(.*)\nOutputs:`),
		"terraform":      regexp.MustCompile(`(?s)  policy = jsonencode\((\{.*?\n  \})\)`),
	} {
		var b bytes.Buffer
		a := &app{stdio: stdio{out: &b}}
		if err := a.printRole(format, acc, policy); err != nil {
			t.Fatal(err)
		}
		m := embedded.FindSubmatch(b.Bytes())
		if m == nil {
			t.Fatalf("%s:\n%s", format, b.Bytes())
		}
		if got := allowed(t, m[1]); !slices.Contains(got, "sqs:ListQueues") || !slices.Contains(got, "ec2:DescribeRegions") {
			t.Errorf("%s allows %v", format, got)
		}
		if !strings.Contains(b.String(), `"7f\"3a"`) {
			t.Errorf("%s does not hold the external id", format)
		}
		if format != "cloudformation" {
			continue
		}
		var doc map[string]any
		if err := yaml.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		reader := doc["Resources"].(map[string]any)["Reader"].(map[string]any)
		if reader["Type"] != "AWS::IAM::Role" {
			t.Errorf("%v", reader)
		}
	}
}

// docs/COVERAGE.md is what the program says.
func TestCoveragePageIsCurrent(t *testing.T) {
	page, err := os.ReadFile("../../docs/COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := writeCoverage(&b, aws.Types()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, b.Bytes()) {
		t.Error("write it anew: bin/insights resources types --markdown docs/COVERAGE.md")
	}
}

// The role comes before the account: adding one asks AWS who it is.
func TestAccountPolicyWithoutAccount(t *testing.T) {
	p := newProgram(t)
	if got := allowed(t, []byte(p.ok(t, "account", "policy"))); !slices.Equal(got, aws.Actions(schemas.Account{})) {
		t.Errorf("allows %v", got)
	}
	if out := p.ok(t, "account", "policy", "--format", "terraform"); !strings.HasPrefix(out, "# A role with which insights reads an account.\n") {
		t.Errorf("got\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "data")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a data directory was made: %v", err)
	}
}
