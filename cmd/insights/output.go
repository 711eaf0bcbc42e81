package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// stdio is where a command reads and writes.
type stdio struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	env func(string) string
}

// terminal tells whether w is a terminal: progress is shown only there.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isTerminal(f)
}

// terminalIn tells whether a person can answer.
func terminalIn(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && isTerminal(f)
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), ioctlGetTermios)
	return err == nil
}

// terminalWidth is how many columns w shows; 0 when w is no terminal.
func terminalWidth(w io.Writer) int {
	if !terminal(w) {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(w.(*os.File).Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// printJSON is the form for programs.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// orEmpty makes a list print as [] in JSON, never as null: programs loop over it.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// percentText prints a score or coverage; -1 means that nothing was to be judged.
func percentText(p float64) string {
	if p < 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", p)
}

func severityText(s schemas.Severity) string {
	if s == schemas.SeverityUnspecified {
		return "unspecified"
	}
	return string(s)
}

// alsoMakes annotates commands that know formats beside table and json.
const alsoMakes = "formats"

func checkOutput(cmd *cobra.Command, o string) error {
	formats := append([]string{"table", "json"}, strings.Fields(cmd.Annotations[alsoMakes])...)
	switch {
	case slices.Contains(formats, o):
		return nil
	case o == "html":
		return usageError(cmd, fmt.Errorf("-o html: only 'insights report' makes a page; use table or json"))
	default:
		last := len(formats) - 1
		return usageError(cmd, fmt.Errorf("-o %q: must be %s or %s", o, strings.Join(formats[:last], ", "), formats[last]))
	}
}

// exports tells whether the format is one that is written row by row.
func (a *app) exports() bool { return slices.Contains([]string{"csv", "jsonl", "ocsf"}, a.output) }
