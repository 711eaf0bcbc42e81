package main

import (
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// loaders are the pack runtimes of this program. close ends what they keep
// running. CodeUnavailable when the sandbox is required and this system has none.
func loaders(c Config, log zerolog.Logger) (all map[schemas.Runtime]evaluator.Loader, closeAll func(), err error) {
	box, err := sandbox.New(sandbox.Mode(c.Sandbox))
	if err != nil {
		return nil, nil, err
	}
	pulumiPacks := pulumi.New(pulumi.Options{
		Installer: install.New(filepath.Join(c.DataDir, "environments"), box, log), Sandbox: box,
	})
	return map[schemas.Runtime]evaluator.Loader{
		schemas.RuntimeOPA: rego.Loader{Builtins: c.Packs.Builtins}, schemas.RuntimeNodeJS: pulumiPacks, schemas.RuntimePython: pulumiPacks,
	}, pulumiPacks.Close, nil
}

// runtimeNames lists the pack runtimes for people.
const runtimeNames = string(schemas.RuntimeNodeJS + ", " + schemas.RuntimeOPA + ", " + schemas.RuntimePython)
