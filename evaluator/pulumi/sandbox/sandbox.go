// Package sandbox runs foreign programs contained: with an environment, files,
// memory and processes of their own, without a network, and never longer than
// the program that started them.
//
// The program that uses it calls [Main] before anything else: the sandbox starts
// that program a second time, as the helper that makes the room, starts the
// foreign program in it, and stays its first process.
package sandbox

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Mode says what happens where the system cannot contain a program.
type Mode string

// Modes.
const (
	Required   Mode = "required"    // nothing runs
	BestEffort Mode = "best-effort" // what the system has is used
	Off        Mode = "off"         // a clean environment and limits only
)

// Modes are all modes, the strictest first.
var Modes = []Mode{Required, BestEffort, Off}

// Limits bound a program. Zero values stand for the defaults.
type Limits struct {
	Memory    int64         // bytes: the data of one process, and what all its processes have in memory together; 4 GiB
	CPU       time.Duration // processor time of one process; an hour
	Processes int           // processes and threads together; 512
	Files     int           // open at a time in one process; 4096
	FileSize  int64         // bytes of one file; 1 GiB
	Temp      int64         // bytes of HOME and TMPDIR together, which are memory; 256 MiB
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Memory: cmp.Or(l.Memory, 4<<30), CPU: cmp.Or(l.CPU, time.Hour), Processes: cmp.Or(l.Processes, 512),
		Files: cmp.Or(l.Files, 4096), FileSize: cmp.Or(l.FileSize, 1<<30), Temp: cmp.Or(l.Temp, 256<<20),
	}
}

// Spec is a program to run.
type Spec struct {
	Argv []string // the program's absolute path and its arguments
	Dir  string   // working directory, absolute; HOME when empty
	// Env is its environment beside PATH, LANG, HOME and TMPDIR, which it may
	// replace but for the last two. Nothing comes from this process's environment
	// but, with Network, what says how package registries are reached.
	Env     []string
	Read    []string // absolute paths it may read, beside the system's programs and libraries and its own
	Write   []string // absolute paths it may write
	Network bool     // while dependencies are installed
	Limits  Limits
	Stdout  io.Writer
	Stderr  io.Writer
}

// Sandbox starts programs.
type Sandbox struct {
	mode Mode
	can  abilities
}

// New makes a sandbox. CodeUnavailable when the mode is required and this system
// cannot contain programs; the error names what is missing and the remedy.
func New(mode Mode) (*Sandbox, error) {
	s := &Sandbox{mode: mode}
	if mode != Off {
		s.can = probed()
	}
	if mode == Required {
		if err := lacking(s.Report(Limits{})); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s Spec) check() error {
	if len(s.Argv) == 0 {
		return schemas.Errorf(schemas.CodeInvalid, "no program to run")
	}
	for _, path := range slices.Concat(s.Argv[:1], s.Read, s.Write, []string{cmp.Or(s.Dir, "/")}) {
		if !filepath.IsAbs(path) {
			return schemas.Errorf(schemas.CodeInvalid, "%s is not an absolute path", path)
		}
		if _, err := os.Stat(path); err != nil {
			return schemas.Errorf(schemas.CodeInvalid, "to be used by a contained program: %w", err)
		}
	}
	return nil
}

// Start starts a program; it ends with ctx, at the latest. CodeInvalid when the
// program or a path of spec is not there, CodeUnavailable when it cannot be
// contained as the mode wants it.
func (s *Sandbox) Start(ctx context.Context, spec Spec) (*Process, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	spec.Limits = spec.Limits.withDefaults()
	l, err := s.launch(spec)
	if err != nil {
		return nil, err
	}
	return l.start(ctx, spec)
}
