package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
	"github.com/insights-scanner/insights-scanner/sink"
)

func (a *app) serveCmd() *cobra.Command {
	var packs localFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the scanner until it is stopped",
		Long: `Serve runs the roles of this process until it is interrupted: all of them with
NATS and the ClickHouse engine embedded, or those named by --roles over the NATS
servers of --nats-url. It starts scans by the accounts' schedules.

The HTTP API has no port unless --listen names one. An address that is not loopback
needs an API token first: insights token create. Metrics, probes and profiles are
on --admin-addr (default 127.0.0.1:9480), without authentication.

When it is interrupted, it takes no more work, finishes what is in hand within
--drain-timeout (default 30s), hands the rest back and exits 0. A second interrupt
ends it at once; nothing is lost by that either.`,
		Example: `  insights serve --listen 127.0.0.1:8080
  insights serve --roles control,sink --nats-url nats://nats:4222 --clickhouse-dsn clickhouse://db:9000 --listen 0.0.0.0:8080
  insights serve --roles discovery --nats-url nats://nats:4222
  insights serve --roles evaluator --nats-url nats://nats:4222`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if cfg.Listen != "" && !cfg.has("control") {
				return usageError(cmd, errors.New("--listen needs the control role: the API answers from the store"))
			}
			if err := cfg.checkSandbox(); err != nil {
				return err
			}
			local, err := packs.packs(cmd)
			if err != nil {
				return err
			}
			opts := nodeOptions{work: serving, local: local, log: a.logger(cfg, false), observer: newObserver()}
			stop, err := startAdmin(cfg.AdminAddr, opts.observer, opts.log)
			if err != nil {
				return err
			}
			defer stop()
			return runNode(cmd.Context(), cfg, "insights serve", opts, func(ctx context.Context, n *node) error {
				return n.serve(ctx, cmd.Context())
			})
		},
	}
	addSettingFlags(cmd.Flags())
	packs.add(cmd)
	return cmd
}

// serve answers HTTP, if asked to, until the process is interrupted. That is
// how a server is meant to end: it is no error.
func (n *node) serve(ctx, process context.Context) error {
	n.log.Info().Strs("roles", n.cfg.Roles).Str("data", n.cfg.DataDir).Msg("insights is running")
	defer context.AfterFunc(process, func() {
		n.log.Info().Stringer("atMost", n.cfg.DrainTimeout).Msg("stopping: what is in hand is finished; a second signal ends it at once")
	})()
	var err error
	if n.cfg.Listen == "" {
		<-ctx.Done()
	} else {
		err = n.listen(ctx)
	}
	if process.Err() != nil {
		return nil
	}
	return err
}

func (n *node) listen(ctx context.Context) error {
	if err := api.CheckListen(ctx, n.cfg.Listen, n.parts.tokens); err != nil {
		return err
	}
	l, err := net.Listen("tcp", n.cfg.Listen)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "listen on %s: %w", n.cfg.Listen, err).WithHint("Choose another --listen address.")
	}
	n.log.Info().Str("url", fmt.Sprintf("http://%s", l.Addr())).Msg("answering")
	return api.NewServer(api.ServerConfig{
		Service: n.service, Tokens: n.parts.tokens, Loopback: api.IsLoopback(n.cfg.Listen), Version: version,
		Ready: n.ready, Backup: n.writeBackup, Log: n.log, Now: time.Now, Answered: n.metrics.answered,
		RequestsPerMinute: n.cfg.API.RequestsPerMinute, Page: n.writePage, FrameworkPage: n.writeFrameworkPage, Answers: n.tables.answers, Seal: n.ring.SealText, Open: n.ring.OpenText,
	}).Run(ctx, l)
}

// ready asks both stores something small.
func (n *node) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if _, err := n.service.ListAccounts(ctx); err != nil {
		return err
	}
	_, err := n.store.EngineVersion(ctx)
	return err
}

func (a *app) migrateCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema up to date",
		Long: `Migrate creates or updates the tables of clickhouse.dsn. Migrations only add; they
can be run again. The embedded engine is migrated whenever it starts.`,
		Example: "  insights migrate --clickhouse-dsn clickhouse://insights@db:9000",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			n := newNode(cfg, nodeOptions{log: a.logger(cfg, true)})
			defer n.close()
			if cfg.ClickHouse.DSN == "" {
				if n.dir, err = openDataDir(cfg.DataDir, "insights migrate"); err != nil {
					return err
				}
			}
			if n.store, err = n.connectStore(cmd.Context()); err != nil {
				return err
			}
			return a.migrate(cmd.Context(), n.store)
		},
	}
	addSettingFlags(cmd.Flags())
	return cmd
}

func (a *app) migrate(ctx context.Context, store *sink.Store) error {
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	have, _, err := store.Version(ctx)
	if err != nil {
		return err
	}
	if a.output == "json" {
		return printJSON(a.out, map[string]int{"schemaVersion": have})
	}
	_, err = fmt.Fprintf(a.out, "Schema version %d.\n", have)
	return err
}
