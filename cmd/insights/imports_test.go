package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/insights-scanner/insights-scanner"

// may says what of ours a package may import: the package itself, and its tests
// beside that. "*" stands for everything.
type may struct{ code, tests []string }

// importTable is the table of docs/ARCHITECTURE.md, a line for every package.
var importTable = map[string]may{
	"schemas":            {},
	"discovery":          {code: []string{"schemas"}},
	"discovery/aws":      {code: []string{"discovery", "discovery/cfn", "schemas"}, tests: []string{"discovery/awsfake", "discovery/mototest"}},
	"discovery/awsfake":  {code: []string{"discovery", "discovery/cfn", "schemas"}, tests: []string{"discovery/mototest"}},
	"discovery/cfn":      {},
	"discovery/mototest": {},
	// Makes a table of awsfake's, which does not know it.
	"discovery/awsfake/genactions": {code: []string{"discovery/awsfake"}},
	"evaluator":                    {code: []string{"schemas"}, tests: []string{"evaluator/evaltest", "evaluator/rego"}},
	"evaluator/evaltest":           {code: []string{"evaluator", "evaluator/fixture", "schemas"}},
	"evaluator/fixture":            {code: []string{"evaluator", "schemas"}},
	"evaluator/rego":               {code: []string{"evaluator", "schemas"}, tests: []string{"evaluator/evaltest", "deploy/packs"}},
	"evaluator/pulumi":             {code: []string{"evaluator", "evaluator/pulumi/install", "evaluator/pulumi/sandbox", "schemas"}, tests: []string{"evaluator/evaltest"}},
	// What pulumi is made of: they know nothing of it.
	"evaluator/pulumi/install": {code: []string{"evaluator", "evaluator/pulumi/sandbox", "schemas"}},
	"evaluator/pulumi/sandbox": {code: []string{"schemas"}},
	"sink":                     {code: []string{"schemas"}},
	"scanner":                  {code: []string{"schemas"}, tests: []string{"scanner/bus", "scanner/bus/bustest"}},
	"scanner/apply":            {code: []string{"schemas"}, tests: []string{"scanner/api", "scanner/policy", "scanner/bus", "scanner/bus/bustest"}},
	"scanner/api":              {code: []string{"schemas"}, tests: []string{"scanner/bus", "scanner/bus/bustest", "scanner/seal"}},
	"scanner/backup":           {code: []string{"schemas"}, tests: []string{"scanner/policy", "scanner/bus", "scanner/bus/bustest"}},
	"scanner/bus":              {code: []string{"schemas"}, tests: []string{"scanner", "discovery", "evaluator", "scanner/bus/bustest"}},
	"scanner/bus/bustest":      {code: []string{"scanner/bus", "schemas"}},
	"scanner/policy":           {code: []string{"schemas"}, tests: []string{"scanner/bus", "scanner/bus/bustest"}},
	"scanner/schedule":         {code: []string{"schemas"}, tests: []string{"scanner/bus", "scanner/bus/bustest"}},
	"scanner/webhook":          {code: []string{"schemas"}, tests: []string{"scanner/bus", "scanner/bus/bustest", "scanner/seal"}},
	"scanner/seal":             {code: []string{"schemas"}},
	"deploy/packs":             {tests: []string{"evaluator/rego", "evaluator/evaltest", "evaluator", "schemas", "discovery", "discovery/aws", "discovery/awsfake"}},
	"cmd/insights":             {code: []string{"*"}},
}

// confined says where a third-party module, named by the start of its import
// paths, may be used: in the code of some packages, and beside that in the tests
// of others. What is not listed may be used everywhere but in schemas.
var confined = map[string]may{
	"github.com/ClickHouse/":                {code: []string{"sink"}},
	"github.com/ebitengine/purego":          {code: []string{"sink"}},
	"github.com/nats-io/nats.go":            {code: []string{"scanner/bus"}, tests: []string{"cmd/insights"}},
	"github.com/nats-io/nats-server/":       {code: []string{"cmd/insights", "scanner/bus/bustest"}, tests: []string{"scanner", "scanner/bus"}},
	"github.com/robfig/cron/":               {code: []string{"scanner/schedule"}},
	"github.com/aws/":                       {code: []string{"discovery/aws", "discovery/awsfake"}},
	"github.com/open-policy-agent/opa/":     {code: []string{"evaluator/rego"}, tests: []string{"deploy/packs"}},
	"google.golang.org/grpc":                {code: []string{"evaluator/pulumi"}},
	"github.com/pulumi/":                    {code: []string{"evaluator/pulumi"}},
	"github.com/Masterminds/semver/":        {code: []string{"evaluator/pulumi/install"}},
	"github.com/spf13/":                     {code: []string{"cmd/insights"}},
	"github.com/olekukonko/tablewriter":     {code: []string{"cmd/insights"}},
	"github.com/prometheus/":                {code: []string{"cmd/insights"}},
	"github.com/santhosh-tekuri/jsonschema": {code: []string{"scanner/policy"}, tests: []string{"scanner/api"}},
	"k8s.io/":                               {code: []string{"scanner/policy"}},
}

