package install

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// abandoned is how long an environment is kept that nobody asks for, where it is
// not known which packs are wanted. It can be made again.
const abandoned = 30 * 24 * time.Hour

// Sweep removes environments that have not been used for the time given, and what
// processes left that died. Those of the packs in the directories named are wanted:
// they and those that this process holds count as used now, so that other processes
// leave them alone as well. It returns how many environments it removed. It removes
// none when it cannot tell which one a named pack has.
func (i *Installer) Sweep(ctx context.Context, named []string, unused time.Duration) (removed int, err error) {
	for _, dir := range named {
		p, err := evaluator.ReadProject(dir)
		if err != nil {
			return 0, err
		}
		r, err := i.recipe(ctx, dir, p)
		if err != nil {
			return 0, err
		}
		key, err := keyOf(r, dir)
		if err != nil {
			return 0, err
		}
		i.touch(key)
	}
	return i.sweep(unused), nil
}

// sweep removes what is not used, but nothing that somebody holds.
func (i *Installer) sweep(unused time.Duration) (removed int) {
	entries, _ := os.ReadDir(i.root)
	last := ""
	for _, e := range entries { // sorted: those of a key follow one another
		key, _, _ := strings.Cut(e.Name(), ".")
		if key != "" && key != last && i.sweepKey(key, unused) {
			removed++
		}
		last = key
	}
	return removed
}

// sweepKey removes the environment of a key, if it is not used, and attempts of
// processes that died.
func (i *Installer) sweepKey(key string, unused time.Duration) (removed bool) {
	release, err := i.tryHold(key)
	if release == nil || err != nil {
		return false
	}
	defer release()
	removed = i.unmark(key, unused)
	attempt, _ := os.ReadFile(i.markOf(key))
	i.wipe(key, string(attempt))
	if len(attempt) == 0 {
		_ = os.Remove(i.lockOf(key)) // who waits for it sees that it is gone
	}
	return removed
}

// unmark takes the mark of an environment away that is not used, before what it
// names is removed. Who found the mark meanwhile has touched it, and then it is
// put back.
func (i *Installer) unmark(key string, unused time.Duration) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.held[key] > 0 {
		i.touch(key)
	}
	mark, away := i.markOf(key), i.markOf(key)+".removing"
	if !i.older(mark, unused) || os.Rename(mark, away) != nil {
		return false
	}
	if !i.older(away, unused) {
		_ = os.Rename(away, mark)
		return false
	}
	return true
}

func (i *Installer) older(path string, than time.Duration) bool {
	info, err := os.Stat(path)
	return err == nil && i.now().Sub(info.ModTime()) > than
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
