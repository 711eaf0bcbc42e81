package sink

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// UnitStatuses is what is stored of the newest attempt of every unit of a scan.
func (s *Store) UnitStatuses(ctx context.Context, a schemas.AccountID, scan string) ([]schemas.UnitStatus, error) {
	newest := map[schemas.UnitKey]uint64{}
	status := map[schemas.UnitKey]schemas.UnitStatus{}
	// newer makes room for an attempt unless a newer one is known.
	newer := func(u schemas.UnitKey, seq uint64) bool {
		if seq < newest[u] {
			return false
		}
		if seq > newest[u] {
			newest[u], status[u] = seq, schemas.UnitStatus{Unit: u}
		}
		return true
	}
	args := []any{string(a), scan}
	err := s.query(ctx, "count batches", `SELECT unit_region, service, seq, countIf(kind = 'snapshot'), countIf(kind = 'verdict'), max(mismatch)
		FROM @db.batches FINAL WHERE account_id = ? AND scan = ? GROUP BY unit_region, service, seq`, args, func(r driver.Rows) error {
		var u schemas.UnitKey
		var seq, snapshots, verdicts uint64
		var mismatch uint8
		if err := r.Scan(&u.Region, &u.Service, &seq, &snapshots, &verdicts, &mismatch); err != nil {
			return err
		}
		if newer(u, seq) {
			st := status[u]
			st.Snapshots, st.VerdictBatches, st.Mismatch = int(snapshots), int(verdicts), mismatch != 0
			status[u] = st
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = s.query(ctx, "read unit ends", "SELECT unit_region, service, seq, document FROM @db.unit_ends FINAL WHERE account_id = ? AND scan = ?", args, func(r driver.Rows) error {
		var u schemas.UnitKey
		var seq uint64
		var doc string
		if err := r.Scan(&u.Region, &u.Service, &seq, &doc); err != nil {
			return err
		}
		if !newer(u, seq) {
			return nil
		}
		st := status[u]
		defer func() { status[u] = st }()
		return json.Unmarshal([]byte(doc), &st.End)
	})
	if err != nil {
		return nil, err
	}
	out := make([]schemas.UnitStatus, 0, len(status))
	for _, st := range status {
		out = append(out, st)
	}
	slices.SortFunc(out, func(a, b schemas.UnitStatus) int { return strings.Compare(a.Unit.String(), b.Unit.String()) })
	return out, nil
}
