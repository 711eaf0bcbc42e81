package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// openTerminal makes a terminal of so many columns: whatever is written to tty
// can be read from the other end.
func openTerminal(t *testing.T, columns int) (other, tty *os.File) {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { _ = other.Close() })
	fd := int(other.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	return other, tty
}

// onTerminal runs a command with standard output and error on a terminal and
// gives what it shows.
func onTerminal(t *testing.T, p program, columns int, args ...string) string {
	t.Helper()
	other, tty := openTerminal(t, columns)
	cmd := p.command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = tty, tty
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close() // the command has it
	shown := make(chan string)
	go func() {
		raw, _ := io.ReadAll(other) // ends with an error when the command has ended
		shown <- string(raw)
	}()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %v", args, err)
	}
	select {
	case text := <-shown:
		return strings.ReplaceAll(text, "\r\n", "\n")
	case <-time.After(time.Minute):
		t.Fatal("the terminal does not end")
		return ""
	}
}

// On a terminal there is progress, and no line is longer than the terminal.
func TestOutputOnATerminal(t *testing.T) {
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 4, Users: 2, VPCs: 1, SecurityGroups: 2})
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url)
	text := onTerminal(t, p, 80, "scan", "start", "prod")
	if !strings.Contains(text, "\r\x1b[K123456789012-1 running: units ") || !strings.Contains(text, "\r\x1b[KScan 123456789012-1 of prod: succeeded") {
		t.Errorf("no progress, or it stays: %q", text)
	}
	for _, args := range []string{"report --all", "violations --limit 5", "resources --limit 5", "pack show aws_foundations", "scan list", "account list"} {
		for line := range strings.Lines(onTerminal(t, p, 80, strings.Fields(args)...)) {
			line = strings.TrimRight(line, "\n")
			if len([]rune(line)) > 80 && !strings.Contains(line, "--cursor") {
				t.Errorf("%s on 80 columns: %s", args, line)
			}
		}
	}
	if narrow, wide := onTerminal(t, p, 80, "violations"), onTerminal(t, p, 300, "violations"); strings.Contains(narrow, "MESSAGE") || !strings.Contains(wide, "MESSAGE") {
		t.Errorf("80 columns:\n%s\n300 columns:\n%s", narrow, wide)
	}
}
