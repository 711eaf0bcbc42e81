package policy_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
)

// files are the names in an archive, without package/.
func files(t *testing.T, archive []byte) (names []string) {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	ok(t, err)
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		ok(t, err)
		names = append(names, strings.TrimPrefix(h.Name, "package/"))
	}
}

func archived(t *testing.T, dir string) []string {
	t.Helper()
	archive, err := policy.Archive(dir)
	ok(t, err)
	return files(t, archive)
}

// tree is a Node pack whose files have nothing in them but what text says.
func tree(t *testing.T, pkg string, names []string, text map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		write(t, dir, name, "//\n")
	}
	for name, content := range text {
		write(t, dir, name, content)
	}
	write(t, dir, "package.json", `{"name": "p", "version": "1.0.0"`+pkg+`}`)
	write(t, dir, "PulumiPolicy.yaml", "runtime: nodejs\n")
	return dir
}

// usual is what lies about in a pack, and what npm has rules for.
var usual = []string{
	"index.ts", "tsconfig.json", "README.md", "readme.old~", "LICENSE", "Licence.txt", "COPYING", "CHANGELOG.md", ".npmrc", "lib/.npmrc", ".env",
	".git/config", ".svn/x", "lib/CVS/Entries", ".hg/y", "a.orig", "lib/b.orig", "._x", ".index.ts.swp", "npm-debug.log", "lib/npm-debug.log", ".DS_Store",
	"lib/.DS_Store", "node_modules/dep/index.js", "lib/node_modules/dep/index.js", "package-lock.json", "lib/package-lock.json", "yarn.lock",
	"lib/yarn.lock", "bin/index.js", "bin/index.js.map", "bin/deep/x.js", "lib/index.js", "lib/deep/er/y.js", "lib/deep/er/y.test.js", "test/a.test.js",
	"docs/guide.md", "docs/README.md", "build/config.gypi", "lib/build/config.gypi", "archived-packages/z", "with space/f.js", "UPPER/File.JS", ".wafpickle-1",
	".eslintrc.js", ".github/workflows/ci.yml", "venv/pyvenv.cfg",
}

// What is published of a Node pack is what npm itself says that it would pack, and
// what a policy pack needs beside.
func TestNodePacksHaveTheFilesOfNPMPack(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		pkg  string
		text map[string]string
	}{
		"everything":           {},
		"gitignore":            {text: map[string]string{".gitignore": "bin/\n*.map\n/docs\n!docs/README.md\n# a comment\n\n .env \n"}},
		"npmignore wins":       {text: map[string]string{".gitignore": "bin\n", ".npmignore": "*.ts\n!index.ts\ntest\nlib/deep\n"}},
		"empty npmignore":      {text: map[string]string{".gitignore": "bin\n", ".npmignore": ""}},
		"nested ignore files":  {text: map[string]string{".gitignore": "*.test.js\n", "lib/.gitignore": "deep/er/y.js\n!*.orig\n", "test/.npmignore": "!a.test.js\n", "docs/.gitignore": "*\n!README.md\n"}},
		"files of directories": {pkg: `, "files": ["bin", "lib/", "./docs/"]`, text: map[string]string{".gitignore": "bin\n", "lib/.npmignore": "deep\n"}},
		"files of names":       {pkg: `, "files": ["/index.ts", "./tsconfig.json", "lib/index.js", "lib/deep/er/y.js", "yarn.lock", "a.orig", ".npmrc"]`, text: map[string]string{"lib/.gitignore": "index.js\n"}},
		"files of patterns":    {pkg: `, "files": ["lib/**/*.js", "!**/*.test.js", "bin/*", "*.{md,ts}", "docs/[gR]*", "UPPER/*.js"]`},
		"no files":             {pkg: `, "files": []`},
		"files without match":  {pkg: `, "files": ["dist/**", "nothing"]`},
		"main, browser, bin":   {pkg: `, "main": "./bin/index.js", "browser": "lib/index.js", "bin": {"x": "bin/deep/x.js"}, "files": ["tsconfig.json"]`},
		"bin is one":           {pkg: `, "main": "lib", "bin": "./bin/deep/x.js", "files": ["docs"]`, text: map[string]string{"docs/.npmignore": "guide.md"}},
		"main is ignored":      {pkg: `, "main": "bin/index.js"`, text: map[string]string{".npmignore": "bin\nREADME.md\npackage.json\nlib/**\n!lib/deep/**\n"}},
		"double star":          {text: map[string]string{".npmignore": "**/deep\n**/*.map\ntest/**\nlib/**/y.js\n"}},
		"negated directories":  {text: map[string]string{".npmignore": "*\n!lib\n!bin/*.js\n!/docs/\n"}},
		"anchored":             {text: map[string]string{".npmignore": "/index.js\nlib/index.js\n/lib/deep/er\n./bin\nUPPER/file.js\n"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, c.pkg, usual, c.text)
			ok(t, os.Symlink("index.ts", filepath.Join(dir, "link.ts")))
			want := npmPacked(t, dir)
			want = append(want, "PulumiPolicy.yaml", "package-lock.json", "yarn.lock")
			slices.Sort(want)
			want = slices.Compact(want)
			got := archived(t, dir)
			for _, f := range want {
				if !slices.Contains(got, f) {
					t.Errorf("%s is left out; npm packs it", f)
				}
			}
			for _, f := range got {
				if !slices.Contains(want, f) {
					t.Errorf("%s is packed; npm leaves it out", f)
				}
			}
		})
	}
}

