package install

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr checks an error's code and that its text holds every part.
func wantErr(t *testing.T, err error, code schemas.Code, parts ...string) {
	t.Helper()
	if err == nil || schemas.CodeOf(err) != code {
		t.Fatalf("got %v (%s), want an error with code %s", err, schemas.CodeOf(err), code)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q:\n%v", part, err)
		}
	}
}

func newInstaller(t *testing.T, root string) *Installer {
	t.Helper()
	box, err := sandbox.New(sandbox.BestEffort)
	ok(t, err)
	return New(root, box, zerolog.New(zerolog.NewTestWriter(t)))
}

// pack writes a pack of the files and reads its project file.
func pack(t *testing.T, files map[string]string) (string, evaluator.Project) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		ok(t, os.MkdirAll(filepath.Dir(path), 0o700))
		ok(t, os.WriteFile(path, []byte(text), 0o600))
	}
	p, err := evaluator.ReadProject(dir)
	ok(t, err)
	return dir, p
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	ok(t, err)
	return string(text)
}

// bootPort starts a pack and returns the port that it tells.
func bootPort(ctx context.Context, t *testing.T, e Environment) string {
	t.Helper()
	box, err := sandbox.New(sandbox.BestEffort)
	ok(t, err)
	r, w, err := os.Pipe()
	ok(t, err)
	defer func() { _ = r.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	var said tail
	p, err := box.Start(ctx, sandbox.Spec{
		Argv: append(e.Argv, "127.0.0.1:1", e.Dir), Dir: e.Dir, Env: e.Env, Read: append(e.Read, e.Dir), Stdout: w, Stderr: &said,
	})
	ok(t, err)
	_ = w.Close()
	var out strings.Builder
	buf := make([]byte, 64)
	for !strings.Contains(out.String(), "\n") {
		n, err := r.Read(buf)
		out.Write(buf[:n])
		if err != nil {
			break
		}
	}
	cancel()
	_ = p.Wait()
	port, _, found := strings.Cut(out.String(), "\n")
	if !found || strings.Trim(port, "0123456789") != "" {
		t.Fatalf("the pack did not tell its port: %q\n%s", out.String(), said.String())
	}
	return port
}

func project(t *testing.T, text string) evaluator.Project {
	t.Helper()
	_, p := pack(t, map[string]string{evaluator.ProjectFile: text})
	return p
}
