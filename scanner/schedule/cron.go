package schedule

import (
	"hash/fnv"
	"strings"
	"time"
	_ "time/tzdata" // zones must resolve on hosts and in images without a zone database

	"github.com/robfig/cron/v3"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// parser takes five fields, CRON_TZ=Zone before them, and @daily forms.
func parser() cron.Parser {
	return cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
}

const hint = `use five fields ("0 6 * * 1-5"), optionally after CRON_TZ=Europe/Zurich, or @hourly, @daily, @weekly, @monthly, @every 6h`

// Validate tells whether expr is a schedule; an empty one is valid and means
// none. Errors are CodeInvalid with a hint, also for a schedule that never fires.
func Validate(expr string) error {
	_, err := parse(expr)
	return err
}

// parse returns nil without an error for the empty schedule. Without a zone
// times are UTC, not those of the host, which differ between processes.
func parse(expr string) (cron.Schedule, error) {
	if strings.TrimSpace(expr) == "" {
		return nil, nil
	}
	full := expr
	if !strings.HasPrefix(expr, "CRON_TZ=") && !strings.HasPrefix(expr, "TZ=") {
		full = "CRON_TZ=UTC " + expr
	} else if !strings.Contains(strings.TrimSpace(expr), " ") {
		// The parser would slice out of bounds.
		return nil, schemas.Errorf(schemas.CodeInvalid, "schedule %q has a zone and nothing else", expr).WithHint(hint)
	}
	s, err := parser().Parse(full)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "schedule %q: %w", expr, err).WithHint(hint)
	}
	if every, ok := s.(cron.ConstantDelaySchedule); ok {
		return aligned(every.Delay), nil
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, schemas.Errorf(schemas.CodeInvalid, "schedule %q never fires", expr).WithHint(hint)
	}
	if spec, ok := s.(*cron.SpecSchedule); ok && spec.Hour&everyHour == 0 {
		return once{spec}, nil
	}
	return s, nil
}

// everyHour is the bit by which cron marks a field that was given as "*".
const everyHour = 1 << 63

// once leaves out the second of two equal wall clock times, as when summer time
// ends. Only for schedules with fixed hours: others mean intervals.
type once struct{ spec *cron.SpecSchedule }

// Next is the first time after t whose wall clock has not been before.
func (o once) Next(t time.Time) time.Time {
	for {
		t = o.spec.Next(t)
		if t.IsZero() || !o.repeated(t) {
			return t
		}
	}
}

func (o once) repeated(t time.Time) bool {
	const layout = "2006-01-02T15:04"
	wall := t.In(o.spec.Location).Format(layout)
	for _, shift := range []time.Duration{30 * time.Minute, time.Hour} {
		if t.Add(-shift).In(o.spec.Location).Format(layout) == wall {
			return true
		}
	}
	return false
}

// aligned is an interval counted from the Unix epoch. cron's own counts from
// whenever it is asked, on which several processes would not agree.
type aligned time.Duration

// Next is the first multiple of the interval after t.
func (a aligned) Next(t time.Time) time.Time {
	d := int64(time.Duration(a) / time.Second)
	return time.Unix((t.Unix()/d+1)*d, 0).UTC()
}

// jitter is the account's fixed delay, 0 to limit seconds inclusive.
func jitter(a schemas.AccountID, limit int) time.Duration {
	if limit <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(a))
	return time.Duration(h.Sum64()%uint64(limit+1)) * time.Second
}

// newest is the last time in (after, upTo] at which s is due, zero without one.
// It skips ahead in steps: an account that was down for a year has half a
// million missed minutes.
func newest(s cron.Schedule, after, upTo time.Time) time.Time {
	for back := time.Minute; ; back *= 4 {
		from := upTo.Add(-back)
		if from.Before(after) {
			from = after
		}
		var last time.Time
		for t := s.Next(from); !t.IsZero() && !t.After(upTo); t = s.Next(t) {
			last = t
		}
		if !last.IsZero() || !from.After(after) {
			return last
		}
	}
}
