-- Of what kinds violations were ever open: few rows, by which lists find the places of
-- open_violations where those of a policy or a type are. There may be kinds of which nothing is
-- open any more, but none is missing.
CREATE TABLE IF NOT EXISTS @db.open_kinds (
    rank      LowCardinality(String),
    canonical LowCardinality(String),
    type      LowCardinality(String),
    pack      LowCardinality(String),
    policy    LowCardinality(String)
) ENGINE = ReplacingMergeTree
ORDER BY (pack, policy, type, canonical, rank);

CREATE MATERIALIZED VIEW IF NOT EXISTS @db.open_kinds_of_violations TO @db.open_kinds AS
    SELECT DISTINCT rank, canonical, type, pack, policy FROM @db.open_violations WHERE gone = 0;

INSERT INTO @db.open_kinds SELECT DISTINCT rank, canonical, type, pack, policy FROM @db.open_violations WHERE gone = 0;

-- Which makes an index of policies superfluous. What is newest is found by the other.
ALTER TABLE @db.open_violations DROP INDEX IF EXISTS by_policy;

ALTER TABLE @db.open_violations ADD INDEX IF NOT EXISTS by_first_seen first_seen TYPE minmax GRANULARITY 1;

ALTER TABLE @db.open_violations MATERIALIZE INDEX by_first_seen;
