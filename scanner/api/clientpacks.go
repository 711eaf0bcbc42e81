package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// PublishPack implements Service.
func (c *Client) PublishPack(ctx context.Context, archive []byte) (schemas.PackManifest, error) {
	return send[schemas.PackManifest](ctx, c, http.MethodPost, archive, "packs")
}

// ListPacks implements Service.
func (c *Client) ListPacks(ctx context.Context) ([]schemas.PackManifest, error) {
	return list[schemas.PackManifest](ctx, c, nil, "packs")
}

// GetPack implements Service.
func (c *Client) GetPack(ctx context.Context, name, version string) (schemas.PackManifest, error) {
	return get[schemas.PackManifest](ctx, c, nil, "packs", name, cmp.Or(version, schemas.Latest))
}

// PackVersions implements Service.
func (c *Client) PackVersions(ctx context.Context, name string) ([]schemas.PackManifest, error) {
	return list[schemas.PackManifest](ctx, c, nil, "packs", name)
}

// PullPack implements Service.
func (c *Client) PullPack(ctx context.Context, name, version string) ([]byte, error) {
	return get[[]byte](ctx, c, nil, "packs", name, cmp.Or(version, schemas.Latest), "archive")
}

// RemovePack implements Service.
func (c *Client) RemovePack(ctx context.Context, name, version string) error {
	return c.remove(ctx, "packs", name, version)
}

// PreviewPack implements Service.
func (c *Client) PreviewPack(ctx context.Context, q schemas.PreviewRequest) (schemas.Preview, error) {
	return send[schemas.Preview](ctx, c, http.MethodPost, q, "preview")
}

// ValidateConfig implements Service.
func (c *Client) ValidateConfig(ctx context.Context, name, version string, config map[string]map[string]any) (map[string]schemas.PolicyConfig, error) {
	return send[map[string]schemas.PolicyConfig](ctx, c, http.MethodPost, configRequest{config}, "packs", name, cmp.Or(version, schemas.Latest), "validate-config")
}
