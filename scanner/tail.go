package scanner

import (
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// tailPause is a little less than a day: schedules are daily, and not to the second.
const tailPause = 22 * time.Hour

func isTail(u schemas.UnitKey) bool { return u.Service == schemas.ServiceTail }

// readsTail tells whether a scan reads the long tail of types, which takes minutes: one
// that names it does, and one of everything when the account wants it and it is due.
func readsTail(a schemas.Account, act schemas.ActiveScan, l schemas.ScanLimit, now time.Time) bool {
	if !l.Whole() {
		return slices.Contains(l.Services, schemas.ServiceTail)
	}
	switch a.ReadsTail() {
	case schemas.TailEachScan:
		return true
	case schemas.TailDaily:
		return now.Sub(act.TailAt) >= tailPause
	default:
		return false
	}
}

// withoutTail leaves scopes of the long tail out of those that have left the plan, if the
// scan did not read it and the account still wants it: not looked at is not gone.
func withoutTail(left []schemas.Scope, units []schemas.UnitKey, a schemas.Account) []schemas.Scope {
	if slices.ContainsFunc(units, isTail) || a.ReadsTail() == schemas.TailOff {
		return left
	}
	return slices.DeleteFunc(left, func(s schemas.Scope) bool { return s.Route == schemas.RouteCloudControl })
}
