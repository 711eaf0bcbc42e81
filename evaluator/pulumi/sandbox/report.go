package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Protection is one thing that a sandbox takes from programs.
type Protection struct {
	Name  string `json:"name"`
	Holds bool   `json:"holds"`
	Why   string `json:"why"`          // what holds, or why it does not
	Do    string `json:"do,omitempty"` // what makes it hold
}

// Report tells which protections hold on this system for the sandbox's mode and
// programs with these limits.
func (s *Sandbox) Report(l Limits) []Protection { return Report(s.mode, l) }

// Report tells which protections hold on this system in a mode, for programs with
// these limits. Each was tried.
func Report(mode Mode, l Limits) []Protection {
	l = l.withDefaults()
	off := mode == Off
	can := probedPlain()
	if !off {
		can = probed()
	}
	return []Protection{
		can.limit("clean environment", "nothing of the scanner's environment but what registries need, and that only while dependencies are installed"),
		can.privateFiles(off),
		can.noNetwork(off),
		can.limit(stepMemory, fmt.Sprintf("%d MiB of data for a process, and in memory for all of a pack together", l.Memory>>20)),
		can.limit(stepTasks, "512 processes and threads; an hour of processor time for each process, after all others"),
		can.limit("file limits", "4,096 open files, files of at most 1 GiB"),
		can.limit("dies with its parent", "all processes end with the scanner, also when it is killed"),
	}
}

// limit is a protection that needs no namespaces.
func (can abilities) limit(name, holds string) Protection {
	if can.failed != nil {
		return Protection{Name: name, Why: "the helper could not be started: " + plain(can.failed), Do: "The program's file must be executable where it lies."}
	}
	if t, tried := can.tried[name]; tried && !t.works(name) {
		return Protection{Name: name, Why: t.why(name), Do: "Use Linux 4.7 or newer, with /proc mounted."}
	}
	return Protection{Name: name, Holds: true, Why: holds}
}

func (can abilities) privateFiles(off bool) Protection {
	p := Protection{Name: stepFiles, Holds: true}
	switch {
	case off:
		return p.off()
	case can.Files:
		p.Why = "only the pack, and the system's programs and libraries; a home directory of its own"
	case can.Fence >= fullFence && can.Filter:
		p.Why = "only the pack, and the system's programs and libraries, can be opened (Landlock); names of other files and processes are seen"
	case can.Fence > 0:
		return p.refused(can, "other files cannot be opened (Landlock), but emptied")
	default:
		return p.refused(can, "")
	}
	return p
}

func (can abilities) noNetwork(off bool) Protection {
	p := Protection{Name: stepNetwork, Holds: true, Why: "none but its own; installing dependencies has this machine's"}
	switch {
	case off:
		return p.off()
	case can.Network:
		return p
	case can.Filter:
		return p.refused(can, "a pack cannot make connections (a filter of system calls), but be reached")
	}
	return p.refused(can, "")
}

func (p Protection) off() Protection {
	return Protection{Name: p.Name, Why: "the sandbox is off", Do: "Set sandbox to best-effort or required."}
}

// refused is a protection that needs namespaces; instead is what there is.
func (p Protection) refused(can abilities, instead string) Protection {
	why := can.tried[p.Name].why(p.Name)
	if instead != "" {
		why = instead + ": " + why
	}
	return Protection{Name: p.Name, Why: why, Do: remedy()}
}

// plain is the system's part of an error.
func plain(err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EUSERS):
		return "there may be no more of them"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return err.Error()
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
