package install

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func (i *Installer) markOf(key string) string { return filepath.Join(i.root, key+".complete") }

func (i *Installer) mark(key, attempt string) error {
	f, err := os.CreateTemp(i.root, key+".mark-")
	if err != nil {
		return errDisk(err)
	}
	_, err = f.WriteString(attempt)
	err = errors.Join(err, f.Sync(), f.Close())
	i.phase("rename")
	if err = errors.Join(err, os.Rename(f.Name(), i.markOf(key)), syncTree(i.root)); err != nil {
		return errDisk(err)
	}
	return nil
}

// complete is the pack's directory in the finished environment, if there is one.
// It counts as used now.
func (i *Installer) complete(key string) (string, bool) {
	attempt, err := os.ReadFile(i.markOf(key))
	if err != nil || !strings.HasPrefix(string(attempt), key+".") {
		return "", false
	}
	pack := filepath.Join(i.root, filepath.Base(string(attempt)), "pack")
	if !exists(pack) {
		return "", false
	}
	now := time.Now()
	_ = os.Chtimes(i.markOf(key), now, now)
	return pack, true
}

// unused is how long an environment is kept that nobody asks for. It can be made
// again.
const unused = 30 * 24 * time.Hour

// sweep removes what was left by processes that died, and environments that are
// not used any more, but nothing that somebody holds.
func (i *Installer) sweep() {
	entries, _ := os.ReadDir(i.root)
	last := ""
	for _, e := range entries { // sorted: those of a key follow one another
		key, _, _ := strings.Cut(e.Name(), ".")
		if key != "" && key != last {
			i.sweepKey(key)
		}
		last = key
	}
}

func (i *Installer) sweepKey(key string) {
	release, err := i.tryHold(key)
	if release == nil || err != nil {
		return
	}
	defer release()
	mark := i.markOf(key)
	if info, err := os.Stat(mark); err == nil && time.Since(info.ModTime()) > unused {
		_ = os.Remove(mark) // before what it names
	}
	attempt, _ := os.ReadFile(mark)
	i.wipe(key, string(attempt))
}

// wipe removes all of a key but its lock, and with keep but that attempt and its mark.
func (i *Installer) wipe(key, keep string) {
	paths, _ := filepath.Glob(filepath.Join(i.root, key+".*"))
	for _, path := range paths {
		name := filepath.Base(path)
		if name != key+".lock" && (keep == "" || name != keep && path != i.markOf(key)) {
			_ = os.RemoveAll(path)
		}
	}
}
