package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/backup"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const prod = schemas.AccountID("aws-111111111111")

// world is an installation on a real NATS server.
type world struct {
	t        *testing.T
	bus      *bus.Bus
	record   backup.Record
	packs    *policy.Registry
	resolver *policy.Resolver
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, bus: bustest.Start(t)}
	w.record = backup.Record{
		Table:    func(bucket string) backup.Table { return bus.NewTable[json.RawMessage](w.bus, bucket) },
		Archives: bus.NewObjects(w.bus, schemas.ObjectsPacks),
	}
	groups := bus.NewTable[schemas.Group](w.bus, schemas.BucketGroups)
	manifests := bus.NewTable[schemas.PackManifest](w.bus, schemas.BucketPacks)
	w.packs = policy.NewRegistry(policy.RegistryDeps{
		Manifests: manifests, Heads: bus.NewTable[policy.Head](w.bus, schemas.BucketPacks), Groups: groups,
		Objects:    bus.NewObjects(w.bus, schemas.ObjectsPacks),
		Inspectors: map[schemas.Runtime]policy.Inspector{schemas.RuntimeOPA: inspector{}}, Log: zerolog.Nop(), Now: time.Now,
	})
	w.resolver = policy.NewResolver(policy.ResolverDeps{
		Accounts: bus.NewTable[schemas.Account](w.bus, schemas.BucketAccounts), Groups: groups, Manifests: manifests,
		Effective: bus.NewTable[schemas.Effective](w.bus, schemas.BucketEffective), Log: zerolog.Nop(),
	})
	return w
}

// inspector takes a pack's name, version and policy from the directory; the real
// ones need engines.
type inspector struct{}

func (inspector) Inspect(_ context.Context, dir string) (schemas.PackManifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "version"))
	return schemas.PackManifest{
		PackRef:  schemas.PackRef{Name: "base", Version: string(raw)},
		Policies: []schemas.Policy{{Name: "encrypt", Level: schemas.Advisory, Description: "a < b & \u2028"}},
	}, err
}

func (w *world) publish(version string) error {
	w.t.Helper()
	dir := w.t.TempDir()
	for name, text := range map[string]string{"version": version, "PulumiPolicy.yaml": "runtime: opa\n"} {
		ok(w.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	_, err := w.packs.PublishDir(w.t.Context(), dir, "ci")
	return err
}

func (w *world) put(bucket, key string, v any) {
	w.t.Helper()
	raw, err := json.Marshal(v)
	ok(w.t, err)
	_, err = w.record.Table(bucket).Put(w.t.Context(), key, raw)
	ok(w.t, err)
}

// fill makes an installation in which two versions were published, one of them
// removed since, and a scan runs.
func (w *world) fill() {
	w.t.Helper()
	ok(w.t, w.publish("1"))
	ok(w.t, w.publish("2"))
	ok(w.t, w.packs.Remove(w.t.Context(), "base", "1"))
	w.put(schemas.BucketAccounts, string(prod), schemas.Account{ID: prod, Name: "prod", Provider: "aws"})
	at := time.Date(2026, 11, 25, 10, 0, 0, 123, time.UTC)
	w.put(schemas.BucketGroups, schemas.DefaultAccountsGroup, schemas.Group{
		Name: schemas.DefaultAccountsGroup, Packs: []schemas.Enrolment{{Pack: "base", Version: "latest", ModifiedAt: at}},
	})
	w.put(schemas.BucketTokens, "ci", map[string]string{"name": "ci", "hash": "abc"})
	for range 7 {
		_, err := w.bus.NextSeq(w.t.Context(), prod)
		ok(w.t, err)
	}
	scan := schemas.Scan{ID: "111111111111-12", AccountID: prod, State: schemas.ScanRunning}
	w.put(schemas.BucketScans, string(prod), schemas.ActiveScan{Count: 12, Scan: &scan})
	w.put(schemas.BucketScans, string(prod)+"."+scan.ID, scan)
	w.put(schemas.BucketScans, "tick."+string(prod), map[string]string{"cron": "@daily"})
	ok(w.t, w.resolver.All(w.t.Context()))
}

// dump is every key and value of the record.
func (w *world) dump() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, bucket := range []string{
		schemas.BucketAccounts, schemas.BucketGroups, schemas.BucketPacks, schemas.BucketTokens, schemas.BucketEffective, schemas.BucketSeq, schemas.BucketScans,
	} {
		ok(w.t, w.record.Table(bucket).List(w.t.Context(), "", func(key string, v json.RawMessage, _ uint64) error {
			out[bucket+" "+key] = string(v)
			return nil
		}))
	}
	return out
}

var options = backup.Options{Program: "1.2.3", Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), KeyRing: backup.KeyRing{Ring: "r", Keys: []string{"k"}}}

