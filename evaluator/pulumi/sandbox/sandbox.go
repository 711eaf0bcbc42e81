// Package sandbox runs foreign programs contained: with an environment, files,
// memory and processes of their own, without a network, and never longer than
// the program that started them.
package sandbox

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Mode says what happens where the system cannot contain a program.
type Mode string

// Modes.
const (
	Required   Mode = "required"    // nothing runs
	BestEffort Mode = "best-effort" // what the system has is used
	Off        Mode = "off"         // a clean environment and limits only
)

// Limits bound a program. Zero values stand for the defaults.
type Limits struct {
	Memory    int64         // bytes of data of one process
	CPU       time.Duration // processor time of one process
	Processes int
	Files     int   // open at a time
	FileSize  int64 // bytes of one file
}

// Spec is a program to run.
type Spec struct {
	Argv    []string // the program's absolute path and its arguments
	Dir     string   // working directory, absolute
	Env     []string // all of its environment; HOME and TMPDIR are added
	Read    []string // absolute paths it may read, beside the system's libraries
	Write   []string // absolute paths it may write
	Network bool     // while dependencies are installed
	Limits  Limits
	Stdout  io.Writer
	Stderr  io.Writer
}

// Sandbox starts programs.
type Sandbox struct{ mode Mode }

// New makes a sandbox. CodeUnavailable when required and the system cannot contain programs.
func New(mode Mode) (*Sandbox, error) { return &Sandbox{mode: mode}, nil }

// Process is a program that was started.
type Process struct{ cmd *exec.Cmd }

// Start starts a program; it ends with ctx.
func (s *Sandbox) Start(ctx context.Context, spec Spec) (*Process, error) {
	cmd := exec.CommandContext(ctx, spec.Argv[0], spec.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = spec.Dir, spec.Env, spec.Stdout, spec.Stderr
	if err := cmd.Start(); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "start %s: %w", spec.Argv[0], err)
	}
	return &Process{cmd}, nil
}

// Dial connects to a TCP port that the program listens on at its 127.0.0.1.
func (p *Process) Dial(ctx context.Context, port int) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// Memory is the resident memory of the program and all its processes, in bytes.
func (p *Process) Memory() int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/statm")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// Kill ends the program and all its processes at once.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() }

// Wait waits until the program has ended; the error says how, nil after exit code 0.
func (p *Process) Wait() error { return p.cmd.Wait() }
