package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a program that says on which port it listens, and answers a line.
const server = `
import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"heard " + self.rfile.readline())
class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 200
    daemon_threads = True
with Server(("127.0.0.1", 0), Echo) as s:
    print(s.server_address[1], flush=True)
    s.serve_forever()
`

// serving starts the server and gives its port.
func serving(t *testing.T, s *Sandbox) (*Process, int) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Start(t.Context(), Spec{Argv: []string{python(t), "-c", server}, Stdout: in, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	t.Cleanup(func() { p.Kill(); _ = p.Wait(); _ = out.Close() })
	return p, portOf(t, out)
}

// portOf is the port that a program says first.
func portOf(t *testing.T, out io.Reader) int {
	t.Helper()
	line, err := bufio.NewReader(out).ReadString('\n')
	port, convert := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || convert != nil {
		t.Fatalf("first line %q: %v", line, err)
	}
	return port
}

func talk(ctx context.Context, p *Process, port, i int) error {
	conn, err := p.Dial(ctx, port)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%d\n", i)
	got, err := io.ReadAll(conn)
	if want := fmt.Sprintf("heard %d\n", i); err == nil && string(got) != want {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	return err
}

func TestDial(t *testing.T) {
	for _, mode := range []Mode{BestEffort, Off} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := sandbox(t, mode)
			p, port := serving(t, s)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() {
					if err := talk(ctx, p, port, i); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			_, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
			if reached := err == nil; reached == s.can.Network {
				t.Errorf("the port is reached from outside: %t", reached)
			}
			if _, err := p.Dial(ctx, 1); err == nil || !strings.Contains(err.Error(), "connection refused") {
				t.Errorf("a port nobody listens on: %v", err)
			}
			if m, err := p.Memory(ctx); m < 5<<20 || m > 500<<20 || err != nil {
				t.Errorf("a Python server has %d bytes in memory, %v", m, err)
			}
			p.Kill()
			if err := p.Wait(); err == nil {
				t.Error("a killed program ended well")
			}
			if _, err := p.Dial(ctx, port); err == nil || !strings.Contains(err.Error(), "has ended") {
				t.Errorf("dialing a killed program: %v", err)
			}
			if m, err := p.Memory(ctx); m != 0 || err == nil || !strings.Contains(err.Error(), "has ended") {
				t.Errorf("a killed program has %d bytes, %v", m, err)
			}
		})
	}
}
