package discovery

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Limits of one attempt.
const (
	// chunkSize is how many resources one question to the store is about: the
	// most it answers.
	chunkSize = 1000
	// maxEntries bounds a batch beside its bytes.
	maxEntries = 500
	// verifySize is how many unseen keys one direct read is about.
	verifySize = 100
	// queued is how many chunks may wait while one is published: reading goes
	// on meanwhile, and memory stays flat.
	queued = 2
)

// attempt is one reading of a unit. Memory: the chunks under way, and 8 bytes
// (plus the map's overhead) per resource seen, so that what was not seen can be
// found afterwards.
type attempt struct {
	w       *Worker
	unit    schemas.Unit
	seq     uint64
	started time.Time
	emitted atomic.Uint64 // observations so far, those that services repeat among them
	passing atomic.Bool   // something of them is unknown because of trouble that time may mend

	mu     sync.Mutex
	reader Reader
	chunk  []observed
	chunks chan []observed

	seed   maphash.Seed
	seen   map[uint64]struct{}
	same   map[string]uint64    // sightings of what the store holds, by type
	doubts map[string]uint64    // what was recorded otherwise than it is held, by type
	whole  map[schemas.Key]bool // published whole, of a unit with keys
	number int
	batch  *schemas.SnapshotBatch
	size   int
}

// observed is a resource that was read, or recorded by somebody else who may lag behind. Of one that is
// unread nobody could tell whether it exists.
type observed struct {
	schemas.Resource
	recorded, unread bool
}

// run reads, publishes while reading, and then looks after what is known and
// was not seen.
func (a *attempt) run(ctx context.Context) ([]schemas.ScopeEnd, error) {
	a.start()
	scopes, err := piped(ctx, a, func(ctx context.Context) ([]schemas.ScopeEnd, error) { return a.reader.Read(ctx, a.emit) })
	if err != nil {
		return nil, err
	}
	a.tellDoubts(scopes)
	unsure, err := a.unsure(ctx, scopes)
	if err != nil {
		return nil, err
	}
	for _, end := range unsure {
		if err := a.verify(ctx, end); err != nil {
			return nil, err
		}
	}
	return scopes, a.flush(ctx)
}

// start makes room for what the attempt sees.
func (a *attempt) start() {
	a.seed, a.seen, a.same = maphash.MakeSeed(), map[uint64]struct{}{}, map[string]uint64{}
	a.whole, a.doubts = map[schemas.Key]bool{}, map[string]uint64{}
}

