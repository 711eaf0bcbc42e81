package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// The test binary is the sandbox's helper too, as every program that uses it. It
// is also what the tests start to be killed, or to run tests as somebody else.
func TestMain(m *testing.M) {
	Main()
	if mode := os.Getenv("INSIGHTS_TEST_OWNER"); mode != "" {
		own(Mode(mode))
		return
	}
	weaken()
	os.Exit(m.Run())
}

// interpreter is where python3 or node really lies: what is found by name may be
// a script that looks for it.
func program(t testing.TB, name string) string {
	t.Helper()
	ask := []string{"-c", "import sys; print(sys.executable)"}
	if name == "node" {
		ask = []string{"-p", "process.execPath"}
	}
	out, err := exec.Command(name, ask...).Output()
	if err != nil {
		t.Fatalf("%s is needed: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func python(t testing.TB) string { return program(t, "python3") }

// sandbox makes one of a mode, as this system lets it be.
func sandbox(t *testing.T, mode Mode) *Sandbox {
	t.Helper()
	s, err := New(mode)
	if schemas.CodeOf(err) == schemas.CodeUnavailable && mode == Required {
		t.Skipf("no kernel sandbox: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// result is what a program printed, and how it ended.
type result struct {
	out, errs string
	err       error
}

// run runs a program to its end.
func run(t *testing.T, s *Sandbox, spec Spec) result {
	t.Helper()
	var out, errs bytes.Buffer
	spec.Stdout, spec.Stderr = &out, &errs
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := s.Start(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if weaker := os.Geteuid() == 0 && s.mode != Off && !s.can.Files; (p.Note() != "") != weaker {
		t.Errorf("note: %s", p.Note())
	}
	err = p.Wait()
	if ctx.Err() != nil {
		t.Fatalf("still running after a minute: %v\n%s%s", err, &out, &errs)
	}
	return result{strings.TrimSpace(out.String()), strings.TrimSpace(errs.String()), err}
}

// does checks what a program printed and how it ended.
func (r result) does(t *testing.T, out, ending string) {
	t.Helper()
	how := "nil"
	if r.err != nil {
		how = r.err.Error()
	}
	if r.out != out || how != ending {
		t.Errorf("printed %q, ended %q\nwant    %q, ended %q\n%s", r.out, how, out, ending, r.errs)
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	s := sandbox(t, BestEffort)
	for script, ending := range map[string]string{
		"print(1)":          "nil",
		"print(1); exit(3)": "ended with exit code 3",
		"print(1, flush=True); import os; os.abort()":                             "ended by a signal: aborted",
		"print(1, flush=True); import os; os.kill(1, 9); os.kill(os.getpid(), 9)": "ended by a signal: killed",
	} {
		run(t, s, Spec{Argv: []string{python(t), "-c", script}}).does(t, "1", ending)
	}
}

// Nothing runs without what it needs, and the error says what that is.
func TestWhatCannotStart(t *testing.T) {
	t.Parallel()
	s := sandbox(t, BestEffort)
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spec Spec
		code schemas.Code
		want string
	}{
		"nothing":             {Spec{}, schemas.CodeInvalid, "no program"},
		"a relative path":     {Spec{Argv: []string{"python3"}}, schemas.CodeInvalid, "python3 is not an absolute path"},
		"a program not there": {Spec{Argv: []string{"/nonexistent/python3"}}, schemas.CodeInvalid, "/nonexistent/python3: no such file"},
		"a file not there":    {Spec{Argv: []string{text}, Read: []string{dir + "/gone"}}, schemas.CodeInvalid, "/gone: no such file"},
		"no program":          {Spec{Argv: []string{text}}, schemas.CodeUnavailable, "start " + text + " contained: exec format error"},
	} {
		p, err := s.Start(t.Context(), c.spec)
		if schemas.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %s, want %q", name, err, schemas.CodeOf(err), c.want)
		}
		if p != nil {
			t.Errorf("%s was started", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Start(ctx, Spec{Argv: []string{python(t)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

// A program ends with its context, and so does what it left running, at once.
func TestTheEndOfTheContext(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{BestEffort, Off} {
		ctx, cancel := context.WithCancel(t.Context())
		out, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p, err := sandbox(t, mode).Start(ctx, Spec{Argv: []string{python(t), "-c", daemon}, Stdout: in})
		if err != nil {
			t.Fatal(err)
		}
		_ = in.Close()
		if line := make([]byte, 6); readFull(out, line) != "ready\n" {
			t.Fatalf("%s: %q", mode, line)
		}
		cancel()
		if err := p.Wait(); err == nil {
			t.Errorf("%s: ended well", mode)
		}
		// Everything that could write to it is gone.
		_ = out.SetReadDeadline(time.Now().Add(30 * time.Second))
		if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
			t.Errorf("%s: %q, %v", mode, rest, err)
		}
		_ = out.Close()
	}
}

func readFull(r io.Reader, into []byte) string {
	n, _ := io.ReadFull(r, into)
	return string(into[:n])
}

// daemon starts a process that leaves its group, its session and its parent.
const daemon = `
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(1, b"ready\n")
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep(600)
`

// A directory that is shown as part of another one, by a link too, as lib64 in
// virtual environments.
func TestAReadableDirectoryInsideAnother(t *testing.T) {
	t.Parallel()
	s := sandbox(t, BestEffort)
	dir := t.TempDir()
	file, link := filepath.Join(dir, "bin", "program"), filepath.Join(dir, "lib64")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("#!/bin/sh\necho ran\n"), 0o755), os.Symlink("bin", link)); err != nil {
		t.Fatal(err)
	}
	run(t, s, Spec{Argv: []string{file}, Read: []string{dir, filepath.Dir(file), link}}).does(t, "ran", "nil")
}
