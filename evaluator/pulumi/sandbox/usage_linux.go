package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a line of /proc/PID/stat, see proc_pid_stat(5).
type process struct {
	pid, parent, tasks int
	memory             int64
}

// processes are all that can be seen.
func processes() []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1)
	var out []process
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		if p, ok := readProcess(name); ok {
			out = append(out, p)
		}
	}
	return out
}

func readProcess(name string) (process, bool) {
	text, err := os.ReadFile("/proc/" + name + "/stat")
	// The name in parentheses may hold anything.
	end := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[end+1:]))
	if err != nil || len(fields) < 22 {
		return process{}, false
	}
	var p process
	var pages int64
	p.pid, _ = strconv.Atoi(name)
	p.parent, _ = strconv.Atoi(fields[1])
	p.tasks, _ = strconv.Atoi(fields[17])
	pages, _ = strconv.ParseInt(fields[21], 10, 64)
	p.memory = pages * int64(os.Getpagesize())
	return p, true
}

// descendants are the processes that this one started, and theirs.
func descendants() []process {
	// Not Getpid: /proc may be that of another world.
	link, err := os.Readlink("/proc/self")
	root, convert := strconv.Atoi(link)
	if err != nil || convert != nil {
		return nil
	}
	of := map[int][]process{}
	for _, p := range processes() {
		of[p.parent] = append(of[p.parent], p)
	}
	out := of[root]
	for i := 0; i < len(out); i++ {
		out = append(out, of[out[i].pid]...)
	}
	return out
}

func (h *helper) usage() usage {
	var u usage
	for _, p := range descendants() {
		u.tasks += p.tasks
		u.memory += p.memory
	}
	return u
}

// ownTasks is how many threads this process has.
func ownTasks() int {
	p, _ := readProcess("self")
	return p.tasks
}

// killTimeout bounds the hunt for processes that multiply.
const killTimeout = 5 * time.Second

// killAll ends every process that this one started. The first process of a world
// need not: they end with it.
func (h *helper) killAll() {
	if h.plan.First || h.program == 0 {
		return
	}
	_ = syscall.Kill(-h.program, syscall.SIGKILL)
	// What forks meanwhile is found the next time.
	for end := time.Now().Add(killTimeout); time.Now().Before(end); {
		left := descendants()
		if len(left) == 0 {
			return
		}
		for _, p := range left {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
		for pid := 1; pid > 0; {
			pid, _ = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		}
	}
}
