package sandbox

import (
	"cmp"
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
		privateFiles(off, can),
		noNetwork(off, can),
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

func privateFiles(off bool, can abilities) Protection {
	p := Protection{Name: "private files", Holds: true}
	switch {
	case off:
		return p.off()
	case can.Files:
		p.Why = "only the pack, and the system's programs and libraries; a home directory of its own"
	case can.Fence >= fullFence:
		p.Why = "only the pack, and the system's programs and libraries, can be opened (Landlock); names of other files and processes are seen"
	case can.Fence > 0:
		return p.refused(can, can.found.Files, "other files cannot be opened (Landlock), but emptied")
	default:
		return p.refused(can, can.found.Files, "")
	}
	return p
}

func noNetwork(off bool, can abilities) Protection {
	p := Protection{Name: "no network", Holds: true, Why: "none but its own; installing dependencies has this machine's"}
	switch {
	case off:
		return p.off()
	case can.Network:
		return p
	case can.Filter:
		return p.refused(can, can.found.Network, "a pack cannot make connections (a filter of system calls), but be reached")
	}
	return p.refused(can, can.found.Network, "")
}

func (p Protection) off() Protection {
	return Protection{Name: p.Name, Why: "the sandbox is off", Do: "Set sandbox to best-effort or required."}
}

// refused is a protection that needs namespaces; instead is what there is.
func (p Protection) refused(can abilities, found, instead string) Protection {
	why := found
	if why == "" && can.whyNot != nil {
		why = "namespaces are refused: " + can.whyNot.Error()
	}
	if instead != "" {
		why = instead + ": " + why
	}
	return Protection{Name: p.Name, Why: cmp.Or(why, "not on this operating system"), Do: remedy()}
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
