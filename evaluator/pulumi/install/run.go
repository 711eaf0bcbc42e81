package install

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// toolTimeout bounds one run of a tool, beside the caller's context.
const toolTimeout = 10 * time.Minute

// Tools install for all packs alike and need more than a pack that runs.
var toolLimits = sandbox.Limits{Memory: 4 << 30, CPU: toolTimeout, Temp: 1 << 30}

// run runs a tool in the shop, contained but with the network, and returns what
// it printed, of which only the end is kept. program is a name to be found in
// PATH or a path. The sandbox adds to env how registries are reached. The error
// holds what the tool said.
func (s *shop) run(ctx context.Context, env []string, program string, args ...string) (string, error) {
	path, err := lookPath(program)
	if err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	if s.holds(path) { // an environment's own interpreter must stay a link
		err = s.sealed()
	} else if path, err = filepath.EvalSymlinks(path); err != nil {
		err = errDisk(err)
	}
	if err != nil {
		return "", err
	}
	out := &tail{}
	p, err := s.i.box.Start(limited, sandbox.Spec{
		Argv: append([]string{path}, args...), Dir: s.pack, Env: slices.Concat(toolEnv(), env),
		Read: s.reads(path), Write: []string{s.dir}, Network: true, Limits: toolLimits, Stdout: out, Stderr: out,
	})
	if err != nil {
		return "", err
	}
	err = p.Wait()
	if changed := s.intact(); changed != nil {
		return "", changed
	}
	name := filepath.Base(program)
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", schemas.Errorf(schemas.CodeUnavailable, "%s was stopped: %w", name, context.Cause(ctx))
	case limited.Err() != nil:
		return "", schemas.Errorf(schemas.CodeUnavailable, "%s did not end within %s", name, toolTimeout)
	}
	return out.String(), toolError(name, args, err, redacted(out.String(), os.Environ()))
}

// Directories of packages that the operator has, for machines without a network.
var packageDirs = []string{"PIP_FIND_LINKS", "UV_FIND_LINKS"}

// toolEnv is what every tool is told: to be found in PATH, to be quiet, and to
// ask nobody.
func toolEnv() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "CI=1", "NO_COLOR=1", "TERM=dumb"}
	for _, name := range packageDirs {
		if dir := os.Getenv(name); filepath.IsAbs(dir) && exists(dir) {
			env = append(env, name+"="+dir)
		}
	}
	return env
}

// reads is what a tool reads beside the system's files and the shop.
func (s *shop) reads(path string) []string {
	out := append(readsOf(path), s.read...)
	for _, name := range packageDirs {
		if dir := os.Getenv(name); filepath.IsAbs(dir) && exists(dir) {
			out = append(out, dir)
		}
	}
	// What lies in the shop stays writable.
	return slices.DeleteFunc(out, s.holds)
}

func (s *shop) holds(path string) bool { return path == s.dir || strings.HasPrefix(path, s.dir+"/") }

func lookPath(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", schemas.Errorf(schemas.CodeInvalid, "there is no %s on this machine", program).WithHint("%s", remedies[program])
	}
	return path, nil
}

var remedies = map[string]string{
	"node":   "install Node.js " + nodeVersions + " for the control process and the evaluators",
	"npm":    "install npm for the control process and the evaluators; it comes with Node.js",
	"yarn":   "install yarn for the control process and the evaluators (npm install -g yarn), or use npm: delete yarn.lock and set packagemanager: npm",
	"pnpm":   "install pnpm for the control process and the evaluators (npm install -g pnpm), or use npm: delete pnpm-lock.yaml and set packagemanager: npm",
	"bun":    "install bun for the control process and the evaluators (npm install -g bun), or use npm: set packagemanager: npm",
	"python": "install Python " + pythonVersions + " for the control process and the evaluators",
	"poetry": "install poetry for the control process and the evaluators (pipx install poetry), or set toolchain: pip and write requirements.txt",
	"uv":     "install uv for the control process and the evaluators (pipx install uv), or set toolchain: pip and write requirements.txt",
}

// readsOf are the directories that a program reads beside the system's: where
// it was found, where it is installed, and the same of its interpreter.
func readsOf(path string) []string {
	var out []string
	for range 3 { // a tool, its interpreter, and what that is started by
		out = append(out, filepath.Dir(path))
		out = append(out, installation(path)...)
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			break
		}
		out = append(out, installation(real)...)
		next := interpreterOf(real)
		if next == "" || next == path {
			break
		}
		path = next
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// installation is where a program's own files are: all of its package or virtual
// environment, else the usual directories beside its own. Not more: a program in
// ~/bin must not show what is in ~.
func installation(path string) []string {
	prefix := filepath.Dir(filepath.Dir(path))
	if exists(filepath.Join(prefix, "package.json")) || exists(filepath.Join(prefix, "pyvenv.cfg")) {
		return []string{prefix}
	}
	var out []string
	for _, name := range []string{"lib", "lib64", "libexec", "include"} {
		if dir := filepath.Join(prefix, name); exists(dir) && filepath.Base(filepath.Dir(path)) == "bin" {
			out = append(out, dir)
		}
	}
	return out
}

// interpreterOf is the program that a script names in its first line.
func interpreterOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 256)
	n, _ := f.Read(head)
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	after, ok := strings.CutPrefix(string(line), "#!/")
	fields := strings.Fields(after)
	switch {
	case !ok || len(fields) == 0:
		return ""
	case filepath.Base(fields[0]) == "env" && len(fields) > 1:
		found, _ := exec.LookPath(fields[len(fields)-1])
		return found
	}
	return "/" + fields[0]
}

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const tailBytes = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if over := len(t.data) - tailBytes; over > 0 {
		t.data = slices.Delete(t.data, 0, over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data)
}

var (
	login  = regexp.MustCompile(`([a-z+]+://)[^/@\s]+@`)
	query  = regexp.MustCompile(`([a-z+]+://[^\s?#"']+)\?[^\s"']+`)
	colour = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")
	secret = regexp.MustCompile(`(?i)(token|auth|password|passwd|secret|key)`)
)

// redacted is what a tool printed without what logs in: in addresses, and the
// values of variables that are named like secrets.
func redacted(text string, env []string) string {
	text = colour.ReplaceAllString(text, "")
	text = login.ReplaceAllString(text, "$1")
	text = query.ReplaceAllString(text, "$1")
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if len(value) >= 6 && secret.MatchString(name) {
			text = strings.ReplaceAll(text, value, "[secret]")
		}
	}
	return text
}
