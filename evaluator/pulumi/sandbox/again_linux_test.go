package sandbox

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// again runs tests of this package in another process, with other attributes.
func again(t *testing.T, tests string, attributes *syscall.SysProcAttr, env ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	if err := os.CopyFS(dir+"/testdata", os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^("+tests+")$", "-test.v", "-test.timeout=4m")
	cmd.Dir = dir
	cmd.SysProcAttr = attributes
	if who := attributes.Credential; who != nil {
		if err := os.Chown(dir+"/tmp", int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + dir + "/tmp", "TMPDIR=" + dir + "/tmp", "GORACE=" + os.Getenv("GORACE")}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\n--- PASS: Test") || strings.Contains(string(out), "\n--- SKIP") {
		t.Errorf("%v\n%s", err, out)
		for line := range strings.Lines(string(out)) { // last, where a long output is cut before it
			if strings.Contains(line, "--- FAIL") {
				t.Error(strings.TrimSpace(line))
			}
		}
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
}

// What the tests of this package show for root holds for everybody.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		return // it is one
	}
	t.Parallel()
	sandbox(t, Required)
	again(t, "TestIntruder|TestDial|TestForks|TestMemory|TestOrphans|TestNode|TestWithoutNamespaces", &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: 12345, Gid: 12345},
	})
}

// What a system refuses, and what must be said of that. Each is a system that
// there is: one without user namespaces, or a container whose system calls are
// filtered; a container in which a part of /proc is hidden; a service of systemd.
var refusals = map[string]struct {
	refuse   func() error
	missing  string // the protection that does not hold, if any
	why, how string // of it, or of private files
}{
	"namespaces": {refuseNamespaces, stepNetwork, "a pack cannot make connections (a filter of system calls), but be reached: namespaces are refused: there may be no more of them", "sysctl user.max_user_namespaces"},
	"proc":       {hideProc, "", "mount /proc: operation not permitted", ""},
	"mounts":     {killMounts, "", "the system ended the helper when it tried: signal: bad system call", ""},
}

// Where a system refuses something, what is left holds.
func TestWithoutNamespaces(t *testing.T) {
	t.Parallel()
	if !probed().User {
		t.Skipf("no kernel sandbox: %v", probed().tried[stepNetwork].why(stepNetwork))
	}
	uid, gid := os.Geteuid(), os.Getegid()
	for what := range refusals {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			tests := "TestFenced"
			if what == "namespaces" {
				tests = "TestFenced|TestDial|TestForks|TestOrphans|TestNode|TestNetwork|TestVirtualEnvironment"
			}
			again(t, tests, &syscall.SysProcAttr{
				Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
				AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE, unix.CAP_SYS_ADMIN},
			}, "INSIGHTS_TEST_WITHOUT="+what)
		})
	}
}

// weaken makes this process one that may not do something.
func weaken() {
	if what := os.Getenv("INSIGHTS_TEST_WITHOUT"); what != "" {
		if err := refusals[what].refuse(); err != nil {
			panic(err)
		}
	}
}

func refuseNamespaces() error {
	return os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0)
}

// hideProc keeps everybody from mounting a /proc in which more is seen.
func hideProc() error { return unix.Mount("none", "/proc/fs", "tmpfs", 0, "") }

func killMounts() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	code := append(forCall(unix.SYS_MOUNT, answerWith(unix.SECCOMP_RET_KILL_PROCESS)), allow())
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// TestFenced runs where something is refused.
func TestFenced(t *testing.T) {
	refusal, ok := refusals[os.Getenv("INSIGHTS_TEST_WITHOUT")]
	if !ok {
		return // see TestWithoutNamespaces
	}
	can := probed()
	if can.Files || can.Fence < fullFence || can.Network != (refusal.missing == "") {
		t.Fatalf("%+v", can)
	}
	if why := can.tried[stepFiles].why(stepFiles); !strings.HasSuffix(refusal.why, why) {
		t.Errorf("private files: %q, want %q", why, refusal.why)
	}
	if _, err := New(Required); refusal.missing == "" && err != nil {
		t.Errorf("required: %v", err)
	} else if refusal.missing != "" {
		if schemas.CodeOf(err) != schemas.CodeUnavailable || !strings.Contains(err.Error(), refusal.missing+" ("+refusal.why+")") || !strings.Contains(err.Error(), refusal.how) {
			t.Errorf("required: %v", err)
		}
	}
	s := sandbox(t, BestEffort)
	for _, p := range s.Report(Limits{}) {
		if holds := p.Name != refusal.missing; p.Holds != holds || holds != (p.Do == "") {
			t.Errorf("%+v", p)
		}
	}
	secrets(t)
	m := newScene(t)
	spec := m.spec(t)
	spec.Write = nil
	if os.Getenv("INSIGHTS_TEST_WITHOUT") == "mounts" { // it would be ended for that
		spec.Env = append(spec.Env, "EXCEPT=mount")
	}
	i := intrude(t, s, spec)
	i.Environment = slices.DeleteFunc(i.Environment, func(name string) bool { return name == "EXCEPT" })
	more := map[string]string{"write what it may": "refused: Permission denied"}
	if os.Geteuid() == 0 && i.UID == 0 {
		more["become root"] = "done" // it is, without rights
	}
	i.achieved(t, more)
	m.unharmed(t, "")
}
