package sandbox

import (
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Protection is one thing that a sandbox takes from programs.
type Protection struct {
	Name  string `json:"name"`
	Holds bool   `json:"holds"`
	Why   string `json:"why"`          // what holds, or why it does not
	Do    string `json:"do,omitempty"` // what makes it hold
}

// Report tells which protections hold on this system for the sandbox's mode.
func (s *Sandbox) Report() []Protection { return Report(s.mode) }

// Report tells which protections hold on this system in a mode. Each was tried.
func Report(mode Mode) []Protection {
	off := mode == Off
	can := probedPlain()
	if !off {
		can = probed()
	}
	return []Protection{
		protection("clean environment", can.failed, "", "nothing of the scanner's environment but what registries need, and that only while dependencies are installed"),
		isolation("private files", off, can.Files, can, can.found.Files, "system programs and libraries and the pack can be read, nothing else; a home directory of its own"),
		isolation("no network", off, can.Network, can, can.found.Network, "no connection leaves a pack; installing dependencies has the network of this machine"),
		protection("memory limit", can.failed, can.found.Memory, "2 GiB of data for a process, and in memory for all of a pack together"),
		protection("process limit", can.failed, can.found.Processes, "512 processes and threads; an hour of processor time for each process, after all others"),
		protection("file limits", can.failed, "", "4,096 open files, files of at most 1 GiB"),
		protection("dies with its parent", can.failed, survives, "all processes end with the scanner, also when it is killed"),
	}
}

// protection is one that needs no namespaces.
func protection(name string, failed error, found, holds string) Protection {
	p := Protection{Name: name, Holds: failed == nil && found == "", Why: holds}
	if failed != nil {
		p.Why, p.Do = "the helper could not be started: "+failed.Error(), "The program's file must be executable where it lies."
	} else if found != "" {
		p.Why, p.Do = found, "Use Linux 4.7 or newer, with /proc mounted."
	}
	return p
}

// isolation is one that needs namespaces.
func isolation(name string, off, can bool, all abilities, found, holds string) Protection {
	switch {
	case can:
		return Protection{Name: name, Holds: true, Why: holds}
	case off:
		return Protection{Name: name, Why: "the sandbox is off", Do: "Set sandbox to best-effort or required."}
	case found != "":
		return Protection{Name: name, Why: found, Do: remedy()}
	case all.whyNot != nil:
		return Protection{Name: name, Why: "this system does not let the scanner make namespaces: " + all.whyNot.Error(), Do: remedy()}
	}
	return Protection{Name: name, Why: "not on this operating system", Do: "Run packs that you do not trust on Linux."}
}

// lacking is the error of a sandbox that is required; nil when everything holds.
func lacking(all []Protection) error {
	var names, hints []string
	for _, p := range all {
		if p.Holds {
			continue
		}
		names = append(names, p.Name+" ("+p.Why+")")
		if len(hints) == 0 || hints[len(hints)-1] != p.Do {
			hints = append(hints, p.Do)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return schemas.Errorf(schemas.CodeUnavailable, "sandbox: required, but this does not hold here: %s", strings.Join(names, "; ")).
		WithHint("%s", strings.Join(append(hints, "With sandbox: best-effort packs run without it; docs/trust.md says what that means."), " "))
}
