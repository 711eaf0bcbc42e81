package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is unpacked of packs goes when no account's packs name it and it was not
// used for a day; archives of local packs stay within reach.
func TestFilesOfPacks(t *testing.T) {
	k := newKept(t, schemas.Retention{History: schemas.Forever, Removed: schemas.Forever})
	unpacked := map[string]string{}
	for _, name := range []string{"named", "unnamed", "local"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "PulumiPolicy.yaml"), "runtime: opa\nversion: 1.0.0\n")
		write(t, filepath.Join(dir, "rules.rego"), "package "+name+"\n\ndeny[\"no\"] { false }\n")
		var digest string
		if name == "local" {
			packs, _, err := k.parts.registry.Locals(t.Context(), []policy.LocalPack{{Dir: dir}})
			if err != nil {
				t.Fatal(err)
			}
			digest = packs[0].Digest
		} else {
			m, err := k.parts.registry.PublishDir(t.Context(), dir, "test")
			if err != nil {
				t.Fatal(err)
			}
			digest = m.Digest
		}
		if name == "named" {
			e := schemas.Effective{AccountID: "aws-000000000001", Packs: []schemas.EffectivePack{{PackRef: schemas.PackRef{Digest: digest}}}}
			if _, err := k.tables.effective.Put(t.Context(), string(e.AccountID), e); err != nil {
				t.Fatal(err)
			}
		}
		at, release, err := k.parts.archives.Dir(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		release()
		old := time.Now().Add(-packFilesUnused - time.Minute)
		if err := os.Chtimes(at+".complete", old, old); err != nil {
			t.Fatal(err)
		}
		unpacked[name] = at
		if name == "local" {
			if err := k.parts.tried.Put(t.Context(), digest, nil); err != nil { // as if it had gone
				t.Fatal(err)
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = k.packFiles(k.clock).run(ctx)
	}()
	if every := k.clock.asked(t); 3*every > packFilesUnused || 3*every > schemas.TriedAge {
		t.Errorf("looks every %s: another process or an archive's age may be faster", every)
	}
	stop()
	<-ended
	for name, at := range unpacked {
		if _, err := os.Stat(at); (err == nil) != (name == "named") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if archive, err := k.parts.tried.Get(t.Context(), filepath.Base(unpacked["local"])); err != nil || len(archive) == 0 {
		t.Errorf("the archive of the local pack: %d bytes, %v", len(archive), err)
	}
	if said := k.log.String(); !strings.Contains(said, `"packs":2`) {
		t.Errorf("the log says %s", said)
	}
}
