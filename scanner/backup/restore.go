package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Counters go on well beyond where they were: attempts, revisions and scans that
// came after the backup may have left results in a store that outlived it, and
// what is newer must never look older.
const (
	counterGap = 1 << 30 // more than an installation counts between a backup and its restore
	scanGap    = 1000    // people read the numbers of scans
)

// Notes keeps what a restore has to remember until it is whole, and lifts
// revisions; see bus.Bus.
type Notes interface {
	BeginRestore(ctx context.Context, id string) error
	Restoring(ctx context.Context) (id string, err error)
	EndRestore(ctx context.Context) error
	RaiseRevision(ctx context.Context, bucket string, above uint64) error
}

// Restore writes a backup into an empty installation and then calls finish, for
// what follows from the record. A restore that was interrupted is repeated with
// the same backup and goes on. CodeConflict when the installation is not empty,
// or the restore of another backup was interrupted in it; nothing is written then.
func (b *Backup) Restore(ctx context.Context, r Record, n Notes, finish func(context.Context) error) error {
	if err := b.Check(ctx, r, n); err != nil {
		return err
	}
	if err := n.BeginRestore(ctx, b.id); err != nil {
		return err
	}
	if err := n.RaiseRevision(ctx, schemas.BucketEffective, b.Manifest.EffectiveRevision+counterGap); err != nil {
		return err
	}
	// Archives come first: a version never names one that is not there.
	if err := b.restoreArchives(ctx, r.Archives); err != nil {
		return err
	}
	for _, bucket := range slices.Backward(buckets) {
		if err := b.restoreBucket(ctx, bucket, r.Table(bucket)); err != nil {
			return err
		}
	}
	if err := finish(ctx); err != nil {
		return err
	}
	return n.EndRestore(ctx)
}

// Check refuses what Restore would refuse, and writes nothing.
func (b *Backup) Check(ctx context.Context, r Record, n Notes) error {
	begun, err := n.Restoring(ctx)
	switch {
	case err != nil || begun == b.id:
		return err
	case begun != "":
		return schemas.Errorf(schemas.CodeConflict, "the restore of another backup was interrupted here").
			WithHint("repeat it with that file; or begin anew in a new --data-dir, or on NATS servers without it")
	default:
		return checkEmpty(ctx, r)
	}
}

func checkEmpty(ctx context.Context, r Record) error {
	var used []string
	for _, bucket := range append(slices.Clone(buckets), schemas.BucketEffective) {
		n := 0
		err := r.Table(bucket).List(ctx, "", func(string, json.RawMessage, uint64) error {
			n++
			return nil
		})
		if err != nil {
			return err
		}
		if n > 0 {
			used = append(used, strings.TrimPrefix(bucket, "insights-")+" ("+strconv.Itoa(n)+")")
		}
	}
	if len(used) == 0 {
		return nil
	}
	return schemas.Errorf(schemas.CodeConflict, "the installation is not empty: it has %s", strings.Join(used, ", ")).
		WithHint("restore into a new --data-dir, or into NATS servers that no insights process has used yet; nothing was written")
}

func (b *Backup) restoreArchives(ctx context.Context, o Objects) error {
	return b.each(func(name string, data []byte) error {
		digest, ok := strings.CutPrefix(name, archiveDir)
		if !ok {
			return nil
		}
		digest = strings.TrimSuffix(digest, ".tar.gz")
		if sum(data) != digest {
			return errDamaged("%s changed while it was read", name)
		}
		return o.Put(ctx, digest, data)
	})
}

func (b *Backup) restoreBucket(ctx context.Context, bucket string, t Table) error {
	have := map[string]json.RawMessage{}
	err := t.List(ctx, "", func(key string, v json.RawMessage, _ uint64) error {
		have[key] = v
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range b.entries[bucket] {
		v, err := carriedOn(bucket, e)
		if err != nil {
			return err
		}
		if bytes.Equal(have[e.Key], v) {
			continue
		}
		if _, err := t.Put(ctx, e.Key, v); err != nil {
			return err
		}
	}
	return nil
}

// carriedOn is the value to restore: counters go on behind a gap, and no scan
// runs any more.
func carriedOn(bucket string, e entry) (json.RawMessage, error) {
	switch {
	case bucket == schemas.BucketSeq:
		n, err := strconv.ParseUint(string(e.Value), 10, 64)
		if err != nil {
			return nil, errDamaged("the counter of %s is no number", e.Key)
		}
		return strconv.AppendUint(nil, n+counterGap, 10), nil
	case bucket == schemas.BucketScans && schemas.AccountID(e.Key).Valid():
		var claim schemas.ActiveScan
		if err := json.Unmarshal(e.Value, &claim); err != nil {
			return nil, errDamaged("the claim of %s cannot be read", e.Key)
		}
		// The next scan has the number after it.
		return json.Marshal(schemas.ActiveScan{Count: (claim.Count/scanGap + 1) * scanGap})
	default:
		return e.Value, nil
	}
}
