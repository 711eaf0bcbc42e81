package policy_test

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// The FAQ: "How do I version a Policy Pack?", what the registry has to do with it.
// From which file a version comes is for the runtimes to say; see
// TestTheVersionOf… and TestForPython… in cmd/insights, and
// TestThePolicyPackVersionIsSpecifiedIn… in evaluator/pulumi.

// "Policy Packs that are published to the service require a version".
func TestPolicyPacksThatArePublishedToTheServiceRequireAVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for runtime, where := range map[schemas.Runtime]string{schemas.RuntimeOPA: "add version: to PulumiPolicy.yaml", schemas.RuntimePython: "add version: to PulumiPolicy.yaml"} {
		dir := newPack(t, "p", "", func(m *schemas.PackManifest) { m.Runtime = runtime })
		_, err := w.registry.PublishDir(w.ctx, dir, "ci")
		wantCode(t, err, schemas.CodeInvalid, "pack p has no version", where)
	}
	list, err := w.registry.List(w.ctx)
	if err != nil || len(list) != 0 {
		t.Errorf("published are %v, %v", list, err)
	}
}

// "A version can only be used one time and once published the version can never be
// used by that Policy Pack again".
func TestAVersionCanOnlyBeUsedOneTimeAndNeverAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("p", "0.1.0")
	again := func() {
		t.Helper()
		for _, change := range []func(*schemas.PackManifest){func(*schemas.PackManifest) {}, func(m *schemas.PackManifest) { m.Description = "other content" }} {
			_, err := w.registry.PublishDir(w.ctx, newPack(t, "p", "0.1.0", change), "ci")
			wantCode(t, err, schemas.CodeConflict, "version 0.1.0 of pack p has been used", "once, for ever")
		}
	}
	again()
	ok(t, w.registry.Remove(w.ctx, "p", "0.1.0"))
	again()
	// By that pack: another one is free to use it.
	w.publish("q", "0.1.0")
}

// Newest is what was published last, as in Pulumi's API, and not the text that
// sorts highest.
func TestVersion191PublishedAfter200IsNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(prod, "prod")
	w.publish("p", "2.0.0")
	w.enrol(schemas.DefaultAccountsGroup, "p", "latest", nil)
	w.applies("p 2.0.0 (default-accounts-policy-group)")
	if m := w.publish("p", "1.9.1"); m.Number != 2 {
		t.Errorf("its number is %d", m.Number)
	}
	w.applies("p 1.9.1 (default-accounts-policy-group)")
	if m, err := w.registry.Show(w.ctx, "p", schemas.Latest); err != nil || m.Version != "1.9.1" {
		t.Errorf("latest is %s, %v", m.Version, err)
	}
}
