package aws

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// quota is a service's token bucket, whose rate may change.
type quota struct {
	rate          func(time.Duration) float64
	burst, tokens float64
	at            time.Duration
}

func (q *quota) allow(now time.Duration) bool {
	q.tokens = min(q.burst, q.tokens+q.rate(q.at)*(now-q.at).Seconds())
	q.at = now
	if q.tokens < 1 {
		return false
	}
	q.tokens--
	return true
}

// crowd are callers of one operation under a pace, in simulated time: each calls, waits
// for the answer, and again; after a throttle it backs off as the SDK does.
type crowd struct {
	pace    *pace
	quota   *quota
	callers int
	latency time.Duration
	random  *rand.Rand
	retryIn time.Duration // the service's Retry-After
	// idle is until when a caller that was answered makes no call; nil for not at all.
	idle func(time.Duration) time.Duration

	events events
	queue  []caller // that wait for their turn, first come first
	asleep bool     // the first of them
	calls  []sent
}

type caller struct{ failures int }

// sent is one call.
type sent struct {
	left      time.Duration
	throttled bool
}

var epoch = time.Unix(1_700_000_000, 0)

func (c *crowd) run(d time.Duration) {
	for range c.callers {
		c.at(0, func(now time.Duration) { c.ask(now, caller{}) })
	}
	for len(c.events) > 0 {
		e := heap.Pop(&c.events).(event)
		if e.at > d {
			return
		}
		e.do(e.at)
	}
}

func (c *crowd) at(when time.Duration, do func(time.Duration)) {
	heap.Push(&c.events, event{when, len(c.calls), do})
}

func (c *crowd) ask(now time.Duration, who caller) {
	c.queue = append(c.queue, who)
	if !c.asleep {
		c.next(now)
	}
}

// next lets go who may.
func (c *crowd) next(now time.Duration) {
	c.asleep = false
	for len(c.queue) > 0 {
		if d := c.pace.take(epoch.Add(now)); d > 0 {
			c.asleep = true
			c.at(now+d, c.next)
			return
		}
		who := c.queue[0]
		c.queue = c.queue[1:]
		c.at(now+c.latency/2, func(there time.Duration) { c.answer(now, there, who) })
	}
}

func (c *crowd) answer(left, there time.Duration, who caller) {
	ok := c.quota.allow(there)
	c.calls = append(c.calls, sent{left, !ok})
	c.at(there+c.latency/2, func(now time.Duration) {
		if ok {
			c.pace.passedOne()
			again := now
			if c.idle != nil {
				again = max(now, c.idle(now))
			}
			c.at(again, func(now time.Duration) { c.ask(now, caller{}) })
			return
		}
		c.pace.throttled(epoch.Add(now), epoch.Add(left), c.retryIn)
		who.failures++
		back := min(20, math.Pow(2, float64(who.failures-1))) * c.random.Float64()
		c.at(now+seconds(back), func(now time.Duration) { c.ask(now, who) })
	})
}

// between counts calls that left in a span, and those that were throttled.
func (c *crowd) between(from, to time.Duration) (passed, throttled float64) {
	for _, s := range c.calls {
		switch {
		case s.left < from || s.left >= to:
		case s.throttled:
			throttled++
		default:
			passed++
		}
	}
	return passed, throttled
}

