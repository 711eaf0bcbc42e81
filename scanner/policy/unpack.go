package policy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

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
	tmp, err := os.MkdirTemp(parent, ".unpacking-")
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

// ArchiveCache fetches archives by digest and keeps them unpacked on disk. It
// implements evaluator.Archives and is safe for concurrent use, also by several
// processes on one directory.
type ArchiveCache struct {
	objects Objects
	dir     string
	mu      sync.Mutex
	inPlace map[string]string // directories by digest
}

// NewArchiveCache keeps packs below dir, which is made when needed. Everything
// in it can be fetched again, so it may be deleted while nothing runs.
func NewArchiveCache(objects Objects, dir string) *ArchiveCache {
	return &ArchiveCache{objects: objects, dir: dir, inPlace: map[string]string{}}
}

// Use lets Dir return a directory as it is for a digest: that of a local pack
// that runs in place, with what is installed there.
func (c *ArchiveCache) Use(digest, dir string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inPlace[digest] = dir
}

// Dir returns the unpacked directory of an archive, or what Use named for it. The archive is verified
// against its digest before anything is unpacked. Errors: CodeInvalid (no
// digest), CodeNotFound, CodeUnavailable, CodeInternal (what was fetched is not
// what the digest names, or the disk).
func (c *ArchiveCache) Dir(ctx context.Context, digest string) (string, error) {
	if !isDigest(digest) {
		return "", schemas.Errorf(schemas.CodeInvalid, "%q is no digest of a pack archive", digest)
	}
	dir := filepath.Join(c.dir, digest)
	c.mu.Lock()
	defer c.mu.Unlock()
	if used, ok := c.inPlace[digest]; ok {
		return used, nil
	}
	if c.complete(dir) {
		return dir, nil
	}
	archive, err := c.objects.Get(ctx, digest)
	if err != nil {
		return "", err
	}
	if Digest(archive) != digest {
		return "", schemas.Errorf(schemas.CodeInternal, "the stored archive %s is damaged", digest)
	}
	// A directory without its mark is from a crash.
	if err := os.RemoveAll(dir); err != nil {
		return "", schemas.Errorf(schemas.CodeInternal, "clear the pack cache: %w", err)
	}
	if err := Unpack(archive, dir); err != nil {
		// Another process may have been faster.
		if c.complete(dir) {
			return dir, nil
		}
		return "", err
	}
	if err := c.mark(dir, digest); err != nil {
		return "", schemas.Errorf(schemas.CodeInternal, "mark the unpacked pack: %w", err)
	}
	return dir, nil
}

// mark says that a directory was unpacked to its end, once that is on the disk: a
// machine that stops must not leave a mark beside files that are empty.
func (c *ArchiveCache) mark(dir, digest string) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, syncPath(path))
	})
	if err != nil {
		return err
	}
	if err := syncPath(c.dir); err != nil {
		return err
	}
	if err := os.WriteFile(dir+completeMark, []byte(digest), 0o600); err != nil {
		return err
	}
	return errors.Join(syncPath(dir+completeMark), syncPath(c.dir))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

const completeMark = ".complete"

// complete tells whether a directory was unpacked to its end.
func (c *ArchiveCache) complete(dir string) bool {
	if _, err := os.Stat(dir + completeMark); err != nil {
		return false
	}
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