func (w *world) backup() []byte {
	w.t.Helper()
	var b bytes.Buffer
	_, err := backup.Write(w.t.Context(), &b, w.record, options)
	ok(w.t, err)
	return b.Bytes()
}

func (w *world) restore(raw []byte) error {
	w.t.Helper()
	b, err := backup.Open(bytes.NewReader(raw))
	ok(w.t, err)
	return b.Restore(w.t.Context(), w.record, w.bus, w.resolver.All)
}

func TestRestoreGivesTheSame(t *testing.T) {
	t.Parallel()
	from, to := newWorld(t), newWorld(t)
	from.fill()
	raw := from.backup()
	b, err := backup.Open(bytes.NewReader(raw))
	ok(t, err)
	if want := (backup.Counts{Accounts: 1, Groups: 1, Versions: 2, Tokens: 1}); b.Manifest.Counts != want || b.Manifest.KeyRing.Ring != "r" || b.KeyFile != nil {
		t.Errorf("manifest %+v", b.Manifest)
	}
	ok(t, to.restore(raw))

	want := from.dump()
	want[schemas.BucketSeq+" "+string(prod)] = fmt.Sprint(7 + 1<<30)
	want[schemas.BucketScans+" "+string(prod)] = `{"count":1000}`
	delete(want, schemas.BucketScans+" "+string(prod)+".111111111111-12")
	if got := to.dump(); !maps.Equal(got, want) {
		t.Errorf("restored %v\nwant %v", got, want)
	}
	// A used version stays used, also the one that was removed.
	for _, version := range []string{"1", "2"} {
		if err := to.publish(version); schemas.CodeOf(err) != schemas.CodeConflict {
			t.Errorf("version %s published again: %v", version, err)
		}
	}
	ok(t, to.publish("3"))
	if m, err := to.packs.Show(t.Context(), "base", "3"); err != nil || m.Number != 3 {
		t.Errorf("version 3 is number %d (%v)", m.Number, err)
	}
	for _, m := range must(to.packs.List(t.Context())) {
		if _, err := to.record.Archives.Get(t.Context(), m.Digest); err != nil {
			t.Errorf("archive of %s: %v", m.Version, err)
		}
	}
	// What is newer does not look older to results that outlived the record.
	_, before, err := bus.NewTable[schemas.Effective](from.bus, schemas.BucketEffective).Get(t.Context(), string(prod))
	ok(t, err)
	_, after, err := bus.NewTable[schemas.Effective](to.bus, schemas.BucketEffective).Get(t.Context(), string(prod))
	ok(t, err)
	if after <= before+1<<29 {
		t.Errorf("revision %d of effective packs after %d", after, before)
	}
	if seq, err := to.bus.NextSeq(t.Context(), prod); err != nil || seq <= 1<<30 {
		t.Errorf("seq %d (%v)", seq, err)
	}
	// A restored installation can be backed up and restored again.
	third := newWorld(t)
	ok(t, third.restore(to.backup()))
}

func TestRestoreOnlyIntoNothing(t *testing.T) {
	t.Parallel()
	from, to := newWorld(t), newWorld(t)
	from.fill()
	ok(t, to.publish("0"))
	before := to.dump()
	err := to.restore(from.backup())
	if schemas.CodeOf(err) != schemas.CodeConflict || !strings.Contains(err.Error(), "not empty: it has packs (2)") {
		t.Errorf("got error %v", err)
	}
	if after := to.dump(); !maps.Equal(after, before) {
		t.Errorf("it became %v", after)
	}
	if id, err := to.bus.Restoring(t.Context()); err != nil || id != "" {
		t.Errorf("restoring %q (%v)", id, err)
	}
}

// failing ends a restore at its n-th write, as a crash would.
type failing struct {
	backup.Table
	backup.Objects
	left *int
}

func (f failing) crash() error {
	if *f.left--; *f.left < 0 {
		return schemas.Errorf(schemas.CodeUnavailable, "crash")
	}
	return nil
}

type failingTable struct{ failing }

func (f failingTable) Put(ctx context.Context, key string, v json.RawMessage) (uint64, error) {
	if err := f.crash(); err != nil {
		return 0, err
	}
	return f.Table.Put(ctx, key, v)
}

type failingObjects struct{ failing }

func (f failingObjects) Put(ctx context.Context, name string, data []byte) error {
	if err := f.crash(); err != nil {
		return err
	}
	return f.Objects.Put(ctx, name, data)
}

func (f failingObjects) Get(ctx context.Context, name string) ([]byte, error) {
	return f.Objects.Get(ctx, name)
}

