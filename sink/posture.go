package sink

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// RecomputePosture counts an account's verdicts anew, whole, as of at. What
// counted before and no longer does gets a row of zeros: otherwise an account
// whose last pack was withdrawn would keep its old posture for ever. That row is
// written again until the history has it, which is written after all that needs it: a
// process may be killed before. Local packs have no part in it.
func (s *Store) RecomputePosture(ctx context.Context, a schemas.AccountID, at time.Time) error {
	id, own := string(a), rand.Uint64()
	before, err := s.marks(ctx, []string{id})
	if err != nil {
		return err
	}
	if err := s.marked(ctx, s.recomputePosture(ctx, a, at), own, a); err != nil {
		return err
	}
	for id := range before {
		before[id] += own // what is written meanwhile moves the mark away from this one
	}
	if err := keep(ctx, s, postureQuestion(id, at), before, map[string]string{id: "true"}); err != nil && ctx.Err() == nil {
		s.log.Warn().Err(err).Msg("posture is counted again: that it was could not be kept")
	}
	return nil
}

// RefreshPosture recomputes the posture of an account, unless it was on the same day
// and nothing was written since: after a change of one account all are looked at. Rows
// that a killed process wrote count once their messages have come again; see Write.
func (s *Store) RefreshPosture(ctx context.Context, a schemas.AccountID, at time.Time) error {
	marks, err := s.marks(ctx, []string{string(a)})
	if err != nil {
		return err
	}
	kept, err := keptAnswers[bool](ctx, s, postureQuestion(string(a), at), marks)
	if err != nil || kept[string(a)] {
		return err
	}
	return s.RecomputePosture(ctx, a, at)
}

// postureQuestion is what is kept when the posture of an account was counted on a day.
func postureQuestion(id string, at time.Time) map[string]string {
	return map[string]string{id: digest("posture", program(), day(stored(at)))}
}

func (s *Store) recomputePosture(ctx context.Context, a schemas.AccountID, at time.Time) error {
	micros := stored(at).UnixMicro()
	err := s.exec(ctx, "recompute posture", `INSERT INTO @db.posture
		SELECT account_id, pack, policy, countIf(outcome = 'passed'), countIf(outcome = 'failed'), countIf(outcome = 'not_applicable'),
			countIf(outcome = 'disabled'), countIf(outcome = 'unknown'), countIf(outcome = 'errored'), fromUnixTimestamp64Micro(?, 'UTC')
		FROM (
			SELECT account_id, pack, policy, outcome FROM (`+outcomes+` WHERE account_id = ? AND `+enforcedOnly+`)
			UNION ALL SELECT account_id, pack, policy, '' FROM @db.posture FINAL
			WHERE account_id = ? AND passed + failed + not_applicable + disabled + unknown + errored > 0
			UNION ALL SELECT account_id, pack, policy, '' FROM @db.posture_history WHERE account_id = ? GROUP BY account_id, pack, policy
			HAVING argMax(passed + failed + not_applicable + disabled + unknown + errored, at) > 0
		) GROUP BY account_id, pack, policy`, micros, string(a), string(a), string(a))
	if err != nil {
		return err
	}
	const counts = "passed, failed, not_applicable, disabled, unknown, errored"
	const counted = " FROM @db.posture FINAL WHERE account_id = ? AND at = fromUnixTimestamp64Micro(?, 'UTC')"
	if err := s.exec(ctx, "recompute posture", "INSERT INTO @db.posture_daily SELECT account_id, toDate(at), pack, policy, "+counts+", at"+counted, string(a), micros); err != nil {
		return err
	}
	err = s.exec(ctx, "recompute posture", `INSERT INTO @db.posture_accounts
		SELECT any(account_id), toDate(any(p.at)), sum(passed), sum(failed), sum(not_applicable), sum(disabled), sum(unknown), sum(errored),
			countIf(passed + failed + not_applicable + unknown + errored > 0), countIf(passed + not_applicable > 0 AND failed + unknown + errored = 0),
			(SELECT sumMap(map(toString(severity), toUInt64(1))) FROM @db.open_violations FINAL WHERE account_id = ? AND `+enforcedOnly+`), any(p.at)
		FROM @db.posture AS p FINAL WHERE account_id = ? AND p.at = fromUnixTimestamp64Micro(?, 'UTC') HAVING count() > 0`, string(a), string(a), micros)
	if err != nil {
		return err
	}
	// Of the history a row stands until another one says something else.
	err = s.exec(ctx, "recompute posture", "INSERT INTO @db.posture_history SELECT account_id, at, pack, policy, "+counts+counted+
		" AND (pack, policy, "+counts+`) NOT IN (
			SELECT pack, policy, argMax(h.passed, at), argMax(h.failed, at), argMax(h.not_applicable, at), argMax(h.disabled, at), argMax(h.unknown, at), argMax(h.errored, at)
			FROM @db.posture_history AS h WHERE account_id = ? AND at < fromUnixTimestamp64Micro(?, 'UTC') GROUP BY pack, policy)`,
		string(a), micros, string(a), micros)
	if err != nil {
		return err
	}
	return s.exec(ctx, "recompute posture", `INSERT INTO @db.posture_resources
		SELECT ?, fromUnixTimestamp64Micro(?, 'UTC'), of_pack, (SELECT count() FROM @db.resources FINAL WHERE account_id = ? AND NOT tombstone),
			countIf(passes + fails + gaps > 0), countIf(passes > 0 AND fails + gaps = 0)
		FROM (
			SELECT arrayJoin(['', toString(pack)]) AS of_pack, sum(length(passed)) AS passes, sum(length(failed)) AS fails, sum(length(unknown) + length(errored)) AS gaps
			FROM @db.verdicts FINAL WHERE account_id = ? AND `+enforcedOnly+` GROUP BY of_pack, type, region, id
			UNION ALL SELECT '', 0, 0, 0
		) GROUP BY of_pack`, string(a), micros, string(a), string(a))
}

// outcomes has a row per resource and policy: account, pack, pack version,
// revision, policy, outcome. It ends before WHERE.
const outcomes = "SELECT account_id, pack, pack_version, revision, policy, outcome FROM @db.verdicts FINAL " + eachOutcome

// eachOutcome makes a row of every policy of a verdict.
const eachOutcome = `ARRAY JOIN arrayConcat(passed, failed, not_applicable, disabled, unknown, errored) AS policy,
	arrayConcat(arrayWithConstant(length(passed), 'passed'), arrayWithConstant(length(failed), 'failed'), arrayWithConstant(length(not_applicable), 'not_applicable'),
		arrayWithConstant(length(disabled), 'disabled'), arrayWithConstant(length(unknown), 'unknown'), arrayWithConstant(length(errored), 'errored')) AS outcome`
