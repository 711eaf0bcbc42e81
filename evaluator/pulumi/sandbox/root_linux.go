package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Where the machine's files are while the program's view is made.
const machine = "/.machine"

// makeRoot makes the program's view of files, in a mount namespace, and goes
// there: a small file system in memory, with what the plan binds, and files of
// the program's own.
func makeRoot(p plan) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := newRoot(); err != nil {
		return err
	}
	for _, step := range []func(plan) error{ownFiles, mountProc, mountDevices, mountTemp, linkAll, bindAll, ownSettings} {
		if err := step(p); err != nil {
			return err
		}
	}
	if err := unix.Unmount(machine, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the machine's files: %w", err)
	}
	if err := os.Remove(machine); err != nil {
		return err
	}
	return protect("/", unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV, 0)
}

// newRoot makes the root an empty file system; the machine's files lie below it.
func newRoot() error {
	const place = "/usr" // any directory that is there
	if err := unix.Mount("tmpfs", place, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=4m"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	if err := os.Mkdir(place+machine, 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(place, place+machine); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	return os.Chdir("/")
}

func ownFiles(plan) error {
	for _, dir := range []string{"/proc", "/dev", "/tmp", "/etc", "/var", "/run"} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// mountProc shows the program's own processes. It is read-only: files in it are
// the kernel's switches.
func mountProc(plan) error {
	err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RDONLY, "")
	if err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}

func mountDevices(plan) error {
	for _, device := range devices {
		if err := mount(bind{From: device, To: device}, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return err
		}
	}
	return linkAll(plan{Links: []link{
		{"/dev/fd", "/proc/self/fd"},
		{"/dev/stdin", "/proc/self/fd/0"},
		{"/dev/stdout", "/proc/self/fd/1"},
		{"/dev/stderr", "/proc/self/fd/2"},
		{"/dev/shm", "/tmp"},
	}})
}

// mountTemp makes HOME and TMPDIR, which are memory.
func mountTemp(p plan) error {
	options := fmt.Sprintf("mode=1777,size=%d,nr_inodes=65536", p.Limits.Temp)
	if err := unix.Mount("tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount /tmp: %w", err)
	}
	return os.Mkdir(privateHome, 0o700)
}

func linkAll(p plan) error {
	for _, l := range p.Links {
		if err := os.Symlink(l.Target, l.Path); err != nil {
			return err
		}
	}
	return nil
}

func bindAll(p plan) error {
	for _, b := range p.Binds {
		attributes := uint64(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
		if !b.Write {
			attributes |= unix.MOUNT_ATTR_RDONLY
		}
		if err := mount(b, attributes); err != nil {
			return err
		}
	}
	return nil
}

// mount shows a file or directory of the machine.
func mount(b bind, attributes uint64) error {
	from := machine + b.From
	if b.Tree > 0 {
		from = fmt.Sprintf("/proc/self/fd/%d", b.Tree)
	}
	if err := mountPoint(from, b.To); err != nil {
		return fmt.Errorf("show %s: %w", b.From, err)
	}
	if err := attach(from, b); err != nil {
		return fmt.Errorf("show %s: %w", b.From, err)
	}
	return protect(b.To, attributes, unix.AT_RECURSIVE)
}

func attach(from string, b bind) error {
	if b.Tree > 0 {
		defer func() { _ = unix.Close(b.Tree) }()
		return unix.MoveMount(b.Tree, "", unix.AT_FDCWD, b.To, unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_SYMLINKS)
	}
	return unix.Mount(from, b.To, "", unix.MS_BIND|unix.MS_REC, "")
}

func protect(path string, attributes uint64, flags uint) error {
	if err := unix.MountSetattr(unix.AT_FDCWD, path, flags, &unix.MountAttr{Attr_set: attributes}); err != nil {
		return fmt.Errorf("protect %s: %w", path, err)
	}
	return nil
}

// mountPoint makes the place where something is shown.
func mountPoint(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(to, 0o700)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// ownSettings are files in /etc that say who the program is and where names are
// looked up, where the machine's are not shown.
func ownSettings(plan) error {
	uid, gid := os.Getuid(), os.Getgid()
	for path, text := range map[string]string{
		"/etc/passwd":        fmt.Sprintf("pack:x:%d:%d::%s:/bin/sh\n", uid, gid, privateHome),
		"/etc/group":         fmt.Sprintf("pack:x:%d:\n", gid),
		"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n",
		"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
	} {
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
