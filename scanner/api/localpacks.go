package api

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// PublishPack implements Service.
func (l *Local) PublishPack(ctx context.Context, archive []byte) (schemas.PackManifest, error) {
	m, err := l.p.Packs.Publish(ctx, archive, Actor(ctx))
	if err != nil {
		return m, err
	}
	l.record(ctx, "pack", m.Name+"/"+m.Version, m)
	// Groups may follow the latest version.
	return m, l.resolve(ctx)
}

// ListPacks implements Service.
func (l *Local) ListPacks(ctx context.Context) ([]schemas.PackManifest, error) {
	return l.p.Packs.List(ctx)
}

// GetPack implements Service.
func (l *Local) GetPack(ctx context.Context, name, version string) (schemas.PackManifest, error) {
	return l.p.Packs.Show(ctx, name, version)
}

// PackVersions implements Service.
func (l *Local) PackVersions(ctx context.Context, name string) ([]schemas.PackManifest, error) {
	return l.p.Packs.Versions(ctx, name)
}

// PullPack implements Service.
func (l *Local) PullPack(ctx context.Context, name, version string) ([]byte, error) {
	_, archive, err := l.p.Packs.Pull(ctx, name, version)
	return archive, err
}

// RemovePack implements Service.
func (l *Local) RemovePack(ctx context.Context, name, version string) error {
	if err := l.p.Packs.Remove(ctx, name, version); err != nil {
		return err
	}
	l.record(ctx, "pack", name+"/"+version, map[string]string{"change": "removed"})
	// An enrolment that came at the same moment is errored, not silent.
	return l.resolve(ctx)
}

// PreviewPack implements Service.
func (l *Local) PreviewPack(ctx context.Context, q schemas.PreviewRequest) (schemas.Preview, error) {
	return l.p.Preview(ctx, q)
}

// ValidateConfig implements Service.
func (l *Local) ValidateConfig(ctx context.Context, name, version string, config map[string]map[string]any) (map[string]schemas.PolicyConfig, error) {
	return l.p.Packs.ValidateConfig(ctx, name, version, config)
}
