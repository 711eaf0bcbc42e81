package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/backup"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const backupLong = `Backup writes what nobody can make again into FILE (- for standard output):
accounts, groups and the packs they enforce, every published pack with the
versions that were ever used, API tokens (hashed), and the counters that number
scans. 'insights restore' makes a new installation of it. Results are not in it:
the next scan of each account makes them again.

The key ring is not in it either, since whoever has it can open the secret values
that are stored. Keep a copy of that file in a safe place; the command says where
it is. Results that outlive an installation, in a ClickHouse server, can be gone
on with by that key ring only. With --with-key-ring it is in the backup, which
then is as secret as the ring.

The scanner may run meanwhile: over the same NATS servers, or with --server and a
token of the scope admin. FILE is written whole or not at all, for its owner only.`

func (a *app) backupCmd() *cobra.Command {
	var withRing bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write accounts, groups, packs and tokens into a file",
		Long:  backupLong,
		Example: `  insights backup insights-backup.tar.gz
  insights backup insights-backup.tar.gz --server http://127.0.0.1:8080
  insights backup - --with-key-ring | gpg --encrypt -r ops > insights-backup.gpg`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			switch {
			case withRing && a.server != "":
				return usageError(cmd, errors.New("--with-key-ring does not go with --server: copy the key ring on the server's machine"))
			case given[0] == "-" && terminal(a.out):
				return usageError(cmd, errors.New("FILE -: a backup is not for a terminal; redirect it"))
			}
			b := &backupRun{app: a, withRing: withRing}
			write := b.local
			if a.server != "" {
				write = b.remote
			}
			if given[0] == "-" {
				return write(cmd.Context(), a.out)
			}
			var failed error // said as it is, not as a matter of the file
			err := writePrivateFile(given[0], func(w io.Writer) error {
				failed = write(cmd.Context(), w)
				return failed
			})
			if err := cmp.Or(failed, err); err != nil {
				return err
			}
			return b.report(given[0])
		},
	}
	addSettingFlags(cmd.Flags(), recordSettings...)
	cmd.Flags().BoolVar(&withRing, "with-key-ring", false, "put the key ring into the backup too")
	return cmd
}

// recordSettings say where the record and the key ring are.
var recordSettings = []string{"nats.url", "nats.credsFile", "nats.user", "nats.ca", "nats.cert", "nats.key", "secrets.keyFile"}

// backupRun is one run of the command, with what there is to say afterwards.
type backupRun struct {
	*app
	withRing bool
	manifest *backup.Manifest // nil when a server made it
	keyFile  string
}

func (b *backupRun) remote(ctx context.Context, w io.Writer) error {
	client, err := b.client()
	if err != nil {
		return err
	}
	return client.Backup(ctx, w)
}

func (b *backupRun) local(ctx context.Context, w io.Writer) error {
	cfg, err := b.config()
	if err != nil {
		return err
	}
	n := newNode(cfg, nodeOptions{log: b.logger(cfg, true)})
	defer n.close()
	if err := n.openRecord(ctx, "insights backup"); err != nil {
		return err
	}
	o := n.backupOptions()
	if b.keyFile = cfg.keyFile(); b.withRing {
		if o.KeyFile, err = seal.Read(b.keyFile); err != nil {
			return err
		}
	}
	m, err := backup.Write(ctx, w, n.record(), o)
	if err == nil && m.Counts.Versions == 0 {
		err = n.errNothing() // the first command of an installation publishes the starter pack
	}
	b.manifest = &m
	return err
}

func (n *node) errNothing() error {
	where := n.cfg.NATS.URL
	if where == "" {
		where = n.cfg.DataDir
	}
	return schemas.Errorf(schemas.CodeNotFound, "there is no installation in %s", where).
		WithHint("name its directory with --data-dir, or its NATS servers with --nats-url")
}

// openRecord opens what backups are made of. Nothing is made where there is no
// installation.
func (n *node) openRecord(ctx context.Context, who string) error {
	if n.cfg.NATS.URL == "" {
		if _, err := os.Stat(filepath.Join(n.cfg.DataDir, "nats")); errors.Is(err, fs.ErrNotExist) {
			return n.errNothing()
		}
		dir, err := openDataDir(n.cfg.DataDir, who)
		if err != nil {
			return err
		}
		n.dir = dir
	}
	for _, step := range []func(context.Context) error{n.openRing, n.openBus, n.checkRestored} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) backupOptions() backup.Options {
	return backup.Options{Program: version, Now: time.Now(), KeyRing: backup.KeyRing(n.ring.Identity())}
}

// record is what a backup copies.
func (n *node) record() backup.Record {
	return backup.Record{
		Table:    func(bucket string) backup.Table { return bus.NewTable[json.RawMessage](n.bus, bucket) },
		Archives: bus.NewObjects(n.bus, schemas.ObjectsPacks),
	}
}

// writeBackup answers the API; the key ring never leaves by it.
func (n *node) writeBackup(ctx context.Context, w io.Writer) error {
	_, err := backup.Write(ctx, w, n.record(), n.backupOptions())
	return err
}

// checkRestored refuses an installation that is restored by half: a version that
// was used could be published again.
func (n *node) checkRestored(ctx context.Context) error {
	id, err := n.bus.Restoring(ctx)
	if err == nil && id != "" {
		err = schemas.Errorf(schemas.CodeConflict, "a restore was interrupted, and the installation is not whole").
			WithHint("repeat it: insights restore FILE, with the same file")
	}
	return err
}

func (b *backupRun) report(file string) error {
	if b.output == "json" {
		return printJSON(b.out, map[string]any{"file": file, "keyRing": b.withRing, "manifest": b.manifest})
	}
	if b.manifest == nil {
		_, err := fmt.Fprintf(b.out, "Backup written to %s.\nThe server's key ring is not in it: keep a copy of that file in a safe place too.\n", file)
		return err
	}
	fmt.Fprintf(b.out, "Backup written to %s: %s.\n", file, contentText(b.manifest.Counts))
	if !b.withRing {
		fmt.Fprintf(b.out, "The key ring %s is not in it: keep a copy of that file in a safe place too.\n", b.keyFile)
		return nil
	}
	_, err := fmt.Fprintln(b.out, "The key ring is in it: who has the file can open every secret value that is stored.")
	return err
}

func contentText(c backup.Counts) string {
	return fmt.Sprintf("%s, %s, %s, %s", countText(uint64(c.Accounts), "account", "accounts"), countText(uint64(c.Groups), "group", "groups"),
		countText(uint64(c.Versions), "pack version", "pack versions"), countText(uint64(c.Tokens), "token", "tokens"))
}
