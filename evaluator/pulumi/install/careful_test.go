package install

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// sdist is a Python package, version 1, whose build runs code. pack is its
// variable for the directory of the pack that it is installed for.
func sdist(t *testing.T, name, code string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for file, text := range map[string]string{
		"PKG-INFO": fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: 1\n", name),
		"setup.py": fmt.Sprintf("import os, setuptools\npack = os.path.dirname(os.environ['VIRTUAL_ENV'])\n%s\nsetuptools.setup(name='%s', version='1')\n", code, name),
	} {
		ok(t, w.WriteHeader(&tar.Header{Name: name + "-1/" + file, Mode: 0o644, Size: int64(len(text))}))
		_, err := w.Write([]byte(text))
		ok(t, err)
	}
	ok(t, w.Close())
	ok(t, zip.Close())
	return out.String()
}

// What code of a package leaves in the place of files and directories is not
// followed to where it leads.
func TestLinksThatPackagesPlant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, to, want string }{
		"the lock":          {"requirements.lock", "file", ""},
		"the pack":          {"", "", "replaced the pack's directory"},
		"a shown directory": {"venv/libexec", "", "made libexec a link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			private := t.TempDir()
			ok(t, os.WriteFile(filepath.Join(private, "file"), []byte("private"), 0o600))
			code := fmt.Sprintf("path = os.path.join(pack, %q).rstrip('/')\nif os.path.lexists(path): os.rename(path, path + '.old')\nos.symlink(%q, path)",
				c.path, filepath.Join(private, c.to))
			dir, p := pack(t, pythonFiles(t, map[string]string{
				requirementsTxt: "--find-links wheels\npulumi_policy\nplanter\n", "wheels/planter-1.tar.gz": sdist(t, "planter", code),
			}))
			i := newInstaller(t, t.TempDir())
			_, err := i.Environment(t.Context(), dir, p)
			if c.want != "" {
				wantErr(t, err, schemas.CodeInvalid, c.want)
			} else {
				ok(t, err)
			}
			if got := read(t, private, "file"); got != "private" {
				t.Errorf("a file of this user was written: %q", got)
			}
		})
	}
}

func TestWhereVirtualEnvironmentsLead(t *testing.T) {
	t.Parallel()
	private := t.TempDir()
	ok(t, os.Mkdir(filepath.Join(private, "bin"), 0o700))
	ok(t, os.WriteFile(filepath.Join(private, "bin/program"), []byte("#!/bin/sh\n"), 0o700))
	dir, project := pack(t, pythonFiles(t, nil))
	p, err := newPython(t.Context(), dir, project)
	ok(t, err)
	ok(t, os.Symlink(p.base, filepath.Join(private, "bin/python")))
	for name, plant := range map[string]string{
		"as it was made":                    "",
		"a link in it":                      "ln -s lib $V/libexec",
		"a directory outside":               "ln -s $O $V/libexec",
		"its programs are outside":          "mv $V/bin $O/$N; ln -s $O/$N $V/bin",
		"its programs are elsewhere":        "mv $V/bin $V/other; ln -s other $V/bin",
		"all of it is outside":              "mv $V $O/$N; ln -s $O/$N $V",
		"its programs are a loop":           "rm -r $V/bin; ln -s bin $V/bin",
		"another program":                   "ln -sf $O/bin/program $V/bin/python",
		"the right one, by another's":       "ln -sf $O/bin/python $V/bin/python",
		"the right one, by a link's parent": "ln -s $O/bin $V/other; ln -sf ../other/python $V/bin/python",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			venv(t, filepath.Join(dir, "venv"), false)
			ok(t, p.sealed(dir))
			cmd := exec.Command("sh", "-ec", plant)
			cmd.Env = append(os.Environ(), "V="+filepath.Join(dir, "venv"), "O="+private, "N="+filepath.Base(filepath.Dir(dir)))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if err := p.sealed(dir); (err == nil) != (name == "as it was made" || name == "a link in it") {
				t.Error(err)
			}
		})
	}
}

func TestReadInAPlaceOfOthers(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	ok(t, os.WriteFile(filepath.Join(outside, "file"), []byte("private"), 0o600))
	ok(t, os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o600))
	ok(t, os.Symlink(filepath.Join(outside, "file"), filepath.Join(dir, "link")))
	ok(t, os.Symlink("/dev/zero", filepath.Join(dir, "zero")))
	ok(t, os.Symlink("file", filepath.Join(dir, "inside")))
	ok(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	ok(t, os.WriteFile(filepath.Join(dir, "large"), nil, 0o600))
	ok(t, os.Truncate(filepath.Join(dir, "large"), maxFile+1))
	for name, want := range map[string]string{"file": "text", "inside": "text", "link": "", "zero": "", "pipe": "", "large": "", ".": "", "../x": ""} {
		text, err := readIn(dir, name)
		if string(text) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %.20q, %v", name, text, err)
		}
	}
	for _, name := range []string{"link", "pipe", "file"} {
		if err := writeIn(dir, name, []byte("new")); err != nil || read(t, dir, name) != "new" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := read(t, outside, "file"); !strings.HasPrefix(got, "private") {
		t.Errorf("written through a link: %q", got)
	}
}
