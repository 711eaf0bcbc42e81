package sandbox

import (
	"errors"
	"fmt"
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

	whyNot error    // the system refused the namespaces
	found  findings // of the helper that tried
	failed error    // it could not even be started
}

// fullFence is the version of a fence that also keeps files from being emptied.
const fullFence = 3

// findings are what the helper found when it tried: what went wrong, or nothing.
type findings struct {
	Files, Network, Memory, Processes string
	Fence                             int
	Filter                            bool
}

// probeTimeout bounds a trial.
const probeTimeout = 30 * time.Second

// Once per process: what a system allows does not change while it runs.
var (
	probed      = sync.OnceValue(probeAll)
	probedPlain = sync.OnceValue(func() abilities { return try(abilities{}) })
)

// try starts a helper that does what it can of what is wanted, and gives what
// works.
func try(want abilities) abilities {
	l := &launch{plan: plan{Probe: true, First: want.Processes, Room: want.Files, Alone: want.Network, Limits: Limits{}.withDefaults()}}
	l.cmd = helperCommand(want, want.Network)
	got := want
	w, err := l.helper()
	if err != nil {
		return abilities{whyNot: err, failed: err}
	}
	defer func() { _ = w.conn.Close() }()
	var a answer
	_ = w.conn.SetDeadline(time.Now().Add(probeTimeout))
	if err = w.send(l.plan, -1); err == nil {
		_, err = w.receive(&a)
	}
	if err != nil || a.Probed == nil {
		_ = l.cmd.Process.Kill()
		err = errors.Join(err, l.cmd.Wait())
		return abilities{whyNot: fmt.Errorf("the helper gave no answer: %w", err), failed: err}
	}
	_ = l.cmd.Wait()
	got.found = *a.Probed
	got.Files = want.Files && a.Probed.Files == ""
	got.Network = want.Network && a.Probed.Network == ""
	got.Fence, got.Filter = a.Probed.Fence, a.Probed.Filter
	return got
}
