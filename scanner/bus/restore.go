package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const restoreKey = "backup"

// BeginRestore notes that a backup, known by an id, is being restored, until
// EndRestore. Beginning the same one again is no error: it goes on. CodeConflict
// when the restore of another one has begun and not ended.
func (b *Bus) BeginRestore(ctx context.Context, id string) error {
	kv, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: schemas.BucketRestore, Storage: jetstream.FileStorage, Replicas: b.opt.Replicas,
	})
	if err != nil {
		return setupError(err, "set up bucket", schemas.BucketRestore)
	}
	_, err = kv.Create(ctx, restoreKey, []byte(id))
	if err == nil {
		return nil
	}
	if codeOf(err) != schemas.CodeConflict {
		return wrap(err, "create", schemas.BucketRestore)
	}
	if begun, err := b.Restoring(ctx); err != nil || begun == id {
		return err
	}
	return schemas.Errorf(schemas.CodeConflict, "the restore of another backup was interrupted here").
		WithHint("repeat it with that file; or begin anew with an empty data directory or an empty NATS account")
}

// Restoring is the id of the backup whose restore has begun and not ended, ""
// when there is none.
func (b *Bus) Restoring(ctx context.Context) (string, error) {
	kv, err := b.js.KeyValue(ctx, schemas.BucketRestore)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return "", nil
	}
	if err != nil {
		return "", wrap(err, "open bucket", schemas.BucketRestore)
	}
	e, err := kv.Get(ctx, restoreKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return "", nil // made, and not written any more: nothing else was either
	}
	if err != nil {
		return "", wrap(err, "get", schemas.BucketRestore)
	}
	return string(e.Value()), nil
}

// EndRestore notes that a restore is whole.
func (b *Bus) EndRestore(ctx context.Context) error {
	err := b.js.DeleteKeyValue(ctx, schemas.BucketRestore)
	if err != nil && !errors.Is(err, jetstream.ErrBucketNotFound) {
		return wrap(err, "delete bucket", schemas.BucketRestore)
	}
	return nil
}

// RaiseRevision makes every later revision of an empty bucket greater than
// above. Nothing happens when they are anyway; CodeConflict when the bucket is
// not empty.
func (b *Bus) RaiseRevision(ctx context.Context, bucket string, above uint64) error {
	s, err := b.js.Stream(ctx, "KV_"+bucket)
	if err != nil {
		return wrap(err, "open bucket", bucket)
	}
	info, err := s.Info(ctx)
	if err != nil {
		return wrap(err, "ask bucket", bucket)
	}
	if info.State.LastSeq >= above {
		return nil
	}
	if info.State.Msgs > 0 {
		return schemas.Errorf(schemas.CodeConflict, "bucket %s is not empty", bucket)
	}
	// A purge up to a sequence that is yet to come makes the stream go on there.
	if err := s.Purge(ctx, jetstream.WithPurgeSequence(above+1)); err != nil {
		return wrap(err, "raise the revision of", bucket)
	}
	return nil
}
