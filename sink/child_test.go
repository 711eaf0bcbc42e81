package sink

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// The engine is one per process, and what is wrong with its files can end a
// process: such tests have a process of their own.

// runChild runs this test binary in a mode and returns its exit code and output.
func runChild(t *testing.T, mode string, env ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a hang is a failure too
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Dir = t.TempDir() // where no library is found by chance
	lib := "INSIGHTS_CHDB_LIB="
	if found, err := FindLibrary(""); err == nil {
		lib += found
	}
	cmd.Env = append(os.Environ(), append([]string{lib, "INSIGHTS_SINK_CHILD=" + mode}, env...)...)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil || cmd.ProcessState == nil {
		t.Fatalf("child: %v, %v\n%s", ctx.Err(), err, out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// child is what a child process of these tests does.
func child(mode string) int {
	ctx := context.Background()
	s, err := Open(ctx, Options{DataDir: os.Getenv("INSIGHTS_SINK_DIR"), Log: zerolog.Nop()})
	if mode == "open twice" && err != nil {
		fmt.Println("first:", err)
		s, err = Open(ctx, Options{DataDir: os.Getenv("INSIGHTS_SINK_OTHER"), Log: zerolog.Nop()})
	}
	if err == nil {
		err = s.Migrate(ctx)
	}
	if err != nil {
		fmt.Printf("error %s: %v\n", schemas.CodeOf(err), err)
		return 3
	}
	if mode == "panic" {
		var p *schemas.Scan
		p.ID = "x"
	}
	if err := s.Close(); err != nil {
		fmt.Println(err)
		return 4
	}
	return 0
}

func TestAMissingLibraryNamesTheRemedy(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), libraryName)
	if err := os.WriteFile(text, []byte("this is no library, whatever its name says"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lib  string
		says []string
	}{
		"none found":      {"", []string{libraryName, "was not found"}},
		"named, not here": {"/does/not/exist.so", []string{"/does/not/exist.so", "no such file"}},
		"no library":      {text, []string{text}},
		"another library": {systemLibrary(), []string{"chdb_"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out := runChild(t, "open", "INSIGHTS_CHDB_LIB="+c.lib, "INSIGHTS_SINK_DIR="+filepath.Join(t.TempDir(), "ch"))
			for _, want := range append(c.says, "error unavailable:", "make setup", "INSIGHTS_CHDB_LIB", "clickhouse.dsn") {
				if code != 3 || !strings.Contains(out, want) {
					t.Errorf("code %d, without %q: %s", code, want, out)
				}
			}
		})
	}
}

// systemLibrary is a library that is not the engine: one that every process has.
func systemLibrary() string {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return "/usr/lib/libSystem.B.dylib" // not Linux
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 6 && strings.Contains(fields[5], "libc.") {
			return fields[5]
		}
	}
	return "libc.so.6"
}

// A directory that the engine cannot take is told with its name; the process
// goes on, and may open another one.
func TestADataDirectoryThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	s := newStore(t, "") // holds engineDir
	if _, err := s.EngineVersion(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "ch")
	if code, out := runChild(t, "open", "INSIGHTS_SINK_DIR="+made); code != 0 {
		t.Fatalf("code %d: %s", code, out)
	}
	for name, c := range map[string]struct {
		dir    string
		damage func(dir string) error
		code   schemas.Code
	}{
		"in use":               {engineDir, nil, schemas.CodeUnavailable},
		"a file":               {"", func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, schemas.CodeInternal},
		"a damaged table":      {"", overwrite(made, "store/*/*/resources.sql", "CREATE TAB"), schemas.CodeUnavailable},
		"a damaged database":   {"", overwrite(made, "metadata/insights.sql", "\x00\x01"), schemas.CodeUnavailable},
		"damaged parts":        {"", overwrite(made, "store/*/*/format_version.txt", "1x"), schemas.CodeUnavailable},
		"an emptied table":     {"", overwrite(made, "store/*/*/verdicts.sql", ""), schemas.CodeUnavailable},
		"no directory, a link": {"", func(dir string) error { return os.Symlink(dir, dir) }, schemas.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			dir := c.dir
			if dir == "" {
				dir = filepath.Join(t.TempDir(), "ch")
				if err := c.damage(dir); err != nil {
					t.Fatal(err)
				}
			}
			code, out := runChild(t, "open", "INSIGHTS_SINK_DIR="+dir)
			if code != 3 || !strings.Contains(out, fmt.Sprintf("error %s:", c.code)) || !strings.Contains(out, dir) {
				t.Errorf("code %d: %s", code, out)
			}
			if name == "a damaged table" {
				if !strings.Contains(out, "damaged") {
					t.Errorf("no remedy: %s", out)
				}
				code, out := runChild(t, "open twice", "INSIGHTS_SINK_DIR="+dir, "INSIGHTS_SINK_OTHER="+filepath.Join(t.TempDir(), "other"))
				if code != 0 || !strings.Contains(out, "first: ") {
					t.Errorf("another directory after the damaged one: code %d: %s", code, out)
				}
			}
		})
	}
}

// overwrite copies a data directory and writes text into files of the copy.
func overwrite(from, pattern, text string) func(dir string) error {
	return func(dir string) error {
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("no file is named %s", pattern)
		}
		for _, f := range files {
			if err == nil {
				err = os.WriteFile(f, []byte(text), 0o600)
			}
		}
		return err
	}
}

// Rows that a killed process left to be inserted are removed by the next that
// opens the directory, and by no other: those of a running one are in use.
func TestLeftoversAreRemovedByTheOwnerOnly(t *testing.T) {
	t.Parallel()
	newStore(t, "")
	leftover := func(dir string) string {
		f := filepath.Join(dir, "inserts", "rows-left.native")
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("rows"), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	mine, its := leftover(engineDir), filepath.Join(t.TempDir(), "ch")
	left := leftover(its)
	if code, out := runChild(t, "open", "INSIGHTS_SINK_DIR="+engineDir); code != 3 {
		t.Errorf("a directory in use: code %d: %s", code, out)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Errorf("a process that may not use the directory removed what is in it: %v", err)
	}
	if code, out := runChild(t, "open", "INSIGHTS_SINK_DIR="+its); code != 0 {
		t.Errorf("a directory with a leftover: code %d: %s", code, out)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("the leftover is still there")
	}
	_ = os.Remove(mine)
}
