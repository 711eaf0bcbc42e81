package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// moto is an emulated AWS account, as deploy/demo makes it.
type moto struct {
	url  string
	cmd  *exec.Cmd
	root string // of the repository
}

// startMoto starts the emulator on a free port. It ends with the test, and with
// this process however that ends.
func startMoto(t testing.TB) *moto {
	t.Helper()
	m := &moto{root: filepath.Dir(filepath.Dir(tool(t, "moto")))}
	m.cmd = m.python(t, "emulator.py", "--parent", fmt.Sprint(os.Getpid()))
	var log bytes.Buffer
	m.cmd.Stderr = &log
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	background(t, m.cmd)
	late := time.AfterFunc(time.Minute, func() { _ = m.cmd.Process.Kill() })
	defer late.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = m.cmd.Wait()
		t.Fatalf("moto did not start: %v\n%s", err, log.Bytes())
	}
	m.url = strings.TrimSpace(line)
	return m
}

// python is a script of deploy/demo in moto's environment. It inherits no
// variable that may speak of the developer's own accounts.
func (m *moto) python(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(tool(t, "moto", "bin", "python"), append([]string{filepath.Join(m.root, "deploy", "demo", script)}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1"}
	return cmd
}

// stop ends the emulator: from here on every cloud call fails.
func (m *moto) stop(t testing.TB) {
	t.Helper()
	if err := m.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = m.cmd.Wait()
	if dial(strings.TrimPrefix(m.url, "http://")) {
		t.Fatalf("moto still answers on %s", m.url)
	}
}

// seeded is what seed.py says that it did.
type seeded struct {
	Scanner struct {
		AccessKeyID     string   `json:"accessKeyId"`
		SecretAccessKey string   `json:"secretAccessKey"`
		RoleARN         string   `json:"roleArn"`
		ExternalID      string   `json:"externalId"`
		Regions         []string `json:"regions"`
	} `json:"scanner"`
	Resources []seededResource `json:"resources"` // made
	Besides   []seededResource `json:"besides"`   // came along, or is in every account
	Changed   []struct {
		ID string `json:"id"`
	} `json:"changed"`
}

// seededResource has the same type, region and name in every run.
type seededResource struct {
	Type   string `json:"type"`
	Name   string `json:"name"`
	ID     string `json:"id"`
	Region string `json:"region"`
}

// seed runs a phase of seed.py.
func (m *moto) seed(t testing.TB, phase string) seeded {
	t.Helper()
	cmd := m.python(t, "seed.py", "--endpoint", m.url, "--phase", phase)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("seed.py --phase %s: %v\n%s", phase, err, errs.Bytes())
	}
	var s seeded
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("seed.py --phase %s: %v\n%s", phase, err, out)
	}
	return s
}

// names maps the ids of this run to names that are the same in every run.
func (s seeded) names() map[string]string {
	names := map[string]string{}
	for _, r := range append(s.Resources, s.Besides...) {
		if madeUp.MatchString(r.ID) {
			names[r.ID] = r.Name
		}
	}
	return names
}

// madeUp matches the ids that EC2 makes.
var madeUp = regexp.MustCompile(`^(ami|i|sg|snap|subnet|vol|vpc)-[0-9a-f]+$`)
