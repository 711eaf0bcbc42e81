// Package sink is the only one that knows ClickHouse. It folds snapshot and
// verdict batches, unit ends and closes into rows, and answers the questions of
// discovery workers, control and reports with queries.
//
// # Folding
//
// [Store.Write] takes messages of one partition and is the only writer of that
// partition's accounts. It loads the rows the messages touch, applies the
// messages to them in memory, and writes the changed rows. A row is a function
// of messages and earlier rows, never of a clock, and its version column is the
// order of its message: repeating a write, or any part of one, changes nothing.
//
// What says "stored" (batches, unit ends, closes) is written last, so a crash
// in between leaves messages that will come again and find their work undone
// or done, never half believed. What moves violations is noted before it is
// written, and ended by the next Write: what was told of it stays true.
//
// # Engines
//
// The embedded engine is libchdb behind the same driver that talks to a server
// ([Open]). One data directory belongs to one process.
package sink