type event struct {
	at    time.Duration
	order int
	do    func(time.Duration)
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(v any)   { *e = append(*e, v.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func constant(r float64) func(time.Duration) float64 { return func(time.Duration) float64 { return r } }

// Whatever a service's rate, bucket and latency are, and whatever the guess was: soon
// nearly all of the rate is used and hardly a call is throttled.
func TestPaceFindsAnyRate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		rate := 2 * math.Pow(100, random.Float64()) // 2 to 200
		burst := 4 + rate*(0.25+5*random.Float64())
		c := &crowd{
			quota:   &quota{rate: constant(rate), burst: burst, tokens: burst},
			callers: 64, latency: seconds(0.005 + 0.1*random.Float64()), random: random,
		}
		guess := &limit{rate: 2 * math.Pow(100, random.Float64()), burst: 1 + 50*random.Float64(), guess: true}
		if seed%3 == 0 {
			guess = nil
		}
		c.pace = newPace(guess, 1, epoch)
		const warm, end = 120 * time.Second, 300 * time.Second
		c.run(end)
		passed, throttled := c.between(warm, end)
		what := fmt.Sprintf("seed %d: rate %.1f, bucket %.0f, latency %s, guess %+v", seed, rate, burst, c.latency, guess)
		if share := passed / (rate * (end - warm).Seconds()); share < 0.9 {
			t.Errorf("%s: %.1f %% of the rate used", what, 100*share)
		}
		if part := throttled / (passed + throttled); part > 0.02 {
			t.Errorf("%s: %.1f %% throttled", what, 100*part)
		}
	}
}

// A rate that falls is noticed within seconds and few throttles, one that rises within
// half a minute.
func TestPaceFollowsTheRate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(15) {
		random := rand.New(rand.NewPCG(seed, 2))
		high := 10 * math.Pow(10, random.Float64()) // 10 to 100
		low := high / (1 + 7*random.Float64())
		const fall, rise, end = 120 * time.Second, 240 * time.Second, 360 * time.Second
		c := &crowd{
			quota: &quota{rate: func(d time.Duration) float64 {
				if d >= fall && d < rise {
					return low
				}
				return high
			}, burst: high, tokens: high},
			pace:    newPace(&limit{rate: high, burst: high, guess: true}, 1, epoch),
			callers: 32, latency: seconds(0.05), random: random,
		}
		c.run(end)
		what := fmt.Sprintf("seed %d: %.1f, %.1f", seed, high, low)
		if _, throttled := c.between(fall, fall+15*time.Second); throttled > 25 {
			t.Errorf("%s: %.0f throttled after the rate fell", what, throttled)
		}
		if passed, _ := c.between(fall+10*time.Second, rise); passed < 0.85*low*110 {
			t.Errorf("%s: %.1f %% of the low rate used", what, passed/low/1.1)
		}
		if passed, _ := c.between(rise+30*time.Second, end); passed < 0.85*high*90 {
			t.Errorf("%s: %.1f %% of the rate used half a minute after it rose", what, passed/high/0.9)
		}
	}
}

// The part that others are to have is left to them: of a published rate at every moment,
// of any other all but for the moments in which it is learned.
func TestPaceLeavesTheOthersTheirPart(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 3))
		share, rate := 0.1+0.7*random.Float64(), 5*math.Pow(20, random.Float64())
		run := func(l limit) *crowd {
			c := &crowd{
				quota: &quota{rate: constant(rate), burst: rate, tokens: rate}, pace: newPace(&l, share, epoch),
				callers: 64, latency: seconds(0.02), random: random,
			}
			c.run(20 * time.Minute)
			return c
		}
		const learned, all = 5 * time.Minute, 20 * time.Minute
		passed, throttled := run(limit{rate: rate, burst: rate}).between(0, all)
		if most := share*rate*all.Seconds() + max(share*rate, 1) + 1; passed > most || passed < 0.97*(most-max(share*rate, 1)) || throttled > 0 {
			t.Errorf("seed %d: %.0f calls of a published rate, %.0f throttled; its part is %.0f", seed, passed, throttled, most)
		}
		passed, throttled = run(limit{rate: rate * (0.5 + random.Float64()), burst: 5, guess: true}).between(learned, all)
		if part := passed / (rate * (all - learned).Seconds()); part > share+0.25*(1-share) || part < 0.8*share {
			t.Errorf("seed %d: %.2f of a rate that is not published, want %.2f", seed, part, share)
		}
		if throttled > 0.02*passed+15 {
			t.Errorf("seed %d: %.0f throttled of %.0f", seed, throttled, passed)
		}
	}
}

