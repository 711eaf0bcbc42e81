// Command gotest runs go test and prints what a person wants to read: a line for
// each package, the output of what failed, the skipped tests with their reasons.
//
//	gotest [-skips FILE] -- [arguments of go test]
//
// It fails when a test fails or when a test is skipped that the list in FILE does
// not allow. Its last line counts every test and subtest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long go test and the tests have to end after a signal.
const grace = 10 * time.Second

func main() {
	skips := flag.String("skips", ".ci/skips.txt", "the list of the tests that may be skipped")
	flag.Parse()
	code, err := run(*skips, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
	}
	os.Exit(code)
}

// run returns the exit code: 0, 1 for a failure, 2 when nothing could be run,
// 128 and the number of the signal that ended it.
func run(skips string, args []string) (int, error) {
	allowed, err := readAllowed(skips)
	if err != nil {
		return 2, err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	cmd := exec.CommandContext(context.Background(), "go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to reach the tests as well
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 2, err
	}
	if err := cmd.Start(); err != nil {
		return 2, err
	}
	sum := newSummary(os.Stdout)
	stopped := make(chan os.Signal, 1)
	ended := make(chan struct{})
	go watch(cmd.Process.Pid, signals, stopped, ended)
	err = finish(cmd, sum, out)
	close(ended)
	select {
	case s := <-stopped:
		killGroup(cmd.Process.Pid, syscall.SIGKILL)
		return 128 + int(s.(syscall.Signal)), fmt.Errorf("stopped by a signal: %s", s)
	default:
	}
	if err != nil {
		return 2, err
	}
	return sum.close(allowed, cmd.ProcessState.ExitCode()), nil
}

// finish reads the events to their end and waits for go test. A failed test is no error.
func finish(cmd *exec.Cmd, sum *summary, out io.Reader) error {
	err := sum.read(out)
	if err != nil {
		killGroup(cmd.Process.Pid, syscall.SIGKILL)
	}
	wait := cmd.Wait()
	if _, failed := errors.AsType[*exec.ExitError](wait); failed {
		wait = nil
	}
	return errors.Join(err, wait)
}

// watch passes the first signal on to go test and its tests, and ends them after
// the grace or at the second signal.
func watch(pid int, signals <-chan os.Signal, stopped chan<- os.Signal, ended <-chan struct{}) {
	select {
	case s := <-signals:
		stopped <- s
		killGroup(pid, syscall.SIGINT)
	case <-ended:
		return
	}
	select {
	case <-signals:
	case <-time.After(grace):
	case <-ended:
		return
	}
	killGroup(pid, syscall.SIGKILL)
}

func killGroup(pid int, s syscall.Signal) { _ = syscall.Kill(-pid, s) }
