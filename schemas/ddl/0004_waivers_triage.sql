-- The tags of a resource, which waivers select by, without its document.
ALTER TABLE @db.resources ADD COLUMN IF NOT EXISTS tags Map(String, String)
    MATERIALIZED JSONExtract(properties, 'tags', 'Map(String, String)') CODEC(ZSTD);

-- What people said of findings, mirrored from the record in JetStream, so that
-- lists can be filtered by it. number counts the changes of a finding.
CREATE TABLE IF NOT EXISTS @db.triage (
    account_id LowCardinality(String),
    finding    String CODEC(ZSTD),
    number     UInt32,
    status     LowCardinality(String),
    priority   LowCardinality(String),
    assignee   String CODEC(ZSTD),
    note       String CODEC(ZSTD),
    by         String,
    at         DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at)
ORDER BY (account_id, finding, number);
