// Command insights is the compliance scanner: every role of the server, and the
// command line that talks to it or runs the roles in its own process.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func main() {
	sandbox.Main() // this process may be what contains a pack
	os.Exit(run())
}

// run is the program; it gives the exit code.
func run() int {
	ctx, stop := interruptible()
	defer stop()
	root := newRoot(stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv})
	return report(root.ExecuteContext(ctx))
}

// interruptible returns a context that the first signal ends; a second one ends the
// process, as if nobody listened. One listener takes both, so that a second signal
// which follows at once is not lost between them.
func interruptible() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		again := <-signals
		signal.Reset(again)
		_ = syscall.Kill(os.Getpid(), again.(syscall.Signal))
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// Exit codes. They are documented in the help of the root command.
const (
	exitOK         = 0
	exitError      = 1 // something went wrong
	exitUsage      = 2 // bad flags, arguments or configuration
	exitViolations = 3 // --fail-on found violations at or above the level
	exitPartial    = 4 // the scan ended partial, failed or cancelled
	exitDifference = 5 // apply --dry-run found something to change
	exitInterrupt  = 130
)

// exitCode is an error that only carries an exit code; its text was printed.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// report prints an error for people and gives the exit code.
func report(err error) int {
	if err == nil {
		return exitOK
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "interrupted")
		return exitInterrupt
	}
	fmt.Fprintf(os.Stderr, "error: %v\n", err)
	if schemas.CodeOf(err) == schemas.CodeInvalid {
		return exitUsage
	}
	return exitError
}
