package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// aging are the tables whose rows leave by age, with the age that schemas/ddl
// gives them. None of them is read to know what is current.
var aging = []struct {
	table string
	made  schemas.Days
}{
	{"resource_versions", 400}, {"unit_ends", 400}, {"violation_events", schemas.Forever},
}

// KeepHistory makes the tables of the past keep their rows for days and deletes
// older scans, as of now. Days that are not set mean what schemas/ddl says. The
// newest scans of an account stay: reports tell of them. What is as it should be
// is not touched, so it may be repeated, also by several processes.
func (s *Store) KeepHistory(ctx context.Context, days schemas.Days, now time.Time) error {
	kept, err := s.keptHistory(ctx)
	if err != nil {
		return err
	}
	for _, h := range aging {
		want := days
		if want == 0 {
			want = h.made
		}
		if kept[h.table] == want {
			continue
		}
		if err := s.remember(ctx, h.table, kept[h.table]); err != nil {
			return err
		}
		change := "REMOVE TTL"
		if want != schemas.Forever {
			change = fmt.Sprintf("MODIFY TTL toDateTime(at) + INTERVAL %d DAY", want)
		}
		if err := s.exec(ctx, "set how long "+h.table+" is kept", "ALTER TABLE @db."+h.table+" "+change); err != nil {
			return err
		}
		s.log.Info().Str("table", h.table).Stringer("was", kept[h.table]).Stringer("kept", want).Msg("retention changed")
	}
	if err := s.tidyOpen(ctx); err != nil {
		return err
	}
	if days <= 0 { // scans have no end by schemas/ddl
		return nil
	}
	return s.deleteScans(ctx, now.AddDate(0, 0, -int(days)))
}

var ttlPattern = regexp.MustCompile(`(?:toIntervalDay\(|INTERVAL )(\d+)`)

// keptHistory is how long tables keep their rows at present. A TTL that is not
// understood is not set, which no table should have.
func (s *Store) keptHistory(ctx context.Context) (map[string]schemas.Days, error) {
	kept := map[string]schemas.Days{}
	err := s.query(ctx, "read how long tables are kept", "SELECT name, engine_full FROM system.tables WHERE database = ?", []any{s.db}, func(r driver.Rows) error {
		var name, engine string
		if err := r.Scan(&name, &engine); err != nil {
			return err
		}
		_, ttl, has := strings.Cut(engine, " TTL ")
		if kept[name] = schemas.Forever; has {
			days := 0
			if m := ttlPattern.FindStringSubmatch(ttl); m != nil {
				days, _ = strconv.Atoi(m[1])
			}
			kept[name] = schemas.Days(days)
		}
		return nil
	})
	return kept, err
}

// deleteScans deletes scans that ended before a time, but no account's newest of
// everything and none's newest of a part, cancelled ones apart: reports go by the
// newest that was not, and stay what they were.
func (s *Store) deleteScans(ctx context.Context, before time.Time) error {
	old := map[string][]string{}
	err := s.query(ctx, "list old scans", `SELECT account_id, scan FROM @db.scans FINAL
		WHERE ended_at < fromUnixTimestamp64Micro(?, 'UTC') AND (account_id, scan) NOT IN (
			SELECT account_id, argMax(scan, started_at) FROM @db.scans FINAL GROUP BY account_id, JSONHas(document, 'limit'), state = 'cancelled')`,
		[]any{stored(before).UnixMicro()}, func(r driver.Rows) error {
			var account, scan string
			defer func() { old[account] = append(old[account], scan) }()
			return r.Scan(&account, &scan)
		})
	if err != nil {
		return err
	}
	for account, scans := range old {
		// In pieces, and by name: a replicated table does not take a query here.
		for some := range slices.Chunk(scans, 1000) {
			if err := s.exec(ctx, "delete old scans", "DELETE FROM @db.scans WHERE account_id = ? AND scan IN ?", account, some); err != nil {
				return err
			}
		}
		s.log.Info().Str("accountId", account).Int("scans", len(scans)).Msg("old scans deleted")
	}
	return nil
}

// Left is what a store holds of an account for as long as nobody scans it any more.
type Left struct {
	Account schemas.AccountID
	// Since is when the account was removed, or purged while something of it was
	// still on its way, and not before anything was found in it. Zero when the
	// log of the configuration does not say: it was not removed.
	Since time.Time
}

// Left lists every account that has results, and those that were removed and not
// purged since, by id. Which of them are registered the store does not know.
func (s *Store) Left(ctx context.Context) ([]Left, error) {
	tables, err := s.accountTables(ctx)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, t := range tables {
		at := map[string]string{"scans": "max(ended_at)", "resources": "max(at)"}[t]
		if at == "" {
			at = "toDateTime64(0, 6, 'UTC')"
		}
		parts = append(parts, "SELECT account_id, "+at+" AS found FROM @db."+t+" WHERE account_id != '' GROUP BY account_id")
	}
	since := map[schemas.AccountID]time.Time{}
	err = s.query(ctx, "list accounts with results", "SELECT account_id, max(found) FROM ("+strings.Join(parts, " UNION ALL ")+") GROUP BY account_id", nil,
		func(r driver.Rows) error {
			var a string
			var found time.Time
			defer func() { since[schemas.AccountID(a)] = found }()
			return r.Scan(&a, &found)
		})
	if err != nil {
		return nil, err
	}
	var out []Left
	err = s.query(ctx, "read when accounts were removed", `SELECT key, argMax(document, (at, revision)), max(at) FROM @db.config_log
		WHERE kind = 'account' GROUP BY key`, nil, func(r driver.Rows) error {
		var key, doc string
		var at time.Time
		if err := r.Scan(&key, &doc, &at); err != nil {
			return err
		}
		a := schemas.AccountID(key)
		found, has := since[a]
		if !removes(doc) || !has && doc != "null" {
			return nil
		}
		delete(since, a)
		if found.After(at) {
			at = found
		}
		out = append(out, Left{a, at.UTC()})
		return nil
	})
	for a := range since {
		out = append(out, Left{Account: a})
	}
	slices.SortFunc(out, func(a, b Left) int { return strings.Compare(string(a.Account), string(b.Account)) })
	return out, err
}

// removes tells what the log holds of an account that is not registered any more
// from its settings: nothing, or a change that is no change of settings.
func removes(document string) bool {
	var change struct {
		Change string `json:"change"`
	}
	return document == "null" || json.Unmarshal([]byte(document), &change) == nil && change.Change != ""
}
