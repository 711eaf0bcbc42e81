-- Every recomputation of the posture of an account, whole: what a report of the
-- past is made of. Keyed by time behind the account, since a report reads one
-- recomputation of each account. Begins with what the daily table has.
CREATE TABLE IF NOT EXISTS @db.posture_history (
    account_id     LowCardinality(String),
    at             DateTime64(6, 'UTC'),
    pack           LowCardinality(String),
    policy         LowCardinality(String),
    passed         UInt64 CODEC(ZSTD),
    failed         UInt64 CODEC(ZSTD),
    not_applicable UInt64 CODEC(ZSTD),
    disabled       UInt64 CODEC(ZSTD),
    unknown        UInt64 CODEC(ZSTD),
    errored        UInt64 CODEC(ZSTD)
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(at)
ORDER BY (account_id, at, pack, policy);

INSERT INTO @db.posture_history
    SELECT account_id, at, pack, policy, passed, failed, not_applicable, disabled, unknown, errored FROM @db.posture_daily FINAL;

-- Resources at the same moments: live ones, those that some policy governs, and
-- of these those without a violation or a gap. The pack '' stands for all
-- enforced packs together; its row is always there.
CREATE TABLE IF NOT EXISTS @db.posture_resources (
    account_id LowCardinality(String),
    at         DateTime64(6, 'UTC'),
    pack       LowCardinality(String),
    resources  UInt64,
    governed   UInt64,
    compliant  UInt64
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(at)
ORDER BY (account_id, at, pack);
