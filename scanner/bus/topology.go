package bus

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// dedupeWindow is how long the server remembers message ids. It saves work
// only; correctness never rests on it.
const dedupeWindow = 2 * time.Minute

const (
	unitBytes     = 64 << 20
	webhookBytes  = 256 << 20
	deliveredAge  = 7 * 24 * time.Hour
	deadBytes     = 64 << 20
	deadAge       = 14 * 24 * time.Hour
	oversizeBytes = 512 << 20
	answersAge    = 24 * time.Hour
	typesAge      = 30 * 24 * time.Hour
	oversizeAge   = 7 * 24 * time.Hour
)

// Setup creates or updates every stream, durable consumer and bucket. Durables
// exist before anything is published: on an interest stream a message that
// nobody is registered for is dropped. It may run in any number of processes.
func (b *Bus) Setup(ctx context.Context) error {
	if err := b.setupStreams(ctx); err != nil {
		return err
	}
	if err := b.setupConsumers(ctx); err != nil {
		return err
	}
	return b.setupBuckets(ctx)
}

func (b *Bus) streams() []jetstream.StreamConfig {
	work := func(name string, subjects []string, r jetstream.RetentionPolicy, bytes int64) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name: name, Subjects: subjects, Retention: r, MaxBytes: bytes,
			// Full is back-pressure: dropping old work would lose results.
			Discard: jetstream.DiscardNew, Storage: jetstream.FileStorage,
			Replicas: b.opt.Replicas, Duplicates: dedupeWindow,
		}
	}
	return []jetstream.StreamConfig{
		work(schemas.StreamUnits, schemas.SubjectsUnits, jetstream.WorkQueuePolicy, unitBytes),
		work(schemas.StreamSnapshots, schemas.SubjectsSnapshots, jetstream.InterestPolicy, b.opt.WorkBytes),
		work(schemas.StreamVerdicts, schemas.SubjectsVerdicts, jetstream.WorkQueuePolicy, b.opt.WorkBytes),
		work(schemas.StreamWebhooks, schemas.SubjectsWebhooks, jetstream.WorkQueuePolicy, webhookBytes),
		{
			Name: schemas.StreamDead, Subjects: schemas.SubjectsDead, MaxBytes: deadBytes, MaxAge: deadAge,
			Discard: jetstream.DiscardOld, Storage: jetstream.FileStorage, Replicas: b.opt.Replicas, Duplicates: dedupeWindow,
		},
	}
}

func (b *Bus) setupStreams(ctx context.Context) error {
	for _, c := range b.streams() {
		err := patiently(ctx, func(ctx context.Context) error {
			_, err := b.js.CreateOrUpdateStream(ctx, c)
			return err
		})
		if err != nil {
			return setupError(err, "set up stream", c.Name)
		}
	}
	return nil
}

// How often the servers are asked for the same thing, and how long the first
// answer is waited for; the time doubles with every try. Requests that several
// processes make of a cluster at the same moment, for a stream that is not there
// yet, go without an answer (seen with nats-server 2.15), and the next one finds
// the stream made.
const (
	setupTries = 5
	setupWait  = 2 * time.Second
)

func patiently(ctx context.Context, do func(context.Context) error) error {
	for try := range setupTries {
		asked, cancel := context.WithTimeout(ctx, setupWait<<try)
		err := do(asked)
		cancel()
		silent := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders)
		if !silent || ctx.Err() != nil || try == setupTries-1 {
			return err
		}
		// Else the processes would go on in step, and meet at every stream.
		if err := wait(ctx, rand.N(setupWait/2)); err != nil {
			return err
		}
	}
	return nil
}

func setupError(err error, what, name string) error {
	e := schemas.Errorf(codeOf(err), "%s %s: %w", what, name, err)
	if e.Code == schemas.CodeThrottled {
		return e.WithHint("the server has too little JetStream storage left for the stream's limit")
	}
	return e
}

type durable struct {
	stream, name string
	filters      []string
}

