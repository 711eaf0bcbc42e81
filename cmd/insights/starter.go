package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/insights-scanner/insights-scanner/deploy/packs"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// starterActor is who publishes the starter pack.
const starterActor = "insights"

// installStarter publishes the starter pack that this program carries, unless
// its version has been published, and enforces it on every account when nobody
// has ever touched the default group: a first scan has something to say, and who
// withdraws the pack is not overruled. Repeating it changes nothing.
func (n *node) installStarter(ctx context.Context) error {
	pack, version, err := n.publishStarter(ctx)
	if err != nil {
		return err
	}
	_, _, err = n.tables.groups.Get(ctx, schemas.DefaultAccountsGroup)
	if err == nil || schemas.CodeOf(err) != schemas.CodeNotFound {
		return err
	}
	if _, err := n.parts.groups.Enrol(ctx, schemas.DefaultAccountsGroup, schemas.Enrolment{Pack: pack, Version: schemas.Latest}); err != nil {
		return err
	}
	n.log.Info().Str("pack", pack).Str("version", version).Msg("starter pack is enforced on every account; 'insights group withdraw' takes it back")
	return nil
}

func (n *node) publishStarter(ctx context.Context) (pack, version string, err error) {
	tmp, err := os.MkdirTemp("", "insights-starter-")
	if err != nil {
		return "", "", schemas.Errorf(schemas.CodeInternal, "make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	dir := filepath.Join(tmp, "pack")
	if err := os.CopyFS(dir, packs.Starter()); err != nil {
		return "", "", schemas.Errorf(schemas.CodeInternal, "unpack the starter pack: %w", err)
	}
	m, err := n.parts.registry.PublishDir(ctx, dir, starterActor)
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		err = nil // published before
	}
	return m.Name, m.Version, err
}
