package pulumi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// fate is what an error of a call means.
type fate int

const (
	threw     fate = iota // a policy broke; the process goes on
	refused               // too large, or nothing the pack can do; the process goes on
	cancelled             // by who asked
	died                  // the process did, or has to be ended
)

// overrun is the error of a call that took longer than it may.
type overrun time.Duration

func (o overrun) Error() string { return fmt.Sprintf("no answer within %s", time.Duration(o)) }

func fateOf(err error) fate {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return cancelled
	}
	if _, ok := errors.AsType[overrun](err); ok {
		return died
	}
	switch s := status.Convert(err); s.Code() {
	case codes.ResourceExhausted, codes.Unimplemented:
		return refused
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return died
	case codes.Internal: // of the transport, or of the SDK that cannot write its answer
		if strings.HasPrefix(s.Message(), "stream terminated") || strings.Contains(s.Message(), "transport") {
			return died
		}
	}
	return threw
}

// burial is how long a process may take to end that has closed its connection.
const burial = 2 * time.Second

// bury ends a process that failed with a call in its hands, and says why it did.
func (c *call) bury(p *process, err error) string {
	first := c.e.proc.CompareAndSwap(p, nil)
	limit, late := errors.AsType[overrun](err)
	byItself := !late && p.endsWithin(burial)
	p.kill()
	var why string
	switch {
	case late:
		why = fmt.Sprintf("the pack gave no answer within %s and was ended", time.Duration(limit))
	case byItself:
		why = p.ending()
	default:
		why = "the pack broke off: " + status.Convert(err).Message()
	}
	if text := explain(p.shown.redact(p.out.tail()), p.env.Dir); text != "" {
		why += "\n" + text
	}
	if first {
		c.e.alarm.failed(true, why)
	}
	return why
}

func (p *process) endsWithin(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.ended:
		return true
	case <-t.C:
		return false
	}
}
