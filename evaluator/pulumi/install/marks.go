package install

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
// It counts as used now: who sweeps looks at that after it took the mark away.
func (i *Installer) complete(key string) (string, bool) {
	if !i.touch(key) {
		return "", false
	}
	attempt, err := os.ReadFile(i.markOf(key))
	if err != nil || !strings.HasPrefix(string(attempt), key+".") {
		return "", false
	}
	pack := filepath.Join(i.root, filepath.Base(string(attempt)), "pack")
	return pack, exists(pack)
}

// touch notes in the mark of an environment that it is used now; false when there
// is none.
func (i *Installer) touch(key string) bool {
	now := i.now()
	return os.Chtimes(i.markOf(key), now, now) == nil
}

// holdEnvironment keeps an environment until release is called.
func (i *Installer) holdEnvironment(key string) (release func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.held[key]++
	return sync.OnceFunc(func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.held[key]--; i.held[key] == 0 {
			delete(i.held, key)
		}
		i.touch(key) // it was used until now
	})
}
