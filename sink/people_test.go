package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// people are those who say what they think of violations and waive some while
// accounts live. What they did is the record, which the bus keeps in the product;
// the store is told of it at once, late, twice, or never, when the process dies.
type people struct {
	rnd     *rand.Rand
	about   []violationRow                  // that they speak of mostly; none: of what there may be
	said    map[string]schemas.TriageRecord // by finding
	waivers map[string]schemas.Waiver
	decided []decision
	now     time.Time
	told    []telling // since the process started
	late    []telling // what still has to be told
}

// decision is what holds for a waiver from a moment on; nil: it is removed.
type decision struct {
	at     time.Time
	waiver string
	terms  *schemas.WaiverTerms
}

// telling tells the store what was done.
type telling func(context.Context, *Store) error

func newPeople(seed uint64) *people {
	return &people{rnd: rand.New(rand.NewPCG(seed, 11)), said: map[string]schemas.TriageRecord{}, waivers: map[string]schemas.Waiver{}}
}

func oneOf[T any](p *people, list ...T) T { return list[p.rnd.IntN(len(list))] }

// act is one thing that somebody does at a time. It is in the record, whether or
// not it gets to the store.
func (p *people) act(ctx context.Context, s *Store, at time.Time) error {
	if at = at.Add(time.Second); at.After(p.now) {
		p.now = at
	} else {
		p.now = p.now.Add(time.Millisecond)
	}
	do := p.say
	if p.rnd.IntN(4) == 0 {
		do = p.decide
	}
	tell := do()
	if p.rnd.IntN(10) < 3 {
		p.late = append(p.late, tell)
		return nil
	}
	p.told = append(p.told, tell)
	return tell(ctx, s)
}

// acts are several.
func (p *people) acts(ctx context.Context, s *Store, at time.Time, n int) error {
	var err error
	for range n {
		err = errors.Join(err, p.act(ctx, s, at))
	}
	return err
}

