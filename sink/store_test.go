package sink

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

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

// silent is the address of a server that takes connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
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
		"silent server":   {Options{DSN: "http://" + silent(t) + "?dial_timeout=200ms"}, schemas.CodeUnavailable, "server answers"},
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
	t.Parallel()
	for v, want := range map[string]bool{
		"24.7.9.1": true, "24.8.1.1": false, "24.8": false, "24.10.1.1": false, "24.9": false, "23.12.1": true, "23.8.1": true, "25.1": false, "25.0.1": false,
		"26.5.1.1": false, "100.1": false, "9.9": true, "24": true, "25": false, "x": true, "": true, "24.x": true, "25.3.1.altinity": false, "24.8-lts": true,
	} {
		if olderThan(v, oldest) != want {
			t.Errorf("olderThan(%s) = %v", v, !want)
		}
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
	code, out := runChild(t, "panic", "INSIGHTS_SINK_DIR="+filepath.Join(t.TempDir(), "ch"))
	if code != 2 || !strings.Contains(out, "goroutine ") || !strings.Contains(out, "nil pointer dereference") {
		t.Fatalf("child: code %d\n%s", code, out)
	}
}

// Long statements fit on a server too, unless the DSN says otherwise.
func TestStatementsMayBeLong(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]any{
		"clickhouse://h:9000": maxStatement, "http://h:8123?max_execution_time=60": maxStatement, "clickhouse://h:9000?max_query_size=300000": 300000,
	} {
		opts, err := (&Store{}).driverOptions(Options{DSN: dsn})
		if err != nil {
			t.Fatalf("%s: %v", dsn, err)
		}
		if got := opts.Settings["max_query_size"]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", dsn, got, want)
		}
	}
}
