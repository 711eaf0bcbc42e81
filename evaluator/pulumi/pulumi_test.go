package pulumi_test

import (
	"context"
	"os"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/evaltest"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	if err := os.Setenv("AWS_SECRET_ACCESS_KEY", "planted"); err != nil { // see TestStrangePacks
		panic(err)
	}
	// One thread of the sandbox starts its programs, for as long as this one runs.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox.init.func1.1"))
}

// loader loads packs that bring their SDK with them, as local packs may.
type loader struct {
	*pulumi.Loader
	installer *install.Installer
}

// newLoader makes a loader whose processes are contained as far as this system
// can, unless o says how.
func newLoader(t testing.TB, o pulumi.Options) *loader {
	t.Helper()
	if o.Sandbox == nil {
		o.Sandbox = contained(t, sandbox.BestEffort)
	}
	o.Installer = install.New(t.TempDir(), o.Sandbox, zerolog.Nop())
	l := &loader{pulumi.New(o), o.Installer}
	t.Cleanup(l.Close)
	return l
}

func contained(t testing.TB, mode sandbox.Mode) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.New(mode)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (l *loader) Inspect(ctx context.Context, dir string) (schemas.PackManifest, error) {
	l.adopt(dir)
	return l.Loader.Inspect(ctx, dir)
}

func (l *loader) Load(ctx context.Context, dir string, e schemas.EffectivePack) (evaluator.Engine, error) {
	l.adopt(dir)
	return l.Loader.Load(ctx, dir, e)
}

func (l *loader) adopt(dir string) {
	if project, err := evaluator.ReadProject(dir); err == nil {
		l.installer.Adopt(dir, project)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, runtime := range []schemas.Runtime{schemas.RuntimeNodeJS, schemas.RuntimePython} {
		t.Run(string(runtime), func(t *testing.T) { evaltest.Exercise(t, runtime, newLoader(t, pulumi.Options{})) })
	}
}
