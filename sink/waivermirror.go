package sink

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// mirrorActor is who the log names for changes that it had missed.
const mirrorActor = "mirror"

// goneWaiver stands in the log for one that the record does not have: it was added
// after the backup that was restored.
const goneWaiver = `{"removed":true}`

// MirrorWaivers makes what the log says of waivers what the record says, with an
// entry of at for each that differs: a change that could not be logged is made up
// for, and so is a restore. all gives every waiver, removed ones too; it is asked
// after the log was read, so that what changes meanwhile is not set back. It may be
// repeated.
func (s *Store) MirrorWaivers(ctx context.Context, all func(context.Context) ([]schemas.Waiver, error), at time.Time) error {
	have, newest := map[string]string{}, at
	err := s.query(ctx, "read the log of waivers", "SELECT key, argMax(document, (at, revision)), max(at) FROM @db.config_log WHERE kind = 'waiver' GROUP BY key", nil,
		func(r driver.Rows) error {
			var name, doc string
			var last time.Time
			if err := r.Scan(&name, &doc, &last); err != nil {
				return err
			}
			have[name] = doc
			if !newest.After(last) { // another process's clock
				newest = last.Add(time.Microsecond)
			}
			return nil
		})
	if err != nil {
		return err
	}
	list, err := all(ctx)
	if err != nil {
		return err
	}
	want := map[string]string{}
	for _, w := range list {
		doc, err := json.Marshal(w)
		if err != nil {
			return schemas.Errorf(schemas.CodeInternal, "encode waiver %s: %w", w.Name, err)
		}
		want[w.Name] = string(doc)
	}
	for name := range have {
		if want[name] == "" {
			want[name] = goneWaiver
		}
	}
	var rows []configRow
	for name, doc := range want {
		if have[name] != doc {
			rows = append(rows, configRow{
				Kind: "waiver", Key: name, Revision: uint64(max(newest.UnixNano(), 0)), Actor: mirrorActor, At: stored(newest), Document: doc,
			})
		}
	}
	return insert(ctx, s, "config_log", rows)
}