func durables() []durable {
	d := []durable{
		{schemas.StreamUnits, schemas.ConsumerDiscovery, nil},
		{schemas.StreamSnapshots, schemas.ConsumerEvaluator, schemas.SubjectsEvaluator},
	}
	for p := range schemas.Partitions {
		name, filters := schemas.SinkSnapshots(p)
		d = append(d, durable{schemas.StreamSnapshots, name, filters})
		name, filters = schemas.SinkVerdicts(p)
		d = append(d, durable{schemas.StreamVerdicts, name, filters})
	}
	return d
}

func (b *Bus) setupConsumers(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, d := range durables() {
		g.Go(func() error {
			err := patiently(ctx, func(ctx context.Context) error {
				_, err := b.js.CreateOrUpdateConsumer(ctx, d.stream, jetstream.ConsumerConfig{
					Durable: d.name, FilterSubjects: d.filters, AckPolicy: jetstream.AckExplicitPolicy,
					AckWait: b.opt.AckWait, MaxDeliver: -1, MaxAckPending: 4096,
				})
				return err
			})
			if err != nil {
				return setupError(err, "set up consumer", d.name)
			}
			return nil
		})
	}
	return g.Wait()
}

func (b *Bus) buckets() []jetstream.KeyValueConfig {
	kv := func(name string, history uint8, ttl time.Duration) jetstream.KeyValueConfig {
		return jetstream.KeyValueConfig{Bucket: name, History: history, TTL: ttl, Storage: jetstream.FileStorage, Replicas: b.opt.Replicas}
	}
	return []jetstream.KeyValueConfig{
		kv(schemas.BucketAccounts, 5, 0), kv(schemas.BucketGroups, 5, 0), kv(schemas.BucketPacks, 5, 0),
		kv(schemas.BucketTokens, 5, 0), kv(schemas.BucketEffective, 1, 0), kv(schemas.BucketScans, 1, 0),
		kv(schemas.BucketWaivers, 5, 0), kv(schemas.BucketTriage, 1, 0), kv(schemas.BucketMappings, 5, 0),
		kv(schemas.BucketSeq, 1, 0), kv(schemas.BucketLeases, 1, b.opt.LeaseTTL),
		kv(schemas.BucketAnswers, 1, answersAge), kv(schemas.BucketWebhooks, 5, 0), kv(schemas.BucketDelivered, 1, deliveredAge),
		kv(schemas.BucketTypes, 1, typesAge),
	}
}

func (b *Bus) objectStores() []jetstream.ObjectStoreConfig {
	return []jetstream.ObjectStoreConfig{
		{Bucket: schemas.ObjectsPacks, Replicas: b.opt.Replicas},
		{Bucket: schemas.ObjectsTried, Replicas: b.opt.Replicas, TTL: schemas.TriedAge},
		{Bucket: schemas.ObjectsOversize, Replicas: b.opt.Replicas, TTL: oversizeAge, MaxBytes: oversizeBytes},
	}
}

func (b *Bus) setupBuckets(ctx context.Context) error {
	for _, c := range b.buckets() {
		var kv jetstream.KeyValue
		err := patiently(ctx, func(ctx context.Context) (err error) {
			kv, err = b.js.CreateOrUpdateKeyValue(ctx, c)
			return err
		})
		if err != nil {
			return setupError(err, "set up bucket", c.Bucket)
		}
		b.mu.Lock()
		b.kvs[c.Bucket] = kv
		b.mu.Unlock()
	}
	for _, c := range b.objectStores() {
		var s jetstream.ObjectStore
		err := patiently(ctx, func(ctx context.Context) (err error) {
			s, err = b.js.CreateOrUpdateObjectStore(ctx, c)
			return err
		})
		if err != nil {
			return setupError(err, "set up object store", c.Bucket)
		}
		b.mu.Lock()
		b.objects[c.Bucket] = s
		b.mu.Unlock()
	}
	return nil
}
