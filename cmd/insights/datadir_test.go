package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestDataDirBelongsToOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := openDataDir(dir, "insights serve")
	if err != nil {
		t.Fatal(err)
	}
	_, err = openDataDir(dir, "insights scan")
	if schemas.CodeOf(err) != schemas.CodeConflict {
		t.Fatalf("second open: %v", err)
	}
	if want := fmt.Sprintf("insights serve (process %d)", os.Getpid()); !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not say %q", err, want)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	// A process that another test is just starting holds the lock, too, until it
	// has become its program.
	eventually(t, time.Minute, "it can be opened after it was closed", func() bool {
		again, err := openDataDir(dir, "insights scan")
		return err == nil && again.Close() == nil
	})
}
