package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// writePack writes a pack named own with one policy that takes a number.
func writePack(t *testing.T, dir, version string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "PulumiPolicy.yaml"), "runtime: opa\nversion: "+version+"\n")
	write(t, filepath.Join(dir, "config-schema.json"), `{"deny": {"properties": {"days": {"type": "integer", "default": 90}}}}`)
	write(t, filepath.Join(dir, "own.rego"), "package own\n\nimport rego.v1\n\ndeny contains \"old\" if input.days > data.config.deny.days\n")
}

// The life of versions: from a directory, a git repository and an archive; listed
// in the order of publishing, pulled as they were, removed once nothing enforces them.
func TestPackRegistry(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	pack := filepath.Join(p.dir, "repository", "packs", "own")
	writePack(t, pack, "2.0.0")
	p.ok(t, "pack", "publish", pack)
	writePack(t, pack, "1.9.1")
	gitRepository(t, filepath.Join(p.dir, "repository"))
	url := "file://" + filepath.Join(p.dir, "repository")
	checkFailure(t, p, exitUsage, []string{"pack", "publish", pack, "--git-ref", "v1"}, "is not the URL of a git repository")
	checkFailure(t, p, exitError, []string{"pack", "publish", url, "--git-ref", "nope"}, `has no revision "nope"`)
	checkFailure(t, p, exitUsage, []string{"pack", "publish", url + "/nowhere"}, "git clone: ")
	p.ok(t, "pack", "publish", url, "--git-ref", "v1", "--git-dir", "packs/own")

	var versions []schemas.PackManifest
	p.json(t, &versions, "pack", "versions", "own")
	if len(versions) != 2 || versions[0].Version != "1.9.1" || versions[0].Number != 2 || versions[1].Version != "2.0.0" {
		t.Fatalf("versions %+v", versions)
	}
	if out := p.ok(t, "pack", "validate-config", "own", configFile(t, p.dir, "deny: {days: 30, enforcementLevel: advisory}")); !strings.Contains(out, "deny    advisory  {\"days\":30}") {
		t.Errorf("validate-config says\n%s", out)
	}
	checkFailure(t, p, exitUsage, []string{"pack", "validate-config", "own@2.0.0", configFile(t, p.dir, "deny: {days: x, enforcementLevel: never}")},
		`deny: "never" is not a valid enforcement level`, "deny: days: ")
	checkFailure(t, p, exitUsage, []string{"pack", "validate-config", "own", configFile(t, p.dir, "deny: {days: x}\ndenied: advisory")},
		"pack own 1.9.1 has no policy denied; ", "deny: days: ", "policies: deny")
	checkFailure(t, p, exitError, []string{"pack", "validate-config", "own@3", configFile(t, p.dir, "{}")}, `pack own has no version "3"`)

	file := filepath.Join(p.dir, "own.tar.gz")
	p.ok(t, "pack", "pull", "own", "2.0.0", "--file", file)
	if out := p.ok(t, "pack", "pull", "own"); out != "own 1.9.1 is in own-1.9.1.\n" {
		t.Errorf("pull says %s", out)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "own-1.9.1", "own.rego")); err != nil {
		t.Error(err)
	}
	checkFailure(t, p, exitError, []string{"pack", "pull", "own"}, "own-1.9.1 is there already")

	checkFailure(t, p, exitUsage, []string{"group", "enforce", schemas.DefaultAccountsGroup, "own@2.0.0", "--pack-version", "1.9.1"}, "the version is given twice: own@2.0.0 and --pack-version 1.9.1")
	checkFailure(t, p, exitUsage, []string{"pack", "remove", "own"}, "VERSION|all is missing")
	if out := p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own@2.0.0"); !strings.Contains(out, "own              2.0.0 ") {
		t.Errorf("enforced is\n%s", out)
	}
	checkFailure(t, p, exitError, []string{"pack", "remove", "own@2.0.0"}, "version 2.0.0 of pack own is enforced by group "+schemas.DefaultAccountsGroup)
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own")
	checkFailure(t, p, exitError, []string{"pack", "remove", "own", "all"}, "version 1.9.1 of pack own is enforced by group "+schemas.DefaultAccountsGroup)
	p.json(t, &versions, "pack", "versions", "own")
	if !versions[1].Removed || versions[0].Removed {
		t.Errorf("versions %+v", versions)
	}
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "own")
	p.ok(t, "pack", "remove", "own", "1.9.1")
	checkFailure(t, p, exitError, []string{"pack", "remove", "own", "1.9.1"}, `has no version "1.9.1" that could be removed`)
	checkFailure(t, p, exitError, []string{"pack", "publish", file}, "version 2.0.0 of pack own has been used")
	other := newProgram(t)
	if out := other.ok(t, "pack", "publish", file); !strings.HasPrefix(out, "Published own 2.0.0 with 1 policy.") {
		t.Errorf("publish says %s", out)
	}
}

func configFile(t *testing.T, dir, config string) string {
	t.Helper()
	file := filepath.Join(dir, "config.yaml")
	write(t, file, config)
	return file
}

// gitRepository commits a directory and tags it v1.
func gitRepository(t *testing.T, dir string) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "."},
		{"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "a pack"},
		{"tag", "v1"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
}
