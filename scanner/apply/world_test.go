package apply_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	prod = schemas.AccountID("aws-111111111111")
	dev  = schemas.AccountID("aws-222222222222")
)

// world is the real service over a real NATS server; only the cloud is not:
// credentials of a role are of the account in its ARN, those of no role of prod.
type world struct {
	t       *testing.T
	bus     *bus.Bus
	service *api.Local
	packs   *policy.Registry
}

func (w *world) Plan(_ context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	if a.RoleARN == "" {
		return prod, nil, nil
	}
	number := strings.Split(a.RoleARN, ":")[4]
	if number == "" {
		return "", nil, schemas.Errorf(schemas.CodeDenied, "role %s may not be assumed", a.RoleARN)
	}
	return schemas.NewAccountID("aws", number), nil, nil
}

func role(account string) string { return "arn:aws:iam::" + account + ":role/reader" }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, bus: bustest.Start(t)}
	accounts := bus.NewTable[schemas.Account](w.bus, schemas.BucketAccounts)
	groups := bus.NewTable[schemas.Group](w.bus, schemas.BucketGroups)
	manifests := bus.NewTable[schemas.PackManifest](w.bus, schemas.BucketPacks)
	w.packs = policy.NewRegistry(policy.RegistryDeps{
		Manifests: manifests, Heads: bus.NewTable[policy.Head](w.bus, schemas.BucketPacks), Groups: groups,
		Objects:    bus.NewObjects(w.bus, schemas.ObjectsPacks),
		Inspectors: map[schemas.Runtime]policy.Inspector{schemas.RuntimeOPA: inspector{}}, Log: zerolog.Nop(), Now: time.Now,
	})
	kept := policy.NewGroups(policy.GroupsDeps{Groups: groups, Accounts: accounts, Registry: w.packs, Now: time.Now})
	resolver := policy.NewResolver(policy.ResolverDeps{
		Accounts: accounts, Groups: groups, Manifests: manifests,
		Effective: bus.NewTable[schemas.Effective](w.bus, schemas.BucketEffective), Log: zerolog.Nop(),
	})
	w.service = api.NewLocal(api.Parts{
		Accounts: policy.NewAccounts(policy.AccountsDeps{
			Accounts: accounts, Groups: kept, Resolver: resolver, Planner: w, Now: time.Now,
			Running: func(context.Context, schemas.AccountID) (string, error) { return "", nil },
		}),
		Waivers:  policy.NewWaivers(policy.WaiversDeps{Waivers: bus.NewTable[schemas.Waiver](w.bus, schemas.BucketWaivers), Accounts: accounts, Now: time.Now}),
		Mappings: policy.NewMappings(bus.NewTable[schemas.Framework](w.bus, schemas.BucketMappings), time.Now),
		Packs:    w.packs, Groups: kept, Resolver: resolver, Log: zerolog.Nop(), Now: time.Now,
	})
	return w
}

// inspector reads the manifest that publish writes; the real ones need engines.
type inspector struct{}

func (inspector) Inspect(_ context.Context, dir string) (schemas.PackManifest, error) {
	var m schemas.PackManifest
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	return m, err
}

// publish makes versions of a pack with one policy, "encrypt", that has a whole
// number "days".
func (w *world) publish(name string, versions ...string) {
	w.t.Helper()
	for _, version := range versions {
		dir := w.t.TempDir()
		manifest := fmt.Sprintf(`{"name":%q,"version":%q,"policies":[{"name":"encrypt","level":"advisory","scope":"resource",
			"configSchema":{"properties":{"days":{"type":"integer","default":30}}}}]}`, name, version)
		ok(w.t, os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(manifest), 0o600))
		ok(w.t, os.WriteFile(filepath.Join(dir, "PulumiPolicy.yaml"), []byte("runtime: opa\n"), 0o600))
		_, err := w.packs.PublishDir(w.t.Context(), dir, "ci")
		ok(w.t, err)
	}
}

// checkCron refuses as the schedules do: with a hint.
func checkCron(expr string) error {
	if strings.HasPrefix(expr, "@") {
		return nil
	}
	return schemas.Errorf(schemas.CodeInvalid, "schedule %q: expected 5 fields", expr).WithHint("use five fields")
}

func rules() apply.Rules {
	return apply.Rules{
		Account: func(a schemas.Account) error { return policy.CheckAccount(a, checkCron) },
		Group:   policy.CheckGroupName, Selector: policy.CheckSelector, Config: policy.CheckConfig,
		NewWaiver: func(t schemas.WaiverTerms) error { return policy.CheckNewWaiver(t, time.Now()) },
	}
}

// plan compares a file with what there is.
func (w *world) plan(text string, prune bool) (*apply.Plan, error) {
	w.t.Helper()
	d, err := apply.Parse([]apply.File{{Name: "a.yaml", Data: []byte(text)}}, nil)
	if err != nil {
		return nil, err
	}
	st, err := apply.Read(w.t.Context(), w.service)
	ok(w.t, err)
	return apply.Compare(d, st, rules(), prune)
}

// apply brings about what a file says and gives what it did, a line each.
func (w *world) apply(text string, prune ...bool) string {
	w.t.Helper()
	p, err := w.plan(text, len(prune) > 0)
	ok(w.t, err)
	ok(w.t, p.Run(w.t.Context(), w.service, func(*apply.Change) {}))
	return shown(p)
}

// shown is a plan, a line for each change.
func shown(p *apply.Plan) string {
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%s %s", c.Action, c.Object)
		for _, f := range c.Fields {
			fmt.Fprintf(&b, " %s=%v->%v", f.Path, f.Old, f.New)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// export is what there is as YAML.
func (w *world) export() string {
	w.t.Helper()
	st, err := apply.Read(w.t.Context(), w.service)
	ok(w.t, err)
	raw, err := apply.Export(st)
	ok(w.t, err)
	raw, err = yaml.JSONToYAML(raw)
	ok(w.t, err)
	return string(raw)
}

// revisions are those of every key that configuration and its resolution have.
func (w *world) revisions() map[string]uint64 {
	w.t.Helper()
	out := map[string]uint64{}
	for _, bucket := range []string{schemas.BucketAccounts, schemas.BucketGroups, schemas.BucketEffective, schemas.BucketPacks, schemas.BucketWaivers, schemas.BucketMappings} {
		ok(w.t, bus.NewTable[json.RawMessage](w.bus, bucket).List(w.t.Context(), "", func(key string, _ json.RawMessage, rev uint64) error {
			out[bucket+"/"+key] = rev
			return nil
		}))
	}
	return out
}

// unchanged fails when anything was written since before.
func (w *world) unchanged(before map[string]uint64) {
	w.t.Helper()
	if now := w.revisions(); !maps.Equal(now, before) {
		w.t.Errorf("revisions %v, before %v", now, before)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
