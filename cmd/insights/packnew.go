package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/deploy/packs"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// newPack is what 'pack new' is told.
type newPack struct {
	dir, language, name string
	filesOnly           bool
}

func (a *app) packNewCmd() *cobra.Command {
	var p newPack
	cmd := &cobra.Command{
		Use:   "new DIRECTORY",
		Short: "Begin a new pack",
		Long: `New writes a pack that works into DIRECTORY, which must be empty or not there yet:
two policies for AWS with their configuration, recorded resources with what the
policies say of them, and a README. It installs the dependencies: for TypeScript
and JavaScript with npm, for Python in the virtual environment DIRECTORY/venv. With
--generate-only it writes the files and installs nothing.

The pack's name is that of the directory, unless --name gives another one. In OPA
it is the package of the rules, so it may have letters, digits and _ only.`,
		Example: `  insights pack new ./my-pack --runtime typescript
  insights pack new ./my-pack --runtime python --name acme-basics
  insights pack new ./my-pack --runtime opa
  insights pack new ./my-pack --runtime javascript --generate-only`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: completeDirs,
		RunE: func(cmd *cobra.Command, given []string) error {
			p.dir = given[0]
			template, err := p.check(cmd)
			if err != nil {
				return err
			}
			if err := p.write(template); err != nil {
				return err
			}
			if !p.filesOnly {
				if err := a.installNew(cmd.Context(), p); err != nil {
					return err
				}
			}
			return a.printNew(p)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.language, "runtime", "", "`LANGUAGE` of the pack: "+strings.Join(packs.Languages, ", "))
	f.StringVar(&p.name, "name", "", "`NAME` of the pack (default that of the directory)")
	f.BoolVar(&p.filesOnly, "generate-only", false, "write the files, install no dependencies")
	oneOf(cmd, "runtime", packs.Languages...)
	return cmd
}

var (
	// packageNames are what npm takes too; ruleNames are names of Rego packages.
	packageNames = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)
	ruleNames    = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,99}$`)
)

// check makes sure that the pack can be written, and finds its name.
func (p *newPack) check(cmd *cobra.Command) (fs.FS, error) {
	template, ok := packs.Template(p.language)
	if !ok {
		return nil, usageError(cmd, fmt.Errorf("--runtime %q: must be %s", p.language, strings.Join(packs.Languages, ", ")))
	}
	entries, err := os.ReadDir(p.dir)
	switch {
	case err == nil && len(entries) > 0:
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s is not empty", p.dir).WithHint("Name a directory that is not there yet.")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, schemas.Errorf(schemas.CodeInvalid, "%w", err)
	}
	names, filler := packageNames, "-"
	if p.language == "opa" {
		names, filler = ruleNames, "_"
	}
	if p.name == "" {
		dir, err := filepath.Abs(p.dir)
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "%s: %w", p.dir, err)
		}
		p.name = nameFor(filepath.Base(dir), filler)
	}
	if !names.MatchString(p.name) || strings.Contains(p.name, "..") || strings.HasSuffix(p.name, ".") {
		return nil, usageError(cmd, fmt.Errorf("--name %q: must match %s", p.name, names))
	}
	return template, nil
}

var noNameChars = regexp.MustCompile(`[^a-z0-9]+`)

// nameFor makes a pack's name of a directory's.
func nameFor(dir, filler string) string {
	name := strings.Trim(noNameChars.ReplaceAllString(strings.ToLower(dir), filler), filler)
	if filler == "_" && name != "" && name[0] <= '9' {
		name = "pack_" + name
	}
	return orText(name, "pack")
}

// write writes the template's files under the pack's own name.
func (p *newPack) write(template fs.FS) error {
	return fs.WalkDir(template, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return schemas.Errorf(schemas.CodeInternal, "read the template: %w", err)
		}
		to := filepath.Join(p.dir, path)
		if e.Name() == "gitignore" {
			to = filepath.Join(p.dir, filepath.Dir(path), ".gitignore")
		}
		if e.IsDir() {
			err = os.MkdirAll(to, 0o755) //nolint:gosec // sources, for whoever works on them
			return errWrite(to, err)
		}
		text, err := fs.ReadFile(template, path)
		if err != nil {
			return schemas.Errorf(schemas.CodeInternal, "read the template: %w", err)
		}
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("my-pack"), []byte(p.name)), []byte("my_pack"), []byte(p.name))
		return errWrite(to, os.WriteFile(to, text, 0o644)) //nolint:gosec // as above
	})
}

// printNew says what there is now, and what to do with it.
func (a *app) printNew(p newPack) error {
	if a.output == "json" {
		return printJSON(a.out, map[string]any{"pack": p.name, "runtime": p.language, "directory": p.dir, "installed": !p.filesOnly && p.installs() != nil})
	}
	fmt.Fprintf(a.out, "Pack %s is in %s.\n", p.name, p.dir)
	next := []string{"insights pack test " + p.dir, "insights evaluate --policy-pack " + p.dir, "insights pack publish " + p.dir}
	if p.filesOnly {
		for _, step := range p.installs() {
			next = append([]string{"cd " + p.dir + " && " + step}, next...)
		}
	}
	_, err := fmt.Fprintf(a.out, "Next:\n  %s\n", strings.Join(next, "\n  "))
	return err
}

// installs are the commands that bring a new pack its dependencies, as they are
// typed in its directory.
func (p *newPack) installs() []string {
	switch p.language {
	case "typescript", "javascript":
		return []string{"npm install"}
	case "python":
		return []string{"python3 -m venv venv && venv/bin/python -m pip install -q -r requirements.txt"} //nolint:dupword // the module and the directory
	default:
		return nil
	}
}

// installNew brings a new pack its dependencies, as its author would.
func (a *app) installNew(ctx context.Context, p newPack) error {
	for _, step := range p.installs() {
		fmt.Fprintf(a.err, "%s: %s\n", p.dir, step)
		for command := range strings.SplitSeq(step, " && ") {
			if err := a.runIn(ctx, p.dir, strings.Fields(command)); err != nil {
				return schemas.Errorf(schemas.CodeUnavailable, "%s: %w", command, err).
					WithHint("The pack is written. Install its dependencies yourself: cd %s && %s", p.dir, step)
			}
		}
	}
	return nil
}

// runIn runs a program in a directory; what it says goes beside the output.
func (a *app) runIn(ctx context.Context, dir string, words []string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, a.err, a.err
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
