package sink

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// scale is a store of many accounts, made by INSERT SELECT: what years of scans
// would leave, in minutes. There are resources live resources and half as many
// tombstones, one open violation for each live resource, and ten times as many
// fixed ones: five on each live resource, ten on each that is gone.
type scale struct {
	s         *Store
	resources int
	accounts  int
	rounds    int // inserts per table, each over all accounts, as scans come
	now       time.Time
	findings  []string // of some violations
}

const (
	scaleRegions = 4
	scaleDays    = 30
	// scalePolicies are those of a type: the first half is of one pack, the other of a second.
	scalePolicies = 16
)

// scaleTypes are what resources are of, with how their ids begin.
var scaleTypes = [][2]string{
	{"aws:ec2/instance:Instance", "i-0"},
	{"aws:ebs/volume:Volume", "vol-0"},
	{"aws:ec2/securityGroup:SecurityGroup", "sg-0"},
	{"aws:ebs/snapshot:Snapshot", "snap-0"},
	{"aws:ec2/networkInterface:NetworkInterface", "eni-0"},
	{"aws:s3/bucket:Bucket", "data-"},
	{"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "data-"},
	{"aws:iam/role:Role", "service-role-"},
	{"aws:iam/policy:Policy", "arn:aws:iam::policy/p-"},
	{"aws:lambda/function:Function", "fn-"},
	{"aws:sqs/queue:Queue", "https://sqs.amazonaws.com/q-"},
	{"aws:cloudwatch/logGroup:LogGroup", "/aws/lambda/fn-"},
}

var scalePacks = []string{"aws_foundations", "cis_aws"}

// id and name of the account of a size's rank, from 1.
func (g *scale) id(k int) string   { return fmt.Sprintf("aws-%d", 100000000000+k*7919) }
func (g *scale) name(k int) string { return fmt.Sprintf("team-%04d", k) }

func scalePolicy(token string, p int) string {
	return strings.ToLower(token[strings.LastIndex(token, ":")+1:]) + "-rule-" + fmt.Sprintf("%02d", p)
}

func quoted(list []string) string { return "['" + strings.Join(list, "', '") + "']" }

// base gives the numbered resources of a round and what their tables share. The
// rank of an account is exp(u ln n), u in [0, 1): sizes are those of Zipf's law.
func (g *scale) base(round int) string {
	var types, prefixes []string
	for _, t := range scaleTypes {
		types, prefixes = append(types, t[0]), append(prefixes, t[1])
	}
	total := g.resources * 3 / 2
	return fmt.Sprintf(`(
		SELECT number * %[1]d + %[2]d AS i, cityHash64(i) AS h, toUInt32(floor(exp((i %% %[3]d) / %[3]d * %[4]f))) AS k,
			concat('aws-', toString(100000000000 + k * 7919)) AS account_id, concat('team-', leftPad(toString(k), 4, '0')) AS account,
			toUInt8(h %% %[5]d) AS t, %[6]s[t + 1] AS type, ['us-east-1', 'eu-west-1', 'us-west-2', 'ap-south-1'][bitShiftRight(h, 8) %% 4 + 1] AS region,
			concat(%[7]s[t + 1], lower(hex(sipHash64(i)))) AS id, concat(['web', 'db', 'batch', 'etl'][bitShiftRight(h, 12) %% 4 + 1], '-', toString(i %% 9973)) AS name,
			i >= %[3]d AS gone, toUInt8(bitShiftRight(h, 16) %% %[8]d) AS broken, toUInt64(20 + bitShiftRight(h, 24) %% 80) AS seq,
			toDateTime64('%[9]s', 6, 'UTC') - toIntervalSecond((100 - seq) * 86400 + h %% 80000) AS at
		FROM numbers(%[10]d) WHERE i < %[11]d)`,
		g.rounds, round, g.resources, math.Log(float64(g.accounts+1)), len(scaleTypes), quoted(types), quoted(prefixes), scalePolicies,
		g.now.Format(time.DateTime), total/g.rounds+1, total)
}

// policyName is the SQL of the name of policy p of a type.
const policyName = "concat(lower(splitByChar(':', type)[3]), '-rule-', leftPad(toString(p), 2, '0'))"

// tables are the statements of a round: a table with the columns, and what they are.
func (g *scale) tables() [][2]string {
	half := scalePolicies / 2
	packOf := fmt.Sprintf("if(p < %d, '%s', '%s')", half, scalePacks[0], scalePacks[1])
	finding := "lower(hex(sipHash128(i, p)))"
	// The open violation is of the policy that is broken, the fixed ones of those behind it.
	life := fmt.Sprintf(`(SELECT *, arrayJoin(if(gone, range(1, 11), range(0, 6))) AS step, (broken + step) %% %d AS p, step = 0 AS open,
		%s AS policy, %s AS pack, %s AS finding, at - toIntervalDay(step * 3) AS opened, opened + toIntervalHour(5 + h %% 200) AS fixed FROM @base)`,
		scalePolicies, policyName, packOf, finding)
	violationColumns := columnsOf(new(violationRow))
	const violation = `account_id, type, region, id, pack, policy, finding, account, type, name, '1.0.0', 'default-accounts-policy-group', 'mandatory', ['low', 'medium', 'high', 'critical'][p % 4 + 1],
		[concat(name, ' (', id, ') does not meet ', policy, ': the setting must be on; see the guide of ', pack)], if(open, 'open', 'fixed'), opened, opened, at,
		if(open, toDateTime64(0, 6, 'UTC'), fixed), if(open, '', if(gone, 'resource_gone', 'resource_changed')), h % 7 = 0, seq, 1, seq`
	return [][2]string{
		{
			"resources (account_id, account, type, region, id, name, scope_region, route, seq, number, version, hash, projection_revision, tombstone, properties, unknown, first_seen, changed_at, at)",
			`SELECT account_id, account, type, region, id, name, region, 'native', seq, 1, seq, if(gone, '', lower(hex(sipHash128(i)))), 1, gone, if(gone, '', concat(
				'{"arn":"arn:aws:ec2:', region, ':', toString(100000000000 + k * 7919), ':resource/', id, '","availabilityZone":"', region, ['a', 'b', 'c'][h % 3 + 1],
				'","instanceType":"', ['t3.micro', 'm5.large', 'r6g.xlarge', 'c7i.2xlarge'][h % 4 + 1], '","ebsOptimized":', ['true', 'false'][h % 2 + 1],
				',"privateIp":"10.', toString(h % 256), '.', toString(bitShiftRight(h, 8) % 256), '.', toString(bitShiftRight(h, 16) % 256),
				'","subnetId":"subnet-0', lower(hex(h % 5000)), '","vpcSecurityGroupIds":["sg-0', lower(hex(cityHash64(i, 2) % 90000)), '","sg-0', lower(hex(cityHash64(i, 3) % 90000)),
				'"],"metadataOptions":{"httpEndpoint":"enabled","httpTokens":"', ['required', 'optional'][h % 2 + 1], '","httpPutResponseHopLimit":', toString(h % 3 + 1),
				'},"rootBlockDevice":{"deviceName":"/dev/xvda","encrypted":', ['true', 'false'][bitShiftRight(h, 4) % 2 + 1], ',"volumeId":"vol-0', lower(hex(cityHash64(i, 4))), '","volumeSize":', toString(8 + h % 500), ',"volumeType":"gp3"},',
				'"monitoring":', ['true', 'false'][bitShiftRight(h, 5) % 2 + 1], ',"tags":{"Name":"', name, '","team":"', account, '","env":"', ['prod', 'dev', 'test'][h % 3 + 1], '","costCenter":"', toString(1000 + h % 300), '"}}')), '', at - toIntervalDay(90), at, at FROM @base`,
		},
		{
			"judged (account_id, type, region, id, scope_region, route, version, revision, attempt, hash, projection_revision, tombstone)",
			"SELECT account_id, type, region, id, region, 'native', seq, 1, seq, if(gone, '', lower(hex(sipHash128(i)))), 1, gone FROM @base",
		},
		{
			"verdicts (account_id, type, region, id, pack, pack_version, version, revision, attempt, passed, failed, unknown, gap_policy, gap_outcome, gap_call, gap_reason)",
			fmt.Sprintf(`SELECT account_id, type, region, id, %[1]s[n + 1], '1.0.0', seq, 1, seq, arrayFilter(x -> x != bad AND x != gap, all), if(bad = '', [], [bad]),
				if(gap = '', [], [gap]), if(gap = '', [], [gap]), if(gap = '', [], ['unknown']), if(gap = '', [], ['s3:GetBucketPolicy']), if(gap = '', [], ['access denied: explicit deny'])
			FROM (SELECT *, arrayJoin([0, 1]) AS n, arrayMap(p -> %[2]s, range(n * %[3]d, n * %[3]d + %[3]d)) AS all,
				if(intDiv(broken, %[3]d) = n, all[broken %% %[3]d + 1], '') AS bad, if(h %% 50 = 0 AND all[1] != bad, all[1], '') AS gap FROM @base WHERE NOT gone)`, quoted(scalePacks), policyName, half),
		},
		{
			"violations (" + violationColumns + ")",
			"SELECT " + violation + " FROM " + life,
		},
		{
			"open_violations (rank, " + violationColumns + ", gone)",
			"SELECT toString(3 - p % 4), " + violation + ", 0 FROM " + life + " WHERE open",
		},
		{
			"violation_events (account_id, scan, event_id, finding, type, region, id, pack, policy, transition, cause, version, revision, attempt, at, severity, opened_at)",
			`SELECT account_id, concat(splitByChar('-', account_id)[2], '-', toString(toUInt32(seq - if(e = 'opened', 2, 1)))), lower(hex(sipHash128(finding, e))), finding, type, region, id, pack, policy, e,
				if(e = 'opened', '', if(gone, 'resource_gone', 'resource_changed')), seq - if(e = 'opened', 2, 1), 1, seq, if(e = 'opened', opened, fixed), ['low', 'medium', 'high', 'critical'][p % 4 + 1], opened
				FROM (SELECT *, arrayJoin(if(open, ['opened'], ['opened', 'fixed'])) AS e FROM ` + life + ")",
		},
	}
}

func (g *scale) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if err := g.s.exec(context.Background(), "generate", statement, args...); err != nil {
		t.Fatal(err)
	}
}

