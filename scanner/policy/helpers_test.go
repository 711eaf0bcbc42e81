package policy_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	prod = schemas.AccountID("aws-111111111111")
	dev  = schemas.AccountID("aws-222222222222")
)

// clock is a time that moves only when told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// inspector reads the manifest that newPack writes; the real ones need engines.
type inspector struct{}

func (inspector) Inspect(_ context.Context, dir string) (schemas.PackManifest, error) {
	var m schemas.PackManifest
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	return m, err
}

// newPack writes a pack with one policy, "encrypt", that has a setting "days".
func newPack(t *testing.T, name, version string, change ...func(*schemas.PackManifest)) string {
	t.Helper()
	m := schemas.PackManifest{
		PackRef: schemas.PackRef{Name: name, Version: version, Runtime: schemas.RuntimeOPA},
		Policies: []schemas.Policy{{
			Name: "encrypt", Level: schemas.Advisory, Scope: schemas.PolicyResource,
			ConfigSchema: map[string]any{"properties": map[string]any{"days": map[string]any{"type": "integer", "default": 30}}},
		}},
	}
	for _, c := range change {
		c(&m)
	}
	dir := t.TempDir()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "manifest.json", string(raw))
	write(t, dir, "PulumiPolicy.yaml", "runtime: "+string(m.Runtime)+"\n")
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// world is everything of the package on a real NATS server.
type world struct {
	t         *testing.T
	ctx       context.Context
	clock     *clock
	accounts  *bus.Table[schemas.Account]
	effective *bus.Table[schemas.Effective]
	objects   *bus.Objects
	tried     *bus.Objects
	registry  *policy.Registry
	groups    *policy.Groups
	resolver  *policy.Resolver
	resolvers policy.ResolverDeps // for more of them
}

func newWorld(t *testing.T, change ...func(*policy.RegistryDeps)) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	b := bustest.Start(t)
	w := &world{
		t: t, ctx: ctx, clock: newClock(),
		accounts:  bus.NewTable[schemas.Account](b, schemas.BucketAccounts),
		effective: bus.NewTable[schemas.Effective](b, schemas.BucketEffective),
		objects:   bus.NewObjects(b, schemas.ObjectsPacks),
		tried:     bus.NewObjects(b, schemas.ObjectsTried),
	}
	manifests := bus.NewTable[schemas.PackManifest](b, schemas.BucketPacks)
	groups := bus.NewTable[schemas.Group](b, schemas.BucketGroups)
	deps := policy.RegistryDeps{
		Manifests: manifests, Heads: bus.NewTable[policy.Head](b, schemas.BucketPacks), Groups: groups, Objects: w.objects, Tried: w.tried,
		Inspectors: map[schemas.Runtime]policy.Inspector{schemas.RuntimeOPA: inspector{}, schemas.RuntimePython: inspector{}},
		Log:        zerolog.Nop(), Now: w.clock.Now,
	}
	for _, c := range change {
		c(&deps)
	}
	w.registry = policy.NewRegistry(deps)
	w.groups = policy.NewGroups(policy.GroupsDeps{Groups: groups, Accounts: w.accounts, Registry: w.registry, Now: w.clock.Now})
	w.resolvers = policy.ResolverDeps{
		Accounts: w.accounts, Groups: groups, Manifests: manifests, Effective: w.effective, Log: zerolog.Nop(),
	}
	w.resolver = policy.NewResolver(w.resolvers)
	return w
}

// account registers an account without asking a cloud.
func (w *world) account(id schemas.AccountID, name string) {
	w.t.Helper()
	_, err := w.accounts.Create(w.ctx, string(id), schemas.Account{ID: id, Name: name, Provider: "aws"})
	ok(w.t, err)
}

func (w *world) publish(name, version string, change ...func(*schemas.PackManifest)) schemas.PackManifest {
	w.t.Helper()
	m, err := w.registry.PublishDir(w.ctx, newPack(w.t, name, version, change...), "ci")
	ok(w.t, err)
	return m
}

// enrol enforces a pack a minute later than whatever came before.
func (w *world) enrol(group, pack, version string, config map[string]map[string]any) schemas.Group {
	w.t.Helper()
	w.clock.add(time.Minute)
	g, err := w.groups.Enrol(w.ctx, group, schemas.Enrolment{Pack: pack, Version: version, Config: config})
	ok(w.t, err)
	return g
}

// resolved is what applies to an account now, as "pack version (group)".
func (w *world) resolved(id schemas.AccountID) ([]string, schemas.Effective) {
	w.t.Helper()
	ok(w.t, w.resolver.Resolve(w.ctx, id))
	e, rev, err := w.effective.Get(w.ctx, string(id))
	ok(w.t, err)
	e.Revision = rev
	var out []string
	for _, p := range e.Packs {
		out = append(out, p.Name+" "+p.Version+" ("+p.Group+")")
	}
	return out, e
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code schemas.Code, texts ...string) {
	t.Helper()
	if err == nil || schemas.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Fatalf("got error %v, want %q in it", err, text)
		}
	}
}
