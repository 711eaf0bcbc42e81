package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Node.js, which looks at much of the machine when it starts, works as ever.
func TestNode(t *testing.T) {
	t.Parallel()
	s := sandbox(t, BestEffort)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.js"), []byte(`
const os = require("os"), net = require("net"), {execFileSync} = require("child_process"), {Worker} = require("worker_threads");
if (os.totalmem() < 1 || os.cpus().length < 1 || !os.hostname() || !os.tmpdir()) throw new Error("the machine");
if (execFileSync(process.execPath, ["-p", "6*7"]).toString().trim() !== "42") throw new Error("a child");
new Worker("require('worker_threads').parentPort.postMessage(1)", {eval: true}).on("message", () => {
  const server = net.createServer(c => c.pipe(c)).listen(0, "127.0.0.1", () => console.log(server.address().port));
});
`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Start(t.Context(), Spec{Argv: []string{program(t, "node"), "main.js"}, Dir: dir, Read: []string{dir}, Stdout: in, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	defer func() { p.Kill(); _ = p.Wait(); _ = out.Close() }()
	port := portOf(t, out)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := p.Dial(ctx, port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got := make([]byte, 5); readFull(conn, got) != "hello" {
		t.Errorf("%q", got)
	}
	if m, err := p.Memory(ctx); m < 30<<20 || err != nil {
		t.Errorf("Node.js has %d bytes in memory, %v", m, err)
	}
}

// A virtual environment is a chain of links to an interpreter elsewhere.
func TestVirtualEnvironment(t *testing.T) {
	t.Parallel()
	s := sandbox(t, BestEffort)
	dir := filepath.Join(t.TempDir(), "venv")
	spec := Spec{Argv: []string{python(t), "-m", "venv", "--without-pip", dir}, Write: []string{filepath.Dir(dir)}}
	run(t, s, spec).does(t, "", "nil")
	const script = "import sys, ssl, ctypes; print(sys.prefix, sys.prefix != sys.base_prefix)"
	for _, read := range [][]string{nil, {dir}, {filepath.Dir(dir), dir + "/lib64"}} {
		run(t, s, Spec{Argv: []string{dir + "/bin/python", "-c", script}, Read: read}).does(t, dir+" True", "nil")
	}
	// While it is filled.
	made := run(t, s, Spec{Argv: []string{dir + "/bin/python", "-c", "import sys; open(sys.prefix + '/bin/new', 'w'); print(1)"}, Write: []string{dir}})
	made.does(t, "1", "nil")
	if r := run(t, s, Spec{Argv: []string{dir + "/bin/python", "-c", "import sys; open(sys.prefix + '/bin/new', 'w')"}}); r.err == nil || !strings.Contains(r.errs, "/bin/new") {
		t.Errorf("an environment that was only to be read: %+v", r)
	}
}
