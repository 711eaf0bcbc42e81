package bus

import (
	"context"
	"errors"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// NextSeq mints the next seq of an account by compare-and-set: unique and only
// growing across all processes. It retries lost races until ctx ends.
func (b *Bus) NextSeq(ctx context.Context, a schemas.AccountID) (uint64, error) {
	kv, err := b.kv(ctx, schemas.BucketSeq)
	if err != nil {
		return 0, err
	}
	for {
		n, err := nextSeq(ctx, kv, string(a))
		if err == nil {
			return n, nil
		}
		if codeOf(err) != schemas.CodeConflict || ctx.Err() != nil {
			return 0, wrap(err, "mint seq of", string(a))
		}
	}
}

func nextSeq(ctx context.Context, kv jetstream.KeyValue, key string) (uint64, error) {
	e, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		_, err = kv.Create(ctx, key, []byte("1"))
		return 1, err
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(e.Value()), 10, 64)
	if err != nil {
		return 0, err
	}
	n++
	_, err = kv.Update(ctx, key, strconv.AppendUint(nil, n, 10), e.Revision())
	return n, err
}
