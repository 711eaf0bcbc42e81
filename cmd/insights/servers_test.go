package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// serveFake is the process of an awsfake; its population is in the environment.
func serveFake(addr string) {
	var p awsfake.Population
	if err := json.Unmarshal([]byte(os.Getenv("INSIGHTS_TEST_POPULATION")), &p); err != nil {
		fatal(err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fatal(err)
	}
	srv := &http.Server{Handler: awsfake.New(p), ReadHeaderTimeout: time.Minute}
	fatal(srv.Serve(l))
}

// serveNATS is the process of a NATS server with JetStream.
func serveNATS(dir, listen string) {
	s, err := startNATS(dir, listen, zerolog.Nop())
	if err != nil {
		fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	s.Shutdown()
	s.WaitForShutdown()
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startFake starts an awsfake in its own process and gives its URL.
func startFake(t testing.TB, p awsfake.Population) (url string, process *os.Process) {
	t.Helper()
	population, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddress(t)
	cmd := self(t, "INSIGHTS_TEST_AWSFAKE="+addr, "INSIGHTS_TEST_POPULATION="+string(population))
	background(t, cmd)
	eventually(t, time.Minute, "awsfake listens", func() bool { return dial(addr) })
	return "http://" + addr, cmd.Process
}

// self is this test binary with an environment that makes it something else.
func self(t testing.TB, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return cmd
}
