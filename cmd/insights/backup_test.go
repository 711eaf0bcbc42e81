package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// installation is one with an account that was scanned, a pack of its own and a
// token.
type installation struct {
	program
	pack string // directory of a pack that was published
	fake *awsfake.Server
}

func newInstallation(t *testing.T) installation {
	t.Helper()
	fake := awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"eu-west-1"},
		Instances: 5, Volumes: 5, SecurityGroups: 5, Subnets: 1, VPCs: 1, Buckets: 5, Users: 5, Roles: 3, Policies: 2,
	})
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	i := installation{program: newProgram(t), fake: fake, pack: t.TempDir()}
	write(t, filepath.Join(i.pack, "PulumiPolicy.yaml"), "runtime: opa\nname: own\nversion: 1.0.0\n")
	write(t, filepath.Join(i.pack, "own.rego"), `package own

# METADATA
# title: Volumes have a name
# custom:
#   severity: low
deny contains msg if {
	input.type == "aws:ebs/volume:Volume"
	not input.props.tags.Name
	msg := "the volume has no name"
}
`)
	write(t, filepath.Join(i.dir, "a.yaml"), `
accounts:
  - {name: prod, endpoint: "`+srv.URL+`", services: [s3, ec2]}
groups:
  - name: production
    accounts: [prod]
    packs: [{pack: own, version: 1.0.0, config: {all: mandatory}}]
`)
	i.ok(t, "pack", "publish", i.pack)
	i.ok(t, "apply", "-f", "a.yaml")
	i.ok(t, "token", "create", "ci")
	i.scan(t)
	return i
}

func (p program) scan(t *testing.T) (scan schemas.Scan) {
	t.Helper()
	var out struct{ Scan schemas.Scan }
	p.json(t, &out, "scan", "start", "prod")
	if out.Scan.State != schemas.ScanSucceeded {
		t.Fatalf("scan %s is %s: %s", out.Scan.ID, out.Scan.State, out.Scan.Reason)
	}
	return out.Scan
}

// findings are the ids of open violations, sorted, with when they were seen first.
func (p program) findings(t *testing.T) (ids, seen []string) {
	t.Helper()
	var page schemas.ViolationPage
	p.json(t, &page, "violations", "--limit", "1000")
	for _, v := range page.Violations {
		ids = append(ids, v.Finding)
		seen = append(seen, v.Finding+" "+v.FirstSeen.Format(time.RFC3339Nano))
	}
	if len(ids) == 0 || page.Next != "" {
		t.Fatalf("%d violations", len(ids))
	}
	slices.Sort(ids)
	slices.Sort(seen)
	return ids, seen
}

// effective is what applies to the account, as text.
func (p program) effective(t *testing.T) string {
	t.Helper()
	var out struct{ Packs []schemas.EffectivePack }
	p.json(t, &out, "account", "show", "prod")
	var lines []string
	for _, e := range out.Packs {
		lines = append(lines, e.Name, e.Version, e.Digest, e.Group, string(e.Config["own"].Level))
	}
	return strings.Join(lines, " ")
}

