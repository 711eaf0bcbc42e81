package install

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncTree writes what is below a directory to its disk, with all else that the
// file system holds back: one call for tens of thousands of files.
func syncTree(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return unix.Syncfs(int(d.Fd()))
}
