package sandbox

import (
	"encoding/json"
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
	NewPrivileges bool `json:"new privileges"`
}

// scene is a machine with things that are not a pack's business.
type scene struct {
	dir, pack, other, data, work string
	script                       string
	port                         int
	abstract, socket             string
	reached                      []func() error // what arrived from a program; a timeout when nothing did
}

func newScene(t *testing.T) scene {
	t.Helper()
	s := scene{dir: t.TempDir()}
	for name, dir := range map[string]*string{"pack": &s.pack, "other": &s.other, "data": &s.data, "work": &s.work} {
		*dir = filepath.Join(s.dir, name)
		s.write(t, *dir+"/secret", name+"'s")
	}
	s.write(t, s.data+"/keyring.json", "keys")
	text, err := os.ReadFile("testdata/intruder.py")
	if err != nil {
		t.Fatal(err)
	}
	s.script = s.pack + "/intruder.py"
	s.write(t, s.script, string(text))
	s.listen(t)
	return s
}

// write makes a file that is for this user alone.
func (s scene) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// listen is reached by programs that have the machine's network.
func (s *scene) listen(t *testing.T) {
	t.Helper()
	short, err := os.MkdirTemp("/tmp", "s") //nolint:usetesting // the kernel takes no long ones
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	s.socket, s.abstract = short+"/socket", "insights-test-"+filepath.Base(short)
	for _, at := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", "@" + s.abstract}, {"unix", s.socket}} {
		l, err := net.Listen(at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			s.port = tcp.Port
		}
		s.reached = append(s.reached, func() error {
			_ = l.(interface{ SetDeadline(time.Time) error }).SetDeadline(soon())
			_, err := l.Accept()
			return err
		})
	}
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = udp.Close() })
	s.reached = append(s.reached, func() error {
		_ = udp.SetDeadline(soon())
		_, err := udp.Read(make([]byte, 9))
		return err
	})
}

// soon is when what arrived long ago has been read.
func soon() time.Time { return time.Now().Add(50 * time.Millisecond) }

func (s scene) spec(t *testing.T, only ...string) Spec {
	t.Helper()
	given, err := json.Marshal(map[string]any{
		"pack": s.pack, "other": s.other, "data": s.data, "work": s.work, "tmp": filepath.Dir(s.dir),
		"scanner": os.Getpid(), "port": s.port, "abstract": s.abstract, "socket": s.socket, "only": only,
	})
	if err != nil {
		t.Fatal(err)
	}
	return Spec{
		Argv: []string{python(t), s.script, string(given)}, Dir: s.pack,
		Env: []string{"GIVEN=1"}, Read: []string{s.pack}, Write: []string{s.work},
	}
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
	if len(i.Got) < 37 {
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
		"the first process's environment": "refused: Permission denied", "send a packet to this machine": "done",
	})
	if i.Processes != 2 || i.UID == 0 {
		t.Errorf("%d processes, uid %d", i.Processes, i.UID)
	}
	m.unharmed(t)
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

// unharmed checks that nothing outside was changed, and that what the program
// wrote is this user's.
func (s scene) unharmed(t *testing.T) {
	t.Helper()
	for _, reached := range s.reached {
		if err := reached(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a program reached this machine: %v", err)
		}
	}
	for path, want := range map[string]string{"data/keyring.json": "keys", "other/secret": "other's", "pack/secret": "pack's", "work/new": "x"} {
		if got, err := os.ReadFile(filepath.Join(s.dir, path)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"data/new", "pack/new", "../new"} {
		if _, err := os.Stat(filepath.Join(s.dir, path)); err == nil {
			t.Errorf("%s is there", path)
		}
	}
	for _, dir := range []string{s.data, s.pack} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, info.Mode(), err)
		}
	}
	// Whoever made it, this user can change and remove it.
	if err := os.WriteFile(s.work+"/new", nil, 0o600); err != nil {
		t.Error(err)
	}
}
