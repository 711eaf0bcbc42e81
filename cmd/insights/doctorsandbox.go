package main

import (
	"context"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
)

// checkSandbox tries what contains packs. That not all of it holds is a failure
// where the configuration requires it: no pack in a programming language runs then.
func checkSandbox(_ context.Context, d *doctor) []finding {
	const name = "sandbox"
	if !d.cfg.runsPacks() {
		return nil
	}
	mode := sandbox.Mode(d.cfg.Sandbox)
	if mode == sandbox.Off {
		return []finding{warn(name, "Set sandbox to best-effort or required, unless every pack is your own.", "off: packs can read this user's files and use the network")}
	}
	if _, err := sandbox.New(mode); err != nil {
		return []finding{broken(name, err)}
	}
	var holds, missing, remedies []string
	for _, p := range sandbox.Report(mode, d.cfg.packLimits()) {
		if p.Holds {
			holds = append(holds, p.Name)
			continue
		}
		missing = append(missing, p.Name+" ("+p.Why+")")
		if !slices.Contains(remedies, p.Do) {
			remedies = append(remedies, p.Do)
		}
	}
	if len(missing) > 0 {
		return []finding{warn(name, strings.Join(remedies, " "), "packs run, and this does not hold: %s", strings.Join(missing, "; "))}
	}
	return []finding{fine(name, "%s", strings.Join(holds, ", "))}
}
