package sandbox

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// beStranger makes the program of a scanner that runs as root a user that owns
// nothing on this machine: in the network that installing has, root can do more
// than an ordinary user, also without rights. The files that are shown to the
// program appear as its own, and what it writes becomes root's. File systems that
// cannot do this leave the program root, without rights, and uncounted.
func (l *launch) beStranger() {
	if err := l.showAsStrangers(); err != nil {
		l.note, l.plan.Count = "it runs as root, without rights: "+err.Error(), false
		return
	}
	a := l.cmd.SysProcAttr
	a.Credential = &syscall.Credential{Uid: strangerID, Gid: strangerID}
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: strangerID, HostID: strangerID, Size: 1}}
	a.GidMappings, a.GidMappingsEnableSetgroups = a.UidMappings, true
}

func (l *launch) showAsStrangers() error {
	if !l.plan.Room {
		return errors.New("it has no files of its own")
	}
	if info, err := os.Stat(self()); err != nil || info.Mode().Perm()&1 == 0 {
		return errors.New("nobody but root may run this program")
	}
	ids, err := strangerIDs()
	if err != nil {
		return err
	}
	binds := slices.Clone(l.plan.Binds)
	for i, b := range binds {
		if !b.Own {
			continue
		}
		tree, err := shownAs(b.From, ids)
		if err != nil {
			l.closeTrees()
			return err
		}
		binds[i].Tree = firstTree + len(l.trees)
		l.trees = append(l.trees, tree)
	}
	l.plan.Binds = binds
	return nil
}

// shownAs is a file or directory, to be mounted, in which root's files are the
// stranger's.
func shownAs(path string, ids *os.File) (*os.File, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("show %s to another user: %w", path, err)
	}
	tree := os.NewFile(uintptr(fd), path)
	err = unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(ids.Fd())})
	if err != nil {
		_ = tree.Close()
		return nil, fmt.Errorf("show %s to another user: %w", path, err)
	}
	return tree, nil
}

// strangerIDs is a user namespace that says how root's files are shown.
var strangerIDs = sync.OnceValues(func() (*os.File, error) {
	l := &launch{cmd: helperCommand(abilities{}, false)}
	l.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: strangerID, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: strangerID, Size: 1}},
	}
	w, err := l.helper() // it waits for a plan
	if err != nil {
		return nil, err
	}
	ids, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", l.cmd.Process.Pid))
	_ = w.conn.Close()
	_ = l.cmd.Wait()
	return ids, err
})
