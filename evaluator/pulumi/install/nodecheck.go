package install

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// check holds what was installed against what packs need, and every package's
// engines against the machine's Node. npm would leave the latter a warning, and
// the pack fails later, in a place that says nothing.
func (n *node) check(pack string) error {
	for _, name := range []string{"@pulumi/policy", "@pulumi/pulumi"} {
		if !exists(filepath.Join(pack, "node_modules", name, "package.json")) {
			return schemas.Errorf(schemas.CodeInvalid, "the pack does not depend on %s", name).WithHint("add it: npm install --save %s", name)
		}
	}
	if !exists(filepath.Join(pack, runPolicyPack)) {
		return schemas.Errorf(schemas.CodeInvalid, "@pulumi/pulumi has no cmd/run-policy-pack in this version").WithHint("update it: npm install --save @pulumi/pulumi@3")
	}
	refused, err := n.refused(filepath.Join(pack, "node_modules"))
	if err != nil || len(refused) == 0 {
		return err
	}
	slices.Sort(refused)
	refused = slices.Compact(refused)
	const most = 5
	if more := len(refused) - most; more > 0 {
		refused = append(refused[:most], fmt.Sprintf("and %d more", more))
	}
	return schemas.Errorf(schemas.CodeInvalid, "dependencies of the pack do not run with this machine's Node.js %s:\n  %s", n.version, strings.Join(refused, "\n  ")).
		WithHint("install such a Node.js for the control process and the evaluators, or pin older versions in package.json and resolve the lock again")
}

// refused are the packages below a node_modules directory, however deep, whose
// engines do not admit the Node.
func (n *node) refused(modules string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(modules, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() != "package.json" || !isPackage(modules, filepath.Dir(path)) {
			return err
		}
		pkg, err := readPackage(path)
		if err == nil && !admits(pkg.Engines.Node, n.version) {
			out = append(out, fmt.Sprintf("%s %s needs %s", pkg.Name, pkg.Version, pkg.Engines.Node))
		}
		return nil // packages hold broken ones for their own tests
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, schemas.Errorf(schemas.CodeInternal, "read what was installed: %w", err)
	}
	return out, nil
}

// isPackage tells whether dir is NAME or @SCOPE/NAME in a node_modules directory.
func isPackage(modules, dir string) bool {
	parent := filepath.Dir(dir)
	if strings.HasPrefix(filepath.Base(parent), "@") {
		parent = filepath.Dir(parent)
	}
	return parent == modules || filepath.Base(parent) == "node_modules"
}
