package sink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Reports and trends count everything that is stored of an account. What was counted
// of it is kept, and is the answer for as long as the account has the same mark.

type answerRow struct {
	AccountID string    `ch:"account_id"`
	Question  string    `ch:"question"`
	Mark      uint64    `ch:"mark"`
	At        time.Time `ch:"at"`
	Document  string    `ch:"document"`
}

// answersAtOnce bounds one insert: an answer may have 100 KB.
const answersAtOnce = 50

// answers are what is asked of accounts: kept ones, and where there is none of the
// account's present mark, what count says. question is what is asked of an account,
// with all that the answer depends on but the account's rows; see digest.
func answers[T any](ctx context.Context, s *Store, ids []string, question func(id string) string, count func(ctx context.Context, ids []string) (map[string]T, error)) (map[string]T, error) {
	questions := make(map[string]string, len(ids))
	for _, id := range ids {
		questions[id] = question(id)
	}
	marks, err := s.marks(ctx, ids)
	if err != nil {
		return nil, err
	}
	all, err := keptAnswers[T](ctx, s, questions, marks)
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, kept := all[id]; return kept })
	mine, theirs := s.counting.claim(missing, questions, marks)
	counted, err := countAnswers(ctx, s, mine, questions, marks, count)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, counted)
	for id, c := range theirs {
		select {
		case <-c.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		var a T
		if json.Unmarshal([]byte(c.document), &a) != nil { // who counted it failed, or left
			return answers(ctx, s, ids, question, count)
		}
		all[id] = a
	}
	return all, nil
}

// accountsAtOnce bounds what one count holds in memory.
const accountsAtOnce = 100

// inParts counts accounts, some at a time.
func inParts[T any](ctx context.Context, ids []string, count func(ctx context.Context, ids []string) (map[string]T, error)) (map[string]T, error) {
	all := make(map[string]T, len(ids))
	for some := range slices.Chunk(ids, accountsAtOnce) {
		counted, err := count(ctx, some)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, counted)
	}
	return all, nil
}

// countAnswers counts what was claimed, keeps it and tells those who wait for it.
func countAnswers[T any](ctx context.Context, s *Store, mine map[string]*beingCounted, questions map[string]string, marks map[string]uint64, count func(ctx context.Context, ids []string) (map[string]T, error)) (map[string]T, error) {
	defer s.counting.release(mine)
	return inParts(ctx, slices.Sorted(maps.Keys(mine)), func(ctx context.Context, ids []string) (map[string]T, error) {
		counted, err := count(ctx, ids)
		if err != nil {
			return nil, err
		}
		documents := make(map[string]string, len(counted))
		for id, a := range counted {
			doc, err := json.Marshal(a)
			if err != nil {
				return nil, err
			}
			documents[id] = string(doc)
		}
		// The marks of before: what was written meanwhile was perhaps not counted. Also when
		// nobody waits any more.
		if err := keep(context.WithoutCancel(ctx), s, questions, marks, documents); err != nil {
			s.log.Warn().Err(err).Msg("reports are counted again: they could not be kept")
		}
		s.counting.answer(mine, documents)
		return counted, nil
	})
}

// keptAnswers are those that have the marks.
func keptAnswers[T any](ctx context.Context, s *Store, questions map[string]string, marks map[string]uint64) (map[string]T, error) {
	out := map[string]T{}
	if len(marks) == 0 {
		return out, nil
	}
	ids, asked, present := make([]string, 0, len(marks)), map[string]bool{}, make([]uint64, 0, len(marks))
	for id, mark := range marks {
		ids, present = append(ids, id), append(present, mark)
		asked[questions[id]] = true
	}
	err := s.query(ctx, "read kept answers", "SELECT account_id, question, mark, document FROM @db.kept_reports WHERE account_id IN ? AND question IN ? AND mark IN ?",
		[]any{ids, slices.Collect(maps.Keys(asked)), present}, func(r driver.Rows) error {
			var row answerRow
			if err := r.Scan(&row.AccountID, &row.Question, &row.Mark, &row.Document); err != nil {
				return err
			}
			id := row.AccountID
			if row.Question != questions[id] || row.Mark != marks[id] {
				return nil // of another account
			}
			var a T
			if json.Unmarshal([]byte(row.Document), &a) == nil {
				out[id] = a
			}
			return nil
		})
	return out, err
}

// keep makes what was counted the answer until the accounts have other marks.
func keep(ctx context.Context, s *Store, questions map[string]string, marks map[string]uint64, documents map[string]string) error {
	at, rows := stored(time.Now()), make([]answerRow, 0, len(documents))
	for id, doc := range documents {
		if mark, marked := marks[id]; marked { // of others nobody would notice a change
			rows = append(rows, answerRow{id, questions[id], mark, at, doc})
		}
	}
	for some := range slices.Chunk(rows, answersAtOnce) {
		if err := insert(ctx, s, "kept_reports", some); err != nil {
			return err
		}
	}
	return nil
}

// reportQuestion gives a digest of all that the report of an account on a day depends
// on but what is stored of it.
func reportQuestion(q schemas.ReportQuery, rec schemas.Record, day string) func(id string) string {
	q.Accounts = nil
	shared := digest("report", program(), day, q)
	var everywhere []string
	waivers := map[schemas.AccountID][]string{}
	for _, w := range rec.Waivers {
		one := digest(w.Name, w.ExpiresAt, w.Selector)
		if len(w.Selector.Accounts) == 0 {
			everywhere = append(everywhere, one)
		}
		for _, m := range w.Selector.Accounts {
			waivers[m.Account()] = append(waivers[m.Account()], one)
		}
	}
	return func(id string) string {
		mine := slices.Concat(everywhere, waivers[schemas.AccountID(id)])
		slices.Sort(mine)
		// Waivers by URN go by the name that the account has.
		return digest(shared, mine, rec.Names[schemas.AccountID(id)], rec.Enforced[schemas.AccountID(id)])
	}
}

// digest stands for values, which JSON can express.
func digest(values ...any) string {
	doc, _ := json.Marshal(values)
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:16])
}

// program is this build: another one may count in another way, or tell more.
var program = sync.OnceValue(func() string {
	parts := []any{}
	if info, ok := debug.ReadBuildInfo(); ok {
		parts = append(parts, info.Main.Version)
	}
	if path, err := os.Executable(); err == nil {
		if file, err := os.Stat(path); err == nil {
			parts = append(parts, file.Size(), file.ModTime())
		}
	}
	return digest(parts...)
})

// today is the day that kept answers are of: rows of the past leave by age at any
// time, and none is kept for longer than that.
func today() string { return day(time.Now().UTC()) }
