package aws

import (
	"fmt"
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// planRecorded changes the plan of a type to what the last scan has found that AWS Config answers.
func (svc *service) planRecorded(t typeSpec, p *schemas.PlannedType, regions []string, a schemas.Account, last schemas.Scan, share float64) {
	if a.ReadsConfig() == schemas.ConfigOff {
		p.Why += "; AWS Config is not used: the account's awsConfig is off"
		return
	}
	for _, region := range where(svc.global, regions) {
		if r, told := last.RecordedOf(region, t.token); told {
			p.Recorded = addRecorded(p.Recorded, r)
		}
	}
	switch r := p.Recorded; {
	case r == nil:
		p.Why += "; what AWS Config has of it, the next scan tells"
	case r.Resources == 0 && r.Why != "":
		p.Why += "; not from AWS Config: " + r.Why
	case r.Resources == 0:
	default:
		p.Route, p.Without = schemas.RouteConfig, p.Calls
		if t.with == "" {
			p.Calls = p.Calls - min(r.Answers, p.Calls) + r.Calls
			p.Seconds = svc.recordedSeconds(t, p, share)
			p.Why = fmt.Sprintf("AWS Config answers %d of %d calls", r.Answers, p.Without)
		} else {
			p.Why += ", of which AWS Config has a part"
		}
		p.Why += "; it had recorded until " + r.Until.UTC().Format(time.DateTime)
		if r.Why != "" {
			p.Why += "; not in all regions: " + r.Why
		}
	}
}

// addRecorded sums over regions; what is known least far is told.
func addRecorded(sum *schemas.Recorded, r schemas.Recorded) *schemas.Recorded {
	if sum == nil {
		return &r
	}
	sum.Resources += r.Resources
	sum.Answers += r.Answers
	sum.Calls += r.Calls
	sum.Differed += r.Differed
	if sum.Until.IsZero() || !r.Until.IsZero() && r.Until.Before(sum.Until) {
		sum.Until = r.Until
	}
	if r.Why != "" {
		sum.Why = r.Why
	}
	return sum
}

// recordedSeconds is how long the slowest calls take that are left, at least: those that Config may
// answer and does not are taken as all of the slowest kind.
func (svc *service) recordedSeconds(t typeSpec, p *schemas.PlannedType, share float64) float64 {
	answerable, rest := t.answerable(), t
	rest.calls = nil
	for _, c := range t.calls {
		if !slices.Contains(answerable, c) {
			rest.calls = append(rest.calls, c)
		}
	}
	most := max(svc.seconds(rest, p.Resources, share), float64(p.Recorded.Calls)/(configService.limits[configID].rate*share))
	left := p.Resources*uint64(len(answerable)) - min(p.Resources*uint64(len(answerable)), p.Recorded.Answers)
	for _, c := range answerable {
		most = max(most, float64(left)/(svc.limitOf(c.action).rate*share))
	}
	return most
}
