package pulumi

import (
	"strings"
	"sync"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

const (
	maxSecrets   = 1 << 20 // bytes that are remembered of one process
	maxSecretLog = maxTail / 2
)

// secrets are those that a process was shown. What it writes may hold any of
// them: the one of a resource judged long ago beside an error about another.
type secrets struct {
	mu   sync.Mutex
	seen map[string]bool
	size int
	lost bool // too many to remember, or too long to be found in the end of a log
}

func (s *secrets) add(shown []string) {
	if len(shown) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range shown {
		if s.lost || s.seen[secret] {
			continue
		}
		if s.seen == nil {
			s.seen = map[string]bool{}
		}
		s.seen[secret] = true
		s.size += len(secret)
		for line := range strings.Lines(secret) {
			s.lost = s.lost || len(line) > maxSecretLog
		}
		if s.lost = s.lost || s.size > maxSecrets; s.lost {
			s.seen = nil
		}
	}
}

// redact takes the secrets out of the end of a log; nothing is left of it when
// they are not all known.
func (s *secrets) redact(log string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost {
		return ""
	}
	all := make([]string, 0, len(s.seen))
	for secret := range s.seen {
		all = append(all, secret)
	}
	return evaluator.Redact(log, all)
}
