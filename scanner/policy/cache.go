package policy

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// ArchiveCache fetches archives by digest and keeps them unpacked on disk. It
// implements evaluator.Archives and is safe for concurrent use, also by several
// processes on one directory.
type ArchiveCache struct {
	from []Objects
	dir  string
	now  func() time.Time

	mu      sync.Mutex
	inPlace map[string]string // directories by digest
	held    map[string]int    // how many use what is unpacked, by digest
}

// NewArchiveCache keeps packs below dir, which is made when needed. An archive is
// taken from the first that has it. Everything in dir can be fetched again, so it
// may be deleted while nothing runs.
func NewArchiveCache(dir string, now func() time.Time, from ...Objects) *ArchiveCache {
	return &ArchiveCache{from: from, dir: dir, now: now, inPlace: map[string]string{}, held: map[string]int{}}
}

// Use lets Dir return a directory as it is for a digest: that of a local pack
// that runs in place, with what is installed there.
func (c *ArchiveCache) Use(digest, dir string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inPlace[digest] = dir
}

// Dir returns the unpacked directory of an archive, or what Use named for it, which
// stays until release is called. The archive is verified against its digest before
// anything is unpacked. Errors: CodeInvalid (no digest), CodeNotFound,
// CodeUnavailable, CodeInternal (what was fetched is not what the digest names, or
// the disk).
func (c *ArchiveCache) Dir(ctx context.Context, digest string) (dir string, release func(), err error) {
	if !isDigest(digest) {
		return "", nil, schemas.Errorf(schemas.CodeInvalid, "%q is no digest of a pack archive", digest)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if used, ok := c.inPlace[digest]; ok {
		return used, func() {}, nil
	}
	dir = filepath.Join(c.dir, digest)
	if !c.complete(dir) {
		if err := c.fetch(ctx, digest, dir); err != nil {
			return "", nil, err
		}
	}
	c.held[digest]++
	return dir, sync.OnceFunc(func() { c.release(digest) }), nil
}

func (c *ArchiveCache) release(digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[digest]--; c.held[digest] == 0 {
		delete(c.held, digest)
	}
	c.touch(filepath.Join(c.dir, digest)) // it was used until now
}

func (c *ArchiveCache) fetch(ctx context.Context, digest, dir string) error {
	archive, err := c.get(ctx, digest)
	if err != nil {
		return err
	}
	if Digest(archive) != digest {
		return schemas.Errorf(schemas.CodeInternal, "the stored archive %s is damaged", digest)
	}
	// A directory without its mark is from a crash.
	if err := os.RemoveAll(dir); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "clear the pack cache: %w", err)
	}
	if err := Unpack(archive, dir); err != nil {
		// Another process may have been faster.
		if c.complete(dir) {
			return nil
		}
		return err
	}
	if err := c.mark(dir, digest); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "mark the unpacked pack: %w", err)
	}
	return nil
}

func (c *ArchiveCache) get(ctx context.Context, digest string) (archive []byte, err error) {
	for _, o := range c.from {
		if archive, err = o.Get(ctx, digest); !is(err, schemas.CodeNotFound) {
			return archive, err
		}
	}
	return nil, err
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
	c.touch(dir)
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

// complete tells whether a directory was unpacked to its end. It counts as used now:
// who sweeps looks at that after it took the mark away.
func (c *ArchiveCache) complete(dir string) bool {
	if !c.touch(dir) {
		return false
	}
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// touch notes in the mark of a directory that it is used now; false when there is
// no mark.
func (c *ArchiveCache) touch(dir string) bool {
	now := c.now()
	return os.Chtimes(dir+completeMark, now, now) == nil
}

func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
