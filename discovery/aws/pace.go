package aws

import (
	"math"
	"time"
)

// pace is the control law of one bucket: it says when the next call may leave, and learns
// from throttles how many a second are let through. It reads no clock and is not safe for
// concurrent use.
//
// A service's token bucket is empty when it throttles. What it let through between
// two throttles, divided by the time, is therefore its rate, whatever its size: after a
// throttle the pace goes on a little below that (hold), then a little above (probe) until
// what was saved must be spent; when nothing is throttled by then, the rate has grown, and
// the pace follows in steps until something is (climb).
type pace struct {
	rate    float64 // calls a second; +Inf while nothing is known
	ceiling float64 // that rate never passes; +Inf without one
	share   float64 // of what the service lets through: the rest is left to others
	seed    *limit  // published or guessed; nil without one

	burst, tokens float64
	refilled      time.Time
	notBefore     time.Time // the service asked to be left alone until then

	phase phase
	began time.Time // the phase, or the step of a climb
	made  float64   // calls let go since then
	base  float64   // the rate that the service is taken to have
	good  float64   // the last step of a climb that was not throttled, 0 before the first

	cut     time.Time // when the rate was last lowered
	emptied time.Time // the throttle since which passed is counted
	passed  float64   // calls that were not throttled
	idle    time.Duration
}

type phase int

const (
	climbing phase = iota
	holding
	probing
)

// The law's numbers were chosen by BenchmarkLimiter and hold in its tests.
const (
	below      = 0.95 // of the service's rate, while it is held
	above      = 1.2  // while it is probed
	step       = 1.25 // of a climb
	backOff    = 0.7  // where too little is known for an estimate
	fewCalls   = 8    // are too little
	stepCalls  = 10   // of a climb's step, at least
	holdCalls  = 100
	leastCalls = 60   // also where that takes longer than maxHold
	floorRate  = 0.25 // calls a second

	stepTime  = 500 * time.Millisecond // at least
	shareStep = 5 * time.Second        // where others use the service, too
	minHold   = 2 * time.Second
	maxHold   = 15 * time.Second
	// Where others are left their part, that is taken for a probe not more often than this,
	// and what is ours by a published rate after less.
	guessHold = 5 * time.Minute
	shareHold = time.Minute
	maxPause  = 5 * time.Minute
	late      = 100 * time.Millisecond // that a caller may wake up
)

// newPace begins at the share of a published or guessed rate; a nil limit is none.
func newPace(l *limit, share float64, now time.Time) *pace {
	p := &pace{rate: math.Inf(1), ceiling: ceilingOf(l, share), share: share, seed: l, refilled: now, began: now, emptied: now}
	if l != nil {
		p.rate, p.burst = l.rate*share, max(l.burst*share, 1)
		p.tokens = p.burst
	}
	return p
}

// ceilingOf is the share of a published rate, which is never passed unless all of it may
// be used.
func ceilingOf(l *limit, share float64) float64 {
	if l == nil || l.guess || share >= 1 {
		return math.Inf(1)
	}
	return l.rate * share
}

// rescale goes on with another share of what the service was found to let through.
func (p *pace) rescale(share float64, now time.Time) {
	factor := share / p.share
	p.share, p.ceiling = share, ceilingOf(p.seed, share)
	p.burst = max(1, p.burst*factor)
	p.tokens = min(p.tokens, p.burst)
	if p.phase == probing { // more than its rate, for a moment
		p.phase, p.rate = holding, p.base*below
	}
	p.enter(p.phase, max(p.rate*factor, floorRate), now)
}

// take lets a call go, and returns 0, or how long to wait before asking again.
func (p *pace) take(now time.Time) time.Duration {
	if d := p.notBefore.Sub(now); d > 0 {
		return d
	}
	if math.IsInf(p.rate, 1) {
		if gap := now.Sub(p.refilled); gap > time.Second { // nobody asked meanwhile
			p.idle += gap
		}
		p.refilled = now
		p.made++
		return 0
	}
	p.refill(now)
	p.advance(now)
	if p.tokens < 1 {
		return time.Duration((1-p.tokens)/p.rate*float64(time.Second)).Truncate(time.Nanosecond) + time.Nanosecond
	}
	p.tokens--
	p.made++
	return 0
}

