package sink

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// trend builds series account by account.
type trend struct {
	s        *Store
	q        schemas.TrendQuery
	policies []string // patterns of PACK/POLICY, nil for all
	ids      []string
	first    time.Time // the first day
	days     int
	counted  map[string]map[string]schemas.TrendPoint // account, day: what was counted
	happened map[string]map[string]schemas.TrendPoint // account, day: what happened
}

// Trend is how compliance went on the days until now. policies are patterns of
// PACK/POLICY that it is about, nil for all. It is kept by account until something
// changes.
func (s *Store) Trend(ctx context.Context, q schemas.TrendQuery, policies []string, now time.Time) (schemas.Trend, error) {
	out := schemas.Trend{Total: []schemas.TrendPoint{}, Accounts: []schemas.AccountTrend{}}
	names, err := s.accountNames(ctx, q.Accounts)
	if err != nil || len(names) == 0 {
		return out, err
	}
	q.Accounts, q.Days = nil, cmp.Or(q.Days, 30)
	first := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-q.Days)
	question := digest("trend", program(), today(), q, policies, first)
	accounts, err := answers(ctx, s, slices.Collect(maps.Keys(names)), func(string) string { return question }, func(ctx context.Context, ids []string) (map[string][]schemas.TrendPoint, error) {
		return s.countTrends(ctx, q, policies, first, ids)
	})
	if err != nil {
		return out, err
	}
	return trendOfAll(names, accounts, q.Days), nil
}

// countTrends counts the days of accounts from the first one on, as series has them.
func (s *Store) countTrends(ctx context.Context, q schemas.TrendQuery, policies []string, first time.Time, ids []string) (map[string][]schemas.TrendPoint, error) {
	t := &trend{
		s: s, q: q, policies: policies, ids: ids, days: q.Days, first: first,
		counted: map[string]map[string]schemas.TrendPoint{}, happened: map[string]map[string]schemas.TrendPoint{},
	}
	for _, id := range ids {
		t.counted[id], t.happened[id] = map[string]schemas.TrendPoint{}, map[string]schemas.TrendPoint{}
	}
	for _, step := range []func(context.Context) error{t.posture, t.resources, t.events} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	out := make(map[string][]schemas.TrendPoint, len(ids))
	for _, id := range ids {
		out[id] = t.series(id)
	}
	return out, nil
}

// trendOfAll names and sorts accounts, and adds up their days.
func trendOfAll(names map[string]string, accounts map[string][]schemas.TrendPoint, days int) schemas.Trend {
	out := schemas.Trend{Accounts: make([]schemas.AccountTrend, 0, len(accounts))}
	for id, points := range accounts {
		out.Accounts = append(out.Accounts, schemas.AccountTrend{AccountID: schemas.AccountID(id), Account: names[id], Points: points})
	}
	slices.SortFunc(out.Accounts, func(a, b schemas.AccountTrend) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(string(a.AccountID), string(b.AccountID)))
	})
	out.Total = total(out.Accounts, days)
	return out
}

func (t *trend) about(ids []string) *where {
	w := &where{}
	w.add("account_id IN ?", ids)
	if t.q.Pack != "" {
		w.add("pack = ?", t.q.Pack)
	}
	if t.policies != nil {
		likeAny(w, "concat(pack, '/', policy)", nil, append(slices.Clone(t.policies), "/")) // matches nothing: an empty list would be all
	}
	return w
}

// posture reads the days, and of each account the last day before them.
func (t *trend) posture(ctx context.Context) error {
	w, table := t.about(t.ids), "posture_daily"
	columns := `max(p.at), sum(passed), sum(failed), sum(not_applicable), sum(unknown), sum(errored), sum(disabled),
			countIf(passed + failed + not_applicable + unknown + errored > 0), countIf(passed + not_applicable > 0 AND failed + unknown + errored = 0)`
	if t.q.Pack == "" && t.policies == nil {
		table, columns = "posture_accounts", "max(p.at), sum(passed), sum(failed), sum(not_applicable), sum(unknown), sum(errored), sum(disabled), sum(policies), sum(compliant)"
	}
	first := day(t.first)
	w.add("(day >= toDate(?) OR (account_id, day) IN (SELECT account_id, max(day) FROM @db."+table+" WHERE account_id IN ? AND day < toDate(?) GROUP BY account_id))", first, t.ids, first)
	return t.s.query(ctx, "read posture by day", "SELECT account_id, toString(day), "+columns+" FROM @db."+table+" AS p FINAL WHERE "+w.String()+" GROUP BY account_id, day", w.args, func(r driver.Rows) error {
		var account string
		var p schemas.TrendPoint
		c := &p.Counts
		if err := r.Scan(&account, &p.Day, &p.CountedAt, &c.Passed, &c.Failed, &c.NotApplicable, &c.Unknown, &c.Errored, &c.Disabled, &p.Policies.Of, &p.Policies.Part); err != nil {
			return err
		}
		p.CountedAt = read(p.CountedAt)
		t.counted[account][p.Day] = p
		return nil
	})
}

