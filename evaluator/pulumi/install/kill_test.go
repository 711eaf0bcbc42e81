package install

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
)

// installerName is the name by which the test binary knows that it is to be a
// process that installs a pack: its arguments are the root, the pack and the
// phase in which it waits to be killed.
const installerName = "installer-process"

func TestMain(m *testing.M) {
	sandbox.Main()
	if os.Args[0] == installerName {
		installerProcess(os.Args[1], os.Args[2], os.Args[3])
		return
	}
	os.Exit(m.Run())
}

func installerProcess(root, dir, stop string) {
	box, err := sandbox.New(sandbox.BestEffort)
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	i := New(root, box, zerolog.Nop())
	i.phase = func(name string) {
		fmt.Println("phase", name)
		if name == stop {
			select {}
		}
	}
	p, err := evaluator.ReadProject(dir)
	if err == nil {
		var e Environment
		if e, err = i.Environment(context.Background(), dir, p); err == nil {
			fmt.Println("done", e.Dir)
			return
		}
	}
	fmt.Println("failed", err)
	os.Exit(1)
}

// other is a process that installs a pack.
type other struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // what it says
}

func startOther(t *testing.T, root, dir, stop string) *other {
	t.Helper()
	self, err := os.Executable()
	ok(t, err)
	cmd := exec.Command(self)
	cmd.Args = []string{installerName, root, dir, stop}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	o := &other{t, cmd, make(chan string, 100)}
	go func() {
		defer close(o.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			o.lines <- s.Text()
		}
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return o
}

// until waits until the process says something that begins so, and returns the rest.
func (o *other) until(start string) string {
	o.t.Helper()
	for line := range o.lines {
		if after, is := strings.CutPrefix(line, start); is {
			return after
		}
		if strings.HasPrefix(line, "failed") {
			o.t.Fatal(line)
		}
	}
	o.t.Fatalf("the process ended without saying %q", start)
	return ""
}

func (o *other) kill() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
	for range o.lines { // to the end
	}
}

// attempts are the attempts at environments below a root.
func attempts(t *testing.T, root string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(root, "*.*"))
	ok(t, err)
	var out []string
	for _, path := range all {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			out = append(out, path)
		}
	}
	return out
}

// wholeAfter holds that after a process was killed its attempt is not used, and
// that the next call makes a whole environment and clears away the rest.
func wholeAfter(t *testing.T, root, dir string, whole func(Environment) bool) {
	t.Helper()
	left := attempts(t, root)
	marks, err := filepath.Glob(filepath.Join(root, "*.complete"))
	ok(t, err)
	p, err := evaluator.ReadProject(dir)
	ok(t, err)
	e, err := newInstaller(t, root).Environment(t.Context(), dir, p)
	ok(t, err)
	if len(marks) == 0 {
		for _, path := range left {
			if strings.HasPrefix(e.Dir, path) {
				t.Errorf("the attempt that was killed is used: %s", e.Dir)
			}
		}
	}
	if !whole(e) {
		t.Errorf("%s is not whole", e.Dir)
	}
	if now := attempts(t, root); len(now) != 1 {
		t.Errorf("left behind: %v", now)
	}
}

func wholeNode(e Environment) bool {
	p, err := readPackage(filepath.Join(e.Dir, "node_modules/is-number/package.json"))
	return err == nil && p.Version == "6.0.0" && exists(filepath.Join(e.Dir, "node_modules/is-number/index.js")) && exists(filepath.Join(e.Dir, runPolicyPack))
}

func TestKilledInEveryPhase(t *testing.T) {
	t.Parallel()
	for _, phase := range []string{"begin", "copy", "lock", "install", "check", "sync", "mark", "rename", "venv"} {
		t.Run(phase, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			content, whole := nodeFiles(nil), wholeNode
			if phase == "venv" { // of Python alone
				content, whole = lockedPython(t), func(e Environment) bool { return wholePython(t, e) }
			}
			dir, _ := pack(t, content)
			o := startOther(t, root, dir, phase)
			o.until("phase " + phase)
			o.kill()
			if marks, _ := filepath.Glob(filepath.Join(root, "*.complete")); len(marks) > 0 {
				t.Fatalf("marked complete in phase %s", phase)
			}
			wholeAfter(t, root, dir, whole)
		})
	}
}

// lockedPython is a pack in Python with a lock.
func lockedPython(t *testing.T) map[string]string {
	t.Helper()
	return pythonFiles(t, map[string]string{requirementsLock: "--find-links wheels\npulumi_policy==999\npulumi==999\nsix==1.16.0\n"})
}

func wholePython(t *testing.T, e Environment) bool {
	t.Helper()
	return installed(t, e, "six") == "1.16.0" && installed(t, e, "pulumi") == "999"
}

// TestKilledAtAnyMoment kills a process when it has written some number of files.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		most  int // files of an environment, about
		tries int
		whole func(t *testing.T, e Environment) bool
	}{
		"nodejs": {nodeFiles(nil), 40, 2, func(_ *testing.T, e Environment) bool { return wholeNode(e) }},
		"python": {lockedPython(t), 1100, 1, wholePython},
	} {
		for n := range c.tries {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				t.Parallel()
				root := t.TempDir()
				dir, _ := pack(t, c.files)
				at := rand.IntN(c.most)
				t.Logf("killed at %d files", at)
				o := startOther(t, root, dir, "")
				o.until("phase copy")
				for deadline := time.Now().Add(time.Minute); files(root) < at && o.alive(); {
					if time.Now().After(deadline) {
						t.Fatalf("only %d files after a minute", files(root))
					}
				}
				o.kill()
				wholeAfter(t, root, dir, func(e Environment) bool { return c.whole(t, e) })
			})
		}
	}
}

// alive tells whether the process may still write.
func (o *other) alive() bool {
	select {
	case line, open := <-o.lines:
		return open && !strings.HasPrefix(line, "done")
	case <-time.After(5 * time.Millisecond):
		return true
	}
}

func files(root string) (n int) {
	_ = filepath.WalkDir(root, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return nil
	})
	return n
}

func TestTwoProcessesMakeOne(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, _ := pack(t, nodeFiles(nil))
	// One has begun when the other comes, and both are let run to the end.
	a := startOther(t, root, dir, "")
	a.until("phase copy")
	b := startOther(t, root, dir, "")
	first, second := a.until("done "), b.until("done ")
	if first != second || len(attempts(t, root)) != 1 {
		t.Fatalf("made in %s and in %s; there are %v", first, second, attempts(t, root))
	}
	if !wholeNode(Environment{Dir: first}) {
		t.Fatal("not whole")
	}
}
