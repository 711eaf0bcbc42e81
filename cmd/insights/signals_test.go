package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The process is asked to end while it reads a unit that does not end.
func TestServeEndsWithAUnitInHand(t *testing.T) {
	t.Run("after the drain time-out", func(t *testing.T) {
		t.Parallel()
		s := stuck(t, "INSIGHTS_DRAIN_TIMEOUT=1s")
		s.signal(t)
		if err := s.wait(t, time.Minute); err != nil {
			t.Errorf("ended with %v\n%s", err, s.log.Bytes())
		}
		if !strings.Contains(s.log.String(), `"message":"give a message back"`) {
			t.Errorf("the unit was not handed back:\n%s", s.log.Bytes())
		}
		s.goesOn(t)
	})
	t.Run("at once by a second signal", func(t *testing.T) {
		t.Parallel()
		s := stuck(t, "INSIGHTS_DRAIN_TIMEOUT=10m")
		s.signal(t)
		eventually(t, time.Minute, "it drains", func() bool {
			resp, err := http.Get(s.admin + "/readyz")
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			return resp.StatusCode == http.StatusServiceUnavailable
		})
		s.signal(t)
		var exit *exec.ExitError
		if err := s.wait(t, time.Minute); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
			t.Errorf("ended with %v\n%s", err, s.log.Bytes())
		}
		s.goesOn(t)
	})
}

// stuckServer is a process of the program with a unit in hand.
type stuckServer struct {
	program
	gate  *gate
	cmd   *exec.Cmd
	ended chan error
	log   bytes.Buffer // not before the process has ended
	admin string
}

func stuck(t *testing.T, env ...string) *stuckServer {
	t.Helper()
	s := &stuckServer{ended: make(chan error, 1)}
	s.gate = &gate{held: make(chan struct{}, 100), next: awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Users: 1})}
	srv := httptest.NewServer(s.gate)
	t.Cleanup(srv.Close)
	t.Cleanup(s.gate.open)
	listen, admin := freeAddress(t), freeAddress(t)
	s.admin = "http://" + admin
	s.program = newProgram(t, append(env, "INSIGHTS_NATS_ACK_WAIT=2s", "INSIGHTS_LISTEN="+listen, "INSIGHTS_ADMIN_ADDR="+admin, "INSIGHTS_LOG_LEVEL=debug", "INSIGHTS_LOG_FORMAT=json")...)
	s.cmd = s.command(t.Context(), "serve")
	s.cmd.Stderr = &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.cmd.Wait() }()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	eventually(t, time.Minute, "the server answers", func() bool { return dial(listen) })
	client, err := api.NewClient("http://"+listen, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AddAccount(t.Context(), schemas.Account{Name: "prod", Provider: "aws", Endpoint: srv.URL, Services: []string{"iam"}}); err != nil {
		t.Fatal(err)
	}
	s.gate.shut()
	if _, err := client.StartScan(t.Context(), "prod", schemas.ScanLimit{}); err != nil {
		t.Fatal(err)
	}
	s.gate.await(t)
	return s
}

func (s *stuckServer) signal(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

func (s *stuckServer) wait(t *testing.T, limit time.Duration) error {
	t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(limit):
		t.Fatalf("still running after %s", limit)
		return nil
	}
}

// goesOn lets the next process bring the scan to its end.
func (s *stuckServer) goesOn(t *testing.T) {
	t.Helper()
	s.gate.open()
	out := s.ok(t, "scan", "watch", "123456789012-1")
	if !strings.Contains(out, "succeeded") {
		t.Errorf("the scan went on to:\n%s", out)
	}
}
