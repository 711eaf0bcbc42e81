package install

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// revision changes when environments are made differently than before, so that
// those that are there are made again.
const revision = 2

// keyOf names the environment of a pack: by the pack's files, the interpreter
// and the platform.
func keyOf(r recipe, dir string) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%d %s %s %s\n", revision, r.key(), runtime.GOOS, runtime.GOARCH)
	err := eachFile(dir, func(name string, info fs.FileInfo) error {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		_, _ = fmt.Fprintf(sum, "%q %t %d\n", name, executable(info), info.Size())
		_, err = io.Copy(sum, f)
		return err
	})
	if err != nil {
		return "", unreadable(err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:32], nil
}

// copyPack copies the files of a pack.
func copyPack(from, to string) error {
	err := eachFile(from, func(name string, _ fs.FileInfo) error {
		if err := os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o700); err != nil {
			return err
		}
		return copyFile(filepath.Join(from, name), filepath.Join(to, name))
	})
	if err != nil {
		return unreadable(err)
	}
	return nil
}

func unreadable(err error) error {
	if schemas.CodeOf(err) == schemas.CodeInvalid {
		return err
	}
	return schemas.Errorf(schemas.CodeInternal, "copy a pack: %w", err)
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if executable(info) {
		mode = 0o700
	}
	return os.WriteFile(to, data, mode)
}

func executable(info fs.FileInfo) bool { return info.Mode()&0o111 != 0 }

// eachFile hands on the files of a pack in the order of their names, without
// what archives leave out too: version control and installed dependencies.
func eachFile(dir string, do func(name string, info fs.FileInfo) error) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == dir:
			return nil
		case leftOut(path, e):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if !e.Type().IsRegular() {
			return schemas.Errorf(schemas.CodeInvalid, "%s is a link or a special file; a pack may hold files only", name).WithHint("replace it by a file")
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return do(name, info)
	})
}

func leftOut(path string, e fs.DirEntry) bool {
	switch e.Name() {
	case ".git", ".hg", ".svn", ".bzr", "CVS", ".DS_Store", "node_modules", "__pycache__":
		return true
	}
	return e.IsDir() && exists(filepath.Join(path, "pyvenv.cfg")) // a Python virtual environment
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
