package main

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A program with another starter pack publishes it beside the one that is there.
// Who follows the latest version gets it; who chose a version, or withdrew the
// pack, is left alone.
func TestStarterUpgrade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		enrolled string // version in the default group
		withdraw bool
		inForce  string // version that an account is judged by afterwards
	}{
		{"latest", schemas.Latest, false, "new"},
		{"pinned", "0.9.0", false, "0.9.0"},
		{"withdrawn", schemas.Latest, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, ctx := newStarters(t), t.Context()
			s.publishOlder()
			s.enrol(c.enrolled)
			if c.withdraw {
				s.withdraw()
			}
			if got := s.inForce(); !c.withdraw && got != "0.9.0" {
				t.Fatalf("%q is in force before the upgrade", got)
			}
			for range 2 { // the second time changes nothing
				if err := s.installStarter(ctx); err != nil {
					t.Fatal(err)
				}
				list := s.list()
				if len(list) != 2 || list[1].Version != "0.9.0" || list[0].Name != list[1].Name {
					t.Fatalf("published are %+v", list)
				}
				if got := strings.Replace(s.inForce(), list[0].Version, "new", 1); got != c.inForce {
					t.Errorf("%q is in force, not %q", got, c.inForce)
				}
			}
		})
	}
}

// starters is a node with what the starter pack needs, and one account.
type starters struct {
	*node
	t testing.TB
}

func newStarters(t testing.TB) starters {
	t.Helper()
	cfg := defaultConfig()
	cfg.DataDir = t.TempDir()
	n := &node{cfg: cfg, log: zerolog.Nop(), owner: "test", observer: newObserver()}
	t.Cleanup(n.close)
	s := starters{n, t}
	s.must(n.openBus(t.Context()))
	n.tables = newTables(n.bus)
	tables := n.tables
	inspectors := map[schemas.Runtime]policy.Inspector{}
	for runtime, loader := range newRuntimes(cfg, n.log) {
		inspectors[runtime] = loader
	}
	n.parts.registry = policy.NewRegistry(policy.RegistryDeps{
		Manifests: tables.manifests, Heads: tables.heads, Groups: tables.groups, Objects: bus.NewObjects(n.bus, schemas.ObjectsPacks),
		Inspectors: inspectors, Log: n.log, Now: time.Now,
	})
	n.parts.groups = policy.NewGroups(policy.GroupsDeps{Groups: tables.groups, Accounts: tables.accounts, Registry: n.parts.registry, Now: time.Now})
	n.parts.resolver = policy.NewResolver(policy.ResolverDeps{
		Accounts: tables.accounts, Groups: tables.groups, Manifests: tables.manifests, Effective: tables.effective, Log: n.log,
	})
	_, err := tables.accounts.Create(t.Context(), "aws-123456789012", schemas.Account{ID: "aws-123456789012", Name: "prod", Provider: "aws"})
	s.must(err)
	return s
}

func (s starters) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// publishOlder publishes, as the program does, a version with one policy.
func (s starters) publishOlder() {
	s.t.Helper()
	archive, err := policy.ArchiveFS(fstest.MapFS{
		"PulumiPolicy.yaml": {Data: []byte("runtime: opa\nversion: 0.9.0\ndescription: older\n")},
		"p.rego":            {Data: []byte("package aws_foundations\n\nimport rego.v1\n\ndeny_all contains \"no\" if input.__type\n")},
	}, "an older pack")
	s.must(err)
	_, err = s.parts.registry.Publish(s.t.Context(), archive, starterActor)
	s.must(err)
}

func (s starters) enrol(version string) {
	s.t.Helper()
	_, err := s.parts.groups.Enrol(s.t.Context(), schemas.DefaultAccountsGroup, schemas.Enrolment{Pack: "aws_foundations", Version: version})
	s.must(err)
}

func (s starters) withdraw() {
	s.t.Helper()
	_, err := s.parts.groups.Withdraw(s.t.Context(), schemas.DefaultAccountsGroup, "aws_foundations")
	s.must(err)
}

func (s starters) list() []schemas.PackManifest {
	s.t.Helper()
	list, err := s.parts.registry.List(s.t.Context())
	s.must(err)
	return list
}

// inForce is the version that the account is judged by, "" for none.
func (s starters) inForce() string {
	s.t.Helper()
	s.must(s.parts.resolver.All(s.t.Context()))
	e, _, err := s.tables.effective.Get(s.t.Context(), "aws-123456789012")
	s.must(err)
	var versions []string
	for _, p := range e.Packs {
		versions = append(versions, p.Version)
	}
	return strings.Join(versions, " ")
}
