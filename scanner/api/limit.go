package api

import (
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// limits bound how much each caller asks of this process. Every caller may ask
// for a minute's worth at once, which grows back evenly.
type limits struct {
	perMinute int // 0: no bound
	now       func() time.Time

	mu sync.Mutex
	of map[string]*rate.Limiter // by caller, of whom there are as many as tokens
}

func newLimits(perMinute int, now func() time.Time) *limits {
	return &limits{perMinute: perMinute, now: now, of: map[string]*rate.Limiter{}}
}

// take counts a request and says in w what is left (draft-ietf-httpapi-ratelimit-headers-10).
// CodeThrottled with the time to wait when nothing is.
func (l *limits) take(w http.ResponseWriter, caller string) error {
	if l.perMinute <= 0 {
		return nil
	}
	perSecond := float64(l.perMinute) / 60
	l.mu.Lock()
	lim := l.of[caller]
	if lim == nil {
		lim = rate.NewLimiter(rate.Limit(perSecond), l.perMinute)
		l.of[caller] = lim
	}
	l.mu.Unlock()
	now := l.now()
	allowed := lim.AllowN(now, 1)
	left := max(lim.TokensAt(now), 0)
	full := time.Duration((float64(l.perMinute) - left) / perSecond * float64(time.Second))
	w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"token";q=%d;w=60`, l.perMinute))
	w.Header().Set("RateLimit", fmt.Sprintf(`"token";r=%d;t=%d`, int(left), seconds(full)))
	if allowed {
		return nil
	}
	e := schemas.Errorf(schemas.CodeThrottled, "%s asked more than %d times a minute", caller, l.perMinute).
		WithHint("wait, or raise api.requestsPerMinute")
	e.RetryAfter = time.Duration(seconds(time.Duration((1-left)/perSecond*float64(time.Second)))) * time.Second
	return e
}

// nothingLeft is how RateLimit begins for who has asked all that they may for now.
const nothingLeft = `"token";r=0;`

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
