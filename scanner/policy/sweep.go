package policy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// swept is how the names of what is being removed begin, and unpacking how those of
// what is not unpacked yet do: what a process left that died.
const (
	swept     = ".removing-"
	unpacking = ".unpacking-"
)

// Sweep removes unpacked packs that have not been used for the time given, and what
// processes left that died that long ago. Those that named says are still wanted,
// and those that this process holds, count as used now: so other processes leave
// them alone as well. It returns the directories of the ones that are named and
// there, and how many it removed.
func (c *ArchiveCache) Sweep(named func(digest string) bool, unused time.Duration) (kept []string, removed int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entries, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, errSweep(err)
	}
	var errs []error
	for _, e := range entries {
		path := filepath.Join(c.dir, e.Name())
		switch digest, isMark := strings.CutSuffix(e.Name(), completeMark); {
		case (strings.HasPrefix(e.Name(), swept) || strings.HasPrefix(e.Name(), unpacking)) && c.older(path, unused):
			errs = append(errs, os.RemoveAll(path))
		case isDigest(e.Name()) && !exists(path+completeMark) && c.older(path, unused):
			errs = append(errs, os.RemoveAll(path))
		case !isMark || !isDigest(digest):
		case named(digest):
			c.touch(c.tree(digest))
			kept = append(kept, c.tree(digest))
		case c.held[digest] > 0:
			c.touch(c.tree(digest))
		case c.older(path, unused):
			gone, err := c.remove(c.tree(digest), unused)
			if gone {
				removed++
			}
			errs = append(errs, err)
		}
	}
	return kept, removed, errSweep(errors.Join(errs...))
}

func (c *ArchiveCache) tree(digest string) string { return filepath.Join(c.dir, digest) }

// remove removes a pack: its mark first, so that nothing half removed is used. Who
// found the mark meanwhile has touched it, and then it is put back.
func (c *ArchiveCache) remove(tree string, unused time.Duration) (gone bool, err error) {
	away := filepath.Join(c.dir, swept+filepath.Base(tree))
	mark := away + completeMark
	if err := os.Rename(tree+completeMark, mark); err != nil {
		return false, err
	}
	if !c.older(mark, unused) {
		return false, os.Rename(mark, tree+completeMark)
	}
	err = os.Rename(tree, away)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return true, errors.Join(err, os.RemoveAll(away), os.Remove(mark))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// older tells whether a file was changed longer ago.
func (c *ArchiveCache) older(path string, than time.Duration) bool {
	info, err := os.Lstat(path)
	return err == nil && c.now().Sub(info.ModTime()) > than
}

func errSweep(err error) error {
	if err == nil {
		return nil
	}
	return schemas.Errorf(schemas.CodeInternal, "remove unpacked packs that nothing needs: %w", err)
}