// tell tells the store, in any order.
func (p *people) tell(ctx context.Context, s *Store, list []telling) error {
	p.rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for _, tell := range list {
		if err := tell(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// restart is what a process does when it starts: what the one before did not tell
// is lost, and the mirrors are made what the record is. Meanwhile, when the record has
// just been read, people go on.
func (p *people) restart(ctx context.Context, s *Store, meanwhile func() error) error {
	p.told, p.late = nil, nil
	err := s.RemirrorTriage(ctx, func(_ context.Context, each func(schemas.TriageRecord) error) error {
		for _, r := range p.said {
			if err := each(r); err != nil {
				return err
			}
		}
		return meanwhile()
	})
	if err != nil {
		return err
	}
	at := p.now
	return s.MirrorWaivers(ctx, func(context.Context) ([]schemas.Waiver, error) { return p.list(), meanwhile() }, at)
}

func (p *people) list() []schemas.Waiver { return slices.Collect(maps.Values(p.waivers)) }

// backup is the record as it is; what it returns puts it back.
func (p *people) backup() (restore func()) {
	said, waivers, decided := maps.Clone(p.said), maps.Clone(p.waivers), slices.Clip(p.decided)
	return func() { p.said, p.waivers, p.decided = said, waivers, decided }
}

// say changes what is said of a finding, often of one that was spoken of before.
func (p *people) say() telling {
	a, finding := p.some()
	r, known := p.said[finding]
	if !known {
		r = schemas.TriageRecord{AccountID: a, Finding: finding}
	}
	var c schemas.TriageChange
	if p.rnd.IntN(2) == 0 {
		c.Status = new(oneOf(p, append(schemas.TriageStatuses, schemas.TriageResolved, schemas.TriageResolved)...))
	}
	if p.rnd.IntN(2) == 0 {
		c.Priority = new(oneOf(p, append(schemas.Priorities, "")...))
	}
	if p.rnd.IntN(2) == 0 {
		c.Assignee = new(oneOf(p, "ann", `o'b\`, ""))
	}
	if p.rnd.IntN(2) == 0 {
		c.Note = new(oneOf(p, "'; DROP TABLE triage; --", "next\nrelease\x00", ""))
	}
	now := r.Now()
	if c.Apply(&now) {
		now.By = oneOf(p, "ann", "bob", "local")
		now.At = p.now.Add(-time.Duration(p.rnd.IntN(900)) * time.Minute) // clocks go wrong, numbers do not
		r.Changes = append(slices.Clip(r.Changes), now)
		p.said[finding] = r
	}
	return func(ctx context.Context, s *Store) error { return s.MirrorTriage(ctx, r) }
}

// some finding, as a rule one that there is.
func (p *people) some() (schemas.AccountID, string) {
	if len(p.about) > 0 && p.rnd.IntN(5) > 0 {
		v := oneOf(p, p.about...)
		return schemas.AccountID(v.AccountID), v.Finding
	}
	unit := oneOf(p, historyUnits...)
	k := oneOf(p, unit.kinds...)
	k.ID = oneOf(p, historyIDs[:2]...)
	a := oneOf(p, histories...)
	return a, schemas.FindingID(a, k, fmt.Sprintf("pack-%d", p.rnd.IntN(2)), fmt.Sprintf("policy-%d", 1+p.rnd.IntN(2)))
}

// speakOf makes people speak of some of the violations of a model.
func (p *people) speakOf(m *model) {
	for _, finding := range slices.Sorted(maps.Keys(m.violations)) {
		if len(p.about) < 25 {
			p.about = append(p.about, m.violations[finding])
		}
	}
}

// decide adds, changes or removes a waiver.
func (p *people) decide() telling {
	name := fmt.Sprintf(`it's "%d"`, p.rnd.IntN(12))
	w := p.waivers[name]
	w.Name = name
	c := schemas.WaiverChange{At: p.now, By: "ann", Action: schemas.WaiverChanged}
	switch gone := len(w.Changes) == 0 || w.Removed; {
	case !gone && p.rnd.IntN(10) < 4:
		w.Removed, c.Action = true, schemas.WaiverRemoved
	case gone:
		w.Removed, c.Action = false, schemas.WaiverAdded
	}
	if !w.Removed {
		w.WaiverTerms = p.terms()
		c.Terms = new(w.WaiverTerms)
	}
	w.Changes = append(slices.Clip(w.Changes), c)
	p.waivers[name] = w
	p.decided = append(p.decided, decision{c.At, name, c.Terms})
	doc, err := json.Marshal(w)
	return func(ctx context.Context, s *Store) error {
		if err != nil {
			return err
		}
		return s.LogConfig(ctx, "waiver", name, uint64(len(w.Changes)), c.By, c.At, doc)
	}
}

// terms select by one thing or two, and begin and end any time.
func (p *people) terms() schemas.WaiverTerms {
	t := schemas.WaiverTerms{Reason: "because", StartsAt: p.now.Add(time.Duration(p.rnd.IntN(180)-60) * time.Minute)}
	t.ExpiresAt = t.StartsAt.Add(oneOf(p, time.Hour, 2*time.Hour, 5*time.Hour, 24*time.Hour, 9*24*time.Hour))
	for range 1 + p.rnd.IntN(2) {
		switch s := &t.Selector; p.rnd.IntN(6) {
		case 0:
			a := oneOf(p, histories...)
			s.Accounts = oneOf(p, []schemas.Member{schemas.NewMember(a, "")}, []schemas.Member{schemas.NewMember(a, "us-east-1"), schemas.NewMember(histories[0], "eu-west-1")})
		case 1:
			s.Packs = oneOf(p, []string{"pack-1"}, []string{"pack-?"}, []string{"nothing", "*-0"})
		case 2:
			s.Policies = oneOf(p, []string{"policy-1", "*-3"}, []string{"policy-2"}, []string{"%", "_", `\`})
		case 3:
			s.Types = oneOf(p, []string{bucketType}, []string{"aws:ec2/*", "*:Volume"})
		case 4:
			s.URNs = oneOf(p, []string{"urn:insights:" + nowCalled(histories[1]) + "/us-east-1::aws::*"}, []string{"*::%_$5|", "*::o'0", `*::b\1"`}, []string{"*::ü??`", "*::line?3 -- "})
		case 5:
			s.Tags = oneOf(p, map[string]string{"team": "data"}, map[string]string{"team": "*", "as": "content-1"}, map[string]string{"o'": `b\`}, map[string]string{"none": "*"})
		}
	}
	return t
}

// nowCalled is the name that an account has in the record.
func nowCalled(a schemas.AccountID) string { return "now-" + string(a) }

// inForce goes through everything that was decided until a time.
func (p *people) inForce(at time.Time) (out []schemas.Waiver) {
	last := map[string]*schemas.WaiverTerms{}
	for _, d := range p.decided {
		if !d.at.After(at) {
			last[d.waiver] = d.terms
		}
	}
	for name, t := range last {
		if t != nil && !t.StartsAt.After(at) && t.ExpiresAt.After(at) {
			out = append(out, schemas.Waiver{Name: name, WaiverTerms: *t})
		}
	}
	return out
}

// record is what the product takes along to a question about a time.
func (p *people) record(at time.Time) schemas.Record {
	names := map[schemas.AccountID]string{}
	for _, a := range histories {
		names[a] = nowCalled(a)
	}
	return schemas.Record{Waivers: schemas.WaiversInForce(p.list(), at), Names: names}
}

// writeInPieces hands messages over in groups of random size, while people do some
// things beside each.
func (p *people) writeInPieces(t *testing.T, s *Store, rnd *rand.Rand, ms []schemas.Message, most, acts int) {
	t.Helper()
	for len(ms) > 0 {
		n := min(len(ms), 1+rnd.IntN(most))
		at, done := timeOf(ms[n-1]), make(chan error, 1)
		go func() { done <- p.acts(t.Context(), s, at, acts) }()
		if err := errors.Join(s.Write(t.Context(), ms[:n]), <-done); err != nil {
			t.Fatal(err)
		}
		ms = ms[n:]
	}
	if err := p.tell(t.Context(), s, p.late); err != nil {
		t.Fatal(err)
	}
}

// live is all that people do while a history happens, told after it. Every change is
// a part of its table then, which every question would open, so they are merged.
func (p *people) live(t *testing.T, s *Store, ms []schemas.Message, acts int) {
	t.Helper()
	for i := range acts {
		if err := p.act(t.Context(), s, timeOf(ms[i*len(ms)/acts])); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.tell(t.Context(), s, p.late); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"SYSTEM START MERGES @db.triage", "OPTIMIZE TABLE @db.triage"} {
		if err := s.exec(t.Context(), "merge", statement); err != nil {
			t.Fatal(err)
		}
	}
}

// timeOf is when a message was made.
func timeOf(m schemas.Message) time.Time {
	switch {
	case m.Snapshot != nil:
		return m.Snapshot.At
	case m.Verdicts != nil:
		return m.Verdicts.At
	case m.End != nil:
		return m.End.StartedAt
	default:
		return m.Close.At
	}
}
