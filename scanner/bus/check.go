package bus

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Health is how the streams, consumers and buckets stand against what Setup
// makes.
type Health struct {
	Server   string   // the version of the server that answered
	Replicas int      // of every stream, by this process's configuration
	SetUp    bool     // false: there is nothing yet, as before the first start
	Problems []string // what differs, one line each
	Dead     uint64   // dead letters
}

// Check looks, and changes nothing. The error is that of a server that does not
// answer.
func (b *Bus) Check(ctx context.Context) (Health, error) {
	h := Health{Server: b.nc.ConnectedServerVersion(), Replicas: b.opt.Replicas}
	found := map[string]*jetstream.StreamInfo{}
	list := b.js.ListStreams(ctx)
	for info := range list.Info() {
		found[info.Config.Name] = info
	}
	if err := list.Err(); err != nil {
		return h, wrap(err, "list", "streams")
	}
	expected := b.expected()
	h.SetUp = slices.ContainsFunc(expected, func(name string) bool { return found[name] != nil })
	if !h.SetUp {
		return h, nil
	}
	for _, name := range expected {
		h.Problems = append(h.Problems, b.compare(name, found[name])...)
	}
	if info := found[schemas.StreamDead]; info != nil {
		h.Dead = info.State.Msgs
	}
	missing, err := b.missingConsumers(ctx, found)
	h.Problems = append(h.Problems, missing...)
	return h, err
}

// expected are the names of all streams, also those behind buckets.
func (b *Bus) expected() []string {
	var names []string
	for _, c := range b.streams() {
		names = append(names, c.Name)
	}
	for _, c := range b.buckets() {
		names = append(names, "KV_"+c.Bucket)
	}
	for _, c := range b.objectStores() {
		names = append(names, "OBJ_"+c.Bucket)
	}
	return names
}

func (b *Bus) compare(name string, info *jetstream.StreamInfo) (problems []string) {
	if info == nil {
		return []string{fmt.Sprintf("stream %s is missing", name)}
	}
	if n := info.Config.Replicas; n != b.opt.Replicas {
		problems = append(problems, fmt.Sprintf("stream %s has %d replicas, the configuration says %d", name, n, b.opt.Replicas))
	}
	for _, c := range b.streams() {
		if c.Name == name && !slices.Equal(c.Subjects, info.Config.Subjects) {
			problems = append(problems, fmt.Sprintf("stream %s has subjects %v instead of %v", name, info.Config.Subjects, c.Subjects))
		}
	}
	if info.Cluster == nil {
		return problems
	}
	if info.Cluster.Leader == "" {
		problems = append(problems, fmt.Sprintf("stream %s has no leader", name))
	}
	for _, r := range info.Cluster.Replicas {
		if r.Offline {
			problems = append(problems, fmt.Sprintf("stream %s: its replica on %s is offline", name, r.Name))
		}
	}
	return problems
}

func (b *Bus) missingConsumers(ctx context.Context, streams map[string]*jetstream.StreamInfo) (problems []string, err error) {
	have := map[string]bool{}
	for _, c := range b.streams() {
		if streams[c.Name] == nil {
			continue // said already
		}
		s, err := b.js.Stream(ctx, c.Name)
		if err != nil {
			return nil, wrap(err, "open stream", c.Name)
		}
		names := s.ConsumerNames(ctx)
		for name := range names.Name() {
			have[c.Name+"/"+name] = true
		}
		if err := names.Err(); err != nil {
			return nil, wrap(err, "list consumers of", c.Name)
		}
	}
	for _, d := range durables() {
		if streams[d.stream] != nil && !have[d.stream+"/"+d.name] {
			problems = append(problems, fmt.Sprintf("consumer %s of stream %s is missing", d.name, d.stream))
		}
	}
	return problems, nil
}
