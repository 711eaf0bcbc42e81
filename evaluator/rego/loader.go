package rego

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Loader loads OPA packs. It implements evaluator.Loader.
type Loader struct {
	// Limit bounds one policy on one resource. Default 5 s.
	Limit time.Duration
}

const defaultLimit = 5 * time.Second

// Inspect reads what the pack in dir declares: its name from the package of its
// modules, its version from PulumiPolicy.yaml, its policies from the rules.
func (Loader) Inspect(_ context.Context, dir string) (schemas.PackManifest, error) {
	project, err := readProject(dir)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	p, err := open(dir)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	m := schemas.PackManifest{
		PackRef:     schemas.PackRef{Name: p.name, Version: project.version, Runtime: schemas.RuntimeOPA},
		DisplayName: p.title, Description: project.description, InputFormat: project.inputFormat,
		Warnings: append(project.warnings, p.warnings...),
	}
	for _, r := range p.rules {
		m.Policies = append(m.Policies, r.policy)
	}
	return m, nil
}

// Load compiles the pack in dir for one configuration.
func (l Loader) Load(ctx context.Context, dir string, e schemas.EffectivePack) (evaluator.Engine, error) {
	project, err := readProject(dir)
	if err != nil {
		return nil, err
	}
	p, err := open(dir)
	if err != nil {
		return nil, err
	}
	if l.Limit <= 0 {
		l.Limit = defaultLimit
	}
	return newEngine(ctx, p, e, project, l.Limit)
}

// project is what PulumiPolicy.yaml says.
type project struct {
	version, description, inputFormat string
	warnings                          []string
}

const projectFile = "PulumiPolicy.yaml"

// Keys of PulumiPolicy.yaml: pulumi/pulumi, sdk/go/common/workspace/project.go.
var projectKeys = []string{"runtime", "version", "main", "description", "author", "website", "license", "inputFormat"}

func readProject(dir string) (project, error) {
	text, err := os.ReadFile(filepath.Join(dir, projectFile))
	if errors.Is(err, fs.ErrNotExist) {
		return project{}, schemas.Errorf(schemas.CodeInvalid, "%s has no %s", dir, projectFile).WithHint("A minimal one:\n  runtime: opa\n  version: 1.0.0")
	}
	if err != nil {
		return project{}, schemas.Errorf(schemas.CodeInvalid, "read %s: %w", projectFile, err)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return project{}, schemas.Errorf(schemas.CodeInvalid, "%s: %s", projectFile, yaml.FormatError(err, false, false))
	}
	var out project
	var problems schemas.Problems
	for _, doc := range file.Docs {
		body, ok := doc.Body.(*ast.MappingNode)
		if !ok {
			continue
		}
		for _, entry := range body.Values {
			out.take(entry, &problems)
		}
	}
	return out, problems.Err()
}

// take reads one key. A version is the text as written: 1.10 is not 1.1.
func (p *project) take(entry *ast.MappingValueNode, problems *schemas.Problems) {
	key, line := entry.Key.GetToken().Value, entry.Key.GetToken().Position.Line
	where := fmt.Sprintf("%s:%d: %s", projectFile, line, key)
	fields := map[string]*string{"version": &p.version, "description": &p.description, "inputFormat": &p.inputFormat}
	if into, ok := fields[key]; ok {
		value, isText := scalar(entry.Value)
		problems.Check(isText, where, "must be a text")
		*into = value
	}
	if !slices.Contains(projectKeys, key) {
		p.warnings = append(p.warnings, where+": unknown key")
	}
	if key == "inputFormat" {
		problems.Check(p.inputFormat == "" || p.inputFormat == kubernetesAdmission || p.inputFormat == "pulumi", where, "%q must be pulumi or %s", p.inputFormat, kubernetesAdmission)
	}
}

func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.LiteralNode:
		return v.Value.Value, true
	case ast.ScalarNode:
		return v.GetToken().Value, true
	default:
		return "", false
	}
}

// kubernetesAdmission packs judge Kubernetes objects only.
const kubernetesAdmission = "kubernetes-admission"
