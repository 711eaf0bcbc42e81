package main

import (
	"os"
	"runtime/debug"
)

// Soft limits of the Go heap, in bytes. Live data stays far below them; without a
// limit the collector would let garbage grow to as much again. The ClickHouse
// engine's memory is its own and comes on top.
const (
	memoryEmbedded = 400 << 20
	memoryWorker   = 300 << 20
)

// limitMemory sets the limit of a process, unless GOMEMLIMIT does.
func (n *node) limitMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit := int64(memoryWorker)
	if n.cfg.NATS.URL == "" {
		limit = memoryEmbedded
	}
	debug.SetMemoryLimit(limit)
}
