package pulumi

import (
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// answer is what a pack says of a resource.
type answer struct {
	response *pulumirpc.AnalyzeResponse
	thrown   map[string]string // by policy, why it gave no answer
	failure  string            // why there is no answer at all
	resting  bool              // it was not asked, and will be when it has rested
}

// word is what one policy says.
type word struct {
	outcome   schemas.Outcome // passed, failed, not applicable, unknown, errored
	level     schemas.Level
	severity  schemas.Severity
	messages  []string
	reason    string
	transient bool                  // the reason is
	needs     []schemas.UnknownPath // the SDK named them
}

// words reads an answer: the word of every policy that was asked.
func (e *engine) words(a answer, ps places) map[string]*word {
	out := make(map[string]*word, len(e.asked))
	for _, name := range e.asked {
		w := &word{outcome: schemas.Passed}
		out[name] = w
		if reason, threw := a.thrown[name]; threw {
			w.outcome, w.reason = schemas.Errored, reason
		} else if a.failure != "" {
			w.outcome, w.reason, w.transient = schemas.Errored, a.failure, a.resting
		}
	}
	for _, na := range a.response.GetNotApplicable() {
		if w := out[na.GetPolicyName()]; w != nil && w.outcome == schemas.Passed {
			w.outcome, w.reason = schemas.NotApplicable, na.GetReason()
		}
	}
	var stranger string
	for _, d := range a.response.GetDiagnostics() {
		switch w := out[d.GetPolicyName()]; {
		case w == nil && !e.configurable && e.config.disabled(d.GetPolicyName()): // it cannot be told
		case w == nil:
			stranger = d.GetPolicyName()
		case w.outcome != schemas.Errored:
			w.hear(d, ps)
		}
	}
	if stranger != "" {
		// Whose failure it is cannot be told, so nobody passed.
		for _, w := range out {
			if w.outcome == schemas.Passed || w.outcome == schemas.NotApplicable {
				w.outcome, w.reason = schemas.Errored, "the pack reported a violation of a policy that it does not declare, or that is disabled: "+stranger
			}
		}
	}
	for name, w := range out {
		if w.finish(e.policies[name]); !e.configurable {
			w.level = failing(levelOf(e.config[name].GetEnforcementLevel()))
		}
	}
	return out
}

// hear takes a diagnostic: a failure, or that the policy needs what is unknown.
func (w *word) hear(d *pulumirpc.AnalyzeDiagnostic, ps places) {
	message := d.GetMessage()
	if paths, unknown := ps.in(message, d.GetPolicyName()); unknown {
		w.needs = append(w.needs, paths...)
		return
	}
	w.messages = append(w.messages, message)
	w.severity, w.level = severityOf(d.GetSeverity()), failing(levelOf(d.GetEnforcementLevel()))
}

// failing is the level of a failure: what was to be remedied and fails all the
// same is mandatory, as in Pulumi.
func failing(l schemas.Level) schemas.Level {
	if l == schemas.Remediate {
		return schemas.Mandatory
	}
	return l
}

func (w *word) finish(p schemas.Policy) {
	switch {
	case len(w.messages) > 0:
		w.outcome, w.reason = schemas.Failed, ""
		if w.severity == schemas.SeverityUnspecified {
			w.severity = p.Severity
		}
		slices.Sort(w.messages)
		w.messages = slices.Compact(w.messages)
	case len(w.needs) > 0:
		w.outcome, w.reason = schemas.Unknown, ""
	}
}

// in reads the SDK's message about a value that is not known yet: can't run
// policy 'p' from policy pack 'x@v1' during preview: string value at .acl can't
// be known during preview.
func (ps places) in(message, policy string) ([]schemas.UnknownPath, bool) {
	if len(ps) == 0 {
		return nil, false
	}
	if rest, ok := strings.CutPrefix(message, "can't run policy '"+policy+"' from policy pack '"); ok {
		_, rest, _ = strings.Cut(rest, " during preview: ")
		if rest, ok = strings.CutSuffix(rest, " can't be known during preview"); ok {
			_, path, _ := strings.Cut(rest, " value at .")
			return ps.named(path), true
		}
	}
	return nil, false
}

// settle compares what a policy says with sentinels in place of what is unknown
// and without: what is not said alike hangs on it.
func settle(w, without *word, ps places) {
	if w.outcome == schemas.Errored || w.outcome == schemas.Unknown {
		return
	}
	same := w.outcome == without.outcome
	if w.outcome == schemas.Failed {
		for _, m := range w.messages {
			same = same && slices.Contains(without.messages, m)
		}
	}
	if same {
		return
	}
	*w = word{outcome: schemas.Unknown, needs: append(w.needs, ps.all()...)}
}