// What an empty directory becomes of a backup: the same packs apply, a version
// that was used stays used, and a scan finds the same under the same ids.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	from := newInstallation(t)
	ids, _ := from.findings(t)
	file := filepath.Join(from.dir, "backup.tar.gz")
	out := from.ok(t, "backup", file, "--with-key-ring")
	if want := "1 account, 2 groups, 2 pack versions, 1 token."; !strings.Contains(out, want) {
		t.Errorf("backup says\n%s", out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
	checkFailure(t, from.program, exitError, []string{"restore", file}, "the installation is not empty", "tokens (1)")

	to := newProgram(t)
	if out := to.ok(t, "restore", file, "--dry-run"); !strings.HasPrefix(out, "Could be restored: 1 account, 2 groups") {
		t.Errorf("restore --dry-run says\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(to.dir, "data")); !os.IsNotExist(err) {
		t.Errorf("restore --dry-run left a data directory (%v)", err)
	}
	to.ok(t, "restore", file)
	before, err := os.ReadFile(filepath.Join(from.dir, "data", "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(to.dir, "data", "keyring.json")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the key ring is not what it was (%v)", err)
	}
	if got, want := to.ok(t, "export"), from.ok(t, "export"); got != want {
		t.Errorf("restored\n%sinstead of\n%s", got, want)
	}
	if got, want := to.effective(t), from.effective(t); got != want || !strings.Contains(got, "own 1.0.0") {
		t.Errorf("packs %s apply instead of %s", got, want)
	}
	checkFailure(t, to, exitError, []string{"pack", "publish", from.pack}, "version 1.0.0 of pack own has been used")
	if list := to.ok(t, "token", "list"); !strings.Contains(list, "ci") {
		t.Errorf("tokens\n%s", list)
	}
	if scan := to.scan(t); scan.ID != "123456789012-1001" {
		t.Errorf("the first scan is %s", scan.ID)
	}
	if got, _ := to.findings(t); !slices.Equal(got, ids) {
		t.Errorf("found %d violations %v, before %d %v", len(got), got, len(ids), ids)
	}
	if report := to.ok(t, "report"); !strings.Contains(report, "own") {
		t.Errorf("report\n%s", report)
	}
}

// Results that outlived the record are gone on with: nothing that is newer looks
// older, what was seen first stays so.
func TestRestoreUnderResultsThatStayed(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	file := filepath.Join(i.dir, "backup.tar.gz")
	i.ok(t, "backup", file)
	data := filepath.Join(i.dir, "data")
	// After the backup more happens, of which only results stay: more than the
	// next scan could catch up with.
	i.scan(t)
	i.scan(t)
	_, seen := i.findings(t)
	if err := os.RemoveAll(filepath.Join(data, "nats")); err != nil {
		t.Fatal(err)
	}
	ring := filepath.Join(data, "keyring.json")
	if err := os.Rename(ring, ring+".kept"); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, i.program, exitError, []string{"restore", file}, "is not the one that the stored results were written with", "--new-key-ring")
	if err := os.Rename(ring+".kept", ring); err != nil {
		t.Fatal(err)
	}
	i.ok(t, "restore", file)
	i.fake.SetFaults(awsfake.Faults{Removed: []string{"bucket-00000003"}})
	scan := i.scan(t)
	if scan.Changes.Fixed == 0 || scan.Changes.Opened != 0 || scan.Changes.Reopened != 0 {
		t.Errorf("the scan changed %+v", scan.Changes)
	}
	_, now := i.findings(t)
	if len(now) != len(seen)-int(scan.Changes.Fixed) || slices.ContainsFunc(now, func(s string) bool { return !slices.Contains(seen, s) }) {
		t.Errorf("open now %v\nbefore %v", now, seen)
	}
}

// A backup of a server that runs, for those who may have it.
func TestBackupOfAServer(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.ok(t, "group", "create", "production")
	addr := freeAddress(t)
	background(t, p.command(t.Context(), "serve", "--listen", addr))
	eventually(t, time.Minute, "serve answers", func() bool { return dial(addr) })
	remote := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent", "INSIGHTS_SERVER=http://"+addr)
	file := filepath.Join(remote.dir, "backup.tar.gz")
	write(t, file, "an older one")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, remote, exitUsage, []string{"backup", file, "--with-key-ring"}, "--with-key-ring does not go with --server")
	checkFailure(t, remote, exitUsage, []string{"restore", file}, "restore does not go with --server")
	remote.ok(t, "backup", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
	if out := remote.ok(t, "restore", file, "--dry-run"); !strings.HasPrefix(out, "Could be restored: 0 accounts, 2 groups, 1 pack version") {
		t.Errorf("restore --dry-run says\n%s", out)
	}
	secret := strings.TrimSpace(remote.ok(t, "token", "create", "writer", "--scope", "write"))
	remote.env = append(remote.env, "INSIGHTS_TOKEN="+secret)
	checkFailure(t, remote, exitError, []string{"backup", file}, "token writer has the scope write; this needs admin")
	if out := remote.ok(t, "restore", file, "--dry-run"); out == "" {
		t.Error("a backup that failed left nothing of the one before")
	}
}

// Processes over one NATS have their record there, and one key ring.
func TestBackupOverNATS(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	file := filepath.Join(p.dir, "backup.tar.gz")
	p.ok(t, "config", "keyring", "ring.json")
	over := func(data string, args ...string) []string {
		addr := freeAddress(t)
		background(t, self(t, "INSIGHTS_TEST_NATS="+t.TempDir(), "INSIGHTS_TEST_NATS_LISTEN="+addr))
		eventually(t, time.Minute, "NATS listens", func() bool { return dial(addr) })
		return append(args, "INSIGHTS_NATS_URL=nats://"+addr, "INSIGHTS_DATA_DIR="+data, "INSIGHTS_SECRETS_KEY_FILE=ring.json")
	}
	from, to := p, p
	from.env = over(filepath.Join(p.dir, "from"), p.env...)
	to.env = over(filepath.Join(p.dir, "to"), p.env...)
	checkFailure(t, from, exitError, []string{"backup", file}, "there is no installation in nats://")
	from.ok(t, "group", "create", "production")
	from.ok(t, "backup", file)
	to.ok(t, "restore", file)
	if got, want := to.ok(t, "export"), from.ok(t, "export"); got != want || !strings.Contains(got, "production") {
		t.Errorf("restored\n%sinstead of\n%s", got, want)
	}
	checkFailure(t, to, exitError, []string{"restore", file}, "the installation is not empty")
}

// A restore that was interrupted leaves half an installation, which no other
// command may use: versions that were used could be published again.
func TestHalfAnInstallationIsRefused(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.ok(t, "group", "list")
	file := filepath.Join(p.dir, "backup.tar.gz")
	p.ok(t, "backup", file)
	func() {
		srv, err := startNATS(filepath.Join(p.dir, "data", "nats"), "", zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { srv.Shutdown(); srv.WaitForShutdown() }()
		b, err := bus.Connect(t.Context(), bus.Options{InProcess: srv, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if err := b.BeginRestore(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
	}()
	for _, args := range []string{"group list", "backup b.tar.gz", "export", "serve --admin-addr off"} {
		checkFailure(t, p, exitError, strings.Fields(args), "a restore was interrupted", "insights restore FILE")
	}
	checkFailure(t, p, exitError, []string{"restore", file}, "the restore of another backup was interrupted here")
}
