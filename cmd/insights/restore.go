package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/backup"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const restoreLong = `Restore makes an installation of FILE (- for standard input), which
'insights backup' wrote: in an empty data directory, or on NATS servers that no
insights process has used yet. Every digest in FILE is checked before anything is
written. A restore that was interrupted is repeated with the same file; until then
every other command refuses the installation.

Afterwards scan every account: results are not in a backup. Findings get the ids
they had. Scans go on at the next thousand, so that no number is used twice. What
happened after the backup was written is not known: a pack version that was
published since can be published again.

A key ring that is in FILE is put where secrets.keyFile says (default
DATADIR/keyring.json). When it is not in FILE, put the copy there that was kept,
with mode 0600. Where no results are stored, a new one will do as well. Stored
results, in a ClickHouse server, need the ring they were written with; if it is
lost, --new-key-ring goes on with another, and secret values that are stored
cannot be opened until they are scanned anew.`

func (a *app) restoreCmd() *cobra.Command {
	var r restoreRun
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a new installation of a backup",
		Long:  restoreLong,
		Example: `  insights restore insights-backup.tar.gz --dry-run   # only check the file
  insights restore insights-backup.tar.gz --data-dir /var/lib/insights
  gpg --decrypt insights-backup.gpg | insights restore - --nats-url nats://nats:4222`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			r.app = a
			if a.server != "" && !r.dryRun {
				return usageError(cmd, errors.New("restore does not go with --server: a server that runs is not empty; "+
					"stop it and restore where it will run, into its data directory or its NATS servers"))
			}
			return r.run(cmd.Context(), given[0])
		},
	}
	addSettingFlags(cmd.Flags(), recordSettings...)
	addSettingFlags(cmd.Flags(), "nats.replicas", "clickhouse.dsn", "clickhouse.database", "clickhouse.library")
	cmd.Flags().BoolVar(&r.dryRun, "dry-run", false, "only check the file and say what is in it")
	cmd.Flags().BoolVar(&r.newRing, "new-key-ring", false, "go on without the key ring that the stored results were written with")
	return cmd
}

// restoreRun is one run of the command.
type restoreRun struct {
	*app
	dryRun, newRing bool
}

func (r *restoreRun) run(ctx context.Context, name string) error {
	file, err := r.open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	b, err := backup.Open(file)
	if err != nil {
		return schemas.Errorf(schemas.CodeOf(err), "%s: %w", name, err)
	}
	if r.dryRun {
		return r.report(b, "Could be restored", "")
	}
	note, err := r.restore(ctx, b)
	if err != nil {
		return err
	}
	return r.report(b, "Restored", note)
}

// open opens the backup. Standard input is kept in a file meanwhile: it is read
// twice, first to check it.
func (r *restoreRun) open(name string) (*os.File, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "read the backup: %w", err)
		}
		return f, nil
	}
	tmp, err := os.CreateTemp("", "insights-restore-")
	if err == nil {
		_ = os.Remove(tmp.Name()) // it goes with the process
		_, err = io.Copy(tmp, r.in)
	}
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "read the backup: %w", err)
	}
	return tmp, nil
}

// restore gives what is to be said about the key ring.
func (r *restoreRun) restore(ctx context.Context, b *backup.Backup) (note string, err error) {
	cfg, err := r.config()
	if err != nil {
		return "", err
	}
	cfg.Roles = []string{"control", "sink"} // it writes what they keep
	n := newNode(cfg, nodeOptions{log: r.logger(cfg, true)})
	defer n.close()
	if err := n.lock("insights restore"); err != nil {
		return "", err
	}
	if err := n.openBus(ctx); err != nil {
		return "", err
	}
	if err := b.Check(ctx, n.record(), n.bus); err != nil {
		return "", err
	}
	if b.KeyFile != nil {
		if err := restoreRing(cfg.keyFile(), b.KeyFile); err != nil {
			return "", err
		}
	}
	for _, step := range []func(context.Context) error{n.openRing, n.openStore} {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	if note, err = r.checkRing(ctx, n, b); err != nil {
		return "", err
	}
	n.makeParts()
	return note, b.Restore(ctx, n.record(), n.bus, func(ctx context.Context) error {
		if err := n.parts.resolver.All(ctx); err != nil {
			return err
		}
		if err := n.parts.registry.Sync(ctx); err != nil {
			return err
		}
		if err := n.mirrorWaivers(ctx); err != nil {
			return err
		}
		return n.store.RemirrorTriage(ctx, n.triage().All)
	})
}

func restoreRing(path string, raw []byte) error {
	err := seal.Restore(path, raw)
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		return schemas.Errorf(schemas.CodeConflict, "the key ring %s is not the one in the backup", path).
			WithHint("move it away, or name another place as secrets.keyFile")
	}
	return err
}

// checkRing holds the key ring against the one of the backup. Results that
// outlived the installation need that one.
func (r *restoreRun) checkRing(ctx context.Context, n *node, b *backup.Backup) (note string, err error) {
	path := n.cfg.keyFile()
	if n.ring.Identity().Opens(seal.Identity(b.Manifest.KeyRing)) {
		return "", nil
	}
	if !r.newRing {
		held, err := n.store.Resources(ctx, schemas.ResourceQuery{Limit: 1})
		if err != nil {
			return "", err
		}
		if len(held.Resources) > 0 {
			return "", schemas.Errorf(schemas.CodeConflict, "the key ring %s is not the one that the stored results were written with", path).
				WithHint("put the copy there that was kept beside the backup; if it is lost, go on with --new-key-ring (see 'insights restore --help')")
		}
	}
	return "The key ring " + path + " is not the one that the backup was made with. It is used from now on.", nil
}

func (r *restoreRun) report(b *backup.Backup, done, note string) error {
	m := b.Manifest
	if r.output == "json" {
		return printJSON(r.out, map[string]any{"restored": !r.dryRun, "keyRing": b.KeyFile != nil, "manifest": m})
	}
	fmt.Fprintf(r.out, "%s: %s, as of %s (insights %s).\n", done, contentText(m.Counts), timeText(m.CreatedAt), m.Program)
	switch {
	case note != "":
		fmt.Fprintln(r.out, note)
	case r.dryRun && b.KeyFile == nil:
		fmt.Fprintln(r.out, "The key ring is not in it.")
	case b.KeyFile != nil:
		fmt.Fprintln(r.out, "The key ring is in it.")
	}
	if r.dryRun {
		return nil
	}
	_, err := fmt.Fprintln(r.out, "Results are not in a backup: scan every account now.")
	return err
}
