package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The Node.js versions that packs are run with. Tests run 20; 22 and 24 were tried.
const (
	nodeRange    = ">=20"
	nodeVersions = "20 or newer"
)

// node is the recipe of Node.js packs.
type node struct {
	p       evaluator.Project
	path    string // of node
	version *semver.Version
	manager packageManager
}

func newNode(ctx context.Context, dir string, p evaluator.Project) (*node, error) {
	path, err := lookPath("node")
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, path, "-p", "process.versions.node").Output()
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeUnavailable, "ask %s for its version: %w", path, err)
	}
	v, err := semver.NewVersion(strings.TrimSpace(string(out)))
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s says that its version is %q", path, out)
	}
	return &node{p: p, path: path, version: v, manager: managerOf(dir, p.Options.PackageManager)}, nil
}

func (n *node) key() string {
	return fmt.Sprintf("node %d.%d production=%t", n.version.Major(), n.version.Minor(), n.production())
}

func (n *node) tool() string { return n.manager.name }

func (n *node) production() bool { return n.p.Options.Production != nil && *n.p.Options.Production }

// accepts holds the machine's Node against the product's range and the pack's.
func (n *node) accepts(ctx context.Context, s *shop) error {
	if err := n.engines(s.pack); err != nil {
		return err
	}
	if n.manager.name == "yarn" {
		return n.yarn(ctx, s)
	}
	_, err := lookPath(n.manager.name)
	return err
}

func (n *node) engines(dir string) error {
	if !admits(nodeRange, n.version) {
		return schemas.Errorf(schemas.CodeInvalid, "packs need Node.js %s; this machine has %s", nodeVersions, n.version).
			WithHint("install a newer Node.js for the control process and the evaluators")
	}
	pkg, err := readPackage(filepath.Join(dir, "package.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return schemas.Errorf(schemas.CodeInvalid, "package.json is missing in the root of the pack").
			WithHint("write one: npm init, then npm install @pulumi/policy @pulumi/pulumi")
	case err != nil:
		return schemas.Errorf(schemas.CodeInvalid, "package.json: %w", err)
	}
	if _, err := semver.NewConstraint(pkg.Engines.Node); err != nil && pkg.Engines.Node != "" {
		return schemas.Errorf(schemas.CodeInvalid, "package.json: engines.node: %q is no range of versions", pkg.Engines.Node)
	}
	if !admits(pkg.Engines.Node, n.version) {
		return schemas.Errorf(schemas.CodeInvalid, "package.json: the pack needs Node.js %s (engines.node); this machine has %s", pkg.Engines.Node, n.version).
			WithHint("install such a Node.js for the control process and the evaluators, or widen engines.node")
	}
	return nil
}

func (n *node) locked(dir string) bool { return n.manager.lockIn(dir) != "" }

func (n *node) lock(ctx context.Context, s *shop) (string, error) {
	m := n.manager
	if _, err := s.run(ctx, n.env(s), m.name, m.lockArgs...); err != nil {
		return "", err
	}
	return m.lockIn(s.pack), nil
}

func (n *node) install(ctx context.Context, s *shop) error {
	args := n.manager.installArgs
	if n.production() {
		args = append(args[:len(args):len(args)], n.manager.productionArgs...)
	}
	if _, err := s.run(ctx, n.env(s), n.manager.name, args...); err != nil {
		return withHint(err, schemas.CodeInvalid, "when it is the lock file that disagrees: run %s in the pack's directory, and publish again", n.manager.update)
	}
	s.i.phase("check")
	return n.check(s.pack)
}

func (n *node) env(s *shop) []string {
	return append([]string{
		"npm_config_cache=" + filepath.Join(s.cache(), "npm"), "npm_config_store_dir=" + filepath.Join(s.cache(), "pnpm"),
		"npm_config_update_notifier=false", "YARN_CACHE_FOLDER=" + filepath.Join(s.cache(), "yarn"),
		"BUN_INSTALL_CACHE_DIR=" + filepath.Join(s.cache(), "bun"),
	}, n.manager.env...)
}

// Where run-policy-pack is, which starts packs.
const runPolicyPack = "node_modules/@pulumi/pulumi/cmd/run-policy-pack"

func (n *node) environment(dir string) Environment {
	e := Environment{
		Dir: dir, Argv: append([]string{n.path}, strings.Fields(n.p.Options.NodeArgs)...),
		Env: []string{"PATH=" + filepath.Dir(n.path) + ":" + systemPath}, Read: readsOf(n.path),
	}
	e.Argv = append(e.Argv, filepath.Join(dir, runPolicyPack))
	if t := n.p.Options.TypeScript; t != nil {
		e.Env = append(e.Env, fmt.Sprintf("PULUMI_NODEJS_TYPESCRIPT=%t", *t))
	}
	if c := n.p.Options.TSConfig; c != "" {
		e.Env = append(e.Env, "PULUMI_NODEJS_TSCONFIG_PATH="+filepath.Join(dir, c))
	}
	return e
}

const systemPath = "/usr/local/bin:/usr/bin:/bin"

// packageJSON is what is read of a package.json.
type packageJSON struct {
	Name, Version string
	Engines       engines
}

// engines are an object by the book; old packages have a list.
type engines struct{ Node string }

func (e *engines) UnmarshalJSON(text []byte) error {
	var book struct {
		Node any `json:"node"`
	}
	if json.Unmarshal(text, &book) == nil {
		e.Node, _ = book.Node.(string)
	}
	return nil
}

func readPackage(path string) (packageJSON, error) {
	var p packageJSON
	text, err := readIn(filepath.Dir(path), filepath.Base(path))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, err
}

// admits tells whether a range of versions, as package.json has them, admits a
// version. Old packages have ranges that nothing can read; they are let pass.
func admits(wanted string, v *semver.Version) bool {
	c, err := semver.NewConstraint(wanted)
	return err != nil || c.Check(v)
}