// fill makes everything, unless the store has it already.
func (g *scale) fill(t testing.TB) {
	t.Helper()
	if g.number(t, "SELECT count() FROM @db.posture_resources") > 0 {
		return
	}
	start := time.Now()
	g.small(t)
	for round := range g.rounds {
		for _, table := range g.tables() {
			g.exec(t, "INSERT INTO @db."+table[0]+" "+strings.ReplaceAll(table[1], "@base", g.base(round))+" SETTINGS max_block_size = 32768")
		}
		t.Logf("round %d of %d after %s", round+1, g.rounds, time.Since(start).Round(time.Second))
	}
	g.exec(t, `INSERT INTO @db.resource_versions (account_id, type, region, id, version, hash, tombstone, properties, unknown, at)
		SELECT account_id, type, region, id, version, hash, tombstone, properties, unknown, at FROM @db.resources SETTINGS max_partitions_per_insert_block = 0`)
	g.posture(t)
	g.settle(t)
	t.Logf("generated and merged in %s", time.Since(start).Round(time.Second))
}

// known finds some violations to ask for by their ids.
func (g *scale) known(t testing.TB) {
	t.Helper()
	err := g.s.query(context.Background(), "pick violations", "SELECT any(finding) FROM @db.violations GROUP BY account_id, canonical LIMIT 5000", nil, func(r driver.Rows) error {
		var finding string
		err := r.Scan(&finding)
		g.findings = append(g.findings, finding)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// small are the tables that do not grow with resources.
func (g *scale) small(t testing.TB) {
	t.Helper()
	for n, pack := range scalePacks {
		m := schemas.PackManifest{PublishedAt: g.now}
		m.Name, m.Version = pack, "1.0.0"
		for _, ty := range scaleTypes {
			for p := n * scalePolicies / 2; p < (n+1)*scalePolicies/2; p++ {
				m.Policies = append(m.Policies, schemas.Policy{
					Name: scalePolicy(ty[0], p), DisplayName: "The setting must be on", Severity: []schemas.Severity{schemas.SeverityLow, schemas.SeverityMedium, schemas.SeverityHigh, schemas.SeverityCritical}[p%4], Level: schemas.Mandatory,
				})
			}
		}
		if err := g.s.RecordPolicies(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	accounts := fmt.Sprintf(`(SELECT number + 1 AS k, concat('aws-', toString(100000000000 + k * 7919)) AS account_id, concat('team-', leftPad(toString(k), 4, '0')) AS account FROM numbers(%d))`, g.accounts)
	g.exec(t, "INSERT INTO @db.changes SELECT account_id, rand64() FROM "+accounts)
	var types []string
	for _, ty := range scaleTypes {
		types = append(types, ty[0])
	}
	now := "toDateTime64('" + g.now.Format(time.DateTime) + "', 6, 'UTC')"
	scopes := "SELECT account_id, arrayJoin(" + quoted(types) + ") AS type, arrayJoin(['us-east-1', 'eu-west-1', 'us-west-2', 'ap-south-1']) AS region, 'native', 100, "
	g.exec(t, "INSERT INTO @db.scope_closes "+scopes+"'resource_gone', "+now+" FROM "+accounts)
	g.exec(t, "INSERT INTO @db.scope_ends "+scopes+"'', if(k % 9 = 0 AND type LIKE '%iam%', 'denied', 'complete'), 'iam:ListRoles', 'access denied', 1, "+now+" FROM "+accounts)
	g.exec(t, `INSERT INTO @db.scans SELECT account_id, concat(splitByChar('-', account_id)[2], '-', toString(n)), account, 'succeeded', `+now+` - toIntervalDay(100 - n), `+now+` - toIntervalDay(100 - n) + 60,
		concat('{"id":"', splitByChar('-', account_id)[2], '-', toString(n), '","accountId":"', account_id, '","account":"', account, '","state":"succeeded"}') FROM (SELECT *, arrayJoin(range(60, 100)) AS n FROM `+accounts+")")
}

// posture counts every account once, as at the end of its newest scan, and
// repeats that for the days before.
func (g *scale) posture(t testing.TB) {
	t.Helper()
	now := g.now.UnixMicro()
	g.exec(t, `INSERT INTO @db.posture SELECT account_id, pack, policy, countIf(outcome = 'passed'), countIf(outcome = 'failed'), 0, 0, countIf(outcome = 'unknown'), 0,
		fromUnixTimestamp64Micro(?, 'UTC') FROM (`+outcomes+`) GROUP BY account_id, pack, policy SETTINGS max_bytes_before_external_group_by = 1000000000`, now)
	const counts = "passed, failed, not_applicable, disabled, unknown, errored"
	days := fmt.Sprintf("arrayJoin(range(%d))", scaleDays)
	g.exec(t, "INSERT INTO @db.posture_daily SELECT account_id, toDate(at - toIntervalDay(n)), pack, policy, "+counts+", at - toIntervalDay(n) FROM (SELECT *, "+days+" AS n FROM @db.posture FINAL)")
	g.exec(t, `INSERT INTO @db.posture_accounts SELECT account_id, day, sum(d.passed), sum(d.failed), sum(d.not_applicable), sum(d.disabled), sum(d.unknown), sum(d.errored),
		count(), countIf(d.failed + d.unknown = 0), map('critical', sum(d.failed)), max(d.at) FROM @db.posture_daily AS d FINAL GROUP BY account_id, day`)
	g.exec(t, "INSERT INTO @db.posture_history SELECT account_id, at - toIntervalDay(n), pack, policy, "+counts+" FROM (SELECT *, "+days+" AS n FROM @db.posture FINAL)")
	g.exec(t, `INSERT INTO @db.posture_resources SELECT account_id, fromUnixTimestamp64Micro(?, 'UTC') - toIntervalDay(n), pack, c, c, toUInt64(c * 0.4) FROM (
		SELECT account_id, arrayJoin(['', 'aws_foundations', 'cis_aws']) AS pack, `+days+` AS n, count() AS c FROM @db.resources WHERE NOT tombstone GROUP BY account_id)`, now)
}

// settle waits until the engine has nothing left to merge.
func (g *scale) settle(t testing.TB) {
	t.Helper()
	for quiet := 0; quiet < 5; quiet++ {
		if g.number(t, "SELECT count() FROM system.merges") > 0 {
			quiet = -1
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (g *scale) number(t testing.TB, statement string, args ...any) (n uint64) {
	t.Helper()
	if err := g.s.query(context.Background(), "count", statement, args, func(r driver.Rows) error { return r.Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}
