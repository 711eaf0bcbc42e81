package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// planted is one secret of plant.py.
type planted struct {
	Number, Kind, Core string
	Read               bool
}

func (m *moto) plant(t *testing.T) (list []planted) {
	t.Helper()
	cmd := m.Python(t, filepath.Join(here(t), "testdata", "secrets", "plant.py"), "--endpoint", m.url)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &list)
	}
	if err != nil || len(list) < 20 {
		t.Fatalf("%d secrets: %v\n%s", len(list), err, errs.Bytes())
	}
	return list
}

// tables is every row of every table, as text. The program has ended.
func (m *moto) tables(t *testing.T, p program) string {
	t.Helper()
	cmd := m.Python(t, filepath.Join(here(t), "testdata", "secrets", "tables.py"), tool(t, "chdb", "libchdb.so"), filepath.Join(p.dir, "data", "clickhouse"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || !bytes.Contains(out, []byte("aws:lambda/function:Function")) {
		t.Fatalf("tables.py: %v\n%s%s", err, out, errs.Bytes())
	}
	return string(out)
}

func here(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// tappedServer is the whole system as one process over a NATS server of this one,
// which keeps a copy of whatever passes.
type tappedServer struct {
	program
	client program
	url    string
	nats   string // directory
	log    lockedBuffer
	stop   func(*testing.T)

	mu       sync.Mutex
	messages bytes.Buffer
}

func startTapped(t *testing.T, args ...string) *tappedServer {
	t.Helper()
	s := &tappedServer{nats: t.TempDir()}
	addr, listen := freeAddress(t), freeAddress(t)
	server, err := startNATS(s.nats, addr, zerolog.New(&s.log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
	closed := make(chan struct{})
	conn, err := nats.Connect(server.ClientURL(), nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if _, err := conn.Subscribe(">", s.keep); err != nil {
		t.Fatal(err)
	}

	keyring := filepath.Join(t.TempDir(), "keyring.json")
	newProgram(t).ok(t, "config", "keyring", keyring)
	s.program = newProgram(t, "INSIGHTS_NATS_URL="+server.ClientURL(), "INSIGHTS_SECRETS_KEY_FILE="+keyring, "INSIGHTS_LISTEN="+listen,
		"INSIGHTS_LOG_LEVEL=debug", "INSIGHTS_LOG_FORMAT=json", "INSIGHTS_ADMIN_ADDR=off", "AWS_REGION=us-east-1")
	serve := s.command(context.Background(), append([]string{"serve"}, args...)...)
	serve.Stdout, serve.Stderr = &s.log, &s.log
	background(t, serve)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log ends with:\n%s", last(s.log.String(), 5000))
		}
	})
	s.url = "http://" + listen
	eventually(t, 2*time.Minute, "serve answers", func() bool { return dial(listen) })
	s.client = newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent", "INSIGHTS_SERVER="+s.url)
	s.stop = func(t *testing.T) {
		t.Helper()
		if err := errors.Join(serve.Process.Signal(os.Interrupt), serve.Wait(), conn.Drain()); err != nil {
			t.Errorf("serve ended with %v", err)
		}
		<-closed // what was under way is kept
		server.Shutdown()
		server.WaitForShutdown()
	}
	return s
}

func (s *tappedServer) keep(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(&s.messages, m.Subject, m.Header)
	s.messages.Write(m.Data)
}

func (s *tappedServer) tapped() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages.String()
}

func last(text string, n int) string { return text[max(0, len(text)-n):] }
