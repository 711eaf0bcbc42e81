package aws

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const tailPageHead = `# Coverage of the long tail

The %d types that no service of [COVERAGE.md](COVERAGE.md) reads, and that Pulumi's aws-native provider has: %d are read by AWS's Cloud Control API, %d cannot be
listed, and %d were not in CloudFormation's registry yet. This page is generated: ` + "`go test ./discovery/aws -run TestTailIsReadWhole -update`" + `. It is what a sweep does with the registry of 2026-08-03;
a scan asks the registry of each region, and ` + "`insights report -o json`" + ` says what that one cannot list.

- *Listed*: "all" by a list of their own, else once for each resource of another type, or for each value that a list has to be given.
- *IAM actions* are those of the type's list and read handlers, which Cloud Control calls with the scan's credentials, beside its own four
  (cloudformation:ListTypes, DescribeType, ListResources, GetResource).

| Type (aws-native:) | CloudFormation | Listed | IAM actions |
|---|---|---|---|
`

// checkTailPage holds docs/COVERAGE-tail.md against what sweeps of a region and of the
// services without one have found (-update writes it anew).
func checkTailPage(t *testing.T, a *tail, sweeps ...seen) {
	t.Helper()
	var rows strings.Builder
	read, later, all := 0, 0, tailTypes()
	for _, name := range all {
		var end schemas.ScopeEnd
		for _, s := range sweeps {
			if e, ok := s.scopes[cfn.Token(name)]; ok {
				end = e
			}
		}
		actions, known := awsfake.HandlerActions(name)
		listed := "no: not in the registry yet"
		switch {
		case !known:
			later++
		case end.State == schemas.ScopeComplete:
			read++
			listed = a.listedBy(name)
		default:
			listed, actions = "no: "+strings.TrimPrefix(end.Reason, "cannot be listed: "), nil
		}
		fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", strings.TrimPrefix(cfn.Token(name), "aws-native:"), strings.TrimPrefix(name, "AWS::"), listed, strings.Join(actions, " "))
	}
	page := fmt.Sprintf(tailPageHead, len(all), read, len(all)-read-later, later) + rows.String()
	path := filepath.Join("..", "..", "docs", "COVERAGE-tail.md")
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(path); err != nil || string(was) != page {
		t.Errorf("%s is not what a sweep finds (%v); write it anew with -update", path, err)
	}
}

// listedBy says how lists of a type are made that was read.
func (a *tail) listedBy(name string) string {
	region := home
	if _, global := globalHomes[cfn.Service(name)]; global {
		region = schemas.GlobalRegion
	}
	run := &tailRun{r: a.reader(region)}
	keys := a.registry.get("aws", name).schema.Keys
	if len(keys) == 0 {
		return "all"
	}
	if models := run.models(name, keys); models != nil {
		values := make([]string, len(models))
		for i, m := range models {
			values[i] = fmt.Sprint(m[keys[0]])
		}
		if keys[0] == "AwsAccountId" {
			return "for the account"
		}
		return "for " + keys[0] + " " + strings.Join(values, ", ")
	}
	parent, _ := run.parentOf(name, keys)
	return "for each " + strings.TrimPrefix(parent.name, "AWS::")
}
