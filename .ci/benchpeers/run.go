package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// tool is a scanner under test.
type tool interface {
	name() string
	prepare(b *bench, dir string) error         // not measured
	command(b *bench, dir string) []string      // measured
	read(b *bench, dir string) (answers, error) // not measured
}

// bench is the account and the proxy before it.
type bench struct {
	ctx   context.Context
	here  string // directory with the files of this program
	work  string // a directory per run
	truth truth
	proxy *proxy
}

// result is one run of one tool.
type result struct {
	tool    string
	exit    int
	wall    time.Duration
	cpu     time.Duration
	rss     int64 // bytes, of the biggest process
	tally   tally
	answers answers
	told    bool // "denied" or "not authorized" is in what it printed
}

// run lets a tool scan the account through the proxy, with faults.
func (b *bench) run(t tool, scenario string, f *faults) (result, error) {
	dir := filepath.Join(b.work, scenario, t.name())
	if err := os.MkdirAll(filepath.Join(dir, "home"), 0o700); err != nil {
		return result{}, err
	}
	b.proxy.begin(&faults{})
	if err := t.prepare(b, dir); err != nil {
		return result{}, fmt.Errorf("%s, %s: %w", t.name(), scenario, err)
	}
	b.proxy.begin(f)
	r, err := b.measure(dir, t.command(b, dir))
	if err != nil {
		return r, fmt.Errorf("%s, %s: %w", t.name(), scenario, err)
	}
	r.tool, r.tally = t.name(), b.proxy.end()
	b.proxy.begin(&faults{})
	r.answers, err = t.read(b, dir)
	if err != nil {
		return r, fmt.Errorf("%s, %s: exit %d, but no result: %w (see %s)", t.name(), scenario, r.exit, err, dir)
	}
	return r, nil
}

// measure runs a command to its end. A code other than 0 is a result, too.
func (b *bench) measure(dir string, args []string) (result, error) {
	out, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		return result{}, err
	}
	defer out.Close()
	errs, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return result{}, err
	}
	defer errs.Close()
	cmd := b.cmd(dir, args)
	cmd.Stdout, cmd.Stderr = out, errs
	start := time.Now()
	err = cmd.Run()
	r := result{wall: time.Since(start)}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return r, err
	}
	r.exit = cmd.ProcessState.ExitCode()
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.rss = u.Maxrss
		if runtime.GOOS != "darwin" {
			r.rss <<= 10 // KiB: getrusage(2)
		}
	}
	r.told, err = mentionsDenial(filepath.Join(dir, "stdout"), filepath.Join(dir, "stderr"))
	return r, err
}

var denials = [][]byte{[]byte("denied"), []byte("not authorized"), []byte("unauthorizedoperation")}

func mentionsDenial(files ...string) (bool, error) {
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		raw = bytes.ToLower(raw)
		for _, d := range denials {
			if bytes.Contains(raw, d) {
				return true, nil
			}
		}
	}
	return false, nil
}

// output runs a command that has to succeed.
func (b *bench) output(dir string, args []string) ([]byte, error) {
	cmd := b.cmd(dir, args)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", args, err, errs.Bytes())
	}
	return out, nil
}

// cmd has nothing of the caller's own accounts in its environment. Everything goes
// to the proxy: as endpoint, and what has another address as HTTP proxy.
func (b *bench) cmd(dir string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(b.ctx, args[0], args[1:]...)
	cmd.Dir = dir
	ca := filepath.Join(b.work, "ca.pem")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "TERM=dumb", "LANG=C.UTF-8",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=bench",
		"AWS_REGION=" + b.truth.Regions[0], "AWS_DEFAULT_REGION=" + b.truth.Regions[0], "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL=" + b.proxy.url, "AWS_CA_BUNDLE=" + ca, "REQUESTS_CA_BUNDLE=" + ca,
		"HTTP_PROXY=" + b.proxy.url, "HTTPS_PROXY=" + b.proxy.url, "http_proxy=" + b.proxy.url, "https_proxy=" + b.proxy.url,
	}
	for _, name := range []string{"INSIGHTS_CHDB_LIB", "INSIGHTS_CLICKHOUSE_LIBRARY"} {
		if v := os.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd
}
