package main

import (
	"context"
	"os"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
	"github.com/insights-scanner/insights-scanner/sink"
)

// checkEngine loads the embedded ClickHouse and asks it something: on the data
// directory when that is ours and has a database, else on an empty one.
func checkEngine(ctx context.Context, d *doctor) []finding {
	const name = "ClickHouse engine"
	if !d.cfg.has("control") || d.cfg.ClickHouse.DSN != "" {
		return nil
	}
	lib, err := sink.FindLibrary(d.cfg.ClickHouse.Library)
	if err != nil {
		return []finding{broken(name, err)}
	}
	dir, stored := d.cfg.clickhouseDir(), true
	if d.node.dir == nil || !exists(dir) {
		if dir, err = os.MkdirTemp("", "insights-doctor-"); err != nil {
			return []finding{broken(name, err)}
		}
		defer func() { _ = os.RemoveAll(dir) }()
		stored = false
	}
	store, err := sink.Open(ctx, sink.Options{DataDir: dir, Lib: lib, Database: d.cfg.ClickHouse.Database, Log: d.node.log})
	if err != nil {
		return []finding{broken(name, err)}
	}
	defer func() { _ = store.Close() }()
	version, err := store.EngineVersion(ctx)
	if err != nil {
		return []finding{broken(name, err)}
	}
	out := []finding{fine(name, "version %s loads from %s", version, lib)}
	if !stored {
		return out
	}
	have, want, err := store.Version(ctx)
	switch {
	case err != nil:
		return append(out, broken("schema", err))
	case have > want:
		return append(out, broken("schema", schemas.Errorf(schemas.CodeConflict, "the database has schema version %d, this program knows %d", have, want).
			WithHint("It was made by a newer version: use that one.")))
	case have < want:
		return append(out, fine("schema", "version %d; the next start brings it to %d", have, want))
	}
	return append(out, fine("schema", "version %d, as this program needs it", have))
}

func checkClickHouse(ctx context.Context, d *doctor) []finding {
	const name = "ClickHouse"
	if !d.cfg.has("control") || d.cfg.ClickHouse.DSN == "" {
		return nil
	}
	var err error
	if d.node.store, err = d.node.connectStore(ctx); err != nil {
		return []finding{broken(name, err)}
	}
	version, err := d.node.store.EngineVersion(ctx)
	if err != nil {
		return []finding{broken(name, err)}
	}
	out := []finding{fine(name, "version %s answers", version)}
	have, err := d.node.checkSchema(ctx)
	if err != nil {
		return append(out, broken("schema", err))
	}
	return append(out, fine("schema", "version %d, as this program needs it", have))
}

// checkNATS connects; the checks after it ask over the connection.
func checkNATS(ctx context.Context, d *doctor) []finding {
	const name = "NATS"
	d.asked = true
	embedded := d.cfg.NATS.URL == ""
	if embedded && !d.looked { // with --only
		if out := unwell(checkDataDir(ctx, d)); len(out) > 0 {
			return out
		}
	}
	if embedded && d.busy != "" {
		return nil // the check of the data directory has said so
	}
	if embedded && (d.node.dir == nil || !exists(d.cfg.natsDir())) {
		return []finding{fine(name, "runs in this program; the first start makes its streams")}
	}
	err := d.node.connectBus(ctx)
	if err == nil {
		d.streams, err = d.node.bus.Check(ctx)
	}
	if err != nil {
		return []finding{broken(name, err)}
	}
	if embedded {
		return []finding{fine(name, "version %s runs in this program, with JetStream", d.streams.Server)}
	}
	return []finding{fine(name, "version %s answers, with JetStream", d.streams.Server)}
}

func checkStreams(_ context.Context, d *doctor) []finding {
	const name = "streams"
	const again = "The next process that starts with this configuration sets them up. What offline servers hold comes back with them."
	if d.node.bus == nil || d.streams.Server == "" {
		return nil
	}
	if !d.streams.SetUp {
		return []finding{warn(name, "Start a process: insights serve.", "there are none yet")}
	}
	var out []finding
	for _, p := range d.streams.Problems {
		out = append(out, warn(name, again, "%s", p))
	}
	if len(out) == 0 {
		out = append(out, fine(name, "streams, consumers and buckets are as they should be, with %s", countText(uint64(d.streams.Replicas), "replica", "replicas")))
	}
	return out
}

func checkDead(ctx context.Context, d *doctor) []finding {
	if why, ok := d.ask(ctx); !ok {
		return why
	}
	return []finding{deadFinding(d.streams.Dead)}
}

// ask tells whether the streams can be asked. With --only nobody may have
// connected yet; then it also gives why they cannot: a check that looked at
// nothing must not look well.
func (d *doctor) ask(ctx context.Context) (why []finding, ok bool) {
	if !d.asked {
		why = append(checkNATS(ctx, d), checkStreams(ctx, d)...)
	}
	if d.streams.SetUp {
		return nil, true
	}
	return why, false
}

// unwell keeps what is not ok.
func unwell(all []finding) []finding {
	return slices.DeleteFunc(all, func(f finding) bool { return f.State == checkOK })
}

func deadFinding(n uint64) finding {
	const name = "dead letters"
	if n == 0 {
		return fine(name, "none")
	}
	return warn(name, "Look at them: insights dead-letters list.", "%s given up", countText(n, "message was", "messages were"))
}
