package scanner

import (
	"context"
	"encoding/json"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	rejudgeRound   = 20_000 // resources per round
	rejudgeEntries = 500    // resources per batch
	maxStaleRounds = 3      // rounds without progress, or one over all, before what is left is reported
	batchOverhead  = 4 << 10
)

// What is left of a round is counted this often, and one that makes no progress for so long
// is over: something in it is tried again and again.
const (
	countAgain    = 30 * time.Second
	judgePatience = 10 * time.Minute
)

// rejudgeUnit stands in the messages of a re-judgement.
func rejudgeUnit() schemas.UnitKey { return schemas.UnitKey{Region: "-", Service: "rejudge"} }

// rejudge streams what is not judged at the account's revision to the
// evaluators until nothing is left, without any cloud call. It returns what is
// left after several rounds without progress, or when stop says so.
//
// What a pack that rests cannot judge stays unjudged, and must not keep the other
// packs from what comes after it: a round begins with what was never judged, and
// goes on with the next of the others where the last one got nowhere.
func (c *Control) rejudge(ctx context.Context, a schemas.AccountID, stop func(context.Context) (bool, error)) (uint64, error) {
	var before, beforeNew uint64
	for stale, skip := 0, 0; ; {
		eff, err := c.Effective(ctx, a)
		if err != nil {
			return 0, err
		}
		left, unsettled, err := c.d.Store.UnjudgedCount(ctx, a, eff.Revision)
		if err != nil || left == 0 {
			return 0, err
		}
		if before > 0 && left >= before && left-unsettled >= beforeNew {
			stale++
			skip += c.round
		} else {
			stale = 0
		}
		if uint64(skip) >= unsettled {
			skip = 0
		}
		if stale >= max(maxStaleRounds, int(unsettled)/c.round+1) {
			return left, nil
		}
		before, beforeNew = left, left-unsettled
		c.d.Log.Debug().Str("account", eff.Account).Uint64("resources", left).Uint64("revision", eff.Revision).Msg("judge anew")
		if err := c.publishRejudge(ctx, eff, skip); err != nil {
			return left, err
		}
		if stopped, err := c.awaitJudged(ctx, eff, left, stop); err != nil || stopped {
			return left, err
		}
	}
}

// Effective is the account's packs with their revision; a missing key is
// resolved first.
func (c *Control) Effective(ctx context.Context, a schemas.AccountID) (schemas.Effective, error) {
	eff, rev, err := c.d.Effective.Get(ctx, string(a))
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		if err := c.d.Resolver.Resolve(ctx, a); err != nil {
			return eff, err
		}
		eff, rev, err = c.d.Effective.Get(ctx, string(a))
	}
	eff.AccountID, eff.Revision = a, rev
	return eff, err
}

// awaitJudged waits until the round is judged and stored: nothing is left, all of it has
// come through, or nothing has become of it for long.
func (c *Control) awaitJudged(ctx context.Context, eff schemas.Effective, before uint64, stop func(context.Context) (bool, error)) (stopped bool, err error) {
	passed, err := c.d.Bus.Watermark(ctx, eff.AccountID)
	if err != nil {
		return false, err
	}
	start := c.d.Now()
	counted, progress := start, start
	for {
		if err := c.waitSince(ctx, start); err != nil {
			return false, err
		}
		if stopped, err := stop(ctx); err != nil || stopped {
			return stopped, err
		}
		if through, err := passed(ctx); err != nil || through {
			return false, err
		}
		now := c.d.Now()
		if now.Sub(counted) < countAgain {
			continue // to count is to look at all that is held
		}
		counted = now
		left, _, err := c.d.Store.UnjudgedCount(ctx, eff.AccountID, eff.Revision)
		if err != nil || left == 0 {
			return false, err
		}
		if left < before {
			before, progress = left, now
		}
		if now.Sub(progress) >= judgePatience {
			return false, nil
		}
	}
}

// publishRejudge publishes one round of resources under a fresh seq, without the
// first skip of those whose verdict is not settled.
func (c *Control) publishRejudge(ctx context.Context, eff schemas.Effective, skip int) error {
	seq, err := c.d.Sequencer.NextSeq(ctx, eff.AccountID)
	if err != nil {
		return err
	}
	p := &packer{
		head: schemas.SnapshotBatch{
			AccountID: eff.AccountID, Account: eff.Account, Unit: rejudgeUnit(), Seq: seq,
			Route: schemas.RouteNative, At: c.now(), Rejudge: true,
		},
		publish: func(b *schemas.SnapshotBatch) error { return c.d.Bus.PublishRejudge(ctx, b) },
	}
	if err := c.d.Store.Unjudged(ctx, eff.AccountID, eff.Revision, skip, c.round, p.add); err != nil {
		return err
	}
	return p.flush()
}

// packer groups resources into batches within the limits of a message. A
// resource over the limit goes alone.
type packer struct {
	head      schemas.SnapshotBatch
	publish   func(*schemas.SnapshotBatch) error
	resources []schemas.Resource
	size      int
}

func (p *packer) add(rs []schemas.Resource) error {
	for _, r := range rs {
		doc, err := json.Marshal(r)
		if err != nil {
			return schemas.Errorf(schemas.CodeInternal, "encode resource %s: %w", r.Key, err)
		}
		full := p.size+len(doc)+1 > schemas.MaxBatchBytes-batchOverhead
		if full || len(p.resources) >= rejudgeEntries {
			if err := p.flush(); err != nil {
				return err
			}
		}
		p.resources = append(p.resources, r)
		p.size += len(doc) + 1
	}
	return nil
}

func (p *packer) flush() error {
	if len(p.resources) == 0 {
		return nil
	}
	p.head.Number++
	b := p.head
	b.Resources = p.resources
	p.resources, p.size = nil, 0
	return p.publish(&b)
}
