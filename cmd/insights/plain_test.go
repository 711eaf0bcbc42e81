package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"
)

// executable is the file that a program's commands run. Where the race detector
// watches this test binary, only servers and the programs that ask for it run under
// it: everything that works at the same time does so there, and commands that come
// one after the other take a third of the time without.
func executable(t testing.TB, raced bool) string {
	t.Helper()
	find := os.Executable
	if !raced && builtWith("-race") == "true" {
		find = plain.build
	}
	file, err := find()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// builtWith is a setting of the build of this test binary, as of 'go version -m'.
func builtWith(key string) string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// plain is this test binary built as users have the program: without the race
// detector and cgo, which is how make lint has compiled all of it already.
var plain plainBinary

type plainBinary struct {
	once sync.Once
	dir  string
	err  error
}

func (b *plainBinary) build() (string, error) {
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "insights-test-"); b.err != nil {
			return
		}
		cmd := exec.Command("go", "test", "-c", "-tags", builtWith("-tags"), "-ldflags", "-s -w", "-o", b.file(), ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("go test -c: %w\n%s", err, out)
		}
	})
	return b.file(), b.err
}

func (b *plainBinary) file() string { return filepath.Join(b.dir, "insights.test") }

func (b *plainBinary) remove() {
	if b.dir != "" {
		_ = os.RemoveAll(b.dir)
	}
}
