package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/scanner/schedule"
	"github.com/insights-scanner/insights-scanner/scanner/webhook"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// tables are the typed views of the key-value buckets.
type tables struct {
	accounts  *bus.Table[schemas.Account]
	groups    *bus.Table[schemas.Group]
	manifests *bus.Table[schemas.PackManifest]
	heads     *bus.Table[policy.Head]
	effective *bus.Table[schemas.Effective]
	scans     *bus.Table[schemas.Scan]
	active    *bus.Table[schemas.ActiveScan]
	ticks     *bus.Table[schedule.Tick]
	tokens    *bus.Table[api.Token]
	waivers   *bus.Table[schemas.Waiver]
	triage    *bus.Table[schemas.TriageRecord]
	mappings  *bus.Table[schemas.Framework]
	answers   *bus.Table[api.Answered]
	webhooks  *bus.Table[schemas.Webhook]
	delivered *bus.Table[time.Time]
	types     *bus.Table[aws.KeptType]
}

func newTables(b *bus.Bus) tables {
	return tables{
		accounts:  bus.NewTable[schemas.Account](b, schemas.BucketAccounts),
		groups:    bus.NewTable[schemas.Group](b, schemas.BucketGroups),
		manifests: bus.NewTable[schemas.PackManifest](b, schemas.BucketPacks),
		heads:     bus.NewTable[policy.Head](b, schemas.BucketPacks),
		effective: bus.NewTable[schemas.Effective](b, schemas.BucketEffective),
		scans:     bus.NewTable[schemas.Scan](b, schemas.BucketScans),
		active:    bus.NewTable[schemas.ActiveScan](b, schemas.BucketScans),
		ticks:     bus.NewTable[schedule.Tick](b, schemas.BucketScans),
		tokens:    bus.NewTable[api.Token](b, schemas.BucketTokens),
		waivers:   bus.NewTable[schemas.Waiver](b, schemas.BucketWaivers),
		triage:    bus.NewTable[schemas.TriageRecord](b, schemas.BucketTriage),
		mappings:  bus.NewTable[schemas.Framework](b, schemas.BucketMappings),
		answers:   bus.NewTable[api.Answered](b, schemas.BucketAnswers),
		webhooks:  bus.NewTable[schemas.Webhook](b, schemas.BucketWebhooks),
		delivered: bus.NewTable[time.Time](b, schemas.BucketDelivered),
		types:     bus.NewTable[aws.KeptType](b, schemas.BucketTypes),
	}
}

// parts are what the roles and the service are made of.
type parts struct {
	provider *aws.Provider
	runtimes runtimes
	archives *policy.ArchiveCache
	objects  *bus.Objects // of published packs
	tried    *bus.Objects // of others

	// Of the control role.
	registry *policy.Registry
	groups   *policy.Groups
	resolver *policy.Resolver
	control  *scanner.Control
	tokens   *api.Tokens
	webhooks *webhook.Webhooks
}

func (n *node) openParts(ctx context.Context) error {
	if err := n.checkRestored(ctx); err != nil {
		return err
	}
	n.makeParts()
	if !n.holdsStore() {
		return nil
	}
	if err := n.parts.registry.Complete(ctx); err != nil {
		return err
	}
	if err := n.installStarter(ctx); err != nil {
		return err
	}
	return n.localPacks(ctx)
}

// makeParts puts the parts together; nothing is written.
func (n *node) makeParts() {
	n.tables = newTables(n.bus)
	n.parts = parts{
		provider: aws.New(n.log, time.Now),
		runtimes: newRuntimes(n.cfg, n.log),
		objects:  bus.NewObjects(n.bus, schemas.ObjectsPacks),
		tried:    bus.NewObjects(n.bus, schemas.ObjectsTried),
	}
	n.parts.provider.OnCall(n.metrics.called)
	n.parts.provider.KeepTypes(n.tables.types)
	n.parts.archives = policy.NewArchiveCache(filepath.Join(n.cfg.DataDir, "packs"), time.Now, n.parts.objects, n.parts.tried)
	if n.holdsStore() {
		n.openControl()
	}
}

// planner asks the cloud who credentials are: in this process, or over the bus
// when discovery runs elsewhere.
func (n *node) planner() bus.Planner {
	if n.cfg.has("discovery") {
		return n.parts.provider
	}
	return n.bus
}

