package pulumi

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	maxFirstLine = 200     // bytes; a port has five
	maxTail      = 8 << 10 // bytes of log output that are kept
)

// output is what a pack writes. The first line of standard output is apart; of
// everything else only the end is kept, however much it is.
type output struct {
	first chan string // the first line, once

	mu   sync.Mutex
	line []byte
	told bool // first was sent
	log  []byte
	more chan struct{} // closed with the next output; nil when nobody waits
}

func newOutput() *output { return &output{first: make(chan string, 1)} }

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func (o *output) stdout() io.Writer { return writer(o.takeStdout) }
func (o *output) stderr() io.Writer { return writer(o.keep) }

func (o *output) takeStdout(p []byte) {
	if rest, all := o.firstLine(p); !all {
		o.keep(rest)
	}
}

// firstLine takes what belongs to the first line and returns the rest.
func (o *output) firstLine(p []byte) (rest []byte, all bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told {
		return p, false
	}
	i := bytes.IndexByte(p, '\n')
	if i < 0 && len(o.line)+len(p) < maxFirstLine {
		o.line = append(o.line, p...)
		return nil, true
	}
	end := i
	if i < 0 || len(o.line)+i > maxFirstLine {
		end = max(0, min(len(p), maxFirstLine-len(o.line)))
	}
	o.first <- string(append(o.line, p[:end]...))
	o.line, o.told = nil, true
	return p[end:], false
}

func (o *output) keep(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.log = append(o.log, p[max(0, len(p)-maxTail):]...)
	if len(o.log) > 2*maxTail {
		o.log = append(o.log[:0], o.log[len(o.log)-maxTail:]...)
	}
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
}

// tail is the end of the log output.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end()
}

func (o *output) end() string { return string(o.log[max(0, len(o.log)-maxTail):]) }

// await waits until the end of the log output holds a text, not longer than a
// limit, and returns that end.
func (o *output) await(text string, limit time.Duration) (log string, found bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		o.mu.Lock()
		if log = o.end(); strings.Contains(log, text) {
			o.mu.Unlock()
			return log, true
		}
		if o.more == nil {
			o.more = make(chan struct{})
		}
		more := o.more
		o.mu.Unlock()
		select {
		case <-more:
		case <-timer.C:
			return log, false
		}
	}
}
