package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// tools is where .ci/setup.sh puts yarn, pnpm, poetry and uv.
func tools(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../.tools/packtools")
	ok(t, err)
	if !exists(filepath.Join(dir, "complete")) {
		t.Fatal("the package managers are missing: bash .ci/setup.sh packtools")
	}
	return dir
}

func TestNodePackageManagers(t *testing.T) {
	t.Setenv("PATH", filepath.Join(tools(t), "bin")+":"+os.Getenv("PATH"))
	berry := read(t, tools(t), "node_modules/@yarnpkg/cli-dist/bin/yarn.js")
	for name, c := range map[string]struct {
		option, lock, update string
		more                 map[string]string
	}{
		"npm":  {"", "package-lock.json", "npm install", nil},
		"yarn": {"yarn", "yarn.lock", "yarn install", nil},
		"yarn 4": {"yarn", "yarn.lock", "yarn install", map[string]string{
			".yarnrc.yml": "yarnPath: release.cjs\n", "release.cjs": berry,
		}},
		"pnpm": {"pnpm", "pnpm-lock.yaml", "pnpm install", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := nodeFiles(c.more)
			files["PulumiPolicy.yaml"] = "runtime: {name: nodejs, options: {packagemanager: " + c.option + "}}\n"
			if c.option == "" {
				files["PulumiPolicy.yaml"] = "runtime: nodejs\n"
			}
			dir, p := pack(t, files)
			i := newInstaller(t, t.TempDir())
			changed, err := i.Lock(t.Context(), dir, p)
			ok(t, err)
			lock := read(t, dir, c.lock)
			if !changed || !strings.Contains(lock, "6.0.0") {
				t.Fatalf("changed %t, lock:\n%s", changed, lock)
			}
			if exists(filepath.Join(dir, "node_modules")) {
				t.Error("locking left node_modules in the pack")
			}
			// From here on the lock says which package manager it is.
			p.Options.PackageManager = ""
			if changed, err = i.Lock(t.Context(), dir, p); changed || err != nil || read(t, dir, c.lock) != lock {
				t.Fatalf("a lock that was there was changed: %t, %v", changed, err)
			}
			e, err := i.Environment(t.Context(), dir, p)
			ok(t, err)
			if v, err := readPackage(filepath.Join(e.Dir, "node_modules/is-number/package.json")); err != nil || v.Version != "6.0.0" {
				t.Fatalf("is-number is %v, %v", v.Version, err)
			}
			if read(t, e.Dir, c.lock) != lock {
				t.Error("installing changed the lock")
			}
			// A lock that does not agree with package.json is refused.
			ok(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte(packageWith(`"is-number": "7.0.0"`)), 0o600))
			_, err = i.Environment(t.Context(), dir, p)
			wantErr(t, err, schemas.CodeInvalid, c.update, "publish again")
		})
	}
}

func TestProductionLeavesOutDevelopmentDependencies(t *testing.T) {
	t.Parallel()
	dir, p := pack(t, nodeFiles(map[string]string{
		"PulumiPolicy.yaml": "runtime: {name: nodejs, options: {production: true}}\n",
		"package.json":      strings.TrimSuffix(packageWith(`"is-number": "6.0.0"`), "}") + `, "devDependencies": {"isarray": "2.0.5"}}`,
	}))
	i := newInstaller(t, t.TempDir())
	e, err := i.Environment(t.Context(), dir, p)
	ok(t, err)
	if !exists(filepath.Join(e.Dir, "node_modules/is-number")) || exists(filepath.Join(e.Dir, "node_modules/isarray")) {
		t.Error("production was not heeded")
	}
	p.Options.Production = nil
	e, err = i.Environment(t.Context(), dir, p)
	ok(t, err)
	if !exists(filepath.Join(e.Dir, "node_modules/isarray")) {
		t.Error("development dependencies are missing, though nobody left them out")
	}
}

