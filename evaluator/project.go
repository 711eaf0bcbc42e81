package evaluator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// ProjectFile marks the root of a pack.
const ProjectFile = "PulumiPolicy.yaml"

// Project is what PulumiPolicy.yaml says: pulumi/pulumi,
// sdk/go/common/workspace/project.go, and for the options the language hosts.
type Project struct {
	Runtime                           schemas.Runtime
	Version, Description, InputFormat string
	Options                           ProjectOptions
	Warnings                          []string // unknown keys, each with file and line
}

// ProjectOptions are runtime.options. What a pack does not say is empty.
type ProjectOptions struct {
	Virtualenv     string // python: directory of the virtual environment, from the pack's; may lie elsewhere
	Toolchain      string // python: pip, poetry or uv
	Typechecker    string // python: mypy or pyright; not used when a pack runs
	PackageManager string // nodejs: auto, npm, yarn, pnpm or bun
	TypeScript     *bool  // nodejs: default true
	TSConfig       string // nodejs: path of tsconfig.json
	NodeArgs       string // nodejs: arguments of node
	Production     *bool  // nodejs: install without development dependencies
}

// KubernetesAdmission is the input format of packs that judge Kubernetes objects only.
const KubernetesAdmission = "kubernetes-admission"

// Keys that Pulumi declares and nobody here reads. They are texts.
var ignoredKeys = []string{"main", "author", "website", "license", "requiredPulumiVersion"}

// ReadProject reads PulumiPolicy.yaml in the root of a pack. Unknown keys warn.
// Errors are CodeInvalid and list every problem with file and line.
func ReadProject(dir string) (Project, error) {
	text, err := os.ReadFile(filepath.Join(dir, ProjectFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return Project{}, schemas.Errorf(schemas.CodeInvalid, "%s does not exist", dir)
		}
		return Project{}, schemas.Errorf(schemas.CodeInvalid, "%s has no %s", dir, ProjectFile).WithHint("A minimal one:\n  runtime: opa\n  version: 1.0.0")
	}
	if err != nil {
		return Project{}, schemas.Errorf(schemas.CodeInvalid, "read %s: %w", ProjectFile, err)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return Project{}, schemas.Errorf(schemas.CodeInvalid, "%s: %s", ProjectFile, yaml.FormatError(err, false, false))
	}
	if len(file.Docs) > 1 {
		return Project{}, schemas.Errorf(schemas.CodeInvalid, "%s: must be one document, without ---", ProjectFile)
	}
	r := projectReader{anchors: map[string]ast.Node{}}
	body, ok := r.plain(file.Docs[0].Body).(*ast.MappingNode)
	if !ok {
		return Project{}, schemas.Errorf(schemas.CodeInvalid, "%s: must be an object, such as:\n  runtime: opa\n  version: 1.0.0", ProjectFile)
	}
	r.each("", body, r.take)
	r.problems.Check(r.p.Runtime != "" || r.misnamed, ProjectFile+": runtime", noRuntime)
	return r.p, r.problems.Err()
}

const noRuntime = "must be a name, or an object with a name"

type projectReader struct {
	p        Project
	misnamed bool // the runtime is no text
	anchors  map[string]ast.Node
	problems schemas.Problems
}

