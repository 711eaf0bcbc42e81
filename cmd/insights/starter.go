package main

import (
	"context"

	"github.com/insights-scanner/insights-scanner/deploy/packs"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
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
	archive, err := policy.ArchiveFS(packs.Starter(), "the starter pack")
	if err != nil {
		return "", "", err
	}
	if m, err := n.published(ctx, policy.Digest(archive)); err != nil || m.Name != "" {
		return m.Name, m.Version, err // every command comes here: compiling the pack takes longer than most
	}
	m, err := n.parts.registry.Publish(ctx, archive, starterActor)
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		err = nil // published before
	}
	return m.Name, m.Version, err
}

// published is the version that was made of an archive, an empty one without.
func (n *node) published(ctx context.Context, digest string) (schemas.PackManifest, error) {
	list, err := n.parts.registry.List(ctx)
	for _, m := range list {
		if m.Digest == digest && m.PublishedBy == starterActor {
			return m, nil
		}
	}
	return schemas.PackManifest{}, err
}
