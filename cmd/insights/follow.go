package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	watchEvery = 200 * time.Millisecond
	// linesEvery is how often a log is told of progress: an update that moves on
	// in place is for terminals.
	linesEvery = 5 * time.Second
)

// waitOptions are the flags of commands that wait for the end of a scan.
type waitOptions struct {
	failOn string
	follow bool
	local  bool // local packs apply, and --fail-on is about them too
}

func (o *waitOptions) add(cmd *cobra.Command) {
	addFailOn(cmd, &o.failOn)
	cmd.Flags().BoolVar(&o.follow, "follow", false, "with -o json, print a line whenever something changed; the last has the result")
}

func (a *app) checkWait(cmd *cobra.Command, o waitOptions) error {
	err := checkFailOn(cmd, o.failOn)
	if err == nil && o.follow && a.output != "json" {
		err = errors.New("--follow needs -o json: without it progress is shown anyway")
	}
	if err != nil {
		return usageError(cmd, err)
	}
	return nil
}

// watch polls until the scan has ended and shows how it stands meanwhile.
func (a *app) watch(ctx context.Context, s api.Service, scan schemas.Scan, show shower) (schemas.Scan, error) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	defer show.done()
	for !scan.State.Ended() {
		if err := show.show(scan); err != nil {
			return scan, err
		}
		select {
		case <-ctx.Done():
			return scan, context.Cause(ctx)
		case <-tick.C:
		}
		var err error
		if scan, err = s.GetScan(ctx, scan.ID); err != nil {
			return scan, err
		}
	}
	return scan, nil
}

// shower shows a scan that runs, time and again, until it is done.
type shower interface {
	show(scan schemas.Scan) error
	done()
}

// progress is how a scan is shown: on a terminal as one line that changes, else
// as a line now and then, both beside the output; or as the output itself.
func (a *app) progress(follow bool) shower {
	switch {
	case follow:
		return &jsonLines{w: a.out}
	case terminal(a.err):
		return liveLine{a.err}
	default:
		return &logLines{w: a.err, now: time.Now, last: time.Now()}
	}
}

// liveLine is written over and over again. One that wraps would stay.
type liveLine struct{ w io.Writer }

func (l liveLine) show(scan schemas.Scan) error {
	text := []rune(progressText(scan))
	if width := terminalWidth(l.w); width > 1 && len(text) >= width {
		text = append(text[:width-2], '…')
	}
	_, err := fmt.Fprintf(l.w, "\r\x1b[K%s", string(text))
	return err
}

func (l liveLine) done() { fmt.Fprint(l.w, "\r\x1b[K") }

// logLines are for logs: one when something has changed and the last is a while ago.
type logLines struct {
	w    io.Writer
	now  func() time.Time
	last time.Time
	told string
}

func (l *logLines) show(scan schemas.Scan) error {
	text, now := progressText(scan), l.now()
	if text == l.told || now.Sub(l.last) < linesEvery {
		return nil
	}
	l.told, l.last = text, now
	_, err := fmt.Fprintln(l.w, text)
	return err
}

func (*logLines) done() {}

// jsonLines has a document per line and change.
type jsonLines struct {
	w    io.Writer
	told string
}

func (l *jsonLines) show(scan schemas.Scan) error {
	doc, err := json.Marshal(map[string]any{"scan": scan})
	if err != nil || string(doc) == l.told {
		return err
	}
	l.told = string(doc)
	_, err = fmt.Fprintln(l.w, l.told)
	return err
}

func (*jsonLines) done() {}
