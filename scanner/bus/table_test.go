package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func wantCode(t *testing.T, err error, code schemas.Code) {
	t.Helper()
	if err == nil || schemas.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestTableComparesAndSets(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	table := bus.NewTable[schemas.Group](bustest.Start(t), schemas.BucketGroups)
	_, _, err := table.Get(ctx, "a")
	wantCode(t, err, schemas.CodeNotFound)
	rev := must[uint64](t)(table.Create(ctx, "a", schemas.Group{Name: "a"}))
	_, err = table.Create(ctx, "a", schemas.Group{})
	wantCode(t, err, schemas.CodeConflict)
	next := must[uint64](t)(table.Update(ctx, "a", schemas.Group{Name: "b"}, rev))
	_, err = table.Update(ctx, "a", schemas.Group{Name: "c"}, rev)
	wantCode(t, err, schemas.CodeConflict)
	v, got, err := table.Get(ctx, "a")
	if err != nil || v.Name != "b" || got != next {
		t.Fatalf("got %+v at %d (%v), want b at %d", v, got, err, next)
	}
	if err := table.Delete(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	_, _, err = table.Get(ctx, "a")
	wantCode(t, err, schemas.CodeNotFound)
	_, err = table.Put(ctx, "not a key", schemas.Group{})
	wantCode(t, err, schemas.CodeInvalid)
}

func TestTableListsByStringPrefix(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	table := bus.NewTable[schemas.Group](bustest.Start(t), schemas.BucketGroups)
	for _, k := range []string{"pack/1", "pack/2", "pack2/1", "x.y", "x.z", "xx.y"} {
		must[uint64](t)(table.Put(ctx, k, schemas.Group{Name: k}))
	}
	must[uint64](t)(table.Put(ctx, "x.gone", schemas.Group{}))
	if err := table.Delete(ctx, "x.gone"); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{
		"": {"pack/1", "pack/2", "pack2/1", "x.y", "x.z", "xx.y"}, "pack": {"pack/1", "pack/2", "pack2/1"},
		"pack/": {"pack/1", "pack/2"}, "x.": {"x.y", "x.z"}, "none": nil, "x.y": {"x.y"},
	} {
		var got []string
		err := table.List(ctx, prefix, func(k string, v schemas.Group, _ uint64) error {
			if v.Name != k {
				return fmt.Errorf("%s holds %q", k, v.Name)
			}
			got = append(got, k)
			return nil
		})
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("list %q: got %v (%v), want %v", prefix, got, err, want)
		}
	}
	revs, err := table.Revisions(ctx)
	if err != nil || len(revs) != 6 {
		t.Errorf("revisions %v, %v", revs, err)
	}
	for k, rev := range revs {
		if _, want, err := table.Get(ctx, k); err != nil || rev != want {
			t.Errorf("%s has revision %d, want %d (%v)", k, rev, want, err)
		}
	}
	stop := errors.New("stop")
	if err := table.List(ctx, "", func(string, schemas.Group, uint64) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the callback's error", err)
	}
}

func TestTableWatchTellsOfEverything(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(testContext(t))
	table := bus.NewTable[schemas.Group](bustest.Start(t), schemas.BucketGroups)
	must[uint64](t)(table.Put(ctx, "old", schemas.Group{Name: "old"}))
	seen := make(chan string, 10)
	done := make(chan error, 1)
	go func() {
		done <- table.Watch(ctx, func(k string, v *schemas.Group, _ uint64) {
			if v == nil {
				k = "-" + k
			}
			seen <- k
		}, func() { seen <- "synced" })
	}()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-seen:
			if got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("nothing seen, want %q", want)
		}
	}
	expect("old")
	expect("synced")
	must[uint64](t)(table.Put(ctx, "new", schemas.Group{}))
	expect("new")
	if err := table.Delete(ctx, "old"); err != nil {
		t.Fatal(err)
	}
	expect("-old")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want canceled", err)
	}
}

func TestSeqIsUniqueAcrossConnections(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	const each = 25
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range 4 {
		b := bustest.Connect(t, s)
		wg.Go(func() {
			last := uint64(0)
			for range each {
				n, err := b.NextSeq(ctx, "aws-123456789012")
				if err != nil || n <= last {
					t.Errorf("got %d after %d (%v)", n, last, err)
					return
				}
				last = n
				mu.Lock()
				if seen[n] {
					t.Errorf("%d was minted twice", n)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 4*each || !seen[4*each] {
		t.Errorf("minted %d numbers, want exactly 1 to %d", len(seen), 4*each)
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	o := bus.NewObjects(bustest.Start(t), schemas.ObjectsPacks)
	_, err := o.Get(ctx, "none")
	wantCode(t, err, schemas.CodeNotFound)
	big := make([]byte, 3<<20)
	big[len(big)-1] = 7
	if err := o.Put(ctx, "big", big); err != nil {
		t.Fatal(err)
	}
	if got := must[[]byte](t)(o.Get(ctx, "big")); !slices.Equal(got, big) {
		t.Error("the object came back changed")
	}
}

// Of archives only those of packs that are not published go by their age.
func TestArchivesOfPublishedPacksStay(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	bustest.Connect(t, s)
	js := rawJetStream(t, s)
	for bucket, want := range map[string]time.Duration{schemas.ObjectsPacks: 0, schemas.ObjectsTried: schemas.TriedAge} {
		stream := must[jetstream.Stream](t)(js.Stream(ctx, "OBJ_"+bucket))
		if c := must[*jetstream.StreamInfo](t)(stream.Info(ctx)).Config; c.MaxAge != want {
			t.Errorf("%s: archives are kept for %s, want %s", bucket, c.MaxAge, want)
		}
	}
}

func TestConnectSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := bus.Connect(testContext(t), bus.Options{URL: "nats://127.0.0.1:1"})
	wantCode(t, err, schemas.CodeUnavailable)
	var e *schemas.Error
	if !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("%v has no hint", err)
	}
}
