package pulumi

import (
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// How the SDKs begin the text of an error that a policy threw: that for Node
// goes on with the policy's name and the exception with its stack, that for
// Python with the text of the exception only, and logs the rest.
const (
	nodeThrew   = "Error validating resource with policy '"
	pythonThrew = "Exception calling application: "
)

// named tells whether the SDK for Node says that a policy threw.
func named(message, policy string) bool {
	return strings.HasPrefix(message, nodeThrew+policy+"' from policy pack '")
}

// reason is what a policy threw, for people. Secrets are taken out before it is
// cut to length.
func (c *call) reason(p *process, err error) string {
	text := status.Convert(err).Message()
	switch {
	case strings.HasPrefix(text, nodeThrew):
		_, text, _ = strings.Cut(text, "\n")
	case strings.HasPrefix(text, pythonThrew):
		if log := p.shown.redact(p.traceback(text)); log != "" {
			text = log
		}
		text = strings.TrimPrefix(text, pythonThrew)
	}
	return "the policy threw: " + explain(evaluator.Redact(text, c.in.Secrets), p.env.Dir)
}

// logTime is how long a log line may take that was written before an answer.
const logTime = 100 * time.Millisecond

// traceback is what Python logged of an exception; empty when it did not, as
// when the pack sends its log elsewhere.
func (p *process) traceback(exception string) string {
	if p.silent.Load() {
		return ""
	}
	log, found := p.out.await(exception+"\nTraceback ", logTime)
	if !found {
		p.silent.Store(true)
		return ""
	}
	log = log[strings.LastIndex(log, exception+"\nTraceback ")+len(exception)+1:]
	end := 0
	for line := range strings.Lines(log) {
		if end += len(line); !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "Traceback ") {
			break
		}
	}
	return log[:end]
}
