package policy

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// npmDefaults are never packed unless "files" names them; npmStrict whatever is
// said. Both are those of npm's package npm-packlist 10.
var (
	npmDefaults = globRules(
		".npmignore", ".gitignore", "**/.git", "**/.svn", "**/.hg", "**/CVS", "**/.git/**", "**/.svn/**", "**/.hg/**", "**/CVS/**",
		"/.lock-wscript", "/.wafpickle-*", "/build/config.gypi", "npm-debug.log", "**/.npmrc", ".*.swp", ".DS_Store", "**/.DS_Store/**",
		"._*", "**/._*/**", "*.orig", "/archived-packages/**",
	)
	npmStrict = []string{
		"/.git", "!/package.json", "!/readme{,.*[^~$]}", "!/copying{,.*[^~$]}", "!/license{,.*[^~$]}", "!/licence{,.*[^~$]}",
		"/.git", "/node_modules", ".npmrc", "/package-lock.json", "/yarn.lock", "/pnpm-lock.yaml", "/bun.lockb",
	}
)

// npmBeside is packed beside what npm packs: what makes it a policy pack, and what
// its dependencies are installed by, which npm leaves out of what it publishes.
var npmBeside = []string{
	projectFile, "npm-shrinkwrap.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml", "bun.lock", "bun.lockb", ".yarnrc.yml",
}

