-- Open violations again, with all that lists tell of them, so that a page is read at
-- one place. A page is few rows of many columns: in compact parts all columns of a
-- granule stand side by side in one file, and granules are small.
DROP TABLE IF EXISTS @db.open_violations;

CREATE TABLE @db.open_violations (
    rank         LowCardinality(String),
    account_id   LowCardinality(String),
    canonical    LowCardinality(String),
    region       LowCardinality(String),
    id           String CODEC(ZSTD),
    pack         LowCardinality(String),
    policy       LowCardinality(String),
    finding      String CODEC(ZSTD),
    account      LowCardinality(String),
    type         LowCardinality(String),
    name         String CODEC(ZSTD),
    pack_version LowCardinality(String),
    group_name   LowCardinality(String),
    level        LowCardinality(String),
    severity     LowCardinality(String),
    messages     Array(String) CODEC(ZSTD),
    state        LowCardinality(String),
    first_seen   DateTime64(6, 'UTC'),
    opened_at    DateTime64(6, 'UTC'),
    judged_at    DateTime64(6, 'UTC'),
    fixed_at     DateTime64(6, 'UTC'),
    cause        LowCardinality(String),
    reopened     UInt32,
    version      UInt64,
    revision     UInt64,
    attempt      UInt64,
    gone         UInt8,
    ord          UInt256 MATERIALIZED bitShiftLeft(toUInt256(version), 128) + bitShiftLeft(toUInt256(revision), 64) + attempt,
    INDEX by_policy policy TYPE bloom_filter(0.01) GRANULARITY 4
) ENGINE = ReplacingMergeTree(ord, gone)
ORDER BY (rank, account_id, canonical, region, id, pack, policy)
SETTINGS index_granularity = 512, min_bytes_for_wide_part = 1000000000000, allow_experimental_replacing_merge_with_cleanup = 1;

INSERT INTO @db.open_violations (rank, account_id, canonical, region, id, pack, policy, finding, account, type, name, pack_version, group_name, level, severity,
        messages, state, first_seen, opened_at, judged_at, fixed_at, cause, reopened, version, revision, attempt, gone)
    SELECT transform(toString(severity), ['critical', 'high', 'medium', 'low'], ['0', '1', '2', '3'], '4'),
        account_id, canonical, region, id, pack, policy, finding, account, type, name, pack_version, group_name, level, severity,
        messages, state, first_seen, opened_at, judged_at, fixed_at, cause, reopened, version, revision, attempt, 0
    FROM @db.violations FINAL WHERE state = 'open';

-- The same as before, from the table that has nothing else.
CREATE OR REPLACE VIEW @db.v_current_violations AS
    WITH (
            SELECT arraySort(w -> (-toUnixTimestamp64Milli(assumeNotNull(w.2)), w.1), groupArray((name, expires_at, accounts, patterns, notEmpty(tags)))) FROM @db.waivers_in_force
        ) AS in_force,
        (
            SELECT mapFromArrays(groupArray(key), groupArray(named)) FROM (
                SELECT key, JSONExtractString(argMax(document, (at, revision)), 'name') AS named FROM @db.config_log WHERE kind = 'account' GROUP BY key)
        ) AS names
    SELECT account_id, account, region, type, id, name, pack, pack_version, policy, group_name, level, severity, messages,
        first_seen, opened_at, reopened, finding, covering.1 != '' AS waived, covering.1 AS waiver, if(covering.1 = '', NULL, covering.2) AS waived_until
    FROM (
        SELECT *, concat('urn:insights:', if(names[account_id] = '', account, names[account_id]), '/', region, '::aws::', type, '::', id) AS urn,
            arrayFirst(w -> (empty(w.3) OR has(w.3, account_id) OR has(w.3, concat(account_id, '/', region)))
                AND arrayAll((ps, text) -> empty(ps) OR arrayExists(p -> text LIKE p, ps), w.4, [toString(pack), toString(policy), toString(type), urn])
                AND (NOT w.5 OR has(tagged, w.1)), in_force) AS covering
        FROM (SELECT * FROM @db.open_violations FINAL WHERE position(pack, '@local') = 0) AS v
        ANY LEFT JOIN @db.waived_by_tags AS t USING (account_id, type, region, id)
    );
