package sandbox

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// strangerID is who the program is, in its own eyes, where this process is root.
const strangerID = 65534

// insideID is the user or group that the program sees itself as: never root.
func insideID(id int) int {
	if id == 0 {
		return strangerID
	}
	return id
}

// attributes start the helper in namespaces of its own. It keeps the rights in
// them that a first process has when the program is not root there.
func attributes(can abilities, alone bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true}
	if !can.User {
		return a
	}
	uid, gid := os.Geteuid(), os.Getegid()
	a.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: insideID(uid), HostID: uid, Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: insideID(gid), HostID: gid, Size: 1}}
	a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SYS_RESOURCE}
	if can.Processes {
		a.Cloneflags |= unix.CLONE_NEWPID
		a.Pdeathsig = syscall.SIGKILL
	}
	if can.Files {
		a.Cloneflags |= unix.CLONE_NEWNS
	}
	if alone {
		a.Cloneflags |= unix.CLONE_NEWNET
	}
	return a
}

// childAttributes start the program: it ends with the helper, and can be ended
// with its group.
func (h *helper) childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
}

// hide keeps the program from looking into the helper.
func hide() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// enter makes the room that the plan wants, and goes into it.
func (h *helper) enter() error {
	if !h.plan.First {
		// What the program leaves behind becomes the helper's.
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("be the parent of orphans: %w", err)
		}
	}
	// Keys of whoever started the scanner are not the program's.
	_, _ = unix.KeyctlJoinSessionKeyring("")
	_ = unix.Sethostname([]byte("pack"))
	if h.plan.Alone {
		if err := loopback(); err != nil {
			return fmt.Errorf("the loopback network: %w", err)
		}
	}
	if !h.plan.Room {
		return nil
	}
	forbidNamespaces()
	return makeRoot(h.plan)
}

// forbidNamespaces keeps the program from making namespaces: within them it
// would reach parts of the kernel that are closed to it otherwise.
func forbidNamespaces() {
	_ = os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0o600)
}

// loopback switches on the only network there is.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
