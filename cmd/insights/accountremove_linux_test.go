package main

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

func TestAccountRemoveAsksOnTerminal(t *testing.T) {
	srv := httptest.NewServer(awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}}))
	defer srv.Close()
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL)
	for _, c := range []struct {
		answer string
		want   int
	}{{"no", exitError}, {"prod", exitOK}} {
		answer, want := c.answer, c.want
		other, tty := openTerminal(t, 100)
		cmd := p.command(t.Context(), "account", "remove", "prod")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = tty.Close() // the command has it
		if _, err := io.WriteString(other, answer+"\n"); err != nil {
			t.Fatal(err)
		}
		shown := make(chan string)
		go func() {
			raw, _ := io.ReadAll(other)
			shown <- string(raw)
		}()
		_ = cmd.Wait()
		text := <-shown
		if cmd.ProcessState.ExitCode() != want || !strings.Contains(text, "Type prod to do it:") {
			t.Errorf("answered %s: exit %d\n%s", answer, cmd.ProcessState.ExitCode(), text)
		}
	}
}
