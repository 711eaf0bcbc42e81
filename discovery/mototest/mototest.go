// Package mototest starts moto, an AWS emulator nobody here wrote, for tests.
package mototest

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Server is an emulated AWS account, as deploy/demo makes it.
type Server struct {
	URL  string
	root string // of the repository
	cmd  *exec.Cmd
}

// Start starts the emulator on a free port. It ends with the test, and with this
// process however that ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{root: root(t)}
	s.cmd = s.Python(t, filepath.Join(s.root, "deploy", "demo", "emulator.py"), "--parent", fmt.Sprint(os.Getpid()))
	var log bytes.Buffer
	s.cmd.Stderr = &log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	late := time.AfterFunc(time.Minute, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.Stop()
		t.Fatalf("moto did not start: %v\n%s", err, log.Bytes())
	}
	s.URL = strings.TrimSpace(line)
	return s
}

// Stop ends the emulator: from here on every cloud call fails.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Demo is a script of deploy/demo, see Python.
func (s *Server) Demo(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	return s.Python(t, filepath.Join(s.root, "deploy", "demo", script), args...)
}

// Python is a script in moto's environment, where boto3 is. It inherits no
// variable that may speak of the developer's own accounts.
func (s *Server) Python(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	return Python(t, script, args...)
}

// Python is a script in moto's environment that needs no emulator.
func Python(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root(t), ".tools", "moto", "bin", "python"), append([]string{script}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1"}
	return cmd
}

// root finds the repository, where 'make setup' has put moto.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, ".tools", "moto")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal(".tools/moto is missing: run 'make setup'")
		}
		dir = filepath.Dir(dir)
	}
}