// resources adds those of every count, and when it was: also where it counted nothing of
// what the trend is about.
func (t *trend) resources(ctx context.Context) error {
	first := day(t.first)
	return t.s.query(ctx, "read resources by day", `SELECT account_id, toString(toDate(at)), max(at), argMaxIf(governed, at, pack = ?), argMaxIf(compliant, at, pack = ?)
		FROM @db.posture_resources FINAL WHERE account_id IN ? AND pack IN ('', ?) AND (toDate(at) >= toDate(?) OR (account_id, toDate(at)) IN (
			SELECT account_id, max(toDate(at)) FROM @db.posture_resources WHERE account_id IN ? AND toDate(at) < toDate(?) GROUP BY account_id))
		GROUP BY account_id, toDate(at)`, []any{t.q.Pack, t.q.Pack, t.ids, t.q.Pack, first, t.ids, first}, func(r driver.Rows) error {
		var account, day string
		var at time.Time
		var governed, compliant uint64
		if err := r.Scan(&account, &day, &at, &governed, &compliant); err != nil {
			return err
		}
		p := t.counted[account][day]
		if p.Day = day; read(at).After(p.CountedAt) {
			p.CountedAt = read(at)
		}
		if t.policies == nil {
			p.Resources = schemas.Share{Part: compliant, Of: governed}
		}
		t.counted[account][day] = p
		return nil
	})
}

func (t *trend) events(ctx context.Context) error {
	return countOnce(t.ids, func(events string, ids []string) (copied []string, err error) {
		w := t.about(ids)
		w.add("at >= fromUnixTimestamp64Micro(?, 'UTC')", t.first.UnixMicro())
		const mended = "transition = 'fixed' AND cause IN ('resource_changed', 'resource_gone') AND opened_at > toDateTime64(0, 6, 'UTC')"
		err = t.s.query(ctx, "count events by day", `SELECT account_id, toString(toDate(at)) AS d, countIf(transition = 'opened'), countIf(transition = 'reopened'), countIf(transition = 'fixed'),
				countIf(`+mended+`), sumIf((toUnixTimestamp64Micro(at) - toUnixTimestamp64Micro(opened_at)) / 1e6, `+mended+`), `+copies+`
			FROM `+events+" WHERE "+w.String()+" GROUP BY account_id, d", w.args, func(r driver.Rows) error {
			var account, day string
			var p schemas.TrendPoint
			var twice int64
			if err := r.Scan(&account, &day, &p.Opened, &p.Reopened, &p.Fixed, &p.Mended, &p.MeanSecondsToMend, &twice); err != nil {
				return err
			}
			if twice > 0 {
				copied = append(copied, account)
			}
			t.happened[account][day] = p
			return nil
		})
		return copied, err
	})
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// series is every day of an account: what was counted last, and what happened.
// The seconds to mend are a sum until the series is finished.
func (t *trend) series(id string) []schemas.TrendPoint {
	var now schemas.TrendPoint
	for d, p := range t.counted[id] {
		if d < day(t.first) && d > now.Day {
			now = p
		}
	}
	out := make([]schemas.TrendPoint, t.days)
	for i := range out {
		d := day(t.first.AddDate(0, 0, i))
		if p, ok := t.counted[id][d]; ok {
			now = p
		}
		h := t.happened[id][d]
		h.Day, h.CountedAt, h.Counts, h.Policies, h.Resources = d, now.CountedAt, now.Counts, now.Policies, now.Resources
		out[i] = h
	}
	return out
}

// total adds up the accounts, and then finishes every series.
func total(accounts []schemas.AccountTrend, days int) []schemas.TrendPoint {
	out := make([]schemas.TrendPoint, days)
	for _, a := range accounts {
		for i, p := range a.Points {
			t := &out[i]
			t.Day = p.Day
			if p.CountedAt.After(t.CountedAt) {
				t.CountedAt = p.CountedAt
			}
			t.Counts = t.Counts.Plus(p.Counts)
			t.Policies, t.Resources = t.Policies.Plus(p.Policies), t.Resources.Plus(p.Resources)
			t.Opened, t.Reopened, t.Fixed, t.Mended = t.Opened+p.Opened, t.Reopened+p.Reopened, t.Fixed+p.Fixed, t.Mended+p.Mended
			t.MeanSecondsToMend += p.MeanSecondsToMend
		}
		finish(a.Points)
	}
	finish(out)
	return out
}

func finish(points []schemas.TrendPoint) {
	for i := range points {
		p := &points[i]
		p.Results, p.Coverage = p.Counts.ResultScore().Strict, p.Counts.Coverage()
		p.Policies, p.Resources = schemas.NewShare(p.Policies.Part, p.Policies.Of), schemas.NewShare(p.Resources.Part, p.Resources.Of)
		if p.Mended > 0 {
			p.MeanSecondsToMend /= float64(p.Mended)
		}
	}
}
