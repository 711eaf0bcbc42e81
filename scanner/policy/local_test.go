package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestLocalPacksRunBesideEnforcedOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(prod, "prod")
	w.publish("base", "1.0.0")
	w.enrol(schemas.DefaultAccountsGroup, "base", "1.0.0", nil)
	configured := map[string]map[string]any{"encrypt": {"enforcementLevel": "mandatory", "days": 7}, "encrypted": {"days": 7}}
	local, warnings, err := w.registry.Locals(w.ctx, []policy.LocalPack{
		{Dir: newPack(t, "base", "1.0.0")}, {Dir: newPack(t, "extra", ""), Config: configured}, {Dir: newPack(t, "base", "2.0.0")},
	})
	ok(t, err)
	if extra := local[1]; extra.Version != extra.Digest[:12] {
		t.Errorf("version %q of digest %q", extra.Version, extra.Digest)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], `pack extra has no policy "encrypted"`) {
		t.Errorf("warnings %q", warnings)
	}
	w.resolver.SetLocal(local)
	got, e := w.resolved(prod)
	want := "base 1.0.0 (default-accounts-policy-group);base@local 1.0.0 ();base@local2 2.0.0 ();extra@local " + local[1].Version + " ()"
	if strings.Join(got, ";") != want {
		t.Fatalf("got %v, want %s", got, want)
	}
	if e.Packs[0].Local || !e.Packs[1].Local || e.Packs[1].Config["encrypt"].Level != schemas.Advisory {
		t.Errorf("got %+v", e.Packs)
	}
	if c := e.Packs[3].Config["encrypt"]; c.Level != schemas.Mandatory || c.Properties["days"] != 7.0 {
		t.Errorf("configuration %+v", c)
	}
	for _, p := range local {
		if _, err := w.tried.Get(w.ctx, p.Digest); err != nil {
			t.Errorf("the archive of %s: %v", p.Name, err)
		}
	}
	list, err := w.registry.List(w.ctx)
	if err != nil || len(list) != 1 {
		t.Errorf("local packs were published: %v, %v", list, err)
	}
	w.resolver.SetLocal(nil)
	if got, _ := w.resolved(prod); len(got) != 1 {
		t.Errorf("afterwards %v apply", got)
	}
}

// What is wrong is told of every pack, before anything is stored.
func TestLocalPacksAreRefusedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := newPack(t, "good", "1")
	archive, err := policy.Archive(good)
	ok(t, err)
	_, _, err = w.registry.Locals(w.ctx, []policy.LocalPack{
		{Dir: good},
		{Dir: t.TempDir()},
		{Dir: newPack(t, "a", "1"), Config: map[string]map[string]any{"all": {"enforcementLevel": "loud"}, "encrypt": {"days": "many"}}},
		{Dir: newPack(t, "b/c", "1")},
	})
	wantCode(t, err, schemas.CodeInvalid, "has no PulumiPolicy.yaml", `all: "loud" is not a valid enforcement level`, "encrypt: days: got string, want integer", `pack name "b/c"`)
	if _, err := w.tried.Get(w.ctx, policy.Digest(archive)); err == nil {
		t.Error("the archive of one was stored")
	}
}

// Nothing that can be published can take a local pack's name.
func TestNoPublishedPackHasALocalName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{schemas.LocalName("base", 1), schemas.LocalName("base", 2)} {
		_, err := w.registry.PublishDir(w.ctx, newPack(t, name, "1"), "ci")
		wantCode(t, err, schemas.CodeInvalid, "pack name")
		if !schemas.IsLocal(name) || schemas.IsLocal(strings.ReplaceAll(name, "@", "-")) {
			t.Errorf("%s is not told apart", name)
		}
	}
	if names := []string{schemas.LocalName("a", 0), schemas.LocalName("a", 1), schemas.LocalName("a", 3)}; !slices.Equal(names, []string{"a@local", "a@local", "a@local3"}) {
		t.Errorf("names %v", names)
	}
}
