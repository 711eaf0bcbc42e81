package install

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Code of packages runs in a shop, and can put anything in the place of a file: a
// link to a file of this user, a pipe that nobody writes to, a file without end.
// So whatever a tool may have touched is read and written with these only.

// maxFile bounds a file that is read. Locks and reports of large packs have a few MiB.
const maxFile = 64 << 20

var errNoFile = errors.New("is no file")

// readIn reads a file below dir, through no link that leads out of it.
func readIn(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe is not waited for
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errNoFile}
	case info.Size() > maxFile:
		return nil, &fs.PathError{Op: "read", Path: name, Err: unix.EFBIG}
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// writeIn writes a file below dir anew: what was in its place is not followed.
func writeIn(dir, name string, text []byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if err := root.RemoveAll(name); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// intact checks that the pack's directory is still that: all below it is reached
// through it. No tool runs.
func (s *shop) intact() error {
	info, err := os.Lstat(s.pack)
	if err != nil {
		return errDisk(err)
	}
	if !info.IsDir() {
		return schemas.Errorf(schemas.CodeInvalid, "a dependency replaced the pack's directory while it was installed").WithHint("do not use such a package")
	}
	return nil
}

// sealed checks that the virtual environment, and its interpreter, lead nowhere
// else than when they were made: the sandbox shows a program where its own
// directories and links lead to. What is not there leads nowhere.
func (p *python) sealed(pack string) error {
	real, err := filepath.EvalSymlinks(pack)
	if err != nil {
		return errDisk(err)
	}
	venv := p.venvDir(real)
	if err := closed(venv); err != nil {
		return err
	}
	bin := filepath.Join(venv, "bin")
	path := p.inVenv(real)
	for range 40 { // as many links as the kernel follows
		target, err := os.Readlink(path)
		if err != nil {
			return nil //nolint:nilerr // no link
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(bin, target)
		}
		if path = filepath.Clean(target); filepath.Dir(path) != bin {
			break
		}
	}
	if to, err := filepath.EvalSymlinks(path); err != nil || to != p.base || path != p.base && !below(path, p.prefix) {
		return leads(p.inVenv(real), path)
	}
	return nil
}

// closed checks that no directory of a virtual environment that the sandbox shows
// lies elsewhere.
func closed(venv string) error {
	for _, name := range []string{"bin", "lib", "lib64", "libexec", "include", "pyvenv.cfg"} {
		path := filepath.Join(venv, name)
		to, err := filepath.EvalSymlinks(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || !below(to, venv) || name == "bin" && to != path {
			return leads(path, to)
		}
	}
	return nil
}

func leads(path, to string) error {
	return schemas.Errorf(schemas.CodeInvalid, "a dependency made %s a link to %q while it was installed", filepath.Base(path), to).
		WithHint("do not use such a package")
}

func below(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
