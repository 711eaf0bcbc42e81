-- Open violations alone, without what takes room, in the order that lists show
-- them: the first pages of all accounts are read from the beginning. rank is '0'
-- for critical to '4' for unspecified. A row with gone ends the one of its key;
-- daily maintenance takes both away.
CREATE TABLE IF NOT EXISTS @db.open_violations (
    rank       LowCardinality(String),
    account_id LowCardinality(String),
    canonical  LowCardinality(String),
    region     LowCardinality(String),
    id         String CODEC(ZSTD),
    pack       LowCardinality(String),
    policy     LowCardinality(String),
    account    LowCardinality(String),
    type       LowCardinality(String),
    version    UInt64,
    revision   UInt64,
    attempt    UInt64,
    gone       UInt8,
    ord        UInt256 MATERIALIZED bitShiftLeft(toUInt256(version), 128) + bitShiftLeft(toUInt256(revision), 64) + attempt,
    severity   String ALIAS transform(toString(rank), ['0', '1', '2', '3'], ['critical', 'high', 'medium', 'low'], ''),
    state      String ALIAS 'open'
) ENGINE = ReplacingMergeTree(ord, gone)
ORDER BY (rank, account_id, canonical, region, id, pack, policy)
SETTINGS index_granularity = 1024, allow_experimental_replacing_merge_with_cleanup = 1;

INSERT INTO @db.open_violations (rank, account_id, canonical, region, id, pack, policy, account, type, version, revision, attempt, gone)
    SELECT transform(toString(severity), ['critical', 'high', 'medium', 'low'], ['0', '1', '2', '3'], '4'),
        account_id, canonical, region, id, pack, policy, account, type, version, revision, attempt, 0
    FROM @db.violations FINAL WHERE state = 'open';

-- The names that resources were stored under, which every list asks for.
CREATE TABLE IF NOT EXISTS @db.account_names (
    account_id LowCardinality(String),
    account    LowCardinality(String),
    at         DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at)
ORDER BY (account_id, account);

CREATE MATERIALIZED VIEW IF NOT EXISTS @db.account_names_of_resources TO @db.account_names AS
    SELECT account_id, account, max(resources.at) AS at FROM @db.resources GROUP BY account_id, account;

INSERT INTO @db.account_names
    SELECT account_id, account, max(resources.at) AS at FROM @db.resources GROUP BY account_id, account;

-- For counts of what is open; texts and times are in v_current_violations.
CREATE OR REPLACE VIEW @db.v_open_violations AS
    SELECT account_id, account, region, type, id, pack, policy, severity
    FROM @db.open_violations FINAL WHERE position(pack, '@local') = 0;
