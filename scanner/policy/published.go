package policy

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Pull returns the archive of a version, or of the newest for "latest" or "",
// exactly as it was published; also of one that was removed, when it is asked for
// by its version. Errors: CodeNotFound, CodeUnavailable, CodeInternal when what is
// stored is not what was published.
func (r *Registry) Pull(ctx context.Context, name, version string) (schemas.PackManifest, []byte, error) {
	m, err := r.Show(ctx, name, version)
	if err != nil {
		return m, nil, err
	}
	archive, err := r.d.Objects.Get(ctx, m.Digest)
	if err != nil {
		return m, nil, err
	}
	if Digest(archive) != m.Digest {
		return m, nil, schemas.Errorf(schemas.CodeInternal, "the stored archive of %s %s is damaged", m.Name, m.Version).
			WithHint("restore it from a backup: insights restore")
	}
	return m, archive, nil
}

// ValidateConfig layers a configuration over what a version of a pack declares and
// returns what each of its policies would run with. The error is CodeInvalid and
// lists every problem.
func (r *Registry) ValidateConfig(ctx context.Context, name, version string, given map[string]map[string]any) (map[string]schemas.PolicyConfig, error) {
	m, err := r.Show(ctx, name, version)
	if err != nil {
		return nil, err
	}
	config, err := CheckConfig(m, given)
	if err != nil {
		return nil, err
	}
	return LayerConfig(m.Policies, config)
}
