package sandbox

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Devices that every program uses.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}

// What a program behind a fence sees of the machine's settings: it has none of its
// own.
var fencedSettings = []string{"/proc", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"}

// restraint is what the program must live with here.
func (h *helper) restraint() restraint {
	p := h.plan
	r := restraint{Limits: p.Limits, Count: p.Count, Tasks: ownTasks(), Rights: p.Rights, Filter: p.Filter, Offline: p.Offline, Fixed: p.Fixed}
	if p.Fence {
		r.Fence = &fencedIn{Offline: p.Offline, Read: slices.Clone(fencedSettings), Write: slices.Clone(devices)}
		for _, b := range p.Binds {
			if b.Write {
				r.Fence.Write = append(r.Fence.Write, b.From)
			} else {
				r.Fence.Read = append(r.Fence.Read, b.From)
			}
		}
	}
	return r
}

// confine takes rights, files and system calls from this thread, and from what
// it becomes.
func (r restraint) confine() error {
	if err := dropRights(); err != nil {
		return err
	}
	if r.Fence != nil {
		if err := r.Fence.close(); err != nil {
			return err
		}
	}
	if r.Filter {
		return putFilter(r.Offline, r.Fixed)
	}
	return nil
}

// dropRights takes from this thread, and from what it becomes, every right that
// an ordinary process has not, and the means to get one.
func dropRights() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("drop ambient capabilities: %w", err)
	}
	for c := range uintptr(64) {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) {
			break // the kernel has no more
		}
		if errors.Is(err, unix.EPERM) {
			break // an ordinary user, who has none to lose
		}
		if err != nil {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}

func (r restraint) resources() []resource {
	all := common(r.Limits)
	if r.Count {
		n := uint64(r.Limits.Processes + r.Tasks)
		all = append(all, resource{"processes", unix.RLIMIT_NPROC, n, n})
	}
	return all
}
