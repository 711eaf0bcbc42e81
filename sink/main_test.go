package sink

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"
)

// engineDir is the data directory that all tests of this process share: the
// engine takes one path per process. Each test has a database of its own.
var engineDir string

var databases atomic.Int64

func TestMain(m *testing.M) {
	if mode := os.Getenv("INSIGHTS_SINK_CHILD"); mode != "" {
		os.Exit(child(mode))
	}
	dir, err := os.MkdirTemp("", "insights-sink-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	engineDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// newStore opens an empty database: on the embedded engine, or on the server
// that dsn names.
func newStore(t testing.TB, dsn string) *Store {
	t.Helper()
	o := Options{DSN: dsn, DataDir: engineDir, Database: fmt.Sprintf("t%d_%d", os.Getpid(), databases.Add(1)), Log: zerolog.Nop()}
	ctx := context.Background()
	s, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.exec(ctx, "drop", "DROP DATABASE IF EXISTS "+o.Database+"")
		_ = s.Close()
	})
	if err := s.Migrate(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		t.Fatal(err)
	}
	return s
}
