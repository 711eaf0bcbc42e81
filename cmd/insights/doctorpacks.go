package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// checkRuntimes tells whether the packs that apply can be run by this program, and
// on this machine.
func checkRuntimes(ctx context.Context, d *doctor) []finding {
	if !d.cfg.runsPacks() {
		return nil
	}
	out := []finding{fine("pack runtimes", "%s, in this program", newRuntimes(d.cfg, d.node.log))}
	why, ok := d.ask(ctx)
	if !ok {
		return append(append(out, why...), d.tools(ctx, nil)...)
	}
	tables := newTables(d.node.bus)
	used := map[schemas.Runtime]bool{}
	err := tables.manifests.List(ctx, "", func(key string, m schemas.PackManifest, _ uint64) error {
		if strings.Contains(key, "/") && !m.Removed { // the others are no versions
			used[m.Runtime] = true
		}
		return nil
	})
	if err != nil {
		out = append(out, broken("packs", err))
	}
	out = append(out, d.tools(ctx, used)...)
	seen := map[string]bool{}
	err = tables.effective.List(ctx, "", func(_ string, e schemas.Effective, _ uint64) error {
		for _, p := range e.Packs {
			text := fmt.Sprintf("pack %s %s: %s", p.Name, p.Version, p.Error)
			if p.Error != "" && !seen[text] {
				seen[text] = true
				out = append(out, warn("packs", "Its policies count as errored. Publish a version that works, or withdraw it.", "%s", text))
			}
		}
		return nil
	})
	if err != nil {
		out = append(out, broken("packs", err))
	}
	return out
}

// tools looks for what packs of a runtime need on this machine: of the runtimes
// that published packs use, and, for whoever asks about packs, of all.
func (d *doctor) tools(ctx context.Context, used map[schemas.Runtime]bool) (out []finding) {
	asked := slices.Contains(d.only, "packs")
	for _, runtime := range []schemas.Runtime{schemas.RuntimeNodeJS, schemas.RuntimePython} {
		if !used[runtime] && !asked {
			continue
		}
		for _, t := range install.Tools(ctx, runtime) {
			out = append(out, toolFinding(t, runtime, used[runtime]))
		}
	}
	return out
}

// toolFinding fails where packs are published that need the tool.
func toolFinding(t install.Tool, runtime schemas.Runtime, used bool) finding {
	if t.Err == nil {
		text := "version " + t.Version
		if t.Wanted != "" {
			text += "; supported is " + t.Wanted
		}
		return fine(t.Name, "%s", text)
	}
	f := broken(t.Name, t.Err)
	if !used {
		f.State = checkWarning
		f.Detail += fmt.Sprintf("; no published pack is a %s pack", runtime)
	}
	return f
}
