package sink

import (
	"context"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// enforced are the verdicts and violations that scores are made of.
func (r *reporter) enforced() *where {
	w := r.judging(r.ids)
	if !schemas.IsLocal(r.q.Pack) {
		w.add(enforcedOnly)
	}
	return w
}

// open counts open violations, and those of them that waivers cover.
func (r *reporter) open(ctx context.Context) error {
	w := r.enforced()
	table, asOf := "open_violations", !r.q.AsOf.IsZero()
	if asOf {
		table = "violations"
		openAsOf(w, r.q.AsOf, r.rec.Kept.Events, r.ids)
	}
	waiver, args := waived(r.rec, r.ids, asOf)
	fails, failArgs := "1", []any(nil)
	if waiver != nobody && !asOf {
		fails, failArgs = r.stillFails()
	}
	opened := map[[3]string]uint64{}
	ends := map[string]schemas.Waiver{}
	for _, v := range r.rec.Waivers {
		ends[v.Name] = v
	}
	err := r.s.query(ctx, "count violations", "SELECT account_id, pack, policy, severity, "+waiver+" AS waiver, count(), countIf("+fails+") FROM @db."+table+" FINAL WHERE "+w.String()+
		" GROUP BY account_id, pack, policy, severity, waiver ORDER BY waiver", slices.Concat(args, failArgs, w.args),
		func(rows driver.Rows) error {
			var account, pack, policy, severity, waiver string
			var n, fail uint64
			if err := rows.Scan(&account, &pack, &policy, &severity, &waiver, &n, &fail); err != nil {
				return err
			}
			k := [3]string{account, pack, policy}
			p := r.policies[k]
			if !wanted(r.q.Severity, schemas.Severity(severity)) {
				return nil
			}
			a := r.accounts[account]
			a.Open[schemas.Severity(severity)] += n
			opened[k] += n
			if waiver == "" {
				return nil
			}
			if a.Waived == nil {
				a.Waived = map[schemas.Severity]uint64{}
			}
			a.Waived[schemas.Severity(severity)] += n
			a.Waivers = used(a.Waivers, ends[waiver], n)
			if p != nil {
				p.Counts.Waived += fail
			}
			return nil
		})
	if err != nil {
		return err
	}
	for k, p := range r.policies {
		// Which of the past's open violations were unknown then is not kept: as many
		// as there are more than failures, and they may be the waived ones.
		if over := opened[k] - min(opened[k], p.Counts.Failed); asOf {
			p.Counts.Waived -= min(p.Counts.Waived, over)
		}
		p.Counts.Waived = min(p.Counts.Waived, p.Counts.Failed)
	}
	return nil
}

// stillFails holds for rows of violations whose policy fails by the verdict of
// now. A violation also stays open while nobody knows: that is a gap, which no
// waiver covers.
func (r *reporter) stillFails() (condition string, args []any) {
	w := r.enforced()
	return `(account_id, type, region, id, pack, policy) IN (SELECT account_id, type, region, id, pack, arrayJoin(failed) FROM @db.verdicts FINAL WHERE ` +
		w.String() + ` AND notEmpty(failed))`, w.args
}

// used adds what a waiver covers. Rows come in the order of waivers.
func used(list []schemas.WaiverUse, w schemas.Waiver, n uint64) []schemas.WaiverUse {
	if last := len(list) - 1; last >= 0 && list[last].Name == w.Name {
		list[last].Violations += n
		return list
	}
	return append(list, schemas.WaiverUse{Name: w.Name, Violations: n, ExpiresAt: w.ExpiresAt})
}

// compliant counts resources that some policy governs, and those without a
// violation or a gap.
func (r *reporter) compliant(ctx context.Context) error {
	w, v := r.enforced(), r.enforced()
	size := func(column string) string { return "length(" + column + ")" }
	var sizes []any
	if len(r.q.Severity) > 0 {
		var names []string
		for k := range r.policies {
			names = append(names, k[1]+"/"+k[2])
		}
		slices.Sort(names)
		names = slices.Compact(names)
		if len(names) == 0 {
			return nil
		}
		v.add("has(?, concat(pack, '/', policy))", names)
		size = func(column string) string {
			sizes = append(sizes, names)
			return "arrayCount(p -> has(?, concat(pack, '/', p)), " + column + ")"
		}
	}
	counted := "sum(" + size("passed") + ") AS passes, sum(" + size("failed") + ") AS fails, sum(" + size("unknown") + " + " + size("errored") + ") AS gaps"
	from := "(SELECT account_id, type, region, id, " + counted + " FROM @db.verdicts FINAL WHERE " + w.String() + " GROUP BY account_id, type, region, id)"
	all, waives := slices.Concat(sizes, w.args), "0"
	if waiver, args := waived(r.rec, r.ids, false); waiver != nobody { // as many waived ones as failures are the same ones
		fails, failArgs := r.stillFails()
		v.add(fails, failArgs...)
		from += " v ANY LEFT JOIN (SELECT account_id, type, region, id, count() AS waived FROM @db.open_violations FINAL WHERE " + v.String() + " AND " + waiver +
			" != '' GROUP BY account_id, type, region, id) w USING (account_id, type, region, id)"
		all, waives = slices.Concat(all, v.args, args), "waived"
	}
	return r.s.query(ctx, "count compliant resources", `SELECT account_id, countIf(passes + fails + gaps > 0), countIf(passes > 0 AND fails + gaps = 0),
			countIf(passes + gaps > 0 OR fails > `+waives+`), countIf(passes > 0 AND gaps = 0 AND fails <= `+waives+`)
		FROM `+from+` GROUP BY account_id`, all, func(rows driver.Rows) error {
		var account string
		var governed, compliant, governedUnwaived, compliantUnwaived uint64
		if err := rows.Scan(&account, &governed, &compliant, &governedUnwaived, &compliantUnwaived); err != nil {
			return err
		}
		r.accounts[account].Scores.Resources = schemas.NewScore(schemas.NewShare(compliant, governed), schemas.NewShare(compliantUnwaived, governedUnwaived))
		return nil
	})
}

// reasons groups what could not be judged by its reason over all policies.
func (r *reporter) reasons(ctx context.Context) error {
	w := r.enforced()
	if len(r.q.Severity) > 0 {
		return nil // a reason may be of policies of several severities
	}
	return r.s.query(ctx, "group reasons", `SELECT account_id, outcome, reason, call, uniqExact((pack, policy)), uniqExact((type, region, id)), arraySort(groupUniqArray(10)(toString(type)))
		FROM @db.verdicts FINAL
		ARRAY JOIN gap_policy AS policy, gap_outcome AS outcome, gap_call AS call, gap_reason AS reason WHERE `+w.String()+`
		GROUP BY account_id, outcome, reason, call ORDER BY uniqExact((type, region, id)) DESC, reason, call, outcome`, w.args, func(rows driver.Rows) error {
		var account, outcome string
		var g schemas.GapReason
		if err := rows.Scan(&account, &outcome, &g.Reason, &g.Call, &g.Policies, &g.Resources, &g.Types); err != nil {
			return err
		}
		g.Outcome = schemas.Outcome(outcome)
		j := &r.accounts[account].Judged
		j.Reasons = append(j.Reasons, g)
		return nil
	})
}

// fixTimes are how long violations were open, by why they ended.
func (r *reporter) fixTimes(ctx context.Context) error {
	return countOnce(r.ids, func(events string, ids []string) (copied []string, err error) {
		w := r.judging(ids)
		w.add("transition = 'fixed' AND opened_at > toDateTime64(0, 6, 'UTC')")
		w.add("at <= fromUnixTimestamp64Micro(?, 'UTC')", r.until())
		if len(r.q.Severity) > 0 {
			w.add("severity IN ?", texts(r.q.Severity))
		}
		for _, id := range ids {
			r.accounts[id].TimeToFix = nil
		}
		err = r.s.query(ctx, "measure times to fix", `SELECT account_id, cause, count(), avg(took), quantileExact(0.5)(took), `+copies+` FROM (
				SELECT account_id, cause, event_id, (toUnixTimestamp64Micro(at) - toUnixTimestamp64Micro(opened_at)) / 1e6 AS took FROM `+events+" WHERE "+w.String()+`)
			GROUP BY account_id, cause ORDER BY account_id, cause`, w.args, func(rows driver.Rows) error {
			var account, cause string
			var f schemas.FixTimes
			var twice int64
			if err := rows.Scan(&account, &cause, &f.Fixed, &f.MeanSeconds, &f.MedianSeconds, &twice); err != nil {
				return err
			}
			if twice > 0 {
				copied = append(copied, account)
			}
			f.Cause = schemas.FixCause(cause)
			a := r.accounts[account]
			a.TimeToFix = append(a.TimeToFix, f)
			return nil
		})
		return copied, err
	})
}
