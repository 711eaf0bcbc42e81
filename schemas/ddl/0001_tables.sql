-- Tables of insights-scanner. "@db." stands for the database.
--
-- Every row is a pure function of the messages it came from. Current tables are
-- ReplacingMergeTree whose version is the order of the message, so a late insert
-- of an older message can never win. None is partitioned by state or time: a row
-- that changes its state must meet its predecessor in the same partition.
-- All keys begin with account_id: a report reads one account or a few, and FINAL
-- behind an account prefix touches only that account's granules. type comes
-- before region and id because lists and scopes are per type.
-- Granules are small (1,024 rows): folding a batch looks up single keys.

-- Current inventory. seq and number are the attempt and batch that wrote the
-- row; tombstone rows carry the seq of the close.
CREATE TABLE IF NOT EXISTS @db.resources (
    account_id   LowCardinality(String),
    account      LowCardinality(String),
    type         LowCardinality(String),
    region       LowCardinality(String),
    id           String CODEC(ZSTD),
    name         String CODEC(ZSTD),
    scope_region LowCardinality(String),
    route        LowCardinality(String),
    seq          UInt64,
    number       UInt32,
    version      UInt64,
    hash         String CODEC(ZSTD),
    projection_revision UInt32,
    tombstone    Bool,
    properties   String CODEC(ZSTD(3)),
    unknown      String CODEC(ZSTD(3)),
    first_seen   DateTime64(6, 'UTC'),
    changed_at   DateTime64(6, 'UTC'),
    at           DateTime64(6, 'UTC'),
    ord          UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 32) + number
) ENGINE = ReplacingMergeTree(ord)
ORDER BY (account_id, type, region, id)
SETTINGS index_granularity = 1024;

-- What a resource looked like at each version. Partitioned by month because a
-- version row never changes and leaves by age.
CREATE TABLE IF NOT EXISTS @db.resource_versions (
    account_id LowCardinality(String),
    type       LowCardinality(String),
    region     LowCardinality(String),
    id         String CODEC(ZSTD),
    version    UInt64,
    hash       String CODEC(ZSTD),
    tombstone  Bool,
    properties String CODEC(ZSTD(3)),
    unknown    String CODEC(ZSTD(3)),
    at         DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (account_id, type, region, id, version)
TTL toDateTime(at) + INTERVAL 400 DAY;

-- Last attempt that saw a resource unchanged: narrow, because a scan that finds
-- nothing new writes one row per resource here and nothing else.
CREATE TABLE IF NOT EXISTS @db.seen (
    account_id LowCardinality(String),
    type       LowCardinality(String),
    region     LowCardinality(String),
    id         String CODEC(ZSTD),
    seq        UInt64,
    number     UInt32,
    at         DateTime64(6, 'UTC'),
    ord        UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 32) + number
) ENGINE = ReplacingMergeTree(ord)
ORDER BY (account_id, type, region, id)
SETTINGS index_granularity = 1024;

-- What each resource was last judged at: its content and the order of the verdict.
CREATE TABLE IF NOT EXISTS @db.judged (
    account_id LowCardinality(String),
    type       LowCardinality(String),
    region     LowCardinality(String),
    id         String CODEC(ZSTD),
    version    UInt64,
    revision   UInt64,
    attempt    UInt64,
    hash       String CODEC(ZSTD),
    projection_revision UInt32,
    tombstone  Bool,
    ord        UInt256 MATERIALIZED bitShiftLeft(toUInt256(version), 128) + bitShiftLeft(toUInt256(revision), 64) + attempt
) ENGINE = ReplacingMergeTree(ord)
ORDER BY (account_id, type, region, id)
SETTINGS index_granularity = 1024;

-- Current verdicts: per resource and pack the policy names by outcome. gap_*
-- are parallel: why a policy is unknown or errored.
CREATE TABLE IF NOT EXISTS @db.verdicts (
    account_id     LowCardinality(String),
    type           LowCardinality(String),
    region         LowCardinality(String),
    id             String CODEC(ZSTD),
    pack           LowCardinality(String),
    pack_version   LowCardinality(String),
    version        UInt64,
    revision       UInt64,
    attempt        UInt64,
    passed         Array(LowCardinality(String)) CODEC(ZSTD),
    failed         Array(LowCardinality(String)) CODEC(ZSTD),
    not_applicable Array(LowCardinality(String)) CODEC(ZSTD),
    disabled       Array(LowCardinality(String)) CODEC(ZSTD),
    unknown        Array(LowCardinality(String)) CODEC(ZSTD),
    errored        Array(LowCardinality(String)) CODEC(ZSTD),
    gap_policy     Array(LowCardinality(String)) CODEC(ZSTD),
    gap_outcome    Array(LowCardinality(String)) CODEC(ZSTD),
    gap_call       Array(LowCardinality(String)) CODEC(ZSTD),
    gap_reason     Array(String) CODEC(ZSTD),
    ord            UInt256 MATERIALIZED bitShiftLeft(toUInt256(version), 128) + bitShiftLeft(toUInt256(revision), 64) + attempt
) ENGINE = ReplacingMergeTree(ord)
ORDER BY (account_id, type, region, id, pack)
SETTINGS index_granularity = 1024;

-- Violations, open and fixed, one row per finding. The key holds the canonical
-- type, so that alias twins meet in one row.
CREATE TABLE IF NOT EXISTS @db.violations (
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
    ord          UInt256 MATERIALIZED bitShiftLeft(toUInt256(version), 128) + bitShiftLeft(toUInt256(revision), 64) + attempt
) ENGINE = ReplacingMergeTree(ord)
ORDER BY (account_id, canonical, region, id, pack, policy)
SETTINGS index_granularity = 1024;

