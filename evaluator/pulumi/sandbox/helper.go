package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// dialTimeout bounds a connection inside; the program is on the same machine.
const dialTimeout = 10 * time.Second

// Main is called before anything else by a program that uses the package. Where
// the program was started to be a sandbox's helper it does that work, and does
// not return.
func Main() {
	switch os.Args[0] {
	case helperName:
		runtime.LockOSThread() // what is started ends with this thread
		os.Exit(help())
	case programName:
		runtime.LockOSThread() // rights belong to threads
		become()
	}
}

// helper is the first process of a sandbox.
type helper struct {
	plan    plan
	wire    *wire
	program int // process id

	mu  sync.Mutex
	why string // why the program was ended from here
}

// help does the helper's work; it gives the exit code.
func help() int {
	hide()
	w, err := newWire(os.NewFile(wireFile, "sandbox"))
	if err != nil {
		return 1
	}
	h := &helper{wire: w}
	if _, err := w.receive(&h.plan); err != nil {
		return 1
	}
	if h.plan.Probe {
		return h.probe()
	}
	if err := h.begin(); err != nil {
		_ = w.send(answer{Error: err.Error()}, -1)
		return 1
	}
	if err := w.send(answer{Started: true}, -1); err != nil {
		return h.finish()
	}
	go h.serve()
	go h.guard()
	return h.reap()
}

// begin makes the room and starts the program in it.
func (h *helper) begin() error {
	if err := h.enter(); err != nil {
		return err
	}
	return h.startProgram()
}

// startProgram starts this program once more, which becomes the foreign one when
// its limits are set: see become.
func (h *helper) startProgram() error {
	limits, err := json.Marshal(h.restraint())
	if err != nil {
		return err
	}
	failed, fails, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = failed.Close() }()
	h.program, err = syscall.ForkExec(self(), append([]string{programName, string(limits)}, h.plan.Argv...), &syscall.ProcAttr{
		Dir: h.plan.Dir, Env: h.plan.Env, Files: []uintptr{0, 1, 2, fails.Fd()}, Sys: h.childAttributes(),
	})
	_ = fails.Close()
	if err != nil {
		return fmt.Errorf("in %s: %w", h.plan.Dir, err)
	}
	text, err := io.ReadAll(failed) // ends when the foreign program is there
	if err == nil && len(text) > 0 {
		err = errors.New(string(text))
	}
	return err
}

// serve answers requests until the sandbox's owner is gone, and ends then.
func (h *helper) serve() {
	for {
		var r request
		if _, err := h.wire.receive(&r); err != nil {
			break
		}
		if r.Memory {
			_ = h.wire.send(answer{ID: r.ID, Memory: h.usage().memory}, -1)
			continue
		}
		go h.dial(r)
	}
	os.Exit(h.finish())
}

// dial connects to a port of the program, and hands the connection over.
func (h *helper) dial(r request) {
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(r.Port)))
	if err != nil {
		a := answer{ID: r.ID, Error: err.Error()}
		errors.As(err, &a.Refused)
		_ = h.wire.send(a, -1)
		return
	}
	defer func() { _ = conn.Close() }()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err == nil {
		_ = raw.Control(func(fd uintptr) { _ = h.wire.send(answer{ID: r.ID}, int(fd)) })
	}
}

// guard ends a program that has more processes, or more in memory, than it may:
// the kernel's limits are per process, or do not hold for everybody.
func (h *helper) guard() {
	for tick := time.Tick(h.plan.guardEvery()); ; <-tick {
		if why := h.usage().over(h.plan.Limits); why != "" {
			h.mu.Lock()
			h.why = why
			h.mu.Unlock()
			os.Exit(h.finish())
		}
	}
}

// reap waits for processes until the program has ended; it gives the exit code.
func (h *helper) reap() int {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return h.finish()
		}
		if pid == h.program && (status.Exited() || status.Signaled()) {
			return h.end(status)
		}
	}
}

func (h *helper) end(status syscall.WaitStatus) int {
	e := &ending{}
	if status.Signaled() {
		e.Signal = status.Signal()
	} else {
		e.Code = status.ExitStatus()
	}
	return h.report(e)
}

// finish ends all processes.
func (h *helper) finish() int { return h.report(&ending{Signal: syscall.SIGKILL}) }

func (h *helper) report(e *ending) int {
	h.mu.Lock() // until the end: one report, by whoever comes first
	e.Reason = h.why
	h.killAll()
	_ = h.wire.send(answer{Ended: e}, -1)
	return 0
}
