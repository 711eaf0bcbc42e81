package sink

import (
	"context"
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// until is the time that is asked about in microseconds; without one the end of time.
func (r *reporter) until() int64 {
	if r.q.AsOf.IsZero() {
		return time.Date(2260, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() // the most that DateTime64(9) holds, and some
	}
	return min(stored(r.q.AsOf).UnixMicro(), int64(math.MaxInt64/1000))
}

// countsThen are the counts of a past time: of each policy, what was said of it last
// until then. Versions of packs are not kept.
func (r *reporter) countsThen(ctx context.Context) error {
	w := r.judging(r.ids)
	w.add("at <= fromUnixTimestamp64Micro(?, 'UTC')", r.until())
	return r.s.query(ctx, "read past posture", `SELECT account_id, pack, policy, argMax(passed, at) AS p, argMax(failed, at) AS f, argMax(not_applicable, at) AS n,
			argMax(unknown, at) AS u, argMax(errored, at) AS e, argMax(disabled, at) AS d
		FROM @db.posture_history WHERE `+w.String()+" GROUP BY account_id, pack, policy HAVING p + f + n + u + e + d > 0", w.args,
		func(rows driver.Rows) error {
			var account, pack, policy string
			var c schemas.Counts
			if err := rows.Scan(&account, &pack, &policy, &c.Passed, &c.Failed, &c.NotApplicable, &c.Unknown, &c.Errored, &c.Disabled); err != nil {
				return err
			}
			about := r.newest[[2]string{pack, policy}]
			if wanted(r.q.Severity, about.Severity) {
				r.policy(account, pack, policy, about).Counts = c
			}
			return nil
		})
}

// resourcesThen are the resources of a past time. Which of their violations were
// waived then is not known of those that also could not be judged, so the score
// with waivers is not known.
func (r *reporter) resourcesThen(ctx context.Context) error {
	w := &where{}
	w.add("account_id IN ?", r.ids)
	w.add(`(account_id, at) IN (SELECT account_id, max(at) FROM (
			SELECT account_id, at FROM @db.posture_history WHERE account_id IN ? AND at <= fromUnixTimestamp64Micro(?, 'UTC')
			UNION ALL SELECT account_id, at FROM @db.posture_resources WHERE account_id IN ? AND at <= fromUnixTimestamp64Micro(?, 'UTC')
		) GROUP BY account_id)`, r.ids, r.until(), r.ids, r.until())
	return r.s.query(ctx, "read past resources", `SELECT account_id, any(at), sumIf(resources, pack = ''), sumIf(governed, pack = ?), sumIf(compliant, pack = ?)
		FROM @db.posture_resources FINAL WHERE `+w.String()+` GROUP BY account_id`, append([]any{r.q.Pack, r.q.Pack}, w.args...),
		func(rows driver.Rows) error {
			var account string
			var at time.Time
			var resources, governed, compliant uint64
			if err := rows.Scan(&account, &at, &resources, &governed, &compliant); err != nil {
				return err
			}
			a := r.accounts[account]
			a.Resources, a.CountedAt = resources, read(at)
			a.Scores.Resources = schemas.Score{Strict: schemas.NewShare(0, 0)}
			if len(r.q.Severity) == 0 {
				a.Scores.Resources.Strict = schemas.NewShare(compliant, governed)
			}
			return nil
		})
}
