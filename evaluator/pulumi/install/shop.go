package install

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Below the installer's root, for every key:
//
//	KEY.lock       held by the process that makes the environment
//	KEY.RANDOM/    an attempt; the environment is one of them
//	KEY.complete   names the attempt that was finished
//
// An attempt has a directory of its own, since one that was killed may have
// left a process that still writes. Virtual environments cannot be moved, so
// attempts are finished where they are.

// shop is an attempt: the place where an environment is made.
type shop struct {
	i       *Installer
	project evaluator.Project
	key     string
	dir     string       // may be written by the tools
	pack    string       // the copy of the pack in it
	read    []string     // where the interpreter is installed
	sealed  func() error // says that the environment's own interpreter is what it was
}

// hold waits until no other process makes the environment, and keeps others
// from it until release. A process that dies releases.
func (i *Installer) hold(ctx context.Context, key string) (release func(), err error) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if release, err = i.tryHold(key); release != nil || err != nil {
			return release, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, schemas.Errorf(schemas.CodeUnavailable, "wait for another process that installs the same pack: %w", context.Cause(ctx))
		}
	}
}

// tryHold is hold without waiting: release is nil when another one holds it.
func (i *Installer) tryHold(key string) (release func(), err error) {
	if err := os.MkdirAll(i.root, 0o700); err != nil {
		return nil, errDisk(err)
	}
	f, err := os.OpenFile(i.lockOf(key), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errDisk(err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil && current(f) {
		return func() { _ = f.Close() }, nil
	}
	_ = f.Close()
	if err == nil {
		return nil, nil //nolint:nilnil // somebody removed the file, and held it then
	}
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
		return nil, nil //nolint:nilnil // see above
	}
	return nil, errDisk(err)
}

func (i *Installer) lockOf(key string) string { return filepath.Join(i.root, key+".lock") }

// current tells whether a file that was opened is still there by its name.
func current(f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.Name())
	return err == nil && os.SameFile(opened, there)
}

// open begins an attempt with a copy of the pack, and wipes the attempts that
// were not finished.
func (i *Installer) open(key, dir string, p evaluator.Project) (*shop, error) {
	i.wipe(key, "")
	i.phase("begin")
	at, err := os.MkdirTemp(i.root, key+".")
	if err != nil {
		return nil, errDisk(err)
	}
	s := &shop{i: i, project: p, key: key, dir: at, pack: filepath.Join(at, "pack"), sealed: func() error { return nil }}
	for _, d := range []string{s.pack, s.cache()} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, errDisk(err)
		}
	}
	i.phase("copy")
	if err := copyPack(dir, s.pack); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// cache is where the tools keep what they download. No two packs share one: what
// runs for one pack must not get into another.
func (s *shop) cache() string { return filepath.Join(s.dir, "cache") }

// bring copies a file of the pack in the shop to the pack's own directory.
func (s *shop) bring(file, dir string) error {
	text, err := readIn(s.pack, file)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, file), text, 0o600)
	}
	if err != nil {
		return errDisk(err)
	}
	return nil
}

// close throws the attempt away.
func (s *shop) close() { _ = os.RemoveAll(s.dir) }

// seal makes the attempt the environment: what is on disk first, the mark last.
func (s *shop) seal() error {
	if err := s.sealed(); err != nil {
		return err
	}
	_ = os.RemoveAll(s.cache())
	s.i.phase("sync")
	if err := syncTree(s.dir); err != nil {
		return errDisk(err)
	}
	s.i.phase("mark")
	return s.i.mark(s.key, filepath.Base(s.dir))
}

func errDisk(err error) error {
	return schemas.Errorf(schemas.CodeInternal, "keep the environments of packs: %w", err)
}

// logged runs one step of an attempt and logs that it began and that it is done. Of a
// failure tells who asked for it.
func (i *Installer) logged(what string, r recipe, s *shop, step func() error) error {
	start := time.Now()
	l := i.log.With().Str("tool", r.tool()).Str("environment", filepath.Base(s.dir)).Logger()
	l.Info().Msg(what)
	err := step()
	if err != nil {
		l.Debug().Dur("took", time.Since(start)).Err(err).Msg(what + ": failed")
		return err
	}
	l.Info().Dur("took", time.Since(start)).Msg(what + ": done")
	return nil
}
