// Package install brings packs the dependencies that they declare.
//
// What a pack needs is resolved once, when it is published, and the lock file
// that says so becomes part of the pack ([Installer.Lock]). Every evaluator
// installs exactly that lock into an environment of its own
// ([Installer.Environment]), which is complete or not there.
package install

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Environment is a pack with its dependencies and how it is run.
type Environment struct {
	Dir  string   // the pack, its dependencies in it or beside it
	Argv []string // interpreter and arguments; the engine's address and the program's directory follow
	Env  []string // beside the sandbox's
	Read []string // what the interpreter reads beside Dir

	hold func() (release func())
}

// Hold keeps the environment from being removed until release is called.
func (e Environment) Hold() (release func()) {
	if e.hold == nil {
		return func() {} // one that the pack brings
	}
	return e.hold()
}

// Installer installs dependencies below a directory, each pack content once. It
// is safe for concurrent use, also by several processes on one directory.
type Installer struct {
	root string
	box  *sandbox.Sandbox
	log  zerolog.Logger

	mu       sync.Mutex
	own      map[string]bool    // directories that run in place
	failures map[string]failure // by key, of environments that could not be made
	held     map[string]int     // how many use an environment, by key

	now func() time.Time

	phase func(name string) // told by tests where an installation is
}

// New makes an installer that keeps environments below root. Everything in it
// can be made again, so it may be deleted while nothing runs.
func New(root string, box *sandbox.Sandbox, log zerolog.Logger) *Installer {
	return &Installer{
		root: root, box: box, log: log, own: map[string]bool{}, failures: map[string]failure{}, held: map[string]int{},
		now: time.Now, phase: func(string) {},
	}
}

// recipe is how packs of one runtime come by their dependencies.
type recipe interface {
	// key names what an environment depends on beside the pack: the interpreter.
	key() string
	// tool is the program that resolves and installs.
	tool() string
	// accepts says whether this machine can run the pack, as far as its own files tell.
	accepts(ctx context.Context, s *shop) error
	// locked tells whether a pack's directory holds the lock that the tool reads.
	locked(dir string) bool
	// lock resolves the dependencies of the pack in the shop, and returns the
	// name of the file in the pack's directory that says what was chosen, "" when
	// there is nothing to lock.
	lock(ctx context.Context, s *shop) (file string, err error)
	// install installs exactly the lock.
	install(ctx context.Context, s *shop) error
	// environment is how the pack is run from where it was installed.
	environment(dir string) Environment
}

// Lock resolves the dependencies of the pack in dir, and writes what was chosen
// into it, unless the pack has a lock file. changed tells whether it wrote.
// Errors: CodeInvalid when the pack is at fault or this machine lacks the tool
// that the pack asks for, CodeUnavailable when the registry did not answer.
func (i *Installer) Lock(ctx context.Context, dir string, p evaluator.Project) (changed bool, err error) {
	r, err := i.recipe(ctx, dir, p)
	if err != nil || r.locked(dir) {
		return false, err
	}
	key, err := keyOf(r, dir)
	if err != nil {
		return false, err
	}
	key = "lock-" + key
	release, err := i.hold(ctx, key)
	if err != nil {
		return false, err
	}
	defer release()
	s, err := i.open(key, dir, p)
	if err != nil {
		return false, err
	}
	defer s.close()
	changed, err = i.lockInto(ctx, r, s, dir)
	return changed, settled(err, 1)
}

func (i *Installer) lockInto(ctx context.Context, r recipe, s *shop, dir string) (changed bool, err error) {
	if err := r.accepts(ctx, s); err != nil {
		return false, err
	}
	file, err := i.lock(ctx, r, s)
	if err != nil || file == "" {
		return false, err
	}
	return true, s.bring(file, dir)
}

// Environment returns the environment of the pack in dir: its own, if Adopt
// said so, else one that is made from its lock. A pack without a lock is locked
// first, in the environment only. Errors as those of Lock; one that is worth a
// retry is CodeUnavailable.
func (i *Installer) Environment(ctx context.Context, dir string, p evaluator.Project) (Environment, error) {
	if i.adopted(dir) {
		if e, ok := i.Own(dir, p); ok {
			return e, fits(ctx, dir, p)
		}
	}
	r, err := i.recipe(ctx, dir, p)
	if err != nil {
		return Environment{}, err
	}
	key, err := keyOf(r, dir)
	if err != nil {
		return Environment{}, err
	}
	finished := func(at string) (Environment, error) {
		e := r.environment(at)
		e.hold = func() func() { return i.holdEnvironment(key) }
		return e, nil
	}
	if at, ok := i.complete(key); ok {
		return finished(at)
	}
	release, err := i.hold(ctx, key)
	if err != nil {
		return Environment{}, err
	}
	defer release()
	if at, ok := i.complete(key); ok {
		return finished(at) // somebody else was faster
	}
	if err := i.failed(key); err != nil {
		return Environment{}, err
	}
	at, err := i.make(ctx, r, key, dir, p)
	if err = i.remember(ctx, key, err); err != nil {
		return Environment{}, err
	}
	return finished(at)
}

// make makes an environment and marks it complete, and returns the pack's
// directory in it.
func (i *Installer) make(ctx context.Context, r recipe, key, dir string, p evaluator.Project) (string, error) {
	s, err := i.open(key, dir, p)
	if err != nil {
		return "", err
	}
	if err := i.fill(ctx, r, s); err != nil {
		s.close()
		return "", err
	}
	if err := s.seal(); err != nil {
		s.close()
		return "", err
	}
	i.sweep(abandoned)
	return s.pack, nil
}

func (i *Installer) fill(ctx context.Context, r recipe, s *shop) error {
	if err := r.accepts(ctx, s); err != nil {
		return err
	}
	if !r.locked(s.pack) {
		if _, err := i.lock(ctx, r, s); err != nil {
			return err
		}
	}
	i.phase("install")
	return i.logged("install the dependencies of a pack", r, s, func() error { return r.install(ctx, s) })
}

func (i *Installer) lock(ctx context.Context, r recipe, s *shop) (file string, err error) {
	i.phase("lock")
	err = i.logged("resolve the dependencies of a pack", r, s, func() error {
		file, err = r.lock(ctx, s)
		return err
	})
	return file, err
}

// recipe is that of a pack's runtime.
func (i *Installer) recipe(ctx context.Context, dir string, p evaluator.Project) (recipe, error) {
	switch p.Runtime {
	case schemas.RuntimeNodeJS:
		return newNode(ctx, dir, p)
	case schemas.RuntimePython:
		return newPython(ctx, dir, p)
	}
	return nil, schemas.Errorf(schemas.CodeInvalid, "runtime %q has no dependencies to install", p.Runtime)
}

// Adopt tells whether the pack in dir brings an environment of its own. If so,
// Environment gives that one from now on. It is for local packs: what is
// published never runs in anything but its lock.
func (i *Installer) Adopt(dir string, p evaluator.Project) bool {
	_, ok := i.Own(dir, p)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.own[dir] = ok
	return ok
}

func (i *Installer) adopted(dir string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.own[dir]
}
