package sandbox

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The test binary is the sandbox's helper too, as every program that uses it.
func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

// interpreterOf is where an interpreter really lies, not a script that finds it.
func python(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatalf("python3 is needed: %v", err)
	}
	return strings.TrimSpace(string(out))
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
	err = p.Wait()
	if ctx.Err() != nil {
		t.Fatalf("still running after a minute: %v\n%s%s", err, &out, &errs)
	}
	return result{strings.TrimSpace(out.String()), errs.String(), err}
}

func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program.py")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestFirst(t *testing.T) {
	s, err := New(Required)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Report() {
		t.Log(p)
	}
	start := time.Now()
	r := run(t, s, Spec{Argv: []string{python(t), "-c", `
import os
for f in ["/", "/etc", "/tmp", "/dev", "/proc", os.environ["HOME"]]: print(f, sorted(os.listdir(f)))
print(os.environ, os.getuid(), os.getpid(), os.getcwd())
print(open("/proc/self/status").read())
print(open("/proc/self/limits").read())
print(open("/proc/mounts").read())
`}})
	t.Log(time.Since(start), r.out, r.errs, r.err)
}

func TestAReadableDirectoryInsideAnother(t *testing.T) {
	t.Parallel()
	s, err := New(BestEffort)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bin", "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho ran\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "lib64")
	if err := os.Symlink("bin", link); err != nil {
		t.Fatal(err)
	}
	if r := run(t, s, Spec{Argv: []string{file}, Read: []string{dir, filepath.Dir(file), link}}); r.out != "ran" || r.err != nil {
		t.Fatalf("got %q, %v: %s", r.out, r.err, r.errs)
	}
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	s, err := New(BestEffort)
	if err != nil {
		t.Fatal(err)
	}
	file := script(t, "no program")
	if p, err := s.Start(t.Context(), Spec{Argv: []string{file}}); err == nil {
		t.Fatalf("started, and %v", p.Wait())
	}
}
