-- Waivers that are in force now. What they select, in the order packs, policies, types
-- and URNs, is patterns of LIKE: of each that has some, one has to match.
CREATE OR REPLACE VIEW @db.waivers_in_force AS
    SELECT name, expires_at, JSONExtract(selector, 'accounts', 'Array(String)') AS accounts,
        arrayMap(field -> arrayMap(p -> replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(p, '\\', '\\\\'), '%', '\\%'), '_', '\\_'), '*', '%'), '?', '_'),
            JSONExtract(selector, field, 'Array(String)')), ['packs', 'policies', 'types', 'urns']) AS patterns,
        JSONExtract(selector, 'tags', 'Map(String, String)') AS tags
    FROM @db.v_waivers WHERE NOT removed AND starts_at <= now64(3) AND expires_at > now64(3);

-- The resources that have the tags that waivers in force ask for, each with the names of
-- these. Without such a waiver nothing is read.
CREATE OR REPLACE VIEW @db.waived_by_tags AS
    SELECT account_id, type, region, id, groupArray(w.1) AS tagged
    FROM @db.resources FINAL
    ARRAY JOIN (SELECT groupArray((name, mapKeys(tags), mapValues(tags))) FROM @db.waivers_in_force WHERE notEmpty(tags)) AS w
    WHERE NOT tombstone AND (SELECT count() FROM @db.waivers_in_force WHERE notEmpty(tags)) > 0
        AND arrayAll((k, v) -> mapContains(tags, k) AND (v = '*' OR tags[k] = v), w.2, w.3)
    GROUP BY account_id, type, region, id;

-- The same as before, with the waiver that covers a violation now: of several the one
-- that ends last. URNs have the name that the account has now.
CREATE OR REPLACE VIEW @db.v_current_violations AS
    WITH (
            SELECT arraySort(w -> (-toUnixTimestamp64Milli(assumeNotNull(w.2)), w.1), groupArray((name, expires_at, accounts, patterns, notEmpty(tags)))) FROM @db.waivers_in_force
        ) AS in_force,
        (
            SELECT mapFromArrays(groupArray(key), groupArray(named)) FROM (
                SELECT key, JSONExtractString(argMax(document, (at, revision)), 'name') AS named FROM @db.config_log WHERE kind = 'account' GROUP BY key)
        ) AS names
    SELECT account_id, account, region, type, id, name, pack, pack_version, policy, group_name, level, severity, messages,
        first_seen, opened_at, reopened, finding, covering.1 != '' AS waived, covering.1 AS waiver, if(covering.1 = '', NULL, covering.2) AS waived_until
    FROM (
        SELECT *, concat('urn:insights:', if(names[account_id] = '', account, names[account_id]), '/', region, '::aws::', type, '::', id) AS urn,
            arrayFirst(w -> (empty(w.3) OR has(w.3, account_id) OR has(w.3, concat(account_id, '/', region)))
                AND arrayAll((ps, text) -> empty(ps) OR arrayExists(p -> text LIKE p, ps), w.4, [toString(pack), toString(policy), toString(type), urn])
                AND (NOT w.5 OR has(tagged, w.1)), in_force) AS covering
        FROM (SELECT * FROM @db.violations FINAL WHERE state = 'open' AND position(pack, '@local') = 0) AS v
        ANY LEFT JOIN @db.waived_by_tags AS t USING (account_id, type, region, id)
    );
