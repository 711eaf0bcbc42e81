package policy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Unpack extracts an archive's package/ into dir, which must not exist. It
// appears whole or not at all. Errors: CodeInvalid for an archive that is
// damaged, too large, or holds anything but files below package/; CodeInternal
// for the disk.
func Unpack(archive []byte, dir string) error {
	if len(archive) > MaxArchiveBytes {
		return schemas.Errorf(schemas.CodeInvalid, "the archive has more than %d MiB", MaxArchiveBytes>>20)
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "unpack pack: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, unpacking)
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "unpack pack: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err := extract(archive, tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "unpack pack: %w", err)
	}
	return nil
}

func extract(archive []byte, dir string) error {
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "the archive is no tar.gz: %w", err)
	}
	// Writing through a Root cannot leave dir, whatever the names say.
	into, err := os.OpenRoot(dir)
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "unpack pack: %w", err)
	}
	defer func() { _ = into.Close() }()
	r := tar.NewReader(zip)
	var files int
	left := int64(maxUnpackedBytes)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return schemas.Errorf(schemas.CodeInvalid, "the archive is damaged: %w", err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader || h.Typeflag == tar.TypeDir {
			continue
		}
		if files++; files > maxFiles {
			return schemas.Errorf(schemas.CodeInvalid, "the archive has more than %d files", maxFiles)
		}
		if left -= h.Size; left < 0 || h.Size < 0 {
			return schemas.Errorf(schemas.CodeInvalid, "the archive unpacks to more than %d MiB", maxUnpackedBytes>>20)
		}
		if err := extractFile(into, h, r); err != nil {
			return err
		}
	}
	if files == 0 {
		return schemas.Errorf(schemas.CodeInvalid, "the archive is empty")
	}
	return nil
}

func extractFile(into *os.Root, h *tar.Header, r io.Reader) error {
	name, ok := strings.CutPrefix(h.Name, root)
	if !ok || !filepath.IsLocal(name) || strings.Contains(name, `\`) {
		return schemas.Errorf(schemas.CodeInvalid, "the archive holds %q, which is not below %s", h.Name, root).
			WithHint("publish the directory itself, or an archive as 'npm pack' and 'insights pack pull --file' make it")
	}
	if h.Typeflag != tar.TypeReg {
		return schemas.Errorf(schemas.CodeInvalid, "the archive holds %q, which is no file", h.Name)
	}
	if d := filepath.Dir(name); d != "." {
		if err := into.MkdirAll(d, 0o700); err != nil {
			return schemas.Errorf(schemas.CodeInvalid, "unpack %s: %w", h.Name, err)
		}
	}
	mode := os.FileMode(0o600)
	if h.Mode&0o100 != 0 {
		mode = 0o700
	}
	f, err := into.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "unpack %s: %w", h.Name, err)
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "unpack %s: %w", h.Name, err)
	}
	return nil
}
