package install

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// packageManager is how one of Node's package managers is told to lock and to
// install. None of them runs the scripts of packages.
type packageManager struct {
	name           string
	locks          []string // its lock files; the first found is the one that counts
	lockArgs       []string
	installArgs    []string
	productionArgs []string
	update         string // what the author runs when the lock is stale
	env            []string
}

func (m packageManager) lockIn(dir string) string {
	for _, name := range m.locks {
		if exists(filepath.Join(dir, name)) {
			return name
		}
	}
	return ""
}

var npm = packageManager{
	name: "npm", locks: []string{"npm-shrinkwrap.json", "package-lock.json"},
	lockArgs:       []string{"install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"},
	installArgs:    []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund"},
	productionArgs: []string{"--omit=dev"},
	update:         "npm install",
}

var yarnClassic = packageManager{
	name: "yarn", locks: []string{"yarn.lock"},
	lockArgs:       []string{"install", "--ignore-scripts", "--non-interactive", "--no-progress"},
	installArgs:    []string{"install", "--frozen-lockfile", "--ignore-scripts", "--non-interactive", "--no-progress"},
	productionArgs: []string{"--production"},
	update:         "yarn install",
}

// run-policy-pack needs node_modules, which Yarn 2 and newer writes when told so.
var yarnBerry = packageManager{
	name: "yarn", locks: []string{"yarn.lock"},
	lockArgs:    []string{"install", "--mode=update-lockfile"},
	installArgs: []string{"install", "--immutable", "--mode=skip-build"},
	update:      "yarn install",
	env: []string{
		"YARN_NODE_LINKER=node-modules", "YARN_ENABLE_SCRIPTS=false", "YARN_ENABLE_TELEMETRY=false", "YARN_ENABLE_GLOBAL_CACHE=false",
		"YARN_ENABLE_IMMUTABLE_INSTALLS=false", "YARN_ENABLE_PROGRESS_BARS=false", "YARN_ENABLE_COLORS=false", "YARN_ENABLE_HYPERLINKS=false",
	},
}

var pnpm = packageManager{
	name: "pnpm", locks: []string{"pnpm-lock.yaml"},
	lockArgs:       []string{"install", "--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile"},
	installArgs:    []string{"install", "--frozen-lockfile", "--ignore-scripts", "--config.node-linker=hoisted"},
	productionArgs: []string{"--prod"},
	update:         "pnpm install",
}

var bun = packageManager{
	name: "bun", locks: []string{"bun.lock", "bun.lockb"},
	lockArgs:       []string{"install", "--lockfile-only", "--ignore-scripts"},
	installArgs:    []string{"install", "--frozen-lockfile", "--ignore-scripts"},
	productionArgs: []string{"--production"},
	update:         "bun install",
}

// managerOf is the package manager that the pack's options name, else the one
// whose lock file it has, in Pulumi's order, else npm.
func managerOf(dir, option string) packageManager {
	m := npm
	switch option {
	case "npm":
	case "yarn":
		m = yarnClassic
	case "pnpm":
		m = pnpm
	case "bun":
		m = bun
	default:
		for _, other := range []packageManager{bun, pnpm, yarnClassic} {
			if other.lockIn(dir) != "" {
				m = other
			}
		}
	}
	return m
}

// yarn tells which kind of Yarn the pack has: .yarnrc.yml may name a release that
// lies in the pack, so the program is asked, in the pack's directory.
func (n *node) yarn(ctx context.Context, s *shop) error {
	out, err := s.run(ctx, n.env(s), "yarn", "--version")
	if err != nil {
		return err
	}
	version := strings.TrimSpace(out)
	n.manager = yarnBerry
	if strings.HasPrefix(version, "1.") {
		n.manager = yarnClassic
	}
	lock, err := readIn(s.pack, "yarn.lock")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	ofBerry := strings.Contains(string(lock), "\n__metadata:")
	if err == nil && len(lock) > 0 && ofBerry == strings.HasPrefix(version, "1.") {
		return schemas.Errorf(schemas.CodeInvalid, "yarn.lock was not written by Yarn %s, which this machine has", version).
			WithHint("put the release that wrote it into the pack: yarn set version VERSION writes .yarnrc.yml and .yarn/releases")
	}
	return err
}

// withHint adds a remedy to an error that has none, if it has the code.
func withHint(err error, code schemas.Code, format string, args ...any) error {
	if e, ok := errors.AsType[*schemas.Error](err); ok && e.Code == code && e.Hint == "" {
		return e.WithHint(format, args...)
	}
	return err
}