// Whatever write a restore dies at, the same backup goes on, another one does
// not, and the end is the same.
func TestRestoreIsRepeatedAfterACrash(t *testing.T) {
	t.Parallel()
	from, whole := newWorld(t), newWorld(t)
	from.fill()
	raw := from.backup()
	ok(t, whole.restore(raw))
	want := whole.dump()
	another := newWorld(t)
	ok(t, another.publish("9"))
	other := another.backup()
	for writes := 0; ; writes++ {
		to := newWorld(t)
		left := writes
		b, err := backup.Open(bytes.NewReader(raw))
		ok(t, err)
		err = b.Restore(t.Context(), backup.Record{
			Table: func(bucket string) backup.Table {
				return failingTable{failing{Table: to.record.Table(bucket), left: &left}}
			},
			Archives: failingObjects{failing{Objects: to.record.Archives, left: &left}},
		}, to.bus, to.resolver.All)
		if err == nil {
			break
		}
		if writes > 100 {
			t.Fatal("it never ends")
		}
		if id, err := to.bus.Restoring(t.Context()); err != nil || id == "" {
			t.Fatalf("after %d writes nothing says that it has begun (%v)", writes, err)
		}
		if err := to.restore(other); schemas.CodeOf(err) != schemas.CodeConflict {
			t.Fatalf("after %d writes another backup: %v", writes, err)
		}
		ok(t, to.restore(raw))
		if got := to.dump(); !maps.Equal(got, want) {
			t.Fatalf("after %d writes it became %v, want %v", writes, got, want)
		}
	}
}

// A file that is not what was written is refused before anything is written,
// wherever it was cut off or changed.
func TestDamagedBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	raw := w.backup()
	refused := func(what string, raw []byte) {
		t.Helper()
		if _, err := backup.Open(bytes.NewReader(raw)); err == nil || schemas.CodeOf(err) != schemas.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := 0; n < len(raw); n += 7 {
		refused(fmt.Sprintf("cut off at %d", n), raw[:n])
	}
	// The ten bytes of gzip's head say nothing of what is in it.
	for i := 10; i < len(raw); i += 13 {
		changed := slices.Clone(raw)
		changed[i] ^= 0x10
		if plain, err := unzip(changed); err == nil && bytes.Equal(plain, must(unzip(raw))) {
			continue // a bit that fills up the last byte
		}
		refused(fmt.Sprintf("byte %d changed", i), changed)
	}
	refused("something else", []byte("hello"))
	for name, change := range map[string]func(name string, data []byte) (string, []byte){
		"a changed value": func(name string, data []byte) (string, []byte) {
			return name, bytes.Replace(data, []byte(`"hash":"abc"`), []byte(`"hash":"abd"`), 1)
		},
		"an archive left out": func(name string, data []byte) (string, []byte) {
			if strings.HasPrefix(name, "packs/") {
				return "", nil
			}
			return name, data
		},
		"a bucket left out": func(name string, data []byte) (string, []byte) {
			if name == "buckets/insights-seq.jsonl" {
				return "", nil
			}
			return name, data
		},
		"a file more": func(name string, data []byte) (string, []byte) {
			return strings.Replace(name, "insights-seq", "insights-more", 1), data
		},
		"a later format": func(name string, data []byte) (string, []byte) {
			return name, bytes.Replace(data, []byte(`"format": 1`), []byte(`"format": 2`), 1)
		},
	} {
		refused(name, rewritten(t, raw, change))
	}
	same := func(name string, data []byte) (string, []byte) { return name, data }
	_, err := backup.Open(bytes.NewReader(rewritten(t, raw, same)))
	ok(t, err)
}

func unzip(raw []byte) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zip)
}

// rewritten is a backup whose files went through change; one without a name is
// left out.
func rewritten(t *testing.T, raw []byte, change func(string, []byte) (string, []byte)) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(raw))
	ok(t, err)
	var b bytes.Buffer
	out := gzip.NewWriter(&b)
	w := tar.NewWriter(out)
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		ok(t, err)
		name, data := change(h.Name, must(io.ReadAll(r)))
		if name == "" {
			continue
		}
		h.Name, h.Size = name, int64(len(data))
		ok(t, w.WriteHeader(h))
		_, err = w.Write(data)
		ok(t, err)
	}
	ok(t, w.Close())
	ok(t, out.Close())
	return b.Bytes()
}

func TestBackupOfADamagedRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	m, err := w.packs.Show(t.Context(), "base", "2")
	ok(t, err)
	ok(t, w.record.Archives.Put(t.Context(), m.Digest, []byte("something else")))
	_, err = backup.Write(t.Context(), io.Discard, w.record, options)
	if err == nil || !strings.Contains(err.Error(), "the archive of pack base/2 is damaged") {
		t.Errorf("got error %v", err)
	}
}

// The key ring is in it only when it was given.
func TestKeyRingInABackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := options
	o.KeyFile = []byte(`{"version":1}`)
	var b bytes.Buffer
	_, err := backup.Write(t.Context(), &b, w.record, o)
	ok(t, err)
	got, err := backup.Open(bytes.NewReader(b.Bytes()))
	ok(t, err)
	if !bytes.Equal(got.KeyFile, o.KeyFile) {
		t.Errorf("key ring %q", got.KeyFile)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