func (p *pace) refill(now time.Time) {
	d := now.Sub(p.refilled)
	if d <= 0 {
		return
	}
	p.refilled = now
	p.tokens += d.Seconds() * p.rate
	most := max(p.burst, p.rate*late.Seconds())
	if over := p.tokens - most; over > 0 { // nobody asked meanwhile
		p.tokens = most
		p.idle += min(d, seconds(over/p.rate))
	}
}

// advance goes to the next phase, or up a step, when it is time to.
func (p *pace) advance(now time.Time) {
	took := now.Sub(p.began)
	switch p.phase {
	case holding:
		if took < p.holdFor() {
			return
		}
		if p.share < below {
			p.enter(climbing, p.rate*step, now)
			return
		}
		p.enter(probing, p.base*above, now)
	case probing:
		saved := (p.base - p.base*below) * p.holdFor().Seconds()
		if p.made*(1-1/above) > saved+2 {
			p.enter(climbing, p.rate*step, now)
		}
	case climbing:
		if p.rate >= p.ceiling || p.made < stepCalls || took < p.stepFor() {
			return
		}
		if p.made < 0.7*p.rate*took.Seconds() { // fewer were wanted: nothing was tried
			p.enter(climbing, p.rate, now)
			return
		}
		p.good = p.rate
		p.enter(climbing, p.rate*step, now)
	}
}

func (p *pace) enter(to phase, rate float64, now time.Time) {
	p.phase, p.rate, p.began, p.made = to, min(rate, p.ceiling), now, 0
}

func (p *pace) stepFor() time.Duration {
	if p.share < below {
		return shareStep
	}
	return stepTime
}

func (p *pace) holdFor() time.Duration {
	switch {
	case p.share < below && math.IsInf(p.ceiling, 1):
		return guessHold
	case p.share < below:
		return shareHold
	}
	return max(min(max(seconds(holdCalls/p.base), minHold), maxHold), seconds(leastCalls/p.base))
}

// passedOne counts an answer that was no throttle.
func (p *pace) passedOne() { p.passed++ }

// throttled slows down after a throttle of a call that was let go at a time; after is
// what the service asked to wait, 0 if it did not. Of calls that were under way when the
// rate was lowered, the rate now knows already.
func (p *pace) throttled(now, left time.Time, after time.Duration) {
	if at := now.Add(min(after, maxPause)); after > 0 && at.After(p.notBefore) {
		p.notBefore = at
	}
	if left.Before(p.cut) {
		return
	}
	keep := min(p.share, below)
	took := now.Sub(p.emptied) - p.idle
	switch {
	case math.IsInf(p.rate, 1):
		p.base = max(p.passed, 1) / max(took, time.Second).Seconds()
		p.rate = p.base * min(keep, backOff)
		p.burst = math.Inf(1)
		p.restart(now)
	case p.passed < fewCalls || took <= 0:
		p.rate *= backOff
		p.base = p.rate
	default:
		estimate := p.passed / took.Seconds()
		least := p.rate / 2
		switch {
		case p.share < below: // the count is of a time with room to spare
			estimate, least = max(estimate, p.good), 0
		case p.good > 2*estimate: // the rate has grown since the count began
			estimate = p.good
		}
		p.base = max(least, min(estimate, p.rate))
		p.rate = min(max(estimate*keep, least), p.rate*below)
		p.restart(now)
	}
	p.cut, p.good, p.tokens, p.refilled = now, 0, 0, now
	p.enter(holding, max(p.rate, floorRate), now)
	p.base = max(p.base, floorRate)
	p.burst = max(1, min(p.burst, p.rate))
}

// restart counts anew from an empty bucket.
func (p *pace) restart(now time.Time) { p.emptied, p.passed, p.idle = now, 0, 0 }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
