package policy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Limits of an archive. Packs are source code; what is larger is a mistake
// (a virtual environment, a dump) or an attack.
const (
	MaxArchiveBytes  = 64 << 20
	maxUnpackedBytes = 512 << 20
	maxFiles         = 50_000
)

// projectFile marks the root of a pack.
const projectFile = "PulumiPolicy.yaml"

// root is the directory in the archive that holds the pack.
const root = "package/"

// Digest is the SHA-256 of an archive, hex.
func Digest(archive []byte) string {
	sum := sha256.Sum256(archive)
	return hex.EncodeToString(sum[:])
}

// Archive packs a directory into a tar.gz rooted at package/. The same files
// give the same bytes: sorted, without times and owners. Of a Node pack it holds
// what `npm pack` packs, with PulumiPolicy.yaml and lock files. Of others are left
// out version control, installed dependencies (node_modules, virtual environments,
// Python caches) and what .gitignore files name, also those above it in its git
// repository. Errors are CodeInvalid: no PulumiPolicy.yaml, links, or more than
// MaxArchiveBytes.
func Archive(dir string) ([]byte, error) {
	switch _, err := os.Stat(filepath.Join(dir, projectFile)); {
	case err == nil:
	case !exists(dir):
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s does not exist", dir)
	case errors.Is(err, fs.ErrNotExist):
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s has no %s", dir, projectFile).WithHint("Name the directory that holds it, or begin a pack: insights pack new DIRECTORY")
	default:
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s: %w", dir, err)
	}
	return archiver{fsys: os.DirFS(dir), name: dir, above: ignoredAbove(dir)}.archive()
}

// ArchiveFS is Archive for a pack that is no directory; name is what errors call
// it.
func ArchiveFS(fsys fs.FS, name string) ([]byte, error) {
	return archiver{fsys: fsys, name: name}.archive()
}

// archiver makes one archive.
type archiver struct {
	fsys    fs.FS
	name    string
	above   []ignoreRule // of directories that hold the pack
	all     bool         // leave nothing out
	comment string       // makes the bytes others, and nothing else
}

func (a archiver) archive() ([]byte, error) {
	names, err := a.files()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	zip.Comment = a.comment
	w := tar.NewWriter(zip)
	for _, name := range names {
		if err := addFile(w, a.fsys, name); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "archive %s: %w", a.name, err)
	}
	if err := zip.Close(); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "archive %s: %w", a.name, err)
	}
	if buf.Len() > MaxArchiveBytes {
		return nil, schemas.Errorf(schemas.CodeInvalid, "the archive of %s has %d MiB; the limit is %d MiB", a.name, buf.Len()>>20, MaxArchiveBytes>>20).
			WithHint("name what does not belong to the pack in .gitignore, or what does in \"files\" of package.json")
	}
	return buf.Bytes(), nil
}

// files are the names of what is packed, sorted.
func (a archiver) files() (names []string, err error) {
	if rt, err := readRuntime(a.fsys); err == nil && rt == schemas.RuntimeNodeJS && !a.all {
		if _, err := fs.Stat(a.fsys, "package.json"); err == nil {
			return npmFiles(a.fsys)
		}
	}
	err = a.walk(".", a.above, func(name string) { names = append(names, name) })
	slices.Sort(names)
	return names, err
}

// walk finds the files of a pack that npm knows nothing of.
func (a archiver) walk(dir string, rules []ignoreRule, found func(string)) error {
	entries, err := fs.ReadDir(a.fsys, dir)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "read pack: %w", err)
	}
	if raw, err := fs.ReadFile(a.fsys, path.Join(dir, ".gitignore")); err == nil {
		rules = append(rules[:len(rules):len(rules)], parseIgnore(dir, string(raw))...)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if !a.all && (skipped(a.fsys, name, e) || ignored(rules, name, e.IsDir())) {
			continue
		}
		switch {
		case e.IsDir():
			if err := a.walk(name, rules, found); err != nil {
				return err
			}
		case !e.Type().IsRegular():
			return schemas.Errorf(schemas.CodeInvalid, "%s is a link or a special file; a pack may hold files only", name).
				WithHint("replace it by a file, or name it in .gitignore")
		default:
			found(name)
		}
	}
	return nil
}

func skipped(fsys fs.FS, name string, e fs.DirEntry) bool {
	switch e.Name() {
	case ".git", ".hg", ".svn", ".bzr", "CVS", ".DS_Store", "node_modules", "__pycache__":
		return true
	}
	if e.IsDir() || e.Type() == fs.ModeSymlink {
		// The mark of a Python virtual environment, which may be shared by a link.
		_, err := fs.Stat(fsys, path.Join(name, "pyvenv.cfg"))
		return err == nil
	}
	return false
}

func addFile(w *tar.Writer, fsys fs.FS, name string) error {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "read pack: %w", err)
	}
	if info.Size() > maxUnpackedBytes {
		return schemas.Errorf(schemas.CodeInvalid, "%s is too large", name)
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "read pack: %w", err)
	}
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: root + name, Size: int64(len(data)), Mode: mode}
	if err := w.WriteHeader(h); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "archive %s: %w", name, err)
	}
	if _, err := w.Write(data); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "archive %s: %w", name, err)
	}
	return nil
}

// ReadRuntime reads the runtime from the PulumiPolicy.yaml of an unpacked pack.
// Errors are CodeInvalid.
func ReadRuntime(dir string) (schemas.Runtime, error) { return readRuntime(os.DirFS(dir)) }

func readRuntime(fsys fs.FS) (schemas.Runtime, error) {
	raw, err := fs.ReadFile(fsys, projectFile)
	if err != nil {
		return "", schemas.Errorf(schemas.CodeInvalid, "%s is missing in the root of the pack", projectFile)
	}
	var project struct {
		Runtime any `yaml:"runtime"`
	}
	if err := yaml.Unmarshal(raw, &project); err != nil {
		return "", schemas.Errorf(schemas.CodeInvalid, "%s: %w", projectFile, err)
	}
	name, _ := project.Runtime.(string)
	if m, ok := project.Runtime.(map[string]any); ok {
		name, _ = m["name"].(string)
	}
	if name == "" {
		return "", schemas.Errorf(schemas.CodeInvalid, "%s: runtime: must be a name, or an object with a name", projectFile)
	}
	return schemas.Runtime(name), nil
}
