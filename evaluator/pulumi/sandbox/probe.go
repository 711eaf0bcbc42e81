package sandbox

import (
	"cmp"
	"errors"
	"sync"
	"time"
)

// abilities are what this system lets a sandbox have.
type abilities struct {
	User      bool // a user namespace, which all others need
	Files     bool // a private view of files
	Network   bool // a network of its own
	Processes bool // a world of processes of its own
	Count     bool // the kernel counts the processes of a sandbox by themselves
	Fence     int  // version of what keeps programs from opening files, 0 without
	Filter    bool // of system calls

	failed error            // the helper cannot even be started
	tried  map[string]trial // what was tried, by step
}

// The steps of a trial. Those that are protections have the names they have in
// reports.
const (
	stepMemory    = "memory limit"
	stepTasks     = "process limit"
	stepFiles     = "private files"
	stepNetwork   = "no network"
	stepProcesses = "processes"
	stepFence     = "fence"
	stepFilter    = "filter"
)

// fullFence is the version of a fence that also keeps files from being emptied.
const fullFence = 3

// finding is what the helper says after each step, so that what it said stands
// when the system ends it at the next.
type finding struct {
	Step  string
	Wrong string // what went wrong, or nothing
	Fence int    `json:",omitempty"`
}

// trial is what a helper found.
type trial struct {
	wrong map[string]string // by step; nothing when it works
	fence int
	err   error // why it did not get to its end
}

func (t trial) works(step string) bool {
	wrong, tried := t.wrong[step]
	return tried && wrong == ""
}

// why is what went wrong with a step.
func (t trial) why(step string) string {
	if wrong, tried := t.wrong[step]; tried {
		return wrong
	}
	if t.err == nil {
		return "not on this operating system"
	}
	if len(t.wrong) == 0 {
		return "namespaces are refused: " + plain(t.err)
	}
	return "the system ended the helper when it tried: " + plain(t.err)
}

// probeTimeout bounds a trial.
const probeTimeout = 30 * time.Second

// Once per process: what a system allows does not change while it runs.
var (
	probed      = sync.OnceValue(probeAll)
	probedPlain = sync.OnceValue(func() abilities {
		t := try(abilities{})
		can := abilities{Filter: t.works(stepFilter), tried: map[string]trial{}}
		for _, step := range []string{stepMemory, stepTasks, stepFence, stepFilter} {
			can.tried[step] = t
		}
		if t.works(stepFence) {
			can.Fence = t.fence
		}
		if len(t.wrong) == 0 {
			can.failed = t.err
		}
		return can
	})
)

// try starts a helper that does what it can of what is wanted.
func try(want abilities) trial {
	l := &launch{plan: plan{Probe: true, First: want.Processes, Room: want.Files, Alone: want.Network, Limits: Limits{}.withDefaults()}}
	l.cmd = helperCommand(want, want.Network)
	t := trial{wrong: map[string]string{}}
	var w *wire
	if w, t.err = l.helper(); t.err != nil {
		return t
	}
	defer func() { _ = w.conn.Close() }()
	_ = w.conn.SetDeadline(time.Now().Add(probeTimeout))
	for err := w.send(l.plan, -1); err == nil; {
		var a answer
		if _, err = w.receive(&a); err == nil && a.Found != nil {
			t.wrong[a.Found.Step] = a.Found.Wrong
			t.fence = max(t.fence, a.Found.Fence)
		}
	}
	_ = l.cmd.Process.Kill() // it has closed the wire, or hangs
	if err := l.cmd.Wait(); !t.works(stepFilter) {
		t.err = cmp.Or(err, errors.New("it went no further"))
	}
	return t
}
