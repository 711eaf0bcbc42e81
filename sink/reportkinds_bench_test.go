package sink

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// all names every account, as the API does when a question names none.
func (g *scale) all(*rand.Rand) []string {
	ids := make([]string, g.accounts)
	for i := range ids {
		ids[i] = g.id(i + 1)
	}
	return ids
}

func (g *scale) one(rng *rand.Rand) []string { return []string{g.id(g.account(rng))} }

// plainScan reads columns of a table, of some accounts or of all.
func plainScan(table string, columns ...string) func(accounts []string) string {
	return func(accounts []string) string {
		where := ""
		if len(accounts) < 1000 {
			where = " AND account_id IN ('" + strings.Join(accounts, "', '") + "')"
		}
		return "SELECT count() FROM @db." + table + " WHERE NOT ignore(" + strings.Join(columns, ", ") + ")" + where
	}
}

// dashboard asks a view as a panel of deploy/grafana does.
func dashboard(statement string) func(context.Context, *scale, *rand.Rand, []string) error {
	return func(ctx context.Context, g *scale, _ *rand.Rand, accounts []string) error {
		return g.s.query(ctx, "ask a view", statement, []any{accounts}, func(driver.Rows) error { return nil })
	}
}

// scaleKind is a kind of question about accounts.
type scaleKind struct {
	name  string
	ask   func(context.Context, *scale, *rand.Rand, []string) error
	plain func([]string) string
}

// isKept tells whether the store keeps answers.
func (k *scaleKind) isKept() bool {
	return slices.Contains([]string{"report", "report-pack", "trend"}, k.name)
}

// keep asks about all accounts, often enough that each pack is asked about.
func (k *scaleKind) keep(ctx context.Context, g *scale) error {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 6 {
		if err := k.ask(ctx, g, rng, g.all(rng)); err != nil {
			return err
		}
	}
	return nil
}

// afterChanges asks when every account has changed.
func (k *scaleKind) afterChanges() scaleKind {
	return scaleKind{k.name + "-counted", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
		ids := make([]schemas.AccountID, len(accounts))
		for i, a := range accounts {
			ids[i] = schemas.AccountID(a)
		}
		if err := g.s.mark(ctx, ids...); err != nil {
			return err
		}
		return k.ask(ctx, g, rng, accounts)
	}, k.plain}
}

// scaleReports are the reports over all accounts and over one.
func scaleReports() (out []scaleReport) {
	kinds := []scaleKind{
		{"report", func(ctx context.Context, g *scale, _ *rand.Rand, accounts []string) error {
			_, err := g.s.Report(ctx, schemas.ReportQuery{Accounts: accounts}, schemas.Record{})
			return err
		}, plainScan("verdicts", "account_id", "pack", "pack_version", "revision", "passed", "failed", "unknown", "errored")},
		{"report-pack", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			_, err := g.s.Report(ctx, schemas.ReportQuery{Accounts: accounts, Pack: scalePacks[rng.IntN(2)]}, schemas.Record{})
			return err
		}, plainScan("verdicts", "account_id", "pack", "pack_version", "revision", "passed", "failed", "unknown", "errored")},
		{"report-as-of", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			_, err := g.s.Report(ctx, schemas.ReportQuery{Accounts: accounts, AsOf: g.now.AddDate(0, 0, -1-rng.IntN(25))}, schemas.Record{})
			return err
		}, plainScan("violation_events", "account_id", "finding", "transition", "version", "revision", "attempt", "at")},
		{"trend", func(ctx context.Context, g *scale, _ *rand.Rand, accounts []string) error {
			_, err := g.s.Trend(ctx, schemas.TrendQuery{Accounts: accounts}, nil, g.now)
			return err
		}, plainScan("violation_events", "account_id", "at", "transition", "cause", "opened_at")},
		{
			"dashboard-score", dashboard("SELECT pack, policy, sum(failed) AS failed_, sum(passed) FROM @db.v_posture WHERE account_id IN ? GROUP BY pack, policy HAVING failed_ > 0 ORDER BY failed_ DESC LIMIT 20"),
			plainScan("posture", "account_id", "pack", "policy", "passed", "failed", "at"),
		},
		{
			"dashboard-open", dashboard("SELECT severity, sum(open) FROM @db.v_open_counts WHERE account_id IN ? GROUP BY severity"),
			plainScan("violations", "account_id", "severity", "state"),
		},
		{
			"dashboard-history", dashboard("SELECT day, sum(passed), sum(failed) FROM @db.v_account_posture_daily WHERE account_id IN ? GROUP BY day"),
			plainScan("posture_daily", "account_id", "day", "pack", "policy", "passed", "failed", "at"),
		},
		{"violations", func(ctx context.Context, g *scale, _ *rand.Rand, accounts []string) error {
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts})
		}, plainViolations},
		{"violations-severity", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts, Severity: []schemas.Severity{randomOf(rng, schemas.SeverityLow, schemas.SeverityMedium, schemas.SeverityCritical)}})
		}, plainViolations},
		{"violations-policy", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			p := rng.IntN(scalePolicies)
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts, Policy: scalePolicy(scaleTypes[rng.IntN(len(scaleTypes))][0], p)})
		}, plainViolations},
		{"violations-type-region", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts, Type: scaleTypes[rng.IntN(len(scaleTypes))][0], Region: randomOf(rng, "us-east-1", "eu-west-1")})
		}, plainViolations},
		{"violations-by-resource", func(ctx context.Context, g *scale, _ *rand.Rand, accounts []string) error {
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts, Sort: "resource"})
		}, plainViolations},
		{"violations-newest", func(ctx context.Context, g *scale, _ *rand.Rand, accounts []string) error {
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts, Sort: "firstSeen", Desc: true})
		}, plainViolations},
		{"violations-by-policy", func(ctx context.Context, g *scale, _ *rand.Rand, accounts []string) error {
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts, Sort: "policy"})
		}, plainViolations},
		{"violations-fixed", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			return g.list(ctx, schemas.ViolationQuery{Accounts: accounts, State: []schemas.ViolationState{schemas.ViolationFixed}, Sort: randomOf(rng, "severity", "account")})
		}, plainViolations},
		{"resources", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			_, err := g.s.Resources(ctx, schemas.ResourceQuery{Accounts: accounts, Type: randomOf(rng, "", scaleTypes[rng.IntN(len(scaleTypes))][0]), Region: randomOf(rng, "", "eu-west-1")})
			return err
		}, plainScan("resources", "account_id", "type", "region", "id", "name", "tombstone", "at")},
		{"resources-id", func(ctx context.Context, g *scale, rng *rand.Rand, accounts []string) error {
			_, err := g.s.Resources(ctx, schemas.ResourceQuery{Accounts: accounts, Match: fmt.Sprintf("%04X", rng.IntN(1<<16))})
			return err
		}, plainScan("resources", "account_id", "type", "region", "id", "name", "tombstone", "at")},
	}
	for _, k := range kinds {
		if k.isKept() {
			kinds = append(kinds, k.afterChanges())
		}
	}
	for _, of := range []struct {
		name     string
		accounts func(*scale, *rand.Rand) []string
	}{{"all", (*scale).all}, {"one", (*scale).one}} {
		for _, k := range kinds {
			r := scaleReport{
				name: of.name + "/" + k.name,
				ask: func(ctx context.Context, g *scale, rng *rand.Rand) error {
					return k.ask(ctx, g, rng, of.accounts(g, rng))
				},
				plain: func(g *scale, rng *rand.Rand) string { return k.plain(of.accounts(g, rng)) },
			}
			if k.isKept() {
				r.keep = k.keep
			}
			out = append(out, r)
		}
	}
	return append(out, ofOneAccount()...)
}

