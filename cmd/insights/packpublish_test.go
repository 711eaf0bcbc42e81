package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// stopPublishing has the program wait in a phase of publishing to be killed.
func stopPublishing(phase string) {
	if phase == "" {
		return
	}
	publishPhase = func(name string) {
		if name == phase {
			fmt.Fprintln(os.Stderr, "phase", name)
			select {}
		}
	}
}

// A publish that is killed has happened whole or not at all: the version is used,
// listed and can be had, or it can be published.
func TestPublishKilledInEveryPhase(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	pack := filepath.Join(p.dir, "pack")
	p.ok(t, "pack", "list") // publishes the starter pack
	phases := []string{"inspect", "archive", "number", "manifest", "record"}
	for i, phase := range phases {
		version := fmt.Sprint(i + 1)
		writePack(t, pack, version)
		p.killPublishing(t, pack, phase)
		used := phase == "manifest" || phase == "record"
		if listed := slices.ContainsFunc(p.manifests(t), func(m schemas.PackManifest) bool { return m.Name == "own" && m.Version == version }); listed != used {
			t.Errorf("%s: the version is listed: %v", phase, listed)
		}
		if !used {
			p.ok(t, "pack", "publish", pack)
			continue
		}
		p.ok(t, "pack", "pull", "own@"+version, "--file", filepath.Join(p.dir, version)) // which compares the digest
		checkFailure(t, p, exitError, []string{"pack", "publish", pack}, "version "+version+" of pack own has been used: a version is published once, for ever")
	}
	numbers := map[int]string{}
	for _, m := range p.manifests(t) {
		if m.Name == "own" {
			numbers[m.Number] = m.Version
		}
	}
	if want := map[int]string{1: "1", 2: "2", 3: "3", 4: "4", 5: "5"}; !maps.Equal(numbers, want) {
		t.Errorf("versions %v", numbers)
	}
}

// killPublishing ends a publish with kill -9 in a phase.
func (p program) killPublishing(t *testing.T, pack, phase string) {
	t.Helper()
	p = p.with("INSIGHTS_TEST_PUBLISH_PHASE=" + phase)
	cmd := p.command(t.Context(), "pack", "publish", pack)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reached := false
	for s := bufio.NewScanner(errs); !reached && s.Scan(); {
		reached = s.Text() == "phase "+phase
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !reached {
		t.Fatalf("publishing has no phase %s", phase)
	}
}

func (p program) manifests(t *testing.T) (list []schemas.PackManifest) {
	t.Helper()
	p.json(t, &list, "pack", "list")
	return list
}

// published is what came of one publish.
type published struct {
	Version, Digest string
	Number          int
	Error           string
}

// publishAll is a process that publishes every archive in a directory, all at once,
// through the servers by turns.
func publishAll(dir string, servers []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.tar.gz"))
	if err != nil {
		fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	for i, file := range files {
		client, err := api.NewClient(servers[i%len(servers)], "")
		if err != nil {
			fatal(err)
		}
		archive, err := os.ReadFile(file)
		if err != nil {
			fatal(err)
		}
		wg.Go(func() {
			m, err := client.PublishPack(context.Background(), archive)
			r := published{Version: m.Version, Digest: m.Digest, Number: m.Number}
			if err != nil {
				r.Error = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			_ = out.Encode(r)
		})
	}
	wg.Wait()
}

// Of 200 publishes of one version at once, from several processes through several
// servers, one wins and the others are told why not. Of several versions each gets
// an integer, without a gap and without a double.
func TestPublishersRace(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3)
	for _, versions := range []int{1, 10} {
		const processes, each = 5, 40
		results := make([][]published, processes)
		var wg sync.WaitGroup
		for i := range processes {
			dir := archives(t, fmt.Sprintf("own%d", versions), i, versions, each)
			cmd := self(t, "INSIGHTS_TEST_PUBLISH="+dir, "INSIGHTS_TEST_PUBLISH_TO="+strings.Join(servers, " "))
			wg.Go(func() { results[i] = publishing(t, cmd) })
		}
		wg.Wait()
		checkRace(t, servers[0], fmt.Sprintf("own%d", versions), versions, slices.Concat(results...))
	}
}

func checkRace(t *testing.T, server, pack string, versions int, results []published) {
	t.Helper()
	won := map[string]published{}
	for _, r := range results {
		if r.Error != "" {
			if !strings.Contains(r.Error, "of pack "+pack+" has been used: a version is published once, for ever") {
				t.Errorf("a publisher is told %s", r.Error)
			}
			continue
		}
		if _, twice := won[r.Version]; twice {
			t.Errorf("version %s was won twice", r.Version)
		}
		won[r.Version] = r
	}
	client, err := api.NewClient(server, "")
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.PackVersions(t.Context(), pack)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 200 || len(won) != versions || len(list) != versions {
		t.Errorf("%d publishes, %d won, %d versions are listed", len(results), len(won), len(list))
	}
	for i, m := range list { // the newest first
		if w := won[m.Version]; m.Number != versions-i || w.Number != m.Number || w.Digest != m.Digest {
			t.Errorf("listed is version %s with number %d and digest %s, its publisher was told %+v", m.Version, m.Number, m.Digest, w)
		}
	}
}

// archives writes what one process publishes: the same versions as others, and
// other files.
func archives(t *testing.T, pack string, process, versions, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		src := filepath.Join(dir, fmt.Sprint(i))
		writePack(t, src, fmt.Sprintf("v%d", i%versions))
		write(t, filepath.Join(src, "own.rego"), fmt.Sprintf("# %d of process %d\npackage %s\n\ndeny[msg] {\n\tinput.x\n\tmsg := \"m\"\n}\n", i, process, pack))
		archive, err := policy.Archive(src)
		if err != nil {
			t.Fatal(err)
		}
		write(t, src+".tar.gz", string(archive))
	}
	return dir
}

func publishing(t *testing.T, cmd *exec.Cmd) (list []published) {
	raw, err := cmd.Output()
	if err != nil {
		t.Errorf("publish: %v", err)
	}
	for d := json.NewDecoder(bytes.NewReader(raw)); ; {
		var r published
		if d.Decode(&r) != nil {
			return list
		}
		list = append(list, r)
	}
}

// startServers starts several control processes over one NATS and gives their URLs.
func startServers(t *testing.T, n int) (urls []string) {
	t.Helper()
	dir, natsAddr := t.TempDir(), freeAddress(t)
	background(t, self(t, "INSIGHTS_TEST_NATS="+filepath.Join(dir, "nats"), "INSIGHTS_TEST_NATS_LISTEN="+natsAddr))
	eventually(t, time.Minute, "NATS listens", func() bool { return dial(natsAddr) })
	shared := []string{"INSIGHTS_NATS_URL=nats://" + natsAddr, "INSIGHTS_SECRETS_KEY_FILE=" + filepath.Join(dir, "keyring.json"), "INSIGHTS_LOG_LEVEL=error", "INSIGHTS_ROLES=control,sink"}
	newProgram(t, shared...).ok(t, "config", "keyring", filepath.Join(dir, "keyring.json"))
	for range n {
		addr := freeAddress(t)
		cmd := newProgram(t, append(shared, "INSIGHTS_LISTEN="+addr)...).command(context.Background(), "serve")
		cmd.Stderr = os.Stderr
		background(t, cmd)
		urls = append(urls, "http://"+addr)
	}
	for _, url := range urls {
		eventually(t, time.Minute, "the API answers", func() bool { return dial(strings.TrimPrefix(url, "http://")) })
	}
	return urls
}
