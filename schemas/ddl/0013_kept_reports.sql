-- Marks tell whether anything changed that reports of an account are counted of: every
-- write adds a random number to the account's, after its rows; under '' is what concerns
-- all accounts. A mark is their sum, which merges leave alone and which neither a clock
-- nor a crash, a repetition or another writer brings back to what it was. Random also
-- because a replicated table takes equal inserts for one.
CREATE TABLE IF NOT EXISTS @db.changes (
    account_id LowCardinality(String),
    mark       UInt64
) ENGINE = SummingMergeTree
ORDER BY account_id;

-- What was counted of an account, as JSON, while it had a mark. question is a digest of
-- what else the answer depends on, the day among it, so rows of days before are of no
-- use. A row is large and is read alone: one to a granule.
CREATE TABLE IF NOT EXISTS @db.kept_reports (
    account_id LowCardinality(String),
    question   String,
    mark       UInt64,
    at         DateTime64(6, 'UTC'),
    document   String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(at)
ORDER BY (account_id, question)
TTL toDateTime(at) + INTERVAL 3 DAY
SETTINGS index_granularity = 1;
