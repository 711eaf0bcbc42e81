// Package schemas holds every contract between the stages of the scanner: the
// values that travel, the subjects they travel on, the error codes, and the
// tables they end in. It imports the standard library only, so that every
// other package may import it and none needs another one.
//
//	control --Unit--> discovery --SnapshotBatch--> evaluator --VerdictBatch--> sink
//	                            \--SnapshotBatch, UnitEnd--------------------> sink
//	control --Close--> sink          (a complete scope: tombstones, fixes)
//
// # Words
//
// An account is an Insights account: a name people edit and an immutable
// [AccountID] made of partition and 12-digit AWS account. A scan is one run
// over an account, made of units (account x region x service). A unit attempt
// is numbered by a seq, minted per account and only growing. A scope (region,
// emitted type, route) is the smallest thing that is complete or not.
//
// # Order
//
// The seq of the attempt fences everything: a batch or close with a smaller
// seq than what is stored never wins. A resource's version is the seq at which
// its present content hash was first published. Verdicts compare as (version,
// effective revision, attempt), where attempt is the seq of the batch that
// carried the resource to the evaluator. See [Verdict.Newer].
package schemas