// publishPhase is set where tests end the program in the middle of publishing.
var publishPhase func(name string)

func (n *node) openControl() {
	t, p := n.tables, &n.parts
	inspectors := map[schemas.Runtime]policy.Inspector{}
	for runtime, loader := range p.runtimes {
		inspectors[runtime] = loader
	}
	p.registry = policy.NewRegistry(policy.RegistryDeps{
		Manifests: t.manifests, Heads: t.heads, Groups: t.groups, Objects: p.objects, Tried: p.tried, Inspectors: inspectors,
		Record: n.store.RecordPolicies, InPlace: p.archives.Use, Phase: publishPhase, Log: n.log, Now: time.Now,
	})
	p.groups = policy.NewGroups(policy.GroupsDeps{Groups: t.groups, Accounts: t.accounts, Registry: p.registry, Now: time.Now})
	p.resolver = policy.NewResolver(policy.ResolverDeps{
		Accounts: t.accounts, Groups: t.groups, Manifests: t.manifests, Effective: t.effective, Log: n.log,
	})
	p.control = scanner.NewControl(scanner.Deps{
		Accounts: t.accounts, Scans: t.scans, Active: t.active, Effective: t.effective, Bus: n.bus, Store: n.store,
		Planner: n.planner(), Sequencer: n.bus, Resolver: p.resolver, Log: n.log, Owner: n.owner, Now: time.Now, Poll: n.poll(),
		Ended: n.metrics.scanEnded, OnDemand: aws.OnDemand, ReadOnDemand: n.opts.work == serving,
	})
	p.tokens = api.NewTokens(t.tokens, time.Now)
	p.webhooks = webhook.New(webhook.Deps{
		Table: t.webhooks, Delivered: t.delivered, Queue: n.bus, Seal: n.ring.SealText, Open: n.ring.OpenText, Log: n.log, Now: time.Now,
	})
	n.service = n.newService()
}

// poll is how often control looks at progress. The embedded stores answer at
// once and belong to this process alone, and a person waits for it.
func (n *node) poll() time.Duration {
	if n.cfg.NATS.URL == "" {
		return 100 * time.Millisecond
	}
	return time.Second
}

// triage is what people say of findings, mirrored into the store.
func (n *node) triage() *policy.Triage {
	return policy.NewTriage(policy.TriageDeps{Records: n.tables.triage, Mirror: n.store.MirrorTriage, Now: time.Now})
}

func (n *node) waivers() *policy.Waivers {
	return policy.NewWaivers(policy.WaiversDeps{Waivers: n.tables.waivers, Accounts: n.tables.accounts, Now: time.Now})
}

func (n *node) newService() *api.Local {
	p := &n.parts
	accounts := policy.NewAccounts(policy.AccountsDeps{
		Accounts: n.tables.accounts, Groups: p.groups, Resolver: p.resolver, Planner: n.planner(),
		Organizer: n.planner(), Cancel: p.control.Cancel,
		Synced:  func(ctx context.Context, a schemas.Account) { n.service.RecordAccount(ctx, a) },
		Running: p.control.Running, CheckCron: schedule.Validate, Now: time.Now,
	})
	return api.NewLocal(api.Parts{
		Accounts: accounts, Packs: p.registry, Groups: p.groups, Resolver: p.resolver, Tokens: p.tokens, Store: n.store, Recorder: n.store, Dead: n.bus, Webhooks: p.webhooks,
		Waivers:   n.waivers(),
		Triage:    n.triage(),
		Mappings:  policy.NewMappings(n.tables.mappings, time.Now),
		Replayed:  p.control.Replayed,
		Effective: p.control.Effective, Probe: n.planner().Probe,
		StartScan: func(ctx context.Context, account, by string, limit schemas.ScanLimit) (schemas.Scan, error) {
			return p.control.Start(ctx, account, scanner.StartOptions{By: by, Limit: limit})
		},
		Preview:    n.preview,
		CancelScan: p.control.Cancel, GetScan: p.control.Get, ListScans: p.control.List,
		Retention: n.cfg.Retention,
		Log:       n.log, Now: time.Now,
	})
}