func TestNodePacksThatAreRefused(t *testing.T) {
	t.Parallel()
	n, err := newNode(t.Context(), t.TempDir(), project(t, "runtime: nodejs\n"))
	ok(t, err)
	have := n.version.String()
	for name, c := range map[string]struct {
		files map[string]string
		code  schemas.Code
		parts []string
	}{
		"another Node": {
			map[string]string{"package.json": `{"name": "x", "version": "1.0.0", "engines": {"node": ">=99"}}`},
			schemas.CodeInvalid,
			[]string{">=99", have, "widen engines.node"},
		},
		"a dependency needs another Node": {
			map[string]string{".npmrc": "install-links=true\n", "stubs/policy/package.json": `{"name": "@pulumi/policy", "version": "1.0.0", "engines": {"node": ">=99"}}`},
			schemas.CodeInvalid,
			[]string{"@pulumi/policy 1.0.0 needs >=99", have, "pin older versions"},
		},
		"a range that is none": {
			map[string]string{"package.json": `{"name": "x", "version": "1.0.0", "engines": {"node": "the newest"}}`},
			schemas.CodeInvalid,
			[]string{`"the newest" is no range`},
		},
		"no package.json": {map[string]string{"package.json": ""}, schemas.CodeInvalid, []string{"package.json"}},
		"no policy SDK": {
			map[string]string{"package.json": `{"name": "x", "version": "1.0.0", "dependencies": {"is-number": "6.0.0"}}`},
			schemas.CodeInvalid,
			[]string{"does not depend on @pulumi/policy", "npm install --save @pulumi/policy"},
		},
		"an unknown version": {
			map[string]string{"package.json": packageWith(`"is-number": "99.0.0"`)},
			schemas.CodeInvalid,
			[]string{"npm install", "ETARGET", "is-number@99.0.0"},
		},
		"a registry that is away": {
			map[string]string{".npmrc": "registry=http://someone:hunter22@127.0.0.1:9/\nfetch-retries=0\n"},
			schemas.CodeUnavailable,
			[]string{"npm install", "ECONNREFUSED"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, p := pack(t, nodeFiles(c.files))
			i := newInstaller(t, t.TempDir())
			_, err := i.Environment(t.Context(), dir, p)
			wantErr(t, err, c.code, c.parts...)
			if strings.Contains(err.Error(), "hunter22") {
				t.Errorf("the error tells a password:\n%v", err)
			}
			if left, _ := filepath.Glob(i.root + "/*.*"); len(left) != 1 || !strings.HasSuffix(left[0], ".lock") {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestMissingPackageManager(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"node", "npm"} {
		path, err := lookPath(name)
		ok(t, err)
		ok(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	t.Setenv("PATH", bin)
	for _, name := range []string{"yarn", "pnpm", "bun"} {
		dir, p := pack(t, nodeFiles(map[string]string{"PulumiPolicy.yaml": "runtime: {name: nodejs, options: {packagemanager: " + name + "}}\n"}))
		_, err := newInstaller(t, t.TempDir()).Lock(t.Context(), dir, p)
		wantErr(t, err, schemas.CodeInvalid, "there is no "+name+" on this machine", "npm install -g "+name)
	}
}

func TestWhichPackageManager(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ option, files, want string }{
		{"", "", "npm"},
		{"auto", "package-lock.json", "npm"},
		{"", "npm-shrinkwrap.json", "npm"},
		{"", "yarn.lock", "yarn"},
		{"auto", "pnpm-lock.yaml", "pnpm"},
		{"", "yarn.lock package-lock.json", "yarn"},
		{"npm", "yarn.lock", "npm"},
		{"pnpm", "package-lock.json", "pnpm"},
	} {
		dir := t.TempDir()
		for _, name := range strings.Fields(c.files) {
			ok(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		}
		if m := managerOf(dir, c.option); m.name != c.want {
			t.Errorf("option %q, files %q: got %s, want %s", c.option, c.files, m.name, c.want)
		}
	}
}

func TestRangesOfNodeVersions(t *testing.T) {
	t.Parallel()
	v := semver.MustParse("20.20.2")
	for text, want := range map[string]bool{
		">=20": true, "^12.22.0 || ^14.17.0 || >=16.0.0": true, "6.* || 8.* || >= 10.*": true, ">= 0.8.x": true, "*": true, "": true,
		"0.4 || >=0.5.8": true, "14 - 20": true, "~20": true, "20": true, "20.x": true, ">=10.0.0 < 21": true, "20 || 22": true,
		">=22": false, ">=14 <20": false, "^18.18.0 || ^20.21.0 || >=21.1.0": false, ">20": false, "18.x": false,
		"lts/*": true, // nothing can read it
	} {
		if got := admits(text, v); got != want {
			t.Errorf("%q admits %s: got %t", text, v, got)
		}
	}
}
