package sandbox

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

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

// unreached checks that nothing outside was reached.
func (s scene) unreached(t *testing.T) {
	t.Helper()
	for _, reached := range s.reached {
		if err := reached(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a program reached this machine: %v", err)
		}
	}
}

// unharmed checks that nothing outside was changed, and that what the program
// wrote is this user's.
func (s scene) unharmed(t *testing.T, wrote string) {
	t.Helper()
	s.unreached(t)
	for path, want := range map[string]string{"data/keyring.json": "keys", "other/secret": "other's", "pack/secret": "pack's", "work/new": wrote} {
		if got, err := os.ReadFile(filepath.Join(s.dir, path)); string(got) != want || err != nil && want != "" {
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
