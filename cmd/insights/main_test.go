package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
)

// The test binary is the program itself when asked to, so that tests run real
// processes without building another binary.
func TestMain(m *testing.M) {
	sandbox.Main()
	if os.Getenv("INSIGHTS_TEST_MAIN") != "" {
		stopPublishing(os.Getenv("INSIGHTS_TEST_PUBLISH_PHASE"))
		os.Exit(profiled(run))
	}
	if addr := os.Getenv("INSIGHTS_TEST_AWSFAKE"); addr != "" {
		serveFake(addr)
		return
	}
	if url := os.Getenv("INSIGHTS_TEST_SDK_LOOP"); url != "" {
		sdkLoop(url)
		return
	}
	if dir := os.Getenv("INSIGHTS_TEST_PUBLISH"); dir != "" {
		publishAll(dir, strings.Fields(os.Getenv("INSIGHTS_TEST_PUBLISH_TO")))
		return
	}
	if dir := os.Getenv("INSIGHTS_TEST_NATS"); dir != "" {
		serveNATS(dir, os.Getenv("INSIGHTS_TEST_NATS_LISTEN"))
		return
	}
	code := m.Run()
	plain.remove()
	os.Exit(code)
}

// program runs insights with its own environment.
type program struct {
	env    []string
	dir    string // working directory
	file   string // what is run, but for servers
	server string // what is run as a server
}

// newProgram runs on a fresh data directory with credentials that no real
// account has.
func newProgram(t testing.TB, env ...string) program {
	t.Helper()
	dir := t.TempDir()
	base := []string{
		"INSIGHTS_TEST_MAIN=1", "INSIGHTS_DATA_DIR=" + filepath.Join(dir, "data"),
		"INSIGHTS_CHDB_LIB=" + tool(t, "chdb", "libchdb.so"), "PATH=" + os.Getenv("PATH"), "HOME=" + dir,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIAFAKE", "AWS_SECRET_ACCESS_KEY=fake",
		"GORACE=atexit_sleep_ms=20 " + os.Getenv("GORACE"), "GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
	}
	return program{env: append(base, env...), dir: dir, file: executable(t, false), server: executable(t, true)}
}

// with is the program with more in its environment.
func (p program) with(env ...string) program {
	p.env = slices.Concat(p.env, env)
	return p
}

// command is the program with arguments, not started.
func (p program) command(ctx context.Context, args ...string) *exec.Cmd {
	file := p.file
	if slices.Contains(args, "serve") {
		file = p.server
	}
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Env, cmd.Dir = p.env, p.dir
	return cmd
}

// longest is how long a command may take before a test gives it up. It is far
// more than any needs, also on a slow machine.
const longest = 4 * time.Minute

// run runs a command to its end and gives output and exit code. One that does
// not end says where it is: the Go runtime answers SIGQUIT with its stacks.
func (p program) run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := p.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.WaitDelay = time.Minute
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("insights %s: not within %s\n%s%s", strings.Join(args, " "), longest, out.String(), errs.String())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// ok runs a command that must succeed and gives its output.
func (p program) ok(t testing.TB, args ...string) string {
	t.Helper()
	out, errs, code := p.run(t, args...)
	if code != 0 {
		t.Fatalf("insights %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// json runs a command with -o json and decodes what it prints.
func (p program) json(t testing.TB, into any, args ...string) {
	t.Helper()
	out := p.ok(t, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("insights %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// tool is a file that make setup installed.
func tool(t testing.TB, path ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		file := filepath.Join(append([]string{dir, ".tools"}, path...)...)
		if _, err := os.Stat(file); err == nil {
			return file
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf(".tools/%s is missing: run 'make setup'", filepath.Join(path...))
		}
		dir = filepath.Dir(dir)
	}
}

// freeAddress is a loopback address nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// eventually polls until cond holds; what says what was waited for.
func eventually(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-t.Context().Done():
			t.Fatalf("%s: test ended", what)
		case <-deadline.C:
			t.Fatalf("%s: not within %s", what, limit)
		case <-tick.C:
		}
	}
}

// dial tells whether somebody listens.
func dial(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// background starts a command and stops it with the test.
func background(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}