-- Transitions. The id is a hash of finding, order and transition, so a repeated
-- insert is the same row. By scan, because "what did this scan change" is asked most.
CREATE TABLE IF NOT EXISTS @db.violation_events (
    account_id LowCardinality(String),
    scan       String CODEC(ZSTD),
    event_id   String CODEC(ZSTD),
    finding    String CODEC(ZSTD),
    type       LowCardinality(String),
    region     LowCardinality(String),
    id         String CODEC(ZSTD),
    pack       LowCardinality(String),
    policy     LowCardinality(String),
    transition LowCardinality(String),
    cause      LowCardinality(String),
    version    UInt64,
    revision   UInt64,
    attempt    UInt64,
    at         DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (account_id, scan, event_id);

-- Keys that an attempt knew, did not list, and found gone by a direct read. The
-- close of the scope turns them into tombstones, in the order of this key.
CREATE TABLE IF NOT EXISTS @db.gone_marks (
    account_id   LowCardinality(String),
    seq          UInt64,
    type         LowCardinality(String),
    scope_region LowCardinality(String),
    route        LowCardinality(String),
    region       LowCardinality(String),
    id           String CODEC(ZSTD),
    at           DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (account_id, seq, type, scope_region, route, region, id)
TTL toDateTime(at) + INTERVAL 90 DAY;

-- Which batches of an attempt are stored, from snapshots and from verdicts: what
-- completion is decided by. A mismatch, once found, is not taken back.
CREATE TABLE IF NOT EXISTS @db.batches (
    account_id  LowCardinality(String),
    scan        String CODEC(ZSTD),
    unit_region LowCardinality(String),
    service     LowCardinality(String),
    seq         UInt64,
    kind        Enum8('snapshot' = 1, 'verdict' = 2),
    number      UInt32,
    mismatch    UInt8,
    at          DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(mismatch)
ORDER BY (account_id, scan, unit_region, service, seq, kind, number)
TTL toDateTime(at) + INTERVAL 90 DAY;

-- Ends of unit attempts, whole.
CREATE TABLE IF NOT EXISTS @db.unit_ends (
    account_id  LowCardinality(String),
    scan        String CODEC(ZSTD),
    unit_region LowCardinality(String),
    service     LowCardinality(String),
    seq         UInt64,
    document    String CODEC(ZSTD),
    at          DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (account_id, scan, unit_region, service, seq)
TTL toDateTime(at) + INTERVAL 400 DAY;

-- How the newest attempt at a scope ended.
CREATE TABLE IF NOT EXISTS @db.scope_ends (
    account_id   LowCardinality(String),
    type         LowCardinality(String),
    scope_region LowCardinality(String),
    route        LowCardinality(String),
    seq          UInt64,
    scan         String,
    state        LowCardinality(String),
    call         String,
    reason       String,
    seen         UInt64,
    at           DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(seq)
ORDER BY (account_id, type, scope_region, route);

-- The newest close of a scope: the fence, and when it was last complete.
CREATE TABLE IF NOT EXISTS @db.scope_closes (
    account_id   LowCardinality(String),
    type         LowCardinality(String),
    scope_region LowCardinality(String),
    route        LowCardinality(String),
    seq          UInt64,
    cause        LowCardinality(String),
    at           DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(seq)
ORDER BY (account_id, type, scope_region, route);

-- Scans that have ended, whole.
CREATE TABLE IF NOT EXISTS @db.scans (
    account_id LowCardinality(String),
    scan       String,
    account    LowCardinality(String),
    state      LowCardinality(String),
    started_at DateTime64(6, 'UTC'),
    ended_at   DateTime64(6, 'UTC'),
    document   String CODEC(ZSTD)
) ENGINE = ReplacingMergeTree(ended_at)
ORDER BY (account_id, scan);

-- Posture of an account as last recomputed, and the last of every day. Rows of
-- an older recomputation (a withdrawn pack) have an older at than the account's newest.
CREATE TABLE IF NOT EXISTS @db.posture (
    account_id     LowCardinality(String),
    pack           LowCardinality(String),
    policy         LowCardinality(String),
    passed         UInt64,
    failed         UInt64,
    not_applicable UInt64,
    disabled       UInt64,
    unknown        UInt64,
    errored        UInt64,
    at             DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at)
ORDER BY (account_id, pack, policy);

CREATE TABLE IF NOT EXISTS @db.posture_daily (
    account_id     LowCardinality(String),
    day            Date,
    pack           LowCardinality(String),
    policy         LowCardinality(String),
    passed         UInt64,
    failed         UInt64,
    not_applicable UInt64,
    disabled       UInt64,
    unknown        UInt64,
    errored        UInt64,
    at             DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at)
PARTITION BY toYear(day)
ORDER BY (account_id, day, pack, policy);

-- What reports say of policies. A published version never changes; a local pack
-- does, and its newest recording wins.
CREATE TABLE IF NOT EXISTS @db.policies (
    pack     String,
    version  String,
    policy   String,
    at       DateTime64(6, 'UTC'),
    document String CODEC(ZSTD)
) ENGINE = ReplacingMergeTree(at)
ORDER BY (pack, version, policy);

-- Every change of the configuration, mirrored from the record in JetStream.
CREATE TABLE IF NOT EXISTS @db.config_log (
    kind     LowCardinality(String),
    key      String,
    revision UInt64,
    actor    String,
    at       DateTime64(6, 'UTC'),
    document String CODEC(ZSTD)
) ENGINE = ReplacingMergeTree
ORDER BY (kind, key, at, revision);
