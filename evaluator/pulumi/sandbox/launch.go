package sandbox

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// helperName is the name (argv[0]) by which this program knows that it is to be
// the helper.
const helperName = "insights-sandbox"

// privateHome is HOME where the program has files of its own.
const privateHome = "/tmp/home"

// plan is what the helper is told.
type plan struct {
	Argv    []string
	Dir     string
	Env     []string
	Limits  Limits
	Room    bool   // a view of its own of files: Binds and Links
	Fence   bool   // no view of its own, but only Binds are open
	Binds   []bind // what it may read and write
	Links   []link
	First   bool // the helper is the first process of a world of its own
	Alone   bool // a network of its own
	Filter  bool // of system calls
	Offline bool // the filter refuses connections
	Fixed   bool // the filter refuses to change modes and owners of files
	Count   bool // the kernel counts its processes by themselves
	Rights  bool // it keeps those of this process
	Probe   bool // start nothing, say what can be done
}

// launch is a helper that can be started.
type launch struct {
	plan    plan
	cmd     *exec.Cmd
	scratch string     // HOME and TMPDIR where the program has no files of its own
	trees   []*os.File // see beStranger
	note    string
}

// The helper's open files: the wire, then trees.
const (
	wireFile  = 3
	firstTree = 4
)

// startTimeout bounds the helper's work before the program runs.
const startTimeout = 30 * time.Second

func (s *Sandbox) launch(spec Spec) (*launch, error) {
	can, offline := s.can, !spec.Network
	l := &launch{plan: plan{
		Argv: spec.Argv, Dir: spec.Dir, Env: environment(spec, os.Environ()), Limits: spec.Limits, Rights: s.mode == Off,
		Room: can.Files, Fence: !can.Files && can.Fence > 0, First: can.Processes, Count: can.Count,
		Alone: can.Network && offline, Filter: can.Filter,
		// Sockets that are files are reached in every network.
		Offline: can.Filter && offline && !(can.Network && can.Files),
		// What may write, to install something, needs modes.
		Fixed: can.Filter && !can.Files && offline && len(spec.Write) == 0,
	}}
	home, temp := privateHome, "/tmp"
	if !can.Files {
		var err error
		if l.scratch, err = os.MkdirTemp("", "insights-sandbox-"); err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "a home directory for a contained program: %w", err)
		}
		home, temp = l.scratch, l.scratch
		spec.Write = append(slices.Clone(spec.Write), l.scratch)
		l.linkRegistryFiles(spec)
	}
	l.plan.Binds, l.plan.Links = visible(spec, l.plan.Env)
	l.plan.Env = lastOf(append(l.plan.Env, "HOME="+home, "TMPDIR="+temp))
	l.plan.Dir = cmp.Or(spec.Dir, home)
	l.cmd = helperCommand(can, l.plan.Alone)
	l.cmd.Stdout, l.cmd.Stderr = spec.Stdout, spec.Stderr
	if s.mode != Off && os.Geteuid() == 0 {
		l.beStranger()
	}
	return l, nil
}

// linkRegistryFiles brings the user's registry settings to a home directory that
// is an ordinary one.
func (l *launch) linkRegistryFiles(spec Spec) {
	if !spec.Network {
		return
	}
	for _, b := range registryBinds(nil, l.scratch) {
		if os.MkdirAll(filepath.Dir(b.To), 0o700) == nil {
			_ = os.Symlink(b.From, b.To)
		}
	}
}

// helperCommand is this program as helper, in namespaces of its own as far as
// they can be had.
func helperCommand(can abilities, alone bool) *exec.Cmd {
	cmd := exec.Command(self(), helperName) //nolint:noctx // ended with its process, see start
	cmd.Args = cmd.Args[1:]
	cmd.Dir = "/"
	// One thread at a time is enough; its threads count beside the program's.
	cmd.Env = []string{"GOMAXPROCS=1"}
	cmd.SysProcAttr = attributes(can, alone)
	cmd.WaitDelay = 5 * time.Second // for what outlived the helper and holds its output
	return cmd
}

// self is this program's file, also when an upgrade has replaced it.
func self() string {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err == nil {
		return link
	}
	path, _ := os.Executable()
	return path
}

// start starts the helper, gives it the plan and waits until the program runs.
func (l *launch) start(ctx context.Context, spec Spec) (*Process, error) {
	w, err := l.helper()
	l.closeTrees()
	if err != nil {
		l.clean()
		return nil, schemas.Errorf(schemas.CodeUnavailable, "start the sandbox of %s: %w", spec.Argv[0], err)
	}
	p := newProcess(w, l)
	p.stop = context.AfterFunc(ctx, p.Kill)
	go p.watch()
	if err = w.send(l.plan, -1); err == nil {
		err = p.started(ctx)
	}
	if err == nil {
		return p, nil
	}
	p.Kill()
	_ = p.Wait()
	return nil, err
}

// helper starts the helper; the wire leads to it.
func (l *launch) helper() (*wire, error) {
	w, other, err := newPair()
	if err != nil {
		return nil, err
	}
	defer func() { _ = other.Close() }()
	l.cmd.ExtraFiles = append([]*os.File{other}, l.trees...)
	starter()(func() { err = l.cmd.Start() })
	if err != nil {
		_ = w.conn.Close()
		return nil, err
	}
	return w, nil
}

func (l *launch) closeTrees() {
	for _, f := range l.trees {
		_ = f.Close()
	}
	l.trees = nil
}

// clean removes what was made for the program.
func (l *launch) clean() {
	if l.scratch != "" {
		_ = os.RemoveAll(l.scratch)
	}
}

// starter gives the function that runs another on a thread that never ends:
// the kernel ends a helper with the thread that started it.
var starter = sync.OnceValue(func() func(func()) {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return func(f func()) {
		done := make(chan struct{})
		work <- func() { defer close(done); f() }
		<-done
	}
})