// imported is a package of ours with what it and its tests import.
type imported struct {
	name        string
	code, tests []string
}

func TestImports(t *testing.T) {
	pkgs, err := readImports()
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) < 10 {
		t.Fatalf("only %d packages found", len(pkgs))
	}
	for _, problem := range checkImports(pkgs) {
		t.Error(problem)
	}
}

func TestImportsOfAWrongTree(t *testing.T) {
	const bus, std = module + "/scanner/bus", "net/http"
	for _, c := range []struct {
		name string
		p    imported
		want string
	}{
		{"allowed", imported{"sink", []string{std, module + "/schemas", "github.com/ClickHouse/clickhouse-go/v2"}, []string{module + "/sink"}}, ""},
		{"allowed in tests", imported{"scanner", nil, []string{bus, "github.com/nats-io/nats-server/v2/server"}}, ""},
		{"the program", imported{"cmd/insights", []string{bus, module + "/evaluator/rego", "github.com/spf13/cobra"}, nil}, ""},
		{"not listed", imported{"scanner/new", nil, nil}, "scanner/new is not in the import table"},
		{"ours", imported{"scanner", []string{bus}, nil}, "scanner imports scanner/bus"},
		{"ours in tests", imported{"sink", nil, []string{bus}}, "the tests of sink import scanner/bus"},
		{"no part of a name", imported{"discovery/aws", []string{module + "/discovery/awsfake"}, nil}, "discovery/aws imports discovery/awsfake"},
		{"third party", imported{"scanner", []string{"github.com/nats-io/nats.go/jetstream"}, nil}, "scanner imports github.com/nats-io/nats.go/jetstream"},
		{"third party in tests", imported{"sink", nil, []string{"github.com/aws/smithy-go"}}, "the tests of sink import github.com/aws/smithy-go"},
		{"schemas", imported{"schemas", []string{std, "golang.org/x/text/width"}, nil}, "schemas imports golang.org/x/text/width"},
		{"tests of schemas", imported{"schemas", nil, []string{"golang.org/x/text/width", module + "/schemas"}}, "the tests of schemas import golang.org/x/text/width"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(checkImports([]imported{c.p}), "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Fatalf("problems %q, want %q", got, c.want)
			}
		})
	}
}

// checkImports returns every import that the tables do not allow.
func checkImports(pkgs []imported) []string {
	var out []string
	for _, p := range pkgs {
		rule, known := importTable[p.name]
		if !known {
			out = append(out, p.name+" is not in the import table: decide what it may import, and say so in docs/ARCHITECTURE.md too")
			continue
		}
		for _, path := range p.code {
			if !mayImport(p.name, path, rule.code, false) {
				out = append(out, p.name+" imports "+strings.TrimPrefix(path, module+"/")+", which the import table does not allow")
			}
		}
		for _, path := range p.tests {
			if !mayImport(p.name, path, slices.Concat(rule.code, rule.tests, []string{p.name}), true) {
				out = append(out, "the tests of "+p.name+" import "+strings.TrimPrefix(path, module+"/")+", which the import table does not allow")
			}
		}
	}
	return out
}

func mayImport(pkg, path string, ours []string, test bool) bool {
	if name, is := strings.CutPrefix(path, module+"/"); is {
		return slices.Contains(ours, "*") || slices.Contains(ours, name)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	for start, where := range confined {
		if strings.HasPrefix(path, start) {
			return slices.Contains(where.code, pkg) || test && slices.Contains(where.tests, pkg)
		}
	}
	return pkg != "schemas"
}

// readImports asks go list, and reads for itself the files that go list leaves
// out on this system.
func readImports() ([]imported, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,IgnoredGoFiles", "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var out []imported
	for d := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p struct {
			ImportPath, Dir                                    string
			Imports, TestImports, XTestImports, IgnoredGoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		i := imported{strings.TrimPrefix(p.ImportPath, module+"/"), p.Imports, slices.Concat(p.TestImports, p.XTestImports)}
		for _, f := range p.IgnoredGoFiles {
			paths, err := importsOf(filepath.Join(p.Dir, f))
			if err != nil {
				return nil, err
			}
			if strings.HasSuffix(f, "_test.go") {
				i.tests = append(i.tests, paths...)
			} else {
				i.code = append(i.code, paths...)
			}
		}
		out = append(out, i)
	}
}

func importsOf(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}