// piped runs read, whose emissions are published by one goroutine beside it.
func piped[T any](ctx context.Context, a *attempt, read func(context.Context) (T, error)) (out T, err error) {
	chunks := make(chan []observed, queued)
	a.chunks = chunks
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for c := range chunks {
			if err := a.publish(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func() (err error) {
		defer close(chunks)
		if out, err = read(ctx); err != nil {
			return err
		}
		return a.handOver(ctx, 1)
	})
	return out, g.Wait()
}

// emit takes one observation from the reader. It is safe for concurrent use.
func (a *attempt) emit(ctx context.Context, o Observation) error {
	sealer := a.w.d.Sealer
	name := o.Name
	if sealer.Secret(name) {
		name = o.ID // names are told everywhere, and some are those of tags
	}
	r := schemas.Resource{
		Key: o.Key, Name: name, Properties: sealer.Seal(o.Properties, o.Type),
		Unknown: o.Unknown, Version: a.seq, Projection: o.Projection,
	}
	var err error
	if r.Hash, err = schemas.HashContent(r.Properties, r.Unknown, sealer.MAC); err != nil {
		return fmt.Errorf("resource %s: %w", o.Key, err)
	}
	a.emitted.Add(1)
	if o.Passing {
		a.passing.Store(true)
	}
	a.mu.Lock()
	a.chunk = append(a.chunk, observed{r, !o.Recorded.IsZero(), o.Unread != nil})
	a.mu.Unlock()
	return a.handOver(ctx, chunkSize)
}

// handOver passes the chunk on when it holds at least n resources.
func (a *attempt) handOver(ctx context.Context, n int) error {
	a.mu.Lock()
	if len(a.chunk) < n {
		a.mu.Unlock()
		return nil
	}
	c := a.chunk
	a.chunk = nil
	a.mu.Unlock()
	select {
	case a.chunks <- c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// publish sends what is new or changed whole and the rest as sightings. What was recorded and
// differs from what is held may be older than that: it is passed over as if it had not been seen,
// and so read directly when all else is through. What nobody could read the existence of is passed
// over, too, unless it is held: that is not known any more, and neither gone nor fixed.
func (a *attempt) publish(ctx context.Context, chunk []observed) error {
	keys := make([]schemas.Key, len(chunk))
	for i := range chunk {
		keys[i] = chunk[i].Key
	}
	known, err := a.known(ctx, keys)
	if err != nil {
		return err
	}
	for i := range chunk {
		r := &chunk[i]
		h := a.hash(r.Key)
		if _, twice := a.seen[h]; twice {
			continue // services repeat items across pages
		}
		hash, held := known[r.Key]
		if r.unread && !held {
			continue
		}
		if r.recorded && held && hash != r.Hash {
			a.doubts[r.Type]++
			continue
		}
		a.seen[h] = struct{}{}
		if hash == r.Hash {
			a.same[r.Type]++
			err = a.add(ctx, sightingSize(r.Key), func(b *schemas.SnapshotBatch) {
				b.Unchanged = append(b.Unchanged, schemas.Sighting{Key: r.Key, Hash: r.Hash})
			})
		} else {
			if len(a.unit.Keys) > 0 {
				a.whole[r.Key] = true
			}
			err = a.add(ctx, resourceSize(&r.Resource), func(b *schemas.SnapshotBatch) { b.Resources = append(b.Resources, r.Resource) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *attempt) hash(k schemas.Key) uint64 { return maphash.String(a.seed, k.String()) }

// known are the hashes of those of at most 1,000 keys that the store holds.
func (a *attempt) known(ctx context.Context, keys []schemas.Key) (map[schemas.Key]string, error) {
	reply, err := a.w.d.Store.Known(ctx, schemas.KnownRequest{AccountID: a.unit.Account.ID, Keys: keys})
	if err != nil {
		return nil, fmt.Errorf("ask the store what it knows: %w", err)
	}
	known := make(map[schemas.Key]string, len(reply.Known))
	for _, s := range reply.Known {
		known[s.Key] = s.Hash
	}
	return known, nil
}

// add puts one entry of about size bytes into the batch, sending a full one first.
func (a *attempt) add(ctx context.Context, size int, put func(*schemas.SnapshotBatch)) error {
	if a.batch != nil && (a.size+size > schemas.MaxBatchBytes || entries(a.batch) >= maxEntries) {
		if err := a.flush(ctx); err != nil {
			return err
		}
	}
	if a.batch == nil {
		a.batch = &schemas.SnapshotBatch{
			Scan: a.unit.Scan, AccountID: a.unit.Account.ID, Account: a.unit.Account.Name, Unit: a.unit.Unit,
			Seq: a.seq, Number: a.number + 1, Route: a.unit.Unit.Route(), At: a.started,
		}
		a.size = headerSize
	}
	put(a.batch)
	a.size += size
	return nil
}

func entries(b *schemas.SnapshotBatch) int { return len(b.Resources) + len(b.Unchanged) + len(b.Gone) }

// flush sends the batch, if there is one, unless the scan was cancelled.
func (a *attempt) flush(ctx context.Context) error {
	if a.batch == nil {
		return nil
	}
	cancelled, err := a.w.d.Scans.Cancelled(ctx, a.unit.Account.ID, a.unit.Scan)
	if err != nil {
		return fmt.Errorf("ask for scan %s: %w", a.unit.Scan, err)
	}
	if cancelled {
		return errCancelled
	}
	if err := a.w.d.Publisher.PublishBatch(ctx, a.batch); err != nil {
		return err
	}
	a.w.d.Log.Debug().Str("scan", a.unit.Scan).Str("account", a.unit.Account.Name).Stringer("unit", a.unit.Unit).
		Uint64("seq", a.seq).Int("number", a.batch.Number).Int("resources", len(a.batch.Resources)).
		Int("unchanged", len(a.batch.Unchanged)).Int("gone", len(a.batch.Gone)).Msg("snapshot batch published")
	a.number++
	a.batch = nil
	return nil
}
