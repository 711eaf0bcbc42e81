package policy_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.publish("aws.base", "0.1.0")
	if m.Number != 1 || m.PublishedBy != "ci" || !m.PublishedAt.Equal(w.clock.Now()) || len(m.Digest) != 64 {
		t.Fatalf("got %+v", m)
	}
	// Text that differs is another version, and numbers go by publishing.
	if m := w.publish("aws.base", "0.0.9"); m.Number != 2 {
		t.Fatalf("got number %d", m.Number)
	}
	w.publish("aws", "1")
	latest, err := w.registry.Show(w.ctx, "aws.base", schemas.Latest)
	if err != nil || latest.Version != "0.0.9" {
		t.Fatalf("got %v, %v", latest.Version, err)
	}
	versions, err := w.registry.Versions(w.ctx, "aws")
	if err != nil || len(versions) != 1 {
		t.Fatalf("got %v, %v", versions, err)
	}
	list, err := w.registry.List(w.ctx)
	ok(t, err)
	var got []string
	for _, m := range list {
		got = append(got, m.Name+" "+m.Version)
	}
	if !slices.Equal(got, []string{"aws 1", "aws.base 0.0.9", "aws.base 0.1.0"}) {
		t.Fatalf("got %v", got)
	}
	_, err = w.registry.Show(w.ctx, "nope", "1")
	wantCode(t, err, schemas.CodeNotFound, "aws.base")
	_, err = w.registry.Show(w.ctx, "aws", "7")
	wantCode(t, err, schemas.CodeNotFound, "versions: 1")
}

func TestVersionIsUsedOnceForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := newPack(t, "base", "1.0.0")
	_, err := w.registry.PublishDir(w.ctx, dir, "ci")
	ok(t, err)
	_, err = w.registry.PublishDir(w.ctx, dir, "ci")
	wantCode(t, err, schemas.CodeConflict, "once, for ever", "choose another version in PulumiPolicy.yaml")
	write(t, dir, "more.rego", "package x")
	_, err = w.registry.PublishDir(w.ctx, dir, "ci")
	wantCode(t, err, schemas.CodeConflict)
	ok(t, w.registry.Remove(w.ctx, "base", "1.0.0"))
	_, err = w.registry.PublishDir(w.ctx, dir, "ci")
	wantCode(t, err, schemas.CodeConflict)
	if m := w.publish("base", "1.0.1"); m.Number != 2 {
		t.Fatalf("a number was used again: %d", m.Number)
	}
}

func TestPublishRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 8
	// All publish version 1; each publishes a version of its own besides.
	var same, own [n]string
	for i := range n {
		same[i] = newPack(t, "base", "1")
		write(t, same[i], "who", string(rune('a'+i)))
		own[i] = newPack(t, "base", "own-"+string(rune('a'+i)))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	numbers := map[int]bool{}
	winners := 0
	for i := range n {
		for _, dir := range []string{same[i], own[i]} {
			wg.Go(func() {
				m, err := w.registry.PublishDir(w.ctx, dir, "ci")
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					if schemas.CodeOf(err) != schemas.CodeConflict || dir == own[i] {
						t.Errorf("publish: %v", err)
					}
					return
				}
				if numbers[m.Number] {
					t.Errorf("number %d was given out twice", m.Number)
				}
				numbers[m.Number] = true
				if dir == same[i] {
					winners++
				}
			})
		}
	}
	wg.Wait()
	if winners != 1 || len(numbers) != n+1 {
		t.Fatalf("%d publishers of version 1 won, %d versions are published", winners, len(numbers))
	}
	stored, err := w.registry.Show(w.ctx, "base", "1")
	ok(t, err)
	if !numbers[stored.Number] {
		t.Fatalf("the stored version has number %d, which nobody was told", stored.Number)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1")
	for name, c := range map[string]struct {
		name, version string
		change        func(*schemas.PackManifest)
		text          string
	}{
		"no version":       {"p", "", nil, "has no version"},
		"latest":           {"p", "latest", nil, "may not be called"},
		"pack name":        {"a/b", "1", nil, "pack name"},
		"dots":             {"p", "1..2", nil, "two in a row"},
		"another runtime":  {"base", "2", func(m *schemas.PackManifest) { m.Runtime = schemas.RuntimePython }, "runtime cannot become python"},
		"unknown runtime":  {"p", "1", func(m *schemas.PackManifest) { m.Runtime = "perl" }, "supported: opa, python"},
		"policy named all": {"p", "1", func(m *schemas.PackManifest) { m.Policies[0].Name = "all" }, `"all"`},
		"names twice":      {"p", "1", func(m *schemas.PackManifest) { m.Policies = append(m.Policies, m.Policies[0]) }, "used twice"},
		"level in schema": {"p", "1", func(m *schemas.PackManifest) {
			m.Policies[0].ConfigSchema = map[string]any{"required": []any{"enforcementLevel"}}
		}, "neither define nor require"},
		"broken schema": {"p", "1", func(m *schemas.PackManifest) {
			m.Policies[0].ConfigSchema = map[string]any{"properties": map[string]any{"x": map[string]any{"type": "intger"}}}
		}, "schema is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*schemas.PackManifest)
			if c.change != nil {
				changes = append(changes, c.change)
			}
			_, err := w.registry.PublishDir(w.ctx, newPack(t, c.name, c.version, changes...), "ci")
			wantCode(t, err, schemas.CodeInvalid, c.text)
		})
	}
	list, err := w.registry.List(w.ctx)
	if err != nil || len(list) != 1 {
		t.Fatalf("something was published: %v, %v", list, err)
	}
	_, err = w.registry.Publish(w.ctx, []byte("no archive"), "ci")
	wantCode(t, err, schemas.CodeInvalid, "tar.gz")
}

func TestRemove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1")
	w.publish("base", "2")
	w.enrol(schemas.DefaultAccountsGroup, "base", "latest", nil)
	wantCode(t, w.registry.Remove(w.ctx, "base", "2"), schemas.CodeConflict, "insights group withdraw")
	ok(t, w.registry.Remove(w.ctx, "base", "1"))
	_, err := w.groups.Enrol(w.ctx, schemas.DefaultAccountsGroup, schemas.Enrolment{Pack: "base", Version: "1"})
	wantCode(t, err, schemas.CodeNotFound, "removed")
	m, err := w.registry.Show(w.ctx, "base", "1")
	if err != nil || !m.Removed {
		t.Fatalf("got %+v, %v", m, err)
	}
	wantCode(t, w.registry.Remove(w.ctx, "base", "9"), schemas.CodeNotFound)
	_, err = w.groups.Withdraw(w.ctx, schemas.DefaultAccountsGroup, "base")
	ok(t, err)
	ok(t, w.registry.Remove(w.ctx, "base", "2"))
	_, err = w.registry.Show(w.ctx, "base", schemas.Latest)
	wantCode(t, err, schemas.CodeNotFound, "every version of pack base was removed", "insights pack versions base")
}
