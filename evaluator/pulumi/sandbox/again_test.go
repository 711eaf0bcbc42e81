package sandbox

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// again runs tests of this package in another process, with other attributes.
func again(t *testing.T, tests string, attributes *syscall.SysProcAttr, env ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	binary := copied(t, dir)
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(ctx, binary, "-test.run=^("+tests+")$", "-test.v", "-test.timeout=4m")
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
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
}

// copied puts this binary, and what tests read, where everybody can read it.
func copied(t *testing.T, dir string) string {
	t.Helper()
	in, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	binary := filepath.Join(dir, "sandbox.test")
	out, err := os.OpenFile(binary, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	return binary
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

// Where namespaces are refused, as in most containers, what is left holds.
func TestWithoutNamespaces(t *testing.T) {
	t.Parallel()
	if !probed().User {
		t.Skipf("no kernel sandbox: %v", probed().whyNot)
	}
	uid, gid := os.Geteuid(), os.Getegid()
	again(t, "TestFenced|TestDial|TestForks|TestOrphans|TestNode", &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE},
	}, "INSIGHTS_TEST_REFUSED=1")
}

func refused() bool { return os.Getenv("INSIGHTS_TEST_REFUSED") != "" }

// refuseNamespaces makes this process one that may make none.
func refuseNamespaces() {
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		panic(err)
	}
}

// TestFenced runs where namespaces are refused.
func TestFenced(t *testing.T) {
	if !refused() {
		return // see TestWithoutNamespaces
	}
	_, err := New(Required)
	if schemas.CodeOf(err) != schemas.CodeUnavailable {
		t.Fatalf("required: %v", err)
	}
	for _, want := range []string{"no network (a pack cannot make connections", "there may be no more of them", "sysctl user.max_user_namespaces"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	s := sandbox(t, BestEffort)
	for _, p := range s.Report() {
		if holds := p.Name != "no network"; p.Holds != holds || holds != (p.Do == "") {
			t.Errorf("%+v", p)
		}
	}
	secrets(t)
	m := newScene(t)
	i := intrude(t, s, m.spec(t))
	more := map[string]string{}
	if os.Geteuid() == 0 {
		more["become root"] = "done" // it is, without rights
	}
	i.achieved(t, more)
	m.unharmed(t)
}
