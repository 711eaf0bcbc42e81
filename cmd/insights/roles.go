package main

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/scanner/schedule"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// role is a loop of this process.
type role struct {
	name string
	run  func(context.Context) error
}

// roles are the loops that the configuration and the command ask for.
func (n *node) roles() []role {
	var list []role
	add := func(name string, run func(context.Context) error) { list = append(list, role{name, run}) }
	if n.cfg.has("evaluator") && n.opts.work >= evaluating {
		add("evaluator", n.runEvaluator)
	}
	if n.cfg.runsPacks() && n.opts.work >= evaluating {
		add("pack files", n.packFiles(schedule.System{}).run)
	}
	if n.holdsStore() && n.opts.work >= evaluating {
		add("sink", n.runSink)
	}
	if n.cfg.has("discovery") && n.opts.work >= scanning {
		add("plan", func(ctx context.Context) error { return n.bus.ServePlan(ctx, n.parts.provider) })
		add("discovery", n.runDiscovery)
	}
	if n.holdsStore() && n.opts.work >= scanning {
		add("store", func(ctx context.Context) error { return n.bus.ServeStore(ctx, n.store) })
		add("control", n.parts.control.Run)
		add("webhooks", n.parts.webhooks.Run)
		add("retention", n.retention(schedule.System{}).run)
	}
	if n.holdsStore() && n.opts.work >= serving {
		add("schedule", n.runSchedule)
		add("packs", n.runPacks)
		add("organizations", n.organizations(schedule.System{}).run)
	}
	return list
}

// runPacks keeps effective packs and what reports show of packs up to date,
// whichever process changed them.
func (n *node) runPacks(ctx context.Context) error {
	if err := n.parts.registry.Sync(ctx); err != nil {
		n.log.Warn().Err(err).Msg("record the policies of published packs; repeated at the next start")
	}
	if err := n.store.RemirrorTriage(ctx, n.triage().All); err != nil {
		n.log.Warn().Err(err).Msg("mirror what was said of findings; repeated at the next start")
	}
	if err := n.mirrorWaivers(ctx); err != nil {
		n.log.Warn().Err(err).Msg("mirror waivers; repeated at the next start")
	}
	return n.parts.resolver.Run(ctx)
}

func (n *node) mirrorWaivers(ctx context.Context) error {
	all := func(ctx context.Context) ([]schemas.Waiver, error) { return n.waivers().List(ctx, true) }
	return n.store.MirrorWaivers(ctx, all, time.Now())
}

func (n *node) runDiscovery(ctx context.Context) error {
	deps := discovery.Deps{
		Provider: n.parts.provider, Store: n.bus.StoreClient(), Publisher: countedSnapshots{n.bus, n.metrics}, Sequencer: n.bus,
		Scans: scanner.NewCancelled(n.tables.scans), Sealer: n.ring, Log: n.log, Now: time.Now,
	}
	if n.opts.work < serving && n.cfg.Log.Level == defaultConfig().Log.Level {
		deps.Log = n.log.Level(zerolog.ErrorLevel) // the command prints the gaps at its end
	}
	if n.store != nil {
		deps.Store = n.store // no detour over the bus within one process
	}
	return n.bus.Units(ctx, n.cfg.Workers.Discovery, n.metrics.attempted(discovery.New(deps).Handle))
}

func (n *node) runEvaluator(ctx context.Context) error {
	effectives := newEffectives()
	worker := evaluator.NewWorker(evaluator.Deps{
		Loaders: n.parts.runtimes, Archives: n.parts.archives, Effectives: effectives, Publisher: countedVerdicts{n.bus, n.metrics},
		Opener: n.ring, Log: n.log, Now: time.Now, MaxEngines: n.cfg.Workers.MaxEngines,
		MaxEngineMemory: int64(n.cfg.Workers.MaxEngineMemory),
		Loaded:          n.metrics.loaded, Evaluated: n.metrics.evaluated,
	})
	defer worker.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.tables.effective.Watch(ctx, effectives.set, effectives.synced) })
	g.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case <-effectives.ready:
		}
		return n.bus.Snapshots(ctx, n.cfg.Workers.Evaluator, worker.Handle)
	})
	return g.Wait()
}

func (n *node) runSink(ctx context.Context) error {
	return n.bus.Partitions(ctx, n.owner, func(ctx context.Context, _ int, ms []schemas.Message) error {
		return n.store.Write(ctx, ms)
	})
}

func (n *node) runSchedule(ctx context.Context) error {
	s := schedule.New(schedule.Deps{
		Accounts: n.tables.accounts, Ticks: n.tables.ticks, Clock: schedule.System{}, Log: n.log,
		Wait: n.parts.control.Partial,
		Start: func(ctx context.Context, a schemas.AccountID) error {
			ctx, end := n.bus.Grace(ctx) // the tick is claimed: it would not come again
			defer end()
			_, err := n.parts.control.Start(ctx, string(a), scanner.StartOptions{Trigger: schemas.TriggerSchedule, By: "schedule"})
			return err
		},
	})
	return s.Run(ctx)
}
