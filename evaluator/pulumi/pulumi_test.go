package pulumi_test

import (
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/insights-scanner/insights-scanner/evaluator/evaltest"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newLoader makes a loader whose processes are contained as far as this system can.
func newLoader(t testing.TB, o pulumi.Options) *pulumi.Loader {
	t.Helper()
	box, err := sandbox.New(sandbox.BestEffort)
	if err != nil {
		t.Fatal(err)
	}
	o.Sandbox, o.Installer = box, install.New(t.TempDir(), box, zerolog.Nop())
	l := pulumi.New(o)
	t.Cleanup(l.Close)
	return l
}

func TestConformance(t *testing.T) {
	for _, runtime := range []schemas.Runtime{schemas.RuntimeNodeJS, schemas.RuntimePython} {
		t.Run(string(runtime), func(t *testing.T) { evaltest.Exercise(t, runtime, newLoader(t, pulumi.Options{})) })
	}
}
