package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes files, and links as "name -> target".
func tree(t *testing.T, entries ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name, target, isLink := strings.Cut(e, " -> ")
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if isLink {
			err = os.Symlink(strings.ReplaceAll(target, "ROOT", root), path)
		} else {
			err = os.WriteFile(path, nil, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// What belongs to an interpreter is seen at every name by which it is found, and
// nothing else of the directories that lie there.
func TestWhatIsVisible(t *testing.T) {
	t.Parallel()
	root := tree(
		t, "venv/bin/python -> python3", "venv/bin/python3 -> ROOT/versions/3.11/bin/python3", "venv/pyvenv.cfg", "venv/lib/x.py",
		"versions/3.11 -> 3.11.7", "versions/3.11.7/bin/python3 -> python3.11", "versions/3.11.7/bin/python3.11", "versions/3.11.7/lib/os.py", "versions/3.11.7/etc/secret",
		"user/bin/tool -> ../share/tool/bin/tool", "user/share/tool/bin/tool", "user/share/tool/lib/l", "user/secret",
		"venv/lib64 -> lib", "pack/main.py", "here -> pack", "plain/node", "links/pack -> ../pack", "links/work/w",
	)
	show := func(spec Spec) (out []string) {
		for i, path := range spec.Argv {
			spec.Argv[i] = filepath.Join(root, path)
		}
		for _, paths := range [][]string{spec.Read, spec.Write} {
			for i, path := range paths {
				paths[i] = filepath.Join(root, path)
			}
		}
		binds, _ := visible(spec, nil)
		for _, b := range binds {
			if to, ok := strings.CutPrefix(b.To, root+"/"); ok {
				from, _ := strings.CutPrefix(b.From, root+"/")
				if from != to {
					to = from + " as " + to
				}
				if b.Write {
					to += " to write"
				}
				out = append(out, to)
			}
		}
		return out
	}
	for _, c := range []struct {
		spec Spec
		want []string
	}{
		{Spec{Argv: []string{"venv/bin/python"}, Read: []string{"here"}}, []string{
			"pack as here", "venv/bin", "venv/lib", "venv/lib as venv/lib64", "venv/pyvenv.cfg",
			"versions/3.11.7/bin", "versions/3.11.7/lib", "versions/3.11.7/bin as versions/3.11/bin", "versions/3.11.7/lib as versions/3.11/lib",
		}},
		{Spec{Argv: []string{"venv/bin/python"}, Write: []string{"venv"}}, []string{
			"venv to write", "versions/3.11.7/bin", "versions/3.11.7/lib", "versions/3.11.7/bin as versions/3.11/bin", "versions/3.11.7/lib as versions/3.11/lib",
		}},
		{Spec{Argv: []string{"venv/bin/python"}, Read: []string{"venv", "pack", "here", "venv/lib", "links"}}, []string{
			"pack as here", "links", "pack", "venv",
			"versions/3.11.7/bin", "versions/3.11.7/lib", "versions/3.11.7/bin as versions/3.11/bin", "versions/3.11.7/lib as versions/3.11/lib",
		}},
		{Spec{Argv: []string{"plain/node"}, Read: []string{"links", "links/pack"}, Write: []string{"links/work"}}, []string{"links", "links/work to write", "pack", "plain/node"}},
		{Spec{Argv: []string{"user/bin/tool"}}, []string{"user/bin", "user/share/tool/bin", "user/share/tool/lib"}},
		{Spec{Argv: []string{"plain/node"}, Read: []string{"pack"}}, []string{"pack", "plain/node"}},
	} {
		program := c.spec.Argv[0]
		if got := show(c.spec); !slices.Equal(got, c.want) {
			t.Errorf("%s sees\n%q, want\n%q", program, got, c.want)
		}
	}
}
