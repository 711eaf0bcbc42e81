-- The posture of an account in one row a day: what panels of many accounts add up,
-- which would else read a row for every policy, and every open violation. open
-- counts those of enforced packs by severity; empty for days before this table.
-- policies are those that are not disabled everywhere, compliant those of them
-- without a failure or a gap.
CREATE TABLE IF NOT EXISTS @db.posture_accounts (
    account_id     LowCardinality(String),
    day            Date,
    passed         UInt64,
    failed         UInt64,
    not_applicable UInt64,
    disabled       UInt64,
    unknown        UInt64,
    errored        UInt64,
    policies       UInt64,
    compliant      UInt64,
    open           Map(String, UInt64),
    at             DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at)
PARTITION BY toYear(day)
ORDER BY (account_id, day);

INSERT INTO @db.posture_accounts
    SELECT account_id, day, passed, failed, not_applicable, disabled, unknown, errored, policies, compliant,
        if(day = max(day) OVER (PARTITION BY account_id), o.open, map()) AS open, at
    FROM (
        SELECT account_id, day, sum(d.passed) AS passed, sum(d.failed) AS failed, sum(d.not_applicable) AS not_applicable, sum(d.disabled) AS disabled,
            sum(d.unknown) AS unknown, sum(d.errored) AS errored,
            countIf(d.passed + d.failed + d.not_applicable + d.unknown + d.errored > 0) AS policies,
            countIf(d.passed + d.not_applicable > 0 AND d.failed + d.unknown + d.errored = 0) AS compliant, max(d.at) AS at
        FROM @db.posture_daily AS d FINAL GROUP BY account_id, day
    ) AS p
    LEFT JOIN (
        SELECT account_id, sumMap(map(toString(severity), toUInt64(1))) AS open
        FROM @db.open_violations FINAL WHERE position(pack, '@local') = 0 GROUP BY account_id
    ) AS o USING (account_id);

CREATE OR REPLACE VIEW @db.v_account_posture_daily AS
    SELECT account_id, day, passed, failed, unknown, errored, not_applicable, disabled, at AS counted_at
    FROM @db.posture_accounts FINAL;

CREATE OR REPLACE VIEW @db.v_open_counts AS
    SELECT account_id, severity, open, counted_at
    FROM (
        SELECT account_id, any(p.open) AS counts, any(at) AS counted_at FROM @db.posture_accounts AS p
        WHERE (account_id, at) IN (SELECT account_id, max(at) FROM @db.posture_accounts GROUP BY account_id) GROUP BY account_id
    )
    ARRAY JOIN mapKeys(counts) AS severity, mapValues(counts) AS open;