// plain is the value of a node without its anchor and tag, or that an alias stands for.
func (r *projectReader) plain(node ast.Node) ast.Node {
	switch v := node.(type) {
	case *ast.AnchorNode:
		value := r.plain(v.Value)
		r.anchors[v.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		return r.anchors[v.Value.GetToken().Value]
	case *ast.TagNode:
		value := r.plain(v.Value)
		if scalar, ok := value.(ast.ScalarNode); ok && v.Start.Value == "!!str" {
			return ast.String(scalar.GetToken())
		}
		return value
	}
	return node
}

// each hands the entries of a mapping on, with what leads to them.
func (r *projectReader) each(path string, node *ast.MappingNode, take func(name, where string, value ast.Node)) {
	for _, entry := range node.Values {
		name := entry.Key.GetToken().Value
		take(name, fmt.Sprintf("%s:%d: %s%s", ProjectFile, entry.Key.GetToken().Position.Line, path, name), r.plain(entry.Value))
	}
}

func (r *projectReader) take(name, where string, value ast.Node) {
	switch name {
	case "runtime":
		r.runtime(where, value)
	case "version":
		r.text(where, asWritten(value), &r.p.Version)
	case "description":
		r.text(where, value, &r.p.Description)
	case "inputFormat":
		r.text(where, value, &r.p.InputFormat)
		r.oneOf(where, r.p.InputFormat, "pulumi", KubernetesAdmission)
	default:
		if !slices.Contains(ignoredKeys, name) {
			r.unknown(where)
			return
		}
		var ignored string
		r.text(where, value, &ignored)
	}
}

func (r *projectReader) runtime(where string, value ast.Node) {
	body, ok := value.(*ast.MappingNode)
	if !ok {
		r.named(where, value, noRuntime)
		return
	}
	r.each("runtime.", body, func(name, where string, value ast.Node) {
		switch name {
		case "name":
			r.named(where, value, noText)
		case "options":
			if options, ok := value.(*ast.MappingNode); ok {
				r.each("runtime.options.", options, r.option)
				return
			}
			_, empty := value.(*ast.NullNode)
			r.problems.Check(empty, where, "must be an object")
		default:
			r.unknown(where)
		}
	})
}

func (r *projectReader) option(name, where string, value ast.Node) {
	o := &r.p.Options
	switch name {
	case "virtualenv":
		r.text(where, value, &o.Virtualenv)
	case "toolchain":
		r.text(where, value, &o.Toolchain)
		r.oneOf(where, o.Toolchain, "pip", "poetry", "uv")
	case "typechecker":
		r.text(where, value, &o.Typechecker)
	case "packagemanager":
		r.text(where, value, &o.PackageManager)
		r.oneOf(where, o.PackageManager, "auto", "npm", "yarn", "pnpm", "bun")
	case "typescript":
		o.TypeScript = r.boolean(where, value)
	case "tsconfig":
		r.text(where, value, &o.TSConfig)
	case "nodeargs":
		r.text(where, value, &o.NodeArgs)
	case "production":
		o.Production = r.boolean(where, value)
	default:
		r.unknown(where)
	}
}

func (r *projectReader) unknown(where string) {
	r.p.Warnings = append(r.p.Warnings, where+": unknown key")
}

func (r *projectReader) oneOf(where, value string, allowed ...string) {
	r.problems.Check(value == "" || slices.Contains(allowed, value), where, "%q must be one of %s", value, allowed)
}

const noText = "must be a text"

// named takes the name of the runtime.
func (r *projectReader) named(where string, value ast.Node, problem string) {
	name, ok := textOf(value)
	r.p.Runtime, r.misnamed = schemas.Runtime(name), !ok
	r.problems.Check(ok, where, "%s", problem)
}

func (r *projectReader) text(where string, value ast.Node, into *string) {
	text, ok := textOf(value)
	*into = text
	r.problems.Check(ok, where, noText)
}

// textOf is the text of a node; that of null is empty.
func textOf(value ast.Node) (text string, ok bool) {
	switch v := value.(type) {
	case *ast.NullNode:
		return "", true
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	}
	return "", false
}

// asWritten makes a number the text that stands in the file: 1.10 is not 1.1.
func asWritten(value ast.Node) ast.Node {
	switch value.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return ast.String(value.GetToken())
	}
	return value
}

func (r *projectReader) boolean(where string, value ast.Node) *bool {
	if b, ok := value.(*ast.BoolNode); ok {
		return &b.Value
	}
	r.problems.Check(false, where, "must be true or false")
	return nil
}
