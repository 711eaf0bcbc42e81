package sandbox

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// uncounted is a sandbox in which the kernel does not count processes, as for
// root and before Linux 5.14.
func uncounted(s *Sandbox) *Sandbox {
	can := s.can
	can.Count = false
	return &Sandbox{mode: s.mode, can: can}
}

// A program that forks without end gets so many processes and no more.
func TestForks(t *testing.T) {
	t.Parallel()
	const some = `
import os, time
n = 0
try:
    while n < 200:
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
        n += 1
except BlockingIOError:
    print("refused" if 40 < n < 60 else n)
`
	// Every process of this one makes more, and takes no refusal.
	const bomb = `
import os
while True:
    try: os.fork()
    except OSError: pass
`
	const ended = "ended: it had more than 50 processes and threads"
	limits := Limits{Processes: 50}
	s := sandbox(t, BestEffort)
	if s.can.Count {
		run(t, s, Spec{Argv: []string{python(t), "-c", some}, Limits: limits}).does(t, "refused", "nil")
	}
	run(t, uncounted(s), Spec{Argv: []string{python(t), "-c", bomb}, Limits: limits}).does(t, "", ended)
	run(t, sandbox(t, Off), Spec{Argv: []string{python(t), "-c", some + "time.sleep(600)"}, Limits: limits}).does(t, "", ended)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := s.Start(ctx, Spec{Argv: []string{python(t), "-c", bomb}, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	if s.can.Count {
		eventually(t, "as many as are allowed", func() bool { return len(below(p.launch.cmd.Process.Pid)) >= 48 })
		if n := len(below(p.launch.cmd.Process.Pid)); n > 55 {
			t.Errorf("%d processes", n)
		}
	}
	p.Kill()
	if err := p.Wait(); err == nil {
		t.Error("ended well")
	}
	if left := below(p.launch.cmd.Process.Pid); len(left) > 0 {
		t.Errorf("%d processes are left", len(left))
	}
}

// below are the processes below another.
func below(pid int) []process {
	of := map[int][]process{}
	for _, p := range processes() {
		of[p.parent] = append(of[p.parent], p)
	}
	out := of[pid]
	for i := 0; i < len(out); i++ {
		out = append(out, of[out[i].pid]...)
	}
	return out
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within 30 s", what)
		case <-tick.C:
		}
	}
}

// A program that eats memory gets so much and no more: in one process, and in
// several together.
func TestMemory(t *testing.T) {
	t.Parallel()
	const alone = `
held = []
try:
    while True: held.append(bytearray(16 << 20))
except MemoryError:
    print("refused" if 8 < len(held) < 16 else len(held))
`
	const together = `
import os, time
for _ in range(3):
    if os.fork() == 0:
        held = bytearray(100 << 20)
        time.sleep(600)
time.sleep(600)
`
	const node = `
const held = [];
try { for (;;) held.push(Buffer.alloc(64 << 20, 1)); }
catch (e) { console.log(held.length < 16 ? e.code ?? e.message : held.length); }
`
	const objects = `const held = []; for (;;) held.push({a: held.length, b: "" + held.length});`
	for _, mode := range []Mode{BestEffort, Off} {
		s := sandbox(t, mode)
		run(t, s, Spec{Argv: []string{python(t), "-c", alone}, Limits: Limits{Memory: 256 << 20}}).does(t, "refused", "nil")
		run(t, s, Spec{Argv: []string{python(t), "-c", together}, Limits: Limits{Memory: 256 << 20}}).
			does(t, "", "ended: its processes had more than 256 MiB in memory")
		if mode == Off {
			continue // the same limit of the kernel
		}
		limits := Limits{Memory: 160 << 20}
		if r := run(t, s, Spec{Argv: []string{program(t, "node"), "-e", node}, Limits: limits}); r.out != "ERR_MEMORY_ALLOCATION_FAILED" && r.out != "Array buffer allocation failed" {
			t.Errorf("%+v", r)
		}
		r := run(t, s, Spec{Argv: []string{program(t, "node"), "--max-old-space-size=4000", "-e", objects}, Limits: limits})
		if r.err == nil || !strings.HasPrefix(r.err.Error(), "ended by a signal: ") && !strings.Contains(r.err.Error(), "in memory") {
			t.Errorf("%s, %v, %s", r.out, r.err, r.errs)
		}
	}
}

// The other limits.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := sandbox(t, BestEffort)
	work := t.TempDir()
	for name, c := range map[string]struct {
		script, out, ending string
		limits              Limits
	}{
		"tmp": {`
import os
try:
    with open(os.environ["TMPDIR"] + "/full", "wb") as f:
        for n in range(100): f.write(bytes(1 << 20)); f.flush()
except OSError as e: print(n <= 8, e.strerror)
print(open("/dev/null").read())`, "True No space left on device", "nil", Limits{Temp: 8 << 20}},
		"file": {`
f = open("` + work + `/big", "wb", 0)
try:
    for _ in range(3): f.write(bytes(1 << 20))
except OSError as e: print(e.strerror)`, "File too large", "nil", Limits{FileSize: 1 << 20}},
		"files": {`
held = []
try:
    while True: held.append(open("/dev/null"))
except OSError as e: print(len(held) < 64, e.strerror)`, "True Too many open files", "nil", Limits{Files: 64}},
		"processor": {"while True: pass", "", "ended: it used up its processor time of 1s", Limits{CPU: time.Second}},
		"more than it may": {`
import resource
try: resource.setrlimit(resource.RLIMIT_NOFILE, (5000, 5000))
except ValueError: print("refused")`, "refused", "nil", Limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "tmp" && !s.can.Files {
				return // HOME is an ordinary directory then
			}
			run(t, s, Spec{Argv: []string{python(t), "-c", c.script}, Write: []string{work}, Limits: c.limits}).does(t, c.out, c.ending)
		})
	}
}

// HOME is gone when the program is.
func TestHomeIsRemoved(t *testing.T) {
	t.Parallel()
	const script = `import os; open(os.environ["HOME"] + "/left", "w"); print(os.environ["HOME"])`
	r := run(t, sandbox(t, Off), Spec{Argv: []string{python(t), "-c", script}})
	if _, err := os.Stat(r.out); r.out == "" || err == nil {
		t.Errorf("%+v is there", r)
	}
}