// Another share is one of what is known of the service: nothing has to be learned anew.
func TestPaceKeepsWhatItLearnedForAnotherShare(t *testing.T) {
	t.Parallel()
	const rate, less, more, end = 20, 2 * time.Minute, 4 * time.Minute, 6 * time.Minute
	c := &crowd{
		quota:   &quota{rate: constant(rate), burst: rate, tokens: rate},
		pace:    newPace(&limit{rate: 10 * rate, burst: 10 * rate, guess: true}, 1, epoch),
		callers: 32, latency: seconds(0.05), random: rand.New(rand.NewPCG(1, 5)),
	}
	c.at(less, func(now time.Duration) { c.pace.rescale(0.5, epoch.Add(now)) })
	c.at(more, func(now time.Duration) { c.pace.rescale(1, epoch.Add(now)) })
	c.run(end)
	if passed, throttled := c.between(less, more); passed < 0.4*rate*120 || passed > 0.55*rate*120 || throttled > 0 {
		t.Errorf("half: %.2f of the rate, %.0f throttled", passed/rate/120, throttled)
	}
	if passed, throttled := c.between(more, end); passed < 0.85*rate*120 || throttled > 0.03*passed {
		t.Errorf("all: %.2f of the rate, %.0f throttled", passed/rate/120, throttled)
	}
	// A published rate bounds every share of it but the whole.
	p := newPace(&limit{rate: rate, burst: rate}, 0.5, epoch)
	p.rescale(0.25, epoch)
	if p.rate != rate/4 || p.ceiling != rate/4 || p.burst != rate/4 || p.tokens != rate/4 {
		t.Errorf("a quarter: %+v", p)
	}
	p.rescale(1, epoch)
	if p.rate != rate || !math.IsInf(p.ceiling, 1) || p.tokens != rate/4 {
		t.Errorf("the whole: %+v", p)
	}
	// Where nothing is known yet there is nothing to share.
	p = newPace(nil, 1, epoch)
	if p.rescale(0.5, epoch); !math.IsInf(p.rate, 1) {
		t.Errorf("unknown: %+v", p)
	}
}

// While fewer calls are wanted than may be made nothing is learned of the rate, and a rush
// after that finds it where it was.
func TestPaceLearnsNothingFromSilence(t *testing.T) {
	t.Parallel()
	const rush = 300 * time.Second
	c := &crowd{
		quota: &quota{rate: constant(20), burst: 20, tokens: 20}, pace: newPace(&limit{rate: 20, burst: 20, guess: true}, 1, epoch),
		callers: 16, latency: seconds(0.05), random: rand.New(rand.NewPCG(1, 4)),
		idle: func(now time.Duration) time.Duration {
			if now < rush {
				return now + 2*time.Second // 8 a second in all
			}
			return now
		},
	}
	c.run(rush + 60*time.Second)
	if passed, throttled := c.between(0, rush); throttled > 0 || passed < 2000 {
		t.Errorf("%.0f passed, %.0f throttled", passed, throttled)
	}
	if passed, throttled := c.between(rush, rush+60*time.Second); throttled > 30 || passed < 1000 {
		t.Errorf("in the rush %.0f passed, %.0f were throttled", passed, throttled)
	}
}

// Nothing is called while the service wants to be left alone, and not for ever when it
// asks for that.
func TestPaceKeepsRetryAfter(t *testing.T) {
	t.Parallel()
	p := newPace(&limit{rate: 10, burst: 10}, 1, epoch)
	for _, c := range []struct{ asked, want time.Duration }{
		{30 * time.Second, 30 * time.Second},
		{time.Hour, maxPause},
	} {
		left := p.notBefore.Add(time.Second)
		if left.Before(epoch) {
			left = epoch
		}
		p.throttled(left, left, c.asked)
		if d := p.take(left); d != c.want {
			t.Errorf("asked for %s, waits %s", c.asked, d)
		}
		if d := p.take(left.Add(c.want - 1)); d != 1 {
			t.Errorf("asked for %s, at its end waits %s", c.asked, d)
		}
	}
}

// Where nothing is known of a rate, the time in which nobody asked says nothing of it either.
func TestAnUnknownPaceLearnsNothingFromSilence(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	p := newPace(nil, 1, now)
	ask := func(n int) {
		for range n {
			now = now.Add(10 * time.Millisecond)
			if d := p.take(now); d != 0 {
				t.Fatalf("told to wait %s", d)
			}
			p.passedOne()
		}
	}
	ask(1000)
	now = now.Add(time.Hour)
	ask(200)
	p.throttled(now, now, 0)
	if p.base < 90 || p.base > 110 {
		t.Errorf("%.2f calls a second were let through, not 100", p.base)
	}
}
