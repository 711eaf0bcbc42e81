package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// intrusion is what testdata/intruder.py prints.
type intrusion struct {
	Got           map[string]string
	Environment   []string
	Processes     int
	UID           int
	Groups        []int
	Nice          int
	Rights        []string
	AllRights     string `json:"all rights"` // that it could ever have
	NewPrivileges bool   `json:"new privileges"`
}

// intrude runs the intruder.
func intrude(t *testing.T, s *Sandbox, spec Spec) intrusion {
	t.Helper()
	r := run(t, s, spec)
	var i intrusion
	if err := json.Unmarshal([]byte(r.out), &i); err != nil || r.err != nil {
		t.Fatalf("%v, %v\n%s%s", err, r.err, r.out, r.errs)
	}
	return i
}

// allowed is all that an intruder achieves.
var allowed = map[string]string{
	"read its own file": "got pack's", "write what it may": "done", "write to a device": "done", "write at home": "done", "write to tmp": "done",
}

// achieved checks what an intruder got: what is allowed, and nothing else. More
// may be added to that.
func (i intrusion) achieved(t *testing.T, more map[string]string) {
	t.Helper()
	want := maps.Clone(allowed)
	maps.Copy(want, more)
	for _, name := range slices.Sorted(maps.Keys(i.Got)) {
		got := i.Got[name]
		t.Logf("%-32s %s", name, got)
		refused := strings.HasPrefix(got, "refused: ") || got == "no address"
		if w, ok := want[name]; ok && got != w || !ok && !refused {
			t.Errorf("%s: %s, want %q", name, got, w)
		}
	}
	if len(i.Got) < 41 {
		t.Errorf("only %d things were tried", len(i.Got))
	}
	i.clean(t)
	if i.NewPrivileges || slices.ContainsFunc(i.Rights, func(r string) bool { return strings.Trim(r, "0") != "" }) {
		t.Errorf("%+v", i)
	}
}

// clean checks what holds in every mode.
func (i intrusion) clean(t *testing.T) {
	t.Helper()
	if want := []string{"GIVEN", "HOME", "LANG", "PATH", "TMPDIR"}; !slices.Equal(slices.DeleteFunc(i.Environment, func(n string) bool { return n == "LC_CTYPE" }), want) {
		t.Errorf("environment %v, want %v", i.Environment, want)
	}
	if i.Nice != niceness {
		t.Errorf("nice %d", i.Nice)
	}
}

// secrets are in this process's environment, and in no program's.
func secrets(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_SECRET_ACCESS_KEY": "a", "GITHUB_TOKEN": "b", "NODE_OPTIONS": "c", "PYTHONPATH": "d", "HTTPS_PROXY": "e", "npm_config_registry": "f",
	} {
		t.Setenv(name, value)
	}
}

// A program that tries everything gets what it is given, and nothing else.
func TestIntruder(t *testing.T) {
	secrets(t)
	s := sandbox(t, Required)
	m := newScene(t)
	i := intrude(t, s, m.spec(t))
	i.achieved(t, map[string]string{
		// What it reaches is its own: the tmp and the loopback network of a machine for it alone.
		"the scanner's environment": "refused: No such file or directory", "the scanner's memory": "refused: No such file or directory",
		"end the scanner": "refused: No such process", "read another pack": "refused: No such file or directory",
		"list the data directory": "refused: No such file or directory", "write to the machine's tmp": "done",
		"talk to the hypervisor": "refused: Address family not supported by protocol", "ask the kernel for ciphers": "refused: Address family not supported by protocol",
		"keep a file in memory": "refused: Function not implemented", "keep a segment in memory": "refused: Function not implemented",
		"the first process's environment": "refused: Permission denied", "send a packet to this machine": "done",
	})
	if i.Processes != 2 || i.UID == 0 || strings.Trim(i.AllRights, "0") != "" {
		t.Errorf("%d processes, uid %d, rights %s", i.Processes, i.UID, i.AllRights)
	}
	m.unharmed(t, "x")
}

// What keeps a program from making connections where only system calls can be
// refused.
func TestFilter(t *testing.T) {
	if !probedPlain().Filter {
		t.Skip("no kernel sandbox: system calls cannot be filtered")
	}
	m := newScene(t)
	s := &Sandbox{mode: BestEffort, can: abilities{Filter: true}}
	for name, got := range intrude(t, s, m.spec(t, "connect to this machine", "send a packet to this machine", "connect to a nameless socket",
		"connect to a socket file", "connect in the first packet", "connect to the world")).Got {
		if got != "refused: Permission denied" {
			t.Errorf("%s: %s", name, got)
		}
	}
	m.unreached(t)
}

// The same program gets it all where the sandbox is off: what is refused above is
// refused by the sandbox.
func TestIntruderUncontained(t *testing.T) {
	secrets(t)
	s := sandbox(t, Off)
	m := newScene(t)
	want := map[string]string{
		"read another pack": "got other's", "read the data directory": "got keys", "change another mode": "done", "write the data directory": "done",
		"end the scanner": "done", "connect to this machine": "done", "send a packet to this machine": "done",
		"connect to a nameless socket": "done", "connect to a socket file": "done",
	}
	i := intrude(t, s, m.spec(t, slices.Collect(maps.Keys(want))...))
	if !maps.Equal(i.Got, want) {
		t.Errorf("got %v\nwant %v", i.Got, want)
	}
	for n, reached := range m.reached {
		if err := reached(); err != nil {
			t.Errorf("listener %d was not reached: %v", n, err)
		}
	}
	i.clean(t)
}
