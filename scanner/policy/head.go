package policy

import (
	"context"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Head is the record of a pack beside its versions, under the key of its name.
// It is never deleted, so numbers are never used twice. Its fields read as those
// of a manifest.
type Head struct {
	Name    string          `json:"name"`
	Runtime schemas.Runtime `json:"runtime"` // of every version
	Number  int             `json:"number"`  // the highest that was given out
	// Last is the version of Number. It is published by being written here, in one
	// step with its number; its own key follows.
	Last *schemas.PackManifest `json:"last,omitempty"`
}

// take publishes a version under the next number, by compare-and-set of the head:
// whoever wins it has both. CodeConflict when the version was used.
func (r *Registry) take(ctx context.Context, m schemas.PackManifest) (schemas.PackManifest, error) {
	r.taking.Lock()
	defer r.taking.Unlock()
	for {
		head, rev, err := r.d.Heads.Get(ctx, m.Name)
		if is(err, schemas.CodeNotFound) {
			head, err = Head{Name: m.Name, Runtime: m.Runtime}, nil
		}
		if err != nil {
			return m, err
		}
		if head.Runtime != m.Runtime {
			return m, schemas.Errorf(schemas.CodeInvalid, "pack %s is a %s pack; its runtime cannot become %s", m.Name, head.Runtime, m.Runtime).
				WithHint("publish it under another name")
		}
		if head, err = r.complete(ctx, head); err != nil {
			return m, err
		}
		if err := r.unused(ctx, m); err != nil {
			return m, err
		}
		m.Number, m.PublishedAt = head.Number+1, r.d.Now().UTC().Truncate(time.Millisecond)
		head.Number, head.Last = m.Number, &m
		r.d.Phase("number")
		if rev == 0 {
			_, err = r.d.Heads.Create(ctx, m.Name, head)
		} else {
			_, err = r.d.Heads.Update(ctx, m.Name, head, rev)
		}
		if err == nil {
			r.d.Phase("manifest")
			return m, r.writeManifest(ctx, m)
		}
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return m, err
		}
	}
}

// Complete writes the manifests of versions whose publisher ended too early to.
func (r *Registry) Complete(ctx context.Context) error {
	var heads []Head
	err := r.d.Heads.List(ctx, "", func(key string, h Head, _ uint64) error {
		if !strings.Contains(key, "/") {
			heads = append(heads, h)
		}
		return nil
	})
	for _, h := range heads {
		if err == nil {
			_, err = r.complete(ctx, h)
		}
	}
	return err
}

// complete makes the last version whole. One without its archive, as a backup of
// that moment restores it, was never published: its number is free.
func (r *Registry) complete(ctx context.Context, h Head) (Head, error) {
	if h.Last == nil {
		return h, nil
	}
	_, _, err := r.d.Manifests.Get(ctx, manifestKey(h.Last.Name, h.Last.Version))
	if !is(err, schemas.CodeNotFound) {
		return h, err
	}
	if _, err = r.d.Objects.Get(ctx, h.Last.Digest); is(err, schemas.CodeNotFound) {
		h.Number, h.Last = h.Number-1, nil
		return h, nil
	}
	if err == nil {
		err = r.writeManifest(ctx, *h.Last)
	}
	return h, err
}

// writeManifest writes the key of a version that is published. Whoever was faster
// wrote the same.
func (r *Registry) writeManifest(ctx context.Context, m schemas.PackManifest) error {
	_, err := r.d.Manifests.Create(ctx, manifestKey(m.Name, m.Version), m)
	if is(err, schemas.CodeConflict) {
		return nil
	}
	return err
}