// npmFiles lists the files of a Node pack by the rules of `npm pack`: "files" of
// package.json or else .npmignore or else .gitignore, what is always packed and what
// never. Scripts are not run, and bundled dependencies are not packed: they are
// installed by the lock.
func npmFiles(fsys fs.FS) ([]string, error) {
	w := &npmWalk{fsys: fsys, files: map[string]bool{}}
	if err := w.dir(newNPMRoot(fsys)); err != nil {
		return nil, err
	}
	for _, name := range npmBeside {
		if regular(fsys, name) {
			w.files[name] = true
		}
	}
	if releases := ".yarn/releases"; regular(fsys, "yarn.lock") {
		entries, _ := fs.ReadDir(fsys, releases) // none is fine
		for _, e := range entries {
			if e.Type().IsRegular() {
				w.files[path.Join(releases, e.Name())] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(w.files)), nil
}

func regular(fsys fs.FS, name string) bool {
	info, err := fs.Lstat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// npmDir is a directory with the rules that hold from there on.
type npmDir struct {
	parent   *npmDir
	path     string
	exact    bool     // named by a rule: what is above cannot exclude what is in it
	required []string // files that "files" names, from here
	rules    []globRule
	strict   []globRule
}

func (d *npmDir) name() string { return path.Base(d.path) }

// newNPMRoot reads package.json. One that cannot be read has no rules: it is for the
// inspection to say what is wrong with it.
func newNPMRoot(fsys fs.FS) *npmDir {
	var pkg struct {
		Files   []string `json:"files"`
		Main    any      `json:"main"`
		Browser any      `json:"browser"`
		Bin     any      `json:"bin"`
	}
	raw, err := fs.ReadFile(fsys, "package.json")
	if err == nil {
		_ = json.Unmarshal(raw, &pkg)
	}
	root := &npmDir{path: ".", rules: npmDefaults}
	strict := slices.Clone(npmStrict)
	if pkg.Files == nil {
		root.ignore(fsys)
	} else {
		ignores := []string{"*"}
		for _, file := range pkg.Files {
			if strings.HasPrefix(file, "./") {
				file = file[1:]
			}
			if strings.HasSuffix(file, "/*") {
				file += "*"
			}
			info, err := fs.Lstat(fsys, cleanName(strings.TrimLeft(file, "!")))
			switch {
			case err != nil: // a pattern
				ignores = append(ignores, "!"+file)
			case info.Mode().IsRegular():
				strict = slices.Insert(strict, 0, "!"+file)
				root.required = append(root.required, strings.TrimPrefix(file, "/"))
			case info.IsDir():
				ignores = append(ignores, "!"+file, "!"+file+"/**")
			}
		}
		root.rules = append(slices.Clone(npmDefaults), globRules(ignores...)...)
	}
	for _, name := range []any{pkg.Browser, pkg.Main} {
		if name, ok := name.(string); ok && name != "" {
			strict = append(strict, "!/"+name) // as it is: npm does not find what begins with "./", either
		}
	}
	for _, name := range commands(pkg.Bin) {
		strict = append(strict, "!/"+name)
	}
	root.strict = globRules(strict...)
	return root
}

// commands are the files of "bin": one, or one for each command.
func commands(bin any) (out []string) {
	switch bin := bin.(type) {
	case string:
		out = append(out, cleanName(bin))
	case map[string]any:
		for _, file := range bin {
			out = append(out, commands(file)...)
		}
	}
	return out
}

// cleanName is a name below the root of a file system.
func cleanName(name string) string {
	return cmp.Or(strings.TrimPrefix(path.Clean("/"+name), "/"), ".")
}

// ignore adds the rules of the directory's .npmignore, or else .gitignore.
func (d *npmDir) ignore(fsys fs.FS) {
	for _, name := range []string{".npmignore", ".gitignore"} {
		if raw, err := fs.ReadFile(fsys, path.Join(d.path, name)); err == nil {
			d.rules = append(slices.Clone(d.rules), globRules(strings.Split(string(raw), "\n")...)...)
			return
		}
	}
}

// child is the walk's next directory.
func (d *npmDir) child(fsys fs.FS, name string, exact bool) *npmDir {
	c := &npmDir{parent: d, path: path.Join(d.path, name), exact: exact, rules: npmDefaults}
	strict := []string{"/.git"}
	for _, file := range d.required {
		if path.Dir(file) == name {
			c.required = append(c.required, path.Base(file))
			strict = append(strict, "!"+path.Base(file))
		}
	}
	c.strict = globRules(strict...)
	c.ignore(fsys)
	return c
}

// includes tells whether an entry is packed; of a directory (partial), whether
// something in it may be. base is its own name where entry is a path below d.
func (d *npmDir) includes(entry string, partial bool, base string) bool {
	included := true
	if d.parent != nil {
		included = d.parent.includes(d.name()+"/"+entry, partial, cmp.Or(base, entry))
		if !included && !d.exact {
			return false
		}
	}
	for _, rules := range [][]globRule{d.rules, d.strict} {
		for _, r := range rules {
			if r.negated != included && r.hits(entry, partial, base) {
				included = r.negated
			}
		}
	}
	return included
}

// hits is how npm holds a rule against an entry: from the directory, from anywhere,
// and in the case of directories as one, or as the beginning of what is kept.
func (r globRule) hits(entry string, partial bool, base string) bool {
	if r.matches("/"+entry, false) || r.matches(entry, false) {
		return true
	}
	return partial && (r.leadsTo(entry) || base != "" && r.relative() && r.leadsTo(base))
}

func (r globRule) leadsTo(entry string) bool {
	return r.matches("/"+entry+"/", false) || r.matches(entry+"/", false) ||
		r.negated && (r.matches("/"+entry, true) || r.matches(entry, true))
}

// npmWalk collects files.
type npmWalk struct {
	fsys  fs.FS
	files map[string]bool
}

func (w *npmWalk) dir(d *npmDir) error {
	entries, err := fs.ReadDir(w.fsys, d.path)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "read pack: %w", err)
	}
	for _, e := range entries {
		asFile := d.includes(e.Name(), false, "")
		switch {
		case strings.Contains(e.Name(), "*"): // npm leaves out what Windows cannot store
		case e.Type().IsRegular() && asFile:
			w.files[path.Join(d.path, e.Name())] = true
		case e.IsDir() && d.includes(e.Name(), true, ""):
			if err := w.dir(d.child(w.fsys, e.Name(), asFile || d.includes(e.Name()+"/", false, ""))); err != nil {
				return err
			}
		}
	}
	return nil
}
