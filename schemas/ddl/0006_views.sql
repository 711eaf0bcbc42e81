-- Views for people: what tables look like inside may change with any version,
-- these do not. Columns are added to them, never renamed or taken away. See
-- docs/sql.md. Give account_id in a condition: it is what tables are sorted by.

CREATE OR REPLACE VIEW @db.v_violations AS
    SELECT account_id, account, region, type, id, name, pack, pack_version, policy, group_name, level, severity, messages, state,
        first_seen, opened_at, if(state = 'fixed', fixed_at, NULL) AS fixed_at, cause AS fix_cause, reopened,
        if(state = 'fixed', (toUnixTimestamp64Micro(fixed_at) - toUnixTimestamp64Micro(opened_at)) / 1e6, NULL) AS seconds_to_fix, finding
    FROM @db.violations FINAL WHERE state IN ('open', 'fixed') AND position(pack, '@local') = 0;

CREATE OR REPLACE VIEW @db.v_current_violations AS
    SELECT account_id, account, region, type, id, name, pack, pack_version, policy, group_name, level, severity, messages,
        first_seen, opened_at, reopened, finding
    FROM @db.violations FINAL WHERE state = 'open' AND position(pack, '@local') = 0;

CREATE OR REPLACE VIEW @db.v_violation_events AS
    SELECT account_id, at, transition, cause AS fix_cause, severity, region, type, id, pack, policy, scan, finding, opened_at,
        if(transition = 'fixed' AND opened_at > toDateTime64(0, 6, 'UTC'), (toUnixTimestamp64Micro(at) - toUnixTimestamp64Micro(opened_at)) / 1e6, NULL) AS seconds_to_fix
    FROM @db.violation_events FINAL;

CREATE OR REPLACE VIEW @db.v_posture AS
    SELECT account_id, pack, policy, passed, failed, unknown, errored, not_applicable, disabled, at AS counted_at
    FROM @db.posture FINAL WHERE passed + failed + unknown + errored + not_applicable + disabled > 0;

CREATE OR REPLACE VIEW @db.v_posture_daily AS
    SELECT account_id, day, pack, policy, passed, failed, unknown, errored, not_applicable, disabled, at AS counted_at
    FROM @db.posture_daily FINAL WHERE passed + failed + unknown + errored + not_applicable + disabled > 0;

CREATE OR REPLACE VIEW @db.v_resource_compliance AS
    SELECT account_id, at AS counted_at, pack, resources, governed, compliant FROM @db.posture_resources FINAL;

CREATE OR REPLACE VIEW @db.v_resources AS
    SELECT account_id, account, region, type, id, name, tags, properties, unknown, first_seen, changed_at
    FROM @db.resources FINAL WHERE NOT tombstone;

CREATE OR REPLACE VIEW @db.v_scans AS
    SELECT account_id, account, scan, state, started_at, ended_at FROM @db.scans FINAL;

CREATE OR REPLACE VIEW @db.v_triage AS
    SELECT account_id, finding, argMax(status, number) AS status, argMax(priority, number) AS priority, argMax(assignee, number) AS assignee,
        argMax(note, number) AS note, argMax(by, number) AS changed_by, argMax(at, number) AS changed_at
    FROM @db.triage GROUP BY account_id, finding;

CREATE OR REPLACE VIEW @db.v_waivers AS
    SELECT key AS name, JSONExtractString(newest, 'reason') AS reason, JSONExtractString(newest, 'requester') AS requester,
        JSONExtractString(newest, 'approver') AS approver, JSONExtractString(newest, 'ticket') AS ticket,
        parseDateTime64BestEffortOrNull(JSONExtractString(newest, 'startsAt'), 3, 'UTC') AS starts_at,
        parseDateTime64BestEffortOrNull(JSONExtractString(newest, 'expiresAt'), 3, 'UTC') AS expires_at,
        JSONExtractRaw(newest, 'selector') AS selector, JSONExtractBool(newest, 'removed') AS removed
    FROM (SELECT key, argMax(document, (at, revision)) AS newest FROM @db.config_log WHERE kind = 'waiver' GROUP BY key);
