package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// own starts a program that leaves a daemon, and waits to be killed.
func own(mode Mode) {
	s, err := New(mode)
	if err != nil {
		panic(err)
	}
	p, err := s.Start(context.Background(), Spec{Argv: []string{os.Getenv("INSIGHTS_TEST_PYTHON"), "-u", "-c", daemon}, Stdout: os.Stdout, Stderr: os.Stderr})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.launch.cmd.Process.Pid)
	_ = p.Wait()
}

// When this program is killed, everything in its sandboxes ends, whatever it did
// to get away, and also when the helper does not work any more.
func TestOrphans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode Mode
		stop bool
	}{{BestEffort, false}, {BestEffort, true}, {Off, false}} {
		can := probed()
		if c.stop && !can.Processes {
			continue // it is the helper's work then
		}
		owner := exec.Command("/proc/self/exe")
		temp := t.TempDir()
		owner.Env = append(os.Environ(), "TMPDIR="+temp, "INSIGHTS_TEST_OWNER="+string(c.mode), "INSIGHTS_TEST_PYTHON="+python(t))
		owner.Stderr = os.Stderr
		out, err := owner.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := owner.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		helper := 0
		for ready := false; (!ready || helper == 0) && lines.Scan(); {
			if lines.Text() == "ready" {
				ready = true
			} else if _, err := fmt.Sscan(lines.Text(), &helper); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
		}
		all := below(owner.Process.Pid)
		if len(all) < 3 { // helper, program, daemon
			t.Errorf("%+v: only %d processes: %+v", c, len(all), all)
		}
		if c.stop {
			if err := syscall.Kill(helper, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
		if err := owner.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		eventually(t, fmt.Sprintf("%+v: the end of %+v", c, all), func() bool {
			for _, p := range all {
				if syscall.Kill(p.pid, 0) == nil && !zombie(p.pid) {
					return false
				}
			}
			return true
		})
		_ = owner.Wait()
		if !can.Processes || c.mode == Off {
			eventually(t, "the end of HOME", func() bool { left, err := os.ReadDir(temp); return err == nil && len(left) == 0 })
		}
	}
}

// zombie tells whether only an entry is left of a process: nobody may be there to
// take it away.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && bytes.Contains(text, []byte(") Z "))
}

// Where the program can stop its helper, it is ended without it.
func TestKillOfAStoppedHelper(t *testing.T) {
	t.Parallel()
	s := sandbox(t, Off)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	p, err := s.Start(t.Context(), Spec{
		Argv:   []string{python(t), "-u", "-c", "import os, signal\nprint('ready')\nwhile True: os.kill(os.getppid(), signal.SIGSTOP)"},
		Stdout: in, Stderr: os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	p.Kill()
	select {
	case <-p.done:
	case <-time.After(5 * helperTimeout):
		_ = p.launch.cmd.Process.Kill()
		t.Fatal("the program goes on")
	}
}
