package pulumi

import (
	"cmp"
	"context"
	"encoding/json"
	"path/filepath"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/rs/zerolog"
	"google.golang.org/grpc/status"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Options are what a Loader needs, and its limits.
type Options struct {
	Installer *install.Installer
	Sandbox   *sandbox.Sandbox
	Limits    sandbox.Limits // of a pack's process
	// Boot bounds how long a pack may take to start. Default 60 s.
	Boot time.Duration
	// Call bounds how long a pack may take for one resource. Default 10 s.
	Call time.Duration
	// Pause is how long a pack rests that fails again and again. Default 30 s.
	Pause time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
	Log zerolog.Logger
}

// Loader loads Node and Python packs. It implements evaluator.Loader.
type Loader struct {
	opt Options

	mu     sync.Mutex
	parked *parked
	failed map[string]failure // by pack content, and by that with its configuration
	noted  sync.Once
}

// parked is the process of the pack that was inspected last. Who inspects a pack
// loads it as a rule, and starting one takes seconds.
type parked struct {
	*booted
	dir   string
	timer *time.Timer
}

const parkingTime = time.Minute

// failure is why a pack could not be loaded, and until when that is believed.
type failure struct {
	err   error
	until time.Time
}

// New makes a loader. Close it.
func New(o Options) *Loader {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&o.Boot, time.Minute)
	set(&o.Call, 10*time.Second)
	set(&o.Pause, 30*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Loader{opt: o, failed: map[string]failure{}}
}

// Close ends the process that is kept of the pack inspected last.
func (l *Loader) Close() { l.park("", nil) }

// booted is a pack that was started, and what it says of itself.
type booted struct {
	*process
	info     *pulumirpc.AnalyzerInfo
	manifest schemas.PackManifest
}

// Inspect starts the pack in dir and asks what it declares. A pack that does not
// start is CodeInvalid, with what it says about that.
func (l *Loader) Inspect(ctx context.Context, dir string) (schemas.PackManifest, error) {
	project, env, err := l.prepare(ctx, dir)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	b, err := l.boot(ctx, project, env)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	l.park(env.Dir, b)
	return b.manifest, nil
}

// Load starts the pack in dir with its configuration. One that did not start a
// moment ago is not tried again.
func (l *Loader) Load(ctx context.Context, dir string, e schemas.EffectivePack) (evaluator.Engine, error) {
	configured := configuredKey(e)
	if err := cmp.Or(l.lately(e.Digest), l.lately(configured)); err != nil {
		return nil, err
	}
	project, env, err := l.prepare(ctx, dir)
	if err != nil {
		return nil, err
	}
	b := l.unpark(env.Dir)
	if b == nil {
		if b, err = l.boot(ctx, project, env); err != nil {
			l.remember(e.Digest, err)
			return nil, err
		}
	}
	engine, err := newEngine(ctx, l, b, dir, e)
	if err != nil {
		l.remember(configured, err)
		return nil, err
	}
	return engine, nil
}

// configuredKey names a pack with its configuration, which it may refuse.
func configuredKey(e schemas.EffectivePack) string {
	doc, err := json.Marshal(e.Config) // map keys come sorted
	if err != nil || e.Digest == "" {
		return ""
	}
	return e.Digest + "/" + string(doc)
}

// prepare reads the pack in dir and brings it its dependencies.
func (l *Loader) prepare(ctx context.Context, dir string) (evaluator.Project, install.Environment, error) {
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return project, install.Environment{}, err
	}
	env, err := l.opt.Installer.Environment(ctx, dir, project)
	if err != nil {
		return project, env, err
	}
	if real, err := filepath.EvalSymlinks(env.Dir); err == nil {
		env.Dir = real // as the pack names its files
	}
	return project, env, nil
}

// boot starts a pack and asks what it declares.
func (l *Loader) boot(ctx context.Context, project evaluator.Project, env install.Environment) (*booted, error) {
	p, err := start(ctx, l.opt.Sandbox, env, l.opt.Limits, l.opt.Boot)
	if err != nil {
		return nil, err
	}
	if note := p.child.Note(); note != "" {
		l.noted.Do(func() { l.opt.Log.Warn().Str("reason", note).Msg("packs are contained less than they could be") })
	}
	bounded, cancel := context.WithTimeout(ctx, l.opt.Boot)
	defer cancel()
	b := &booted{process: p}
	if b.info, err = p.info(bounded); err != nil {
		p.kill()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, p.unstarted("it does not say what it declares: " + status.Convert(err).Message())
	}
	if b.manifest, err = manifest(b.info, project); err != nil {
		p.kill()
		return nil, err
	}
	return b, nil
}

// park keeps a process for a while, in place of the one kept before.
func (l *Loader) park(dir string, b *booted) {
	var next *parked
	if b != nil {
		next = &parked{booted: b, dir: dir}
	}
	l.mu.Lock()
	last := l.parked
	l.parked = next
	if next != nil {
		next.timer = time.AfterFunc(parkingTime, func() { l.expire(next) })
	}
	l.mu.Unlock()
	if last != nil {
		last.timer.Stop()
		last.kill()
	}
}

func (l *Loader) expire(p *parked) {
	l.mu.Lock()
	mine := l.parked == p
	if mine {
		l.parked = nil
	}
	l.mu.Unlock()
	if mine {
		p.kill()
	}
}

// unpark takes the process that is kept, if it is of the pack in dir and runs.
func (l *Loader) unpark(dir string) *booted {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.parked
	if p == nil || p.dir != dir || !p.alive() {
		return nil
	}
	p.timer.Stop()
	l.parked = nil
	return p.booted
}

// lately is the error of a pack that could not be loaded a moment ago.
func (l *Loader) lately(digest string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.failed[digest]
	if !ok {
		return nil
	}
	if !l.opt.Now().Before(f.until) {
		delete(l.failed, digest)
		return nil
	}
	return f.err
}

func (l *Loader) remember(digest string, err error) {
	if digest == "" || schemas.CodeOf(err) != schemas.CodeInvalid {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed[digest] = failure{err, l.opt.Now().Add(l.opt.Pause)}
}
