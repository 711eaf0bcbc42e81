package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// checkDataDir also takes the directory's lock, so that the checks after it may
// open what lies in it.
func checkDataDir(_ context.Context, d *doctor) []finding {
	const name = "data directory"
	d.looked = true
	dir := d.cfg.DataDir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := existing(dir)
		if unix.Access(parent, unix.W_OK|unix.X_OK) != nil {
			return []finding{broken(name, schemas.Errorf(schemas.CodeInvalid, "%s does not exist, and cannot be made: %s is not writable", dir, parent).
				WithHint("Choose another --data-dir, or give this user the right to write there."))}
		}
		return []finding{fine(name, "%s does not exist yet; the first start makes it", dir)}
	case err != nil:
		return []finding{broken(name, err)}
	case !info.IsDir() || unix.Access(dir, unix.W_OK|unix.X_OK) != nil:
		return []finding{broken(name, schemas.Errorf(schemas.CodeInvalid, "%s is not a directory that this user may write", dir).
			WithHint("Choose another --data-dir, or give this user the right to write there."))}
	case !d.cfg.embeds():
		return []finding{fine(name, "%s is writable", dir)}
	}
	if d.node.dir, err = openDataDir(dir, "insights doctor"); err == nil {
		return []finding{fine(name, "%s is writable, and no other process uses it", dir)}
	}
	if schemas.CodeOf(err) != schemas.CodeConflict {
		return []finding{broken(name, err)}
	}
	d.busy = lockedBy(filepath.Join(dir, "lock"))
	return []finding{warn(name, "Ask that process too: insights doctor --server URL.", "%s is in use by %s: the stores in it were not looked at", dir, d.busy)}
}

// existing is the nearest directory above a path that is there.
func existing(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

func checkSpace(_ context.Context, d *doctor) []finding {
	const name = "disk space"
	var s unix.Statfs_t
	if err := unix.Statfs(existing(d.cfg.DataDir), &s); err != nil {
		return []finding{broken(name, err)}
	}
	free := uint64(s.Bavail) * uint64(s.Bsize) //nolint:unconvert // the types differ between systems
	do := "Make room, or choose another --data-dir. A full disk stops scans; what is stored stays."
	switch {
	case free < d.minFree/10:
		return []finding{broken(name, schemas.Errorf(schemas.CodeUnavailable, "only %s are free", bytesText(free)).WithHint("%s", do))}
	case free < d.minFree:
		return []finding{warn(name, do, "only %s are free", bytesText(free))}
	}
	return []finding{fine(name, "%s are free", bytesText(free))}
}

func checkKeyRing(_ context.Context, d *doctor) []finding {
	const name = "key ring"
	file := d.cfg.keyFile()
	_, err := seal.Load(file)
	switch {
	case err == nil:
		return []finding{fine(name, "%s can be read", file)}
	case schemas.CodeOf(err) != schemas.CodeNotFound:
		return []finding{broken(name, err)}
	case d.cfg.NATS.URL != "":
		return []finding{broken(name, errNoKeyRing(file))}
	case exists(d.cfg.natsDir()):
		return []finding{warn(name, "Put the copy back. Without it a new ring is made, and secret values stored before stay closed.", "%s is missing, and there is data that it sealed", file)}
	}
	return []finding{fine(name, "%s does not exist yet; the first start makes it", file)}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Below these, processes have been seen to run out (files) or are likely to
// (memory: the peaks are in docs/BENCHMARKS.md).
const (
	minFiles          = 1024
	minFilesEmbedded  = 4096
	minMemory         = 512 << 20
	minMemoryEmbedded = 1 << 30
)

func checkFiles(_ context.Context, d *doctor) []finding {
	const name = "open files"
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return []finding{broken(name, err)}
	}
	need := uint64(minFiles)
	if d.cfg.embeds() {
		need = minFilesEmbedded
	}
	if have := limit.Max; have < need { // the program raises its limit to this one
		return []finding{warn(name, "Raise it: ulimit -n, or LimitNOFILE= of the service.", "at most %s files; %s are wanted", number(have), number(need))}
	}
	return []finding{fine(name, "at most %s files", number(limit.Max))}
}

func checkMemory(_ context.Context, d *doctor) []finding {
	const name = "memory"
	need := uint64(minMemory)
	if d.cfg.embeds() {
		need = minMemoryEmbedded
	}
	have, err := availableMemory()
	if err != nil {
		return []finding{warn(name, "Make sure yourself that "+bytesText(need)+" are there.", "cannot be told: %v", err)}
	}
	if have < need {
		return []finding{warn(name, "Give the process more memory, or stop something else.", "%s are available; %s are wanted", bytesText(have), bytesText(need))}
	}
	return []finding{fine(name, "%s are available", bytesText(have))}
}
