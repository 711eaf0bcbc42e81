package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// probeAll tries everything at once; where the system refuses that, each by
// itself.
func probeAll() abilities {
	all := try(abilities{User: true, Files: true, Network: true, Processes: true})
	if all.failed == nil {
		all.Count = countsByNamespace()
		return all
	}
	can := probedPlain()
	can.whyNot = all.whyNot
	for _, one := range []abilities{{User: true, Files: true}, {User: true, Network: true}, {User: true, Processes: true}} {
		got := try(one)
		if got.failed != nil {
			continue
		}
		can.User = true
		can.Files, can.Network, can.Processes = can.Files || got.Files, can.Network || got.Network, can.Processes || got.Processes
	}
	can.Count = can.User && countsByNamespace()
	return can
}

// countsByNamespace tells whether the kernel counts the processes of a user
// namespace by themselves, as Linux does since 5.14, and not with all others of
// this user.
func countsByNamespace() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	var major, minor int
	_, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor)
	return err == nil && (major > 5 || major == 5 && minor >= 14)
}

// probe tries what the plan wants, and says what went wrong.
func (h *helper) probe() int {
	var f findings
	note := func(into *string, err error) {
		if err != nil {
			*into = err.Error()
		}
	}
	note(&f.Memory, limitsMemory())
	if h.plan.Alone {
		note(&f.Network, loopback())
	}
	if h.plan.Room {
		h.plan.Binds, h.plan.Links = visible(Spec{Argv: []string{"/bin/sh"}}, nil)
		note(&f.Files, makeRoot(h.plan))
	}
	if ownTasks() == 0 {
		f.Processes = "processes cannot be counted: /proc is not there"
	}
	f.Fence, f.Filter = tryFence(), tryFilter()
	_ = h.wire.send(answer{Probed: &f}, -1)
	return 0
}

// tryFence puts a fence around this thread that has one gate, and gives its
// version if it holds.
func tryFence() int {
	if err := dropRights(); err != nil {
		return 0
	}
	if err := (fencedIn{Read: []string{"/proc"}}).close(); err != nil {
		return 0
	}
	if _, err := os.ReadDir("/"); !errors.Is(err, unix.EACCES) {
		return 0
	}
	return fenceVersion()
}

// tryFilter puts a filter upon this thread, and tells whether it holds.
func tryFilter() bool {
	if err := putFilter(true, false); err != nil {
		return false
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return errors.Is(err, unix.EACCES)
}

// limitsMemory tells whether the kernel keeps a limit of data.
func limitsMemory() error {
	const more = 256 << 20
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_DATA, &old); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: min(ownData()+more, old.Max), Max: old.Max}); err != nil {
		return err
	}
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_DATA, &old) }()
	block, err := unix.Mmap(-1, 0, 2*more, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil //nolint:nilerr // this is what a limit does
	}
	_ = unix.Munmap(block)
	return errors.New("the kernel gave more than the limit of data")
}

// ownData is the data that this process has, in bytes.
func ownData() uint64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmData:"); ok {
			n, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}
