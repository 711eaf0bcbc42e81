package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
	"github.com/insights-scanner/insights-scanner/sink"
)

// work is how much a process does beside answering questions.
type work int

const (
	answering  work = iota // nothing more
	evaluating             // judge what is held when the command asks for it
	judging                // afterwards, judge what is held by what applies then
	scanning               // every role, until the command is done
	serving                // every role and the schedules, until stopped
)

// nodeOptions says what a process is for.
type nodeOptions struct {
	work     work
	local    []localPack // --policy-pack
	log      zerolog.Logger
	observer *observer // default: one that nobody looks at
}

// node is one process of the system: its connections, its roles, and the
// operations for whoever talks to it.
type node struct {
	cfg   Config
	opts  nodeOptions
	log   zerolog.Logger
	owner string // names this process in leases

	*observer

	dir   *dataDir
	nats  *server.Server
	bus   *bus.Bus
	ring  *seal.Ring
	store *sink.Store // nil without the control and sink roles

	tables  tables
	parts   parts
	service *api.Local // nil without the control and sink roles
}

// newNode is a node that has opened nothing yet.
func newNode(cfg Config, opts nodeOptions) *node {
	if opts.observer == nil {
		opts.observer = newObserver()
	}
	return &node{cfg: cfg, opts: opts, log: opts.log, owner: owner(), observer: opts.observer}
}

// runNode starts a node, runs do, and stops the node.
func runNode(ctx context.Context, cfg Config, who string, opts nodeOptions, do func(context.Context, *node) error) error {
	n := newNode(cfg, opts)
	defer n.close()
	n.limitMemory()
	if err := n.open(ctx, who); err != nil {
		return err
	}
	n.health.started(ctx)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	g, gctx := errgroup.WithContext(ctx)
	for _, role := range n.roles() {
		role = n.health.role(role)
		g.Go(func() error {
			if err := role.run(gctx); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", role.name, err)
			}
			return nil
		})
	}
	// A role that breaks must not leave do waiting for it.
	err := do(gctx, n)
	if err == nil && opts.work == judging {
		err = n.settle(gctx)
	}
	stop(errors.New("done"))
	if roleErr := g.Wait(); roleErr != nil {
		return roleErr
	}
	return err
}

// owner differs between processes, also of different machines.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%d", host, os.Getpid(), time.Now().UnixNano())
}

// open connects everything, in the order in which the parts need each other.
func (n *node) open(ctx context.Context, who string) error {
	if err := n.lock(who); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{n.openRing, n.openBus, n.openStore, n.openParts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lock takes the data directory if anything embedded lies in it.
func (n *node) lock(who string) (err error) {
	if n.cfg.embeds() {
		n.dir, err = openDataDir(n.cfg.DataDir, who)
	}
	return err
}

// holdsStore tells whether this process reads and writes ClickHouse.
func (n *node) holdsStore() bool { return n.cfg.has("control") }

// openRing loads the key ring that seals secrets. Only the embedded system
// makes one by itself: processes over one NATS must share one.
func (n *node) openRing(context.Context) error {
	file := n.cfg.keyFile()
	load := seal.Load
	if n.cfg.NATS.URL == "" {
		load = seal.LoadOrCreate
	}
	ring, err := load(file)
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		return errNoKeyRing(file)
	}
	n.ring = ring
	return err
}

func errNoKeyRing(file string) error {
	return schemas.Errorf(schemas.CodeInvalid, "key ring %s does not exist", file).
		WithHint("All processes over one NATS share one: make it with 'insights config keyring FILE' and name it as secrets.keyFile.")
}

func (n *node) openBus(ctx context.Context) error {
	if err := n.connectBus(ctx); err != nil {
		return err
	}
	if err := n.bus.Setup(ctx); err != nil || n.nats == nil {
		return err
	}
	// The data directory is locked: leases in it are of a process that died.
	return n.bus.ClearLeases(ctx)
}

// connectBus connects, to a server of this process if there is to be one, and
// changes nothing there.
func (n *node) connectBus(ctx context.Context) error {
	c := n.cfg.NATS
	o := bus.Options{
		URL: c.URL, CredsFile: c.CredsFile, User: c.User, Password: c.Password, TLSCA: c.CA, TLSCert: c.Cert, TLSKey: c.Key,
		Name: "insights " + n.owner, Log: n.log, AckWait: c.AckWait, LeaseTTL: c.LeaseTTL, Replicas: c.Replicas,
		Settled: n.metrics.settled,
	}
	if n.opts.work == serving {
		o.Grace = n.cfg.DrainTimeout
	}
	if c.URL == "" {
		srv, err := startNATS(n.cfg.natsDir(), "", n.log)
		if err != nil {
			return err
		}
		n.nats, o.InProcess = srv, srv
	}
	b, err := bus.Connect(ctx, o)
	if err != nil {
		return err
	}
	n.bus = b
	n.health.set("nats", b.Ping)
	if n.holdsStore() {
		n.metrics.registry.MustRegister(newQueues(b.Queues, time.Now))
	}
	return nil
}

func (n *node) openStore(ctx context.Context) error {
	if !n.holdsStore() {
		return nil
	}
	store, err := n.connectStore(ctx)
	if err != nil {
		return err
	}
	n.store = store
	n.health.set("clickhouse", n.storeAnswers)
	if n.cfg.ClickHouse.DSN == "" {
		return store.Migrate(ctx)
	}
	_, err = n.checkSchema(ctx)
	return err
}

// checkSchema is the schema version of the database, and an error unless this
// program can work with it as it is.
func (n *node) checkSchema(ctx context.Context) (int, error) {
	have, want, err := n.store.Version(ctx)
	if err == nil && have != want {
		err = schemas.Errorf(schemas.CodeConflict, "database %s has schema version %d, this program needs %d", n.cfg.ClickHouse.Database, have, want).
			WithHint("Run 'insights migrate'.")
	}
	return have, err
}

func (n *node) connectStore(ctx context.Context) (*sink.Store, error) {
	return sink.Open(ctx, sink.Options{
		DSN: n.cfg.clickhouseDSN(), DataDir: n.cfg.clickhouseDir(),
		Lib: n.cfg.ClickHouse.Library, Database: n.cfg.ClickHouse.Database, Log: n.log, Inserted: n.metrics.inserted,
		Announce: func(ctx context.Context, changes []schemas.ViolationChange) error {
			return n.parts.webhooks.Announce(ctx, changes)
		},
	})
}

// close stops everything, in the reverse order of open.
func (n *node) close() {
	n.parts.runtimes.close()
	if n.bus != nil {
		n.bus.Close()
	}
	if n.nats != nil {
		n.nats.Shutdown()
		n.nats.WaitForShutdown()
	}
	if n.store != nil {
		if err := n.store.Close(); err != nil {
			n.log.Warn().Err(err).Msg("close the store")
		}
	}
	if n.dir != nil {
		if err := n.dir.Close(); err != nil {
			n.log.Warn().Err(err).Msg("unlock the data directory")
		}
	}
}
