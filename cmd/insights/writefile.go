package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// writeFile writes a file so that it is there whole or as it was before. A new
// file is for its owner only: a report lists what is weak.
func writeFile(path string, fill func(io.Writer) error) error {
	return replaceFile(path, false, fill)
}

// textWriter fills a file with a text.
func textWriter(text []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
}

// writePrivateFile is writeFile for a file that is for its owner only whatever
// was there before.
func writePrivateFile(path string, fill func(io.Writer) error) error {
	return replaceFile(path, true, fill)
}

func replaceFile(path string, private bool, fill func(io.Writer) error) error {
	// A link keeps pointing where it does.
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return schemas.Errorf(schemas.CodeInvalid, "%s is a directory", path)
	case err == nil && !info.Mode().IsRegular():
		return writeDevice(path, fill)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return errWrite(path, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // nothing is there once it was renamed
	if info != nil && !private {
		err = tmp.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = fillAndClose(tmp, fill)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return errWrite(path, err)
}

// writeDevice writes to /dev/stdout, a pipe and the like, which must not be
// replaced by a file.
func writeDevice(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		buf := bufio.NewWriter(f)
		err = errors.Join(fill(buf), buf.Flush(), f.Close())
	}
	return errWrite(path, err)
}

func fillAndClose(f *os.File, fill func(io.Writer) error) error {
	buf := bufio.NewWriter(f)
	err := fill(buf)
	if err == nil {
		err = errors.Join(buf.Flush(), f.Sync())
	}
	return errors.Join(err, f.Close())
}

func errWrite(path string, err error) error {
	if err == nil {
		return nil
	}
	return schemas.Errorf(schemas.CodeInvalid, "write %s: %w", path, err)
}
