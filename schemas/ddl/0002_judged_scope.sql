-- The scope whose attempt gave the verdict, so that its close finds verdicts of
-- resources that never came to be stored. Empty in rows from before.
ALTER TABLE @db.judged ADD COLUMN IF NOT EXISTS scope_region LowCardinality(String);

ALTER TABLE @db.judged ADD COLUMN IF NOT EXISTS route LowCardinality(String);
