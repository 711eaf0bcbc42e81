-- What a transition tells of by itself: the severity it had, and when the open
-- period began that it is part of, so that the time to fix is one subtraction.
-- In rows from before both are empty.
ALTER TABLE @db.violation_events ADD COLUMN IF NOT EXISTS severity LowCardinality(String);

ALTER TABLE @db.violation_events ADD COLUMN IF NOT EXISTS opened_at DateTime64(6, 'UTC');

-- A finding is known by its id alone, without its account.
ALTER TABLE @db.violations ADD INDEX IF NOT EXISTS by_finding finding TYPE bloom_filter(0.001) GRANULARITY 1;

ALTER TABLE @db.violations MATERIALIZE INDEX by_finding;
