package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// probeAll tries everything at once; where the system refuses that, each by
// itself.
func probeAll() abilities {
	can := probedPlain()
	can.tried = maps.Clone(can.tried)
	all := try(abilities{User: true, Files: true, Network: true, Processes: true})
	for step, one := range map[string]abilities{
		stepFiles: {User: true, Files: true, Processes: true}, stepNetwork: {User: true, Network: true}, stepProcesses: {User: true, Processes: true},
	} {
		can.tried[step] = all
		if !all.works(step) && all.err != nil {
			can.tried[step] = try(one)
		}
	}
	can.Files = can.tried[stepFiles].works(stepFiles)
	can.Network = can.tried[stepNetwork].works(stepNetwork)
	can.Processes = can.tried[stepProcesses].works(stepProcesses)
	can.User = can.Files || can.Network || can.Processes
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

// probe tries what the plan wants and says what went wrong, step by step. What
// takes something from this process for good comes last.
func (h *helper) probe() int {
	say := func(step string, err error) {
		f := &finding{Step: step}
		if err != nil {
			f.Wrong = err.Error()
		} else if step == stepFence {
			f.Fence = fenceVersion()
		}
		_ = h.wire.send(answer{Found: f}, -1)
	}
	say(stepMemory, limitsMemory())
	say(stepTasks, countsTasks())
	if h.plan.First {
		say(stepProcesses, nil)
	}
	if h.plan.Alone {
		say(stepNetwork, loopback())
	}
	if h.plan.Room {
		h.plan.Binds, h.plan.Links = visible(Spec{Argv: []string{"/bin/sh"}}, nil)
		say(stepFiles, makeRoot(h.plan))
	}
	say(stepFence, tryFence())
	say(stepFilter, tryFilter())
	return 0
}

func countsTasks() error {
	if ownTasks() == 0 {
		return errors.New("processes cannot be counted: /proc is not there")
	}
	return nil
}

// tryFence puts a fence around this thread that has one gate, and looks whether
// it holds.
func tryFence() error {
	if fenceVersion() < leastFence {
		return errors.New("a fence needs Linux 5.19")
	}
	if err := dropRights(); err != nil {
		return err
	}
	if err := (fencedIn{Read: []string{"/proc"}}).close(); err != nil {
		return err
	}
	if _, err := os.ReadDir("/"); !errors.Is(err, unix.EACCES) {
		return fmt.Errorf("a fence that does not hold: %w", err)
	}
	return nil
}

// tryFilter puts a filter upon this thread, and looks whether it holds.
func tryFilter() error {
	if err := putFilter(true, false); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EACCES) {
		return nil
	}
	if err == nil {
		_ = unix.Close(fd)
	}
	return fmt.Errorf("a filter that does not hold: %w", err)
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
