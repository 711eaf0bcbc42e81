package sink

import (
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// logStored names the messages whose rows are written.
func (s *Store) logStored(ms []schemas.Message) {
	if s.log.GetLevel() > zerolog.DebugLevel {
		return
	}
	for _, m := range ms {
		switch {
		case m.Snapshot != nil:
			b := m.Snapshot
			s.log.Debug().Func(about(b.Scan, b.Account, b.Seq)).Stringer("unit", b.Unit).Int("number", b.Number).
				Int("resources", len(b.Resources)).Int("unchanged", len(b.Unchanged)).Int("gone", len(b.Gone)).Msg("snapshot batch stored")
		case m.Verdicts != nil:
			b := m.Verdicts
			s.log.Debug().Func(about(b.Scan, b.Account, b.Seq)).Stringer("unit", b.Unit).Int("number", b.Number).
				Int("resources", len(b.Verdicts)).Uint64("revision", b.Revision).Msg("verdict batch stored")
		case m.End != nil:
			e := m.End
			s.log.Debug().Func(about(e.Scan, e.Account, e.Seq)).Stringer("unit", e.Unit).Int("batches", e.Batches).Msg("unit end stored")
		case m.Close != nil:
			c := m.Close
			s.log.Debug().Func(about(c.Scan, c.Account, c.Seq)).Stringer("scope", c.Scope).Str("cause", string(c.Cause)).Msg("scope closed")
		}
	}
}

func about(scan, account string, seq uint64) func(*zerolog.Event) {
	return func(e *zerolog.Event) { e.Str("scan", scan).Str("account", account).Uint64("seq", seq) }
}
