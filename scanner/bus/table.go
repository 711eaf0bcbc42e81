package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Table is a typed view of a key-value bucket; values are JSON. Errors carry
// CodeNotFound, CodeConflict, CodeInvalid (impossible key or undecodable
// value) or CodeUnavailable.
type Table[T any] struct {
	b      *Bus
	bucket string
}

// NewTable views a bucket that Setup made.
func NewTable[T any](b *Bus, bucket string) *Table[T] { return &Table[T]{b: b, bucket: bucket} }

// Get reads a key; rev is the revision that Update compares with.
func (t *Table[T]) Get(ctx context.Context, key string) (v T, rev uint64, err error) {
	kv, err := t.b.kv(ctx, t.bucket)
	if err != nil {
		return v, 0, err
	}
	e, err := kv.Get(ctx, key)
	if err != nil {
		return v, 0, wrap(err, "get", t.name(key))
	}
	v, err = t.decode(e)
	return v, e.Revision(), err
}

// Create writes a key that does not exist; CodeConflict when it does. A key
// that was deleted can be created again.
func (t *Table[T]) Create(ctx context.Context, key string, v T) (rev uint64, err error) {
	return t.write(ctx, "create", key, v, func(kv jetstream.KeyValue, data []byte) (uint64, error) {
		return kv.Create(ctx, key, data)
	})
}

// Update writes a key if its revision is still rev; CodeConflict when not.
func (t *Table[T]) Update(ctx context.Context, key string, v T, rev uint64) (uint64, error) {
	return t.write(ctx, "update", key, v, func(kv jetstream.KeyValue, data []byte) (uint64, error) {
		return kv.Update(ctx, key, data, rev)
	})
}

// Put writes a key whatever it held.
func (t *Table[T]) Put(ctx context.Context, key string, v T) (uint64, error) {
	return t.write(ctx, "put", key, v, func(kv jetstream.KeyValue, data []byte) (uint64, error) {
		return kv.Put(ctx, key, data)
	})
}

func (t *Table[T]) write(ctx context.Context, what, key string, v T, do func(jetstream.KeyValue, []byte) (uint64, error)) (uint64, error) {
	kv, err := t.b.kv(ctx, t.bucket)
	if err != nil {
		return 0, err
	}
	data, err := json.Marshal(v)
	if err != nil {
		return 0, schemas.Errorf(schemas.CodeInvalid, "encode %s: %w", t.name(key), err)
	}
	rev, err := do(kv, data)
	if err != nil {
		return 0, wrap(err, what, t.name(key))
	}
	return rev, nil
}

// Delete removes a key; a key that does not exist is no error.
func (t *Table[T]) Delete(ctx context.Context, key string) error {
	kv, err := t.b.kv(ctx, t.bucket)
	if err != nil {
		return err
	}
	if err := kv.Delete(ctx, key); err != nil {
		return wrap(err, "delete", t.name(key))
	}
	return nil
}

// List calls fn for every key that starts with prefix, in no particular
// order. An error of fn ends the listing and is returned.
func (t *Table[T]) List(ctx context.Context, prefix string, fn func(key string, v T, rev uint64) error) error {
	return t.watch(ctx, prefix, []jetstream.WatchOpt{jetstream.IgnoreDeletes()}, func(e jetstream.KeyValueEntry) (bool, error) {
		if e == nil {
			return true, nil
		}
		v, err := t.decode(e)
		if err != nil {
			return false, err
		}
		return false, fn(e.Key(), v, e.Revision())
	})
}

// Revisions is the revision of every key, without reading the values.
func (t *Table[T]) Revisions(ctx context.Context) (map[string]uint64, error) {
	out := map[string]uint64{}
	opts := []jetstream.WatchOpt{jetstream.IgnoreDeletes(), jetstream.MetaOnly()}
	return out, t.watch(ctx, "", opts, func(e jetstream.KeyValueEntry) (bool, error) {
		if e != nil {
			out[e.Key()] = e.Revision()
		}
		return e == nil, nil
	})
}

