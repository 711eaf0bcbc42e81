//go:build !linux

package sandbox

import (
	"errors"
	"syscall"
	"time"
)

// Beyond Linux programs get a clean environment, limits of files and processor
// time, and an end with the scanner's.

func remedy() string { return "Run packs that you do not trust on Linux." }

func probeAll() abilities { return probedPlain() }

func (h *helper) probe() int {
	for _, step := range []string{stepMemory, stepTasks} {
		_ = h.wire.send(answer{Found: &finding{Step: step, Wrong: "not on this operating system"}}, -1)
	}
	return 0
}

func attributes(abilities, bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func (h *helper) childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func hide() {}

func (h *helper) enter() error { return nil }

func (r restraint) confine() error { return nil }

func (h *helper) restraint() restraint { return restraint{Limits: h.plan.Limits} }

func (r restraint) resources() []resource { return common(r.Limits) }

// usage is not known: this system has no list of processes to be read.
func (h *helper) usage() usage { return usage{} }

// killAll ends the program's group.
func (h *helper) killAll() {
	if h.program == 0 {
		return
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if errors.Is(syscall.Kill(-h.program, syscall.SIGKILL), syscall.ESRCH) {
			return
		}
	}
}

func (l *launch) beStranger() {}
