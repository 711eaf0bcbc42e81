package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func addFileFlag(f *pflag.FlagSet, file *string) {
	f.StringVar(file, "file", "", "with -o csv, jsonl or ocsf: write to this `FILE`, replaced in one step")
}

// checkExport checks the flags that a list shares with its exports, which have no
// limit unless one is given.
func (a *app) checkExport(cmd *cobra.Command, limit *int, cursor, file string) error {
	switch {
	case !a.exports() && file != "":
		return errors.New("--file: goes with -o csv, jsonl or ocsf")
	case !a.exports():
		return checkLimit(*limit)
	case cursor != "":
		return fmt.Errorf("--cursor: -o %s writes everything from the first page on", a.output)
	case !cmd.Flags().Changed("limit"):
		*limit = 0
		return nil
	case *limit < 1:
		return fmt.Errorf("--limit %d: must be positive", *limit)
	}
	return nil
}

// export writes rows to standard output, or to a file that is there whole or not at all.
func (a *app) export(file string, write func(io.Writer) error) error {
	if file != "" {
		if err := writeFile(file, buffered(write)); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "Written to %s.\n", file)
		return nil
	}
	return buffered(write)(a.out)
}

func buffered(write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 64<<10)
		if err := write(b); err != nil {
			return err
		}
		return b.Flush()
	}
}

// writePage is a report as a page, for callers of the API.
func (n *node) writePage(ctx context.Context, q schemas.ReportQuery, w io.Writer) error {
	r, err := n.service.Report(ctx, q)
	if err != nil {
		return err
	}
	p, err := newPage(ctx, n.service, r, q, time.Now())
	if err != nil {
		return err
	}
	return buffered(func(w io.Writer) error { return printPage(w, p) })(w)
}