// Watch calls fn for every present key, then synced once, then fn for every
// change; v is nil for a deleted key. It blocks until ctx ends, when it returns
// ctx's error, or until the connection is closed. A watch that fell silent begins
// again from the first key. fn is never called concurrently.
func (t *Table[T]) Watch(ctx context.Context, fn func(key string, v *T, rev uint64), synced func()) error {
	for {
		err := t.watchOnce(ctx, fn, synced)
		if !errors.Is(err, errSilent) {
			return err
		}
		t.b.log.Warn().Err(err).Msg("watch again")
	}
}

func (t *Table[T]) watchOnce(ctx context.Context, fn func(key string, v *T, rev uint64), synced func()) error {
	return t.watch(ctx, "", nil, func(e jetstream.KeyValueEntry) (bool, error) {
		switch {
		case e == nil:
			if synced != nil {
				synced()
			}
		case e.Operation() != jetstream.KeyValuePut:
			fn(e.Key(), nil, e.Revision())
		default:
			v, err := t.decode(e)
			if err != nil {
				// One broken value must not blind the watcher to all the others.
				t.b.log.Error().Err(err).Str("key", t.name(e.Key())).Msg("skip an undecodable value")
				return false, nil
			}
			fn(e.Key(), &v, e.Revision())
		}
		return false, nil
	})
}

// syncQuiet is how long the next of the present keys may take to come. A server
// that goes down at the wrong moment takes the watch's place on it along, and the
// client does not always notice.
const syncQuiet = time.Minute

var errSilent = schemas.Errorf(schemas.CodeUnavailable, "nothing came for %s", syncQuiet)

func (t *Table[T]) watch(ctx context.Context, prefix string, opts []jetstream.WatchOpt, fn func(jetstream.KeyValueEntry) (stop bool, err error)) error {
	kv, err := t.b.kv(ctx, t.bucket)
	if err != nil {
		return err
	}
	w, err := kv.Watch(ctx, filter(prefix), opts...)
	if err != nil {
		return wrap(err, "watch", t.bucket)
	}
	defer func() { _ = w.Stop() }()
	synced, silent := false, time.NewTimer(syncQuiet)
	defer silent.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-silent.C:
			return fmt.Errorf("watch %s: %w", t.bucket, errSilent)
		case e, ok := <-w.Updates():
			if !ok {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return schemas.Errorf(schemas.CodeUnavailable, "watch %s: the connection was closed", t.bucket)
			}
			synced = synced || e == nil
			if e == nil || strings.HasPrefix(e.Key(), prefix) {
				if stop, err := fn(e); stop || err != nil {
					return err
				}
			}
			if silent.Stop(); !synced {
				silent.Reset(syncQuiet)
			}
		}
	}
}

// filter is the narrowest subject filter that covers a string prefix.
func filter(prefix string) string {
	if i := strings.LastIndexByte(prefix, '.'); i > 0 {
		return prefix[:i] + ".>"
	}
	return ">"
}

func (t *Table[T]) decode(e jetstream.KeyValueEntry) (v T, err error) {
	if err := json.Unmarshal(e.Value(), &v); err != nil {
		return v, schemas.Errorf(schemas.CodeInvalid, "decode %s: %w", t.name(e.Key()), err)
	}
	return v, nil
}

func (t *Table[T]) name(key string) string { return t.bucket + "/" + key }

func (b *Bus) kv(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	b.mu.Lock()
	kv := b.kvs[bucket]
	b.mu.Unlock()
	if kv != nil {
		return kv, nil
	}
	kv, err := b.js.KeyValue(ctx, bucket)
	if err != nil {
		return nil, wrap(err, "open bucket", bucket)
	}
	b.mu.Lock()
	b.kvs[bucket] = kv
	b.mu.Unlock()
	return kv, nil
}