// npmPacked asks npm.
func npmPacked(t *testing.T, dir string) (names []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "npm", "pack", "--dry-run", "--json", "--ignore-scripts", "--offline", "--cache", t.TempDir(), "--no-update-notifier")
	cmd.Dir = dir
	out, err := cmd.Output()
	ok(t, err)
	var packed []struct {
		Files []struct {
			Path string `json:"path"`
		} `json:"files"`
	}
	ok(t, json.Unmarshal(out, &packed))
	for _, f := range packed[0].Files {
		names = append(names, f.Path)
	}
	return names
}

// What dependencies are installed by is published, though npm leaves it out.
func TestNodePacksHaveTheirLocks(t *testing.T) {
	t.Parallel()
	locks := []string{"package-lock.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml", "bun.lock", ".yarnrc.yml", ".yarn/releases/yarn-4.cjs"}
	dir := tree(t, `, "files": ["index.ts"]`, append([]string{"index.ts", "other.ts", ".yarn/cache/x.zip"}, locks...), nil)
	want := slices.Sorted(slices.Values(append([]string{"PulumiPolicy.yaml", "index.ts", "package.json"}, locks...)))
	if got := archived(t, dir); !slices.Equal(got, want) {
		t.Errorf("packed are %v, want %v", got, want)
	}
}

// Other packs are what is not ignored, as in git: also from above, within a repository.
func TestOtherPacksLeaveOutWhatIsIgnored(t *testing.T) {
	t.Parallel()
	repo := t.TempDir()
	dir := filepath.Join(repo, "packs", "a")
	for _, name := range []string{"__main__.py", "lib.py", "secret.env", "out/x", "out/keep", "venv/pyvenv.cfg", "__pycache__/a.pyc", "node_modules/m", ".git/x", "sub/n.log", "build/b"} {
		write(t, dir, name, "")
	}
	write(t, dir, "PulumiPolicy.yaml", "runtime: python\n")
	write(t, dir, ".gitignore", "out/*\n!out/keep\n")
	ok(t, os.RemoveAll(filepath.Join(dir, ".git")))
	write(t, repo, ".gitignore", "*.env\n/packs/*/build\n/lib.py\n")
	write(t, repo, "packs/.gitignore", "*.log\n")
	all := []string{".gitignore", "PulumiPolicy.yaml", "__main__.py", "build/b", "lib.py", "out/keep", "secret.env", "sub/n.log"}
	if got := archived(t, dir); !slices.Equal(got, all) {
		t.Errorf("outside of a repository packed are %v", got)
	}
	write(t, repo, ".git/HEAD", "")
	if got := archived(t, dir); !slices.Equal(got, []string{".gitignore", "PulumiPolicy.yaml", "__main__.py", "lib.py", "out/keep"}) {
		t.Errorf("in a repository packed are %v", got)
	}
	link := filepath.Join(dir, "link.py")
	ok(t, os.Symlink("lib.py", link))
	_, err := policy.Archive(dir)
	wantCode(t, err, "invalid", "link.py is a link")
}
