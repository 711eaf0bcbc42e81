package main

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// uncontained runs a command where no namespaces can be had, so that a sandbox
// that is required does not hold.
func uncontained(t *testing.T, p program, args ...string) (out string, code int) {
	t.Helper()
	const refuse = `echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"`
	inner := p.command(t.Context(), args...)
	cmd := p.command(t.Context())
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", refuse, inner.Path}, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Start(); err != nil {
		t.Skipf("no kernel sandbox: %v", err)
	}
	_ = cmd.Wait()
	return text.String(), cmd.ProcessState.ExitCode()
}

// Where a sandbox is required and cannot be had, serve does not start, packs in
// programming languages are refused with what to do, and OPA packs run.
func TestRequiredSandboxThatCannotBeHad(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "INSIGHTS_SANDBOX=required")
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"serve"}, exitError, []string{"sandbox: required, but this does not hold here: no network (", "sysctl user.max_user_namespaces", "docs/trust.md"}},
		{[]string{"pack", "publish", leakyPack(t, schemas.RuntimeNodeJS, "leaky_node")}, exitUsage, []string{"sandbox: required, but this does not hold here"}},
		{[]string{"pack", "publish", leakyPack(t, schemas.RuntimePython, "leaky_python")}, exitUsage, []string{"sandbox: required, but this does not hold here"}},
		{[]string{"pack", "publish", leakyPack(t, schemas.RuntimeOPA, "leaky")}, exitOK, nil},
	} {
		out, code := uncontained(t, p, c.args...)
		if code != c.code {
			t.Errorf("%s: exit %d\n%s", c.args, code, out)
		}
		for _, text := range c.says {
			if !strings.Contains(out, text) {
				t.Errorf("%s: no %q in\n%s", c.args, text, out)
			}
		}
	}
}
