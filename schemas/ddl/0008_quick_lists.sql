-- People name a finding by the beginning of its id: the index knows eight letters.
ALTER TABLE @db.violations ADD INDEX IF NOT EXISTS by_short_finding left(finding, 8) TYPE bloom_filter(0.001) GRANULARITY 1;

ALTER TABLE @db.violations MATERIALIZE INDEX by_short_finding;

ALTER TABLE @db.violations DROP INDEX IF EXISTS by_finding;

-- Waivers by tag read this column; where it is not stored, it is made of whole documents.
ALTER TABLE @db.resources MATERIALIZE COLUMN tags;

-- Names of accounts come from scans too, so that one small table has them all.
CREATE MATERIALIZED VIEW IF NOT EXISTS @db.account_names_of_scans TO @db.account_names AS
    SELECT account_id, account, max(ended_at) AS at FROM @db.scans GROUP BY account_id, account;

INSERT INTO @db.account_names
    SELECT account_id, account, max(ended_at) AS at FROM @db.scans GROUP BY account_id, account;
