package sink

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestMigrateIsRepeatableAndSaysItsVersion(t *testing.T) {
	s := newStore(t, "")
	for range 2 {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	have, want, err := s.Version(t.Context())
	if err != nil || have != want || want == 0 {
		t.Fatalf("version %d, want %d: %v", have, want, err)
	}
}

func TestADatabaseWithoutTablesNamesTheRemedy(t *testing.T) {
	s := newStore(t, "")
	if err := s.exec(t.Context(), "drop", "DROP TABLE @db.resources"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Known(t.Context(), schemas.KnownRequest{AccountID: "aws-123456789012", Keys: []schemas.Key{{Region: "r", Type: "t", ID: "i"}}})
	if schemas.CodeOf(err) != schemas.CodeConflict || !strings.Contains(err.Error(), "insights migrate") {
		t.Fatalf("error %v", err)
	}
}

func TestOpenErrorsAreDistinctAndNameTheRemedy(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		o    Options
		code schemas.Code
		text string
	}{
		"no library":      {Options{Lib: "/does/not/exist.so", DataDir: t.TempDir()}, schemas.CodeUnavailable, "make setup"},
		"bad DSN":         {Options{DSN: "clickhouse//nowhere"}, schemas.CodeInvalid, "clickhouse.dsn"},
		"no server":       {Options{DSN: "clickhouse://127.0.0.1:1?dial_timeout=200ms"}, schemas.CodeUnavailable, "server answers"},
		"bad database":    {Options{Database: "x; DROP", DataDir: engineDir}, schemas.CodeInvalid, "clickhouse.database"},
		"other directory": {Options{DataDir: t.TempDir()}, schemas.CodeConflict, "open on"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "other directory" {
				newStore(t, "")
			} else if name == "no library" {
				closeEngine(t)
			}
			c.o.Log = zerolog.Nop()
			s, err := Open(ctx, c.o)
			if err == nil {
				_ = s.Close()
			}
			if err == nil || schemas.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("error %v", err)
			}
		})
	}
}

// closeEngine makes sure that no engine is open, so that Open looks for the library.
func closeEngine(t *testing.T) {
	t.Helper()
	engineMu.Lock()
	defer engineMu.Unlock()
	if theEngine != nil {
		t.Skip("an engine is open")
	}
}

func TestOlderThan(t *testing.T) {
	for v, want := range map[string]bool{"24.7.9.1": true, "24.8.1.1": false, "23.12.1": true, "25.1": false, "26.5.1.1": false, "x": true} {
		if olderThan(v, oldest) != want {
			t.Errorf("olderThan(%s) = %v", v, !want)
		}
	}
}

func TestACancelledQueryReturnsAtOnce(t *testing.T) {
	s := newStore(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.exec(ctx, "sleep", "SELECT sleep(3)")
	if schemas.CodeOf(err) != schemas.CodeCancelled {
		t.Fatalf("error %v", err)
	}
}

// With the engine loaded a nil pointer is an ordinary Go panic: recovered here,
// and in a process of its own one that ends it with code 2 and a Go trace.
func TestAGoPanicStaysAGoPanicWithTheEngineLoaded(t *testing.T) {
	s := newStore(t, "")
	if _, err := s.EngineVersion(t.Context()); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if r := recover(); r == nil {
				t.Error("nothing to recover")
			}
		}()
		var p *schemas.Scan
		p.ID = "x"
	}()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "INSIGHTS_SINK_CHILD=panic", "INSIGHTS_SINK_DIR="+filepath.Join(t.TempDir(), "ch"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(stderr.String(), "goroutine ") ||
		!strings.Contains(stderr.String(), "nil pointer dereference") {
		t.Fatalf("child: %v\n%s", err, stderr.String())
	}
}

// child is what a child process of these tests does.
func child(mode string) int {
	s, err := Open(context.Background(), Options{DataDir: os.Getenv("INSIGHTS_SINK_DIR"), Log: zerolog.Nop()})
	if err != nil {
		println(err.Error())
		return 3
	}
	if mode == "panic" {
		if err := s.Migrate(context.Background()); err != nil {
			println(err.Error())
			return 3
		}
		var p *schemas.Scan
		p.ID = "x"
	}
	return 4
}
