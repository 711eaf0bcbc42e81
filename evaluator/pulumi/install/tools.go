package install

import (
	"context"
	"os/exec"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Tool is a program of this machine that packs of a runtime need.
type Tool struct {
	Name    string
	Version string // "" when it cannot be asked
	Wanted  string // which versions will do, for people; "" for any
	Err     error  // why it will not do, with what to do about it
}

// Tools are the programs that packs of a runtime need, as they are on this
// machine: Node.js and npm, or Python. Packs may ask for others beside.
func Tools(ctx context.Context, runtime schemas.Runtime) []Tool {
	switch runtime {
	case schemas.RuntimeNodeJS:
		node := Tool{Name: "node", Wanted: nodeVersions}
		node.Version, node.Err = versionOf(ctx, "node")
		if v, err := semver.NewVersion(node.Version); node.Err == nil && (err != nil || !admits(nodeRange, v)) {
			node.Err = schemas.Errorf(schemas.CodeInvalid, "packs need Node.js %s; this machine has %s", nodeVersions, node.Version).WithHint("%s", remedies["node"])
		}
		npm := Tool{Name: "npm"}
		npm.Version, npm.Err = versionOf(ctx, "npm")
		return []Tool{node, npm}
	case schemas.RuntimePython:
		python := Tool{Name: "python", Wanted: pythonVersions}
		p, err := newPython(ctx, "", evaluator.Project{Options: evaluator.ProjectOptions{Toolchain: "pip"}})
		if python.Err = err; p != nil {
			python.Version = p.version
		}
		return []Tool{python}
	default:
		return nil
	}
}

// versionOf asks a program for its version.
func versionOf(ctx context.Context, program string) (string, error) {
	path, err := lookPath(program)
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", schemas.Errorf(schemas.CodeUnavailable, "ask %s for its version: %w", path, err).WithHint("%s", remedies[program])
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), nil
}
