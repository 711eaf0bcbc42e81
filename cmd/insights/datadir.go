package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// dataDir is a locked data directory: one process at a time, since the
// embedded stores belong to one process.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes the directory if needed and locks it. A directory in use is
// a CodeConflict error that says by whom. The kernel drops the lock with the
// process, so kill -9 leaves nothing to clean up.
func openDataDir(path, what string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "make data directory: %w", err)
	}
	name := filepath.Join(path, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		return nil, inUse(path, name)
	}
	if err := f.Truncate(0); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := f.WriteAt(fmt.Appendf(nil, "%s (process %d)", what, os.Getpid()), 0); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return &dataDir{path: path, lock: f}, nil
}

func inUse(path, lock string) error {
	return schemas.Errorf(schemas.CodeConflict, "data directory %s is in use by %s", path, lockedBy(lock)).
		WithHint("Talk to that process with --server URL, stop it, or choose another --data-dir.")
}

// lockedBy is who holds a lock, as the holder wrote it.
func lockedBy(lock string) string {
	if raw, err := os.ReadFile(lock); err == nil && len(raw) > 0 {
		return strings.TrimSpace(string(raw))
	}
	return "another process"
}

// Close unlocks the directory.
func (d *dataDir) Close() error { return d.lock.Close() }
