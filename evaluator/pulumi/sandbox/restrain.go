package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"
)

// programName is the name by which this program knows that it is to restrain
// itself and become the foreign one.
const programName = "insights-sandbox-program"

// niceness lets everything else on the machine go first.
const niceness = 10

// restraint is what the program must live with.
type restraint struct {
	Limits  Limits
	Tasks   int       // of the helper, which the kernel counts too
	Count   bool      // the kernel can limit processes
	Rights  bool      // it keeps those that this process has
	Fence   *fencedIn // files that stay open, where it has no view of its own
	Filter  bool      // of system calls
	Offline bool      // the filter is what keeps it from making connections
	Fixed   bool      // and from changing files that it cannot open
}

// fencedIn are the paths that stay open to a program behind a fence.
type fencedIn struct {
	Read, Write []string
	Offline     bool // no connections either, as far as the system can
}

// become restrains this process and replaces it by the foreign program: its
// arguments are the restraint and the program's. Where that fails it says so on
// the file that the helper listens on.
func become() {
	syscall.CloseOnExec(3)
	var r restraint
	err := json.Unmarshal([]byte(os.Args[1]), &r)
	argv, env := os.Args[2:], os.Environ()
	if err == nil {
		err = r.apply()
	}
	if err == nil {
		err = syscall.Exec(argv[0], argv, env) //nolint:gosec // this is what it is for
	}
	_, _ = fmt.Fprint(os.NewFile(3, "helper"), err)
	os.Exit(1)
}

func (r restraint) apply() error {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness) // refused where it is nicer already
	if !r.Rights {
		if err := r.confine(); err != nil {
			return err
		}
	}
	for _, l := range r.resources() {
		if err := limit(l.resource, l.soft, l.hard); err != nil {
			return fmt.Errorf("limit %s: %w", l.name, err)
		}
	}
	return nil
}

// resource is a limit of the kernel for a process.
type resource struct {
	name       string
	resource   int
	soft, hard uint64
}

// cpuGrace is what a program has to end itself when its time is used up.
const cpuGrace = 5

func common(l Limits) []resource {
	cpu := uint64(max(l.CPU/time.Second, 1))
	return []resource{
		{"core files", syscall.RLIMIT_CORE, 0, 0},
		{"file size", syscall.RLIMIT_FSIZE, uint64(l.FileSize), uint64(l.FileSize)},
		{"open files", syscall.RLIMIT_NOFILE, uint64(l.Files), uint64(l.Files)},
		{"processor time", syscall.RLIMIT_CPU, cpu, cpu + cpuGrace},
		{"memory", syscall.RLIMIT_DATA, uint64(l.Memory), uint64(l.Memory)},
	}
}

// limit sets a limit, as far as the one that this process has allows.
func limit(resource int, soft, hard uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(resource, &now); err != nil {
		return err
	}
	hard = min(hard, now.Max)
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: min(soft, hard), Max: hard})
}
