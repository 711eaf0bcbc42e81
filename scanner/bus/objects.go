package bus

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// Objects stores blobs by name.
type Objects struct {
	b      *Bus
	bucket string
}

// NewObjects views an object store that Setup made.
func NewObjects(b *Bus, bucket string) *Objects { return &Objects{b: b, bucket: bucket} }

// Put stores data under a name, replacing what was there.
func (o *Objects) Put(ctx context.Context, name string, data []byte) error {
	s, err := o.b.objectStore(ctx, o.bucket)
	if err != nil {
		return err
	}
	if _, err := s.PutBytes(ctx, name, data); err != nil {
		return wrap(err, "put object", o.bucket+"/"+name)
	}
	return nil
}

// Get reads an object whole; CodeNotFound when there is none.
func (o *Objects) Get(ctx context.Context, name string) ([]byte, error) {
	s, err := o.b.objectStore(ctx, o.bucket)
	if err != nil {
		return nil, err
	}
	data, err := s.GetBytes(ctx, name)
	if err != nil {
		return nil, wrap(err, "get object", o.bucket+"/"+name)
	}
	return data, nil
}

func (b *Bus) objectStore(ctx context.Context, bucket string) (jetstream.ObjectStore, error) {
	b.mu.Lock()
	s := b.objects[bucket]
	b.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := b.js.ObjectStore(ctx, bucket)
	if err != nil {
		return nil, wrap(err, "open object store", bucket)
	}
	b.mu.Lock()
	b.objects[bucket] = s
	b.mu.Unlock()
	return s, nil
}
