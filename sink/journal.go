package sink

import (
	"context"
	"encoding/gob"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// move is a violation that became row, and the transition that it made, if any.
type move struct {
	Row        *violationRow
	Had        bool   // there was a row before
	Was        string // its severity
	Transition schemas.Transition
	Cause      schemas.FixCause
	Scan       string
	At         time.Time
}

// intent is what a flush writes of one account and must not be left half written:
// events and webhooks tell of what then is the state. Closes also have the rows
// that end resources, for they would find other ones when they come again later.
// The other rows are made anew from the messages.
type intent struct {
	Moves     []move
	Verdicts  []verdictRow
	Judged    []judgedRow
	Versions  []versionRow
	Resources []resourceRow
}

type flushRow struct {
	AccountID string `ch:"account_id"`
	Number    uint64 `ch:"number"`
	Document  string `ch:"document"`
}

// journal numbers the flushes of the accounts of one Write.
type journal map[schemas.AccountID]uint64

// recover ends what an earlier Write began for the accounts of messages and did
// not end, here or in another process. Messages that come again, in another order
// or with others, would not make the same transitions, and those are told.
func (s *Store) recover(ctx context.Context, j journal) error {
	accounts := make([]string, 0, len(j))
	for a := range j {
		accounts = append(accounts, string(a))
	}
	var begun []flushRow
	err := s.query(ctx, "read what was begun", "SELECT "+columnsOf(new(flushRow))+" FROM @db.flushes FINAL WHERE account_id IN ?", []any{accounts}, func(r driver.Rows) error {
		var row flushRow
		if err := r.ScanStruct(&row); err != nil {
			return err
		}
		j[schemas.AccountID(row.AccountID)] = row.Number
		if row.Document != "" {
			begun = append(begun, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, row := range begun {
		f, err := row.fold()
		if err != nil {
			return err
		}
		f.begun = []flushRow{row}
		if err := s.finish(ctx, j, f); err != nil {
			return err
		}
		s.log.Info().Str("accountId", row.AccountID).Int("violations", len(f.out.violations)).Msg("a write that was interrupted is whole")
	}
	return nil
}

// fold is one that makes the rows of the intent.
func (r *flushRow) fold() (*fold, error) {
	var in intent
	if err := gob.NewDecoder(strings.NewReader(r.Document)).Decode(&in); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "read what was begun for %s: %w", r.AccountID, err)
	}
	f := newFold()
	for _, m := range in.Moves {
		f.again(m)
	}
	for _, v := range in.Verdicts {
		f.out.verdicts[packKey{v.key(), v.Pack}] = v
	}
	for i := range in.Judged {
		k := in.Judged[i].key()
		f.judged[k], f.out.judged[k] = &in.Judged[i], true
	}
	f.out.versions = in.Versions
	for i := range in.Resources {
		k := in.Resources[i].key()
		f.resources[k], f.out.resources[k] = &in.Resources[i], true
	}
	return f, nil
}

// again makes a move once more.
func (f *fold) again(m move) {
	k, pk := m.Row.key(), policyKey{m.Row.Pack, m.Row.Policy}
	if f.violations[k] == nil {
		f.violations[k] = map[policyKey]*violationRow{}
	}
	if m.Had && f.violations[k][pk] == nil {
		f.violations[k][pk] = &violationRow{Severity: m.Was}
	}
	f.put(m.Row)
	if m.Transition != "" {
		f.event(m.Row, m.Transition, m.Cause, m.Scan, m.At)
	}
}

// begin notes what f is about to write, if it moves violations.
func (s *Store) begin(ctx context.Context, j journal, f *fold) error {
	intents := map[string]*intent{}
	for _, m := range f.out.moves {
		in := intents[m.Row.AccountID]
		if in == nil {
			in = new(intent)
			intents[m.Row.AccountID] = in
		}
		in.Moves = append(in.Moves, m)
	}
	for a, in := range intents {
		if f.ending { // of one account
			in.Judged, in.Resources, in.Versions = changed(f.out.judged, f.judged), changed(f.out.resources, f.resources), f.out.versions
			for _, v := range f.out.verdicts {
				in.Verdicts = append(in.Verdicts, v)
			}
		}
		var doc strings.Builder
		if err := gob.NewEncoder(&doc).Encode(in); err != nil {
			return schemas.Errorf(schemas.CodeInternal, "encode what is begun for %s: %w", a, err)
		}
		f.begun = append(f.begun, flushRow{AccountID: a, Document: doc.String()})
	}
	for i := range f.begun {
		a := schemas.AccountID(f.begun[i].AccountID)
		j[a]++
		f.begun[i].Number = j[a]
	}
	// Not given up with ctx: written later, it would be of a state that is no more.
	return insert(context.WithoutCancel(ctx), s, "flushes", f.begun)
}

// ended are the rows that say that all is written which begin noted.
func (j journal) ended(f *fold) []flushRow {
	rows := slices.Clone(f.begun)
	for i := range rows {
		a := schemas.AccountID(rows[i].AccountID)
		j[a]++
		rows[i] = flushRow{AccountID: rows[i].AccountID, Number: j[a]}
	}
	return rows
}