// ofOneAccount are the reports that are always of one.
func ofOneAccount() []scaleReport {
	events := plainScan("violation_events", columnsOf(new(eventRow)))
	return []scaleReport{
		{name: "one/events-of-scan", ask: func(ctx context.Context, g *scale, rng *rand.Rand) error {
			id := schemas.AccountID(g.id(g.account(rng)))
			_, err := g.s.EventPage(ctx, id, schemas.EventQuery{Scan: schemas.ScanID(id, uint64(60+rng.IntN(39)))})
			return err
		}, plain: func(g *scale, rng *rand.Rand) string { return events(g.one(rng)) }},
		{name: "one/diff", ask: func(ctx context.Context, g *scale, rng *rand.Rand) error {
			id, n := schemas.AccountID(g.id(g.account(rng))), 60+rng.IntN(38)
			_, err := g.s.Diff(ctx, g.scan(id, n), g.scan(id, n+1), schemas.DiffQuery{Limit: 1000})
			return err
		}, plain: func(g *scale, rng *rand.Rand) string { return events(g.one(rng)) }},
		{name: "one/violation", ask: func(ctx context.Context, g *scale, rng *rand.Rand) error {
			_, err := g.s.Violation(ctx, g.finding(rng), schemas.Record{Names: g.names()})
			return err
		}, plain: func(g *scale, rng *rand.Rand) string {
			return "SELECT count() FROM @db.violations WHERE finding = '" + g.finding(rng) + "'"
		}},
	}
}

// scan is the n-th of an account: one a day.
func (g *scale) scan(a schemas.AccountID, n int) schemas.Scan {
	return schemas.Scan{ID: schemas.ScanID(a, uint64(n)), AccountID: a, State: schemas.ScanSucceeded, EndedAt: g.now.AddDate(0, 0, n-100).Add(time.Minute)}
}

// finding is that of a random violation.
func (g *scale) finding(rng *rand.Rand) string {
	return g.findings[rng.IntN(len(g.findings))]
}

var plainViolations = plainScan("violations", "account_id", "account", "type", "region", "id", "finding", "pack", "policy", "severity", "state")

// list asks for a page of 100.
func (g *scale) list(ctx context.Context, q schemas.ViolationQuery) error {
	_, err := g.s.Violations(ctx, q, schemas.Record{Names: g.names()})
	return err
}

// names are those of the registered accounts, which the API gives along.
func (g *scale) names() map[schemas.AccountID]string {
	names := make(map[schemas.AccountID]string, g.accounts)
	for k := 1; k <= g.accounts; k++ {
		names[schemas.AccountID(g.id(k))] = g.name(k)
	}
	return names
}

func randomOf[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }
