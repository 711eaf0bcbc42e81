-- What the sink is about to write of an account's violations, as one value: rows
-- of several tables cannot be written as one, and a process may end in between.
-- Whoever writes next ends what was begun. An empty document: it is written.
CREATE TABLE IF NOT EXISTS @db.flushes (
    account_id LowCardinality(String),
    number     UInt64,
    document   String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(number)
ORDER BY account_id;

-- From when on tables of the past are whole that were once kept for less time than
-- now: what had left by then does not come back.
CREATE TABLE IF NOT EXISTS @db.kept_since (
    name  LowCardinality(String),
    since DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(since)
ORDER BY name;
