package schemas

import "strings"

// Outcome is what one policy says of one resource.
type Outcome string

// The six outcomes.
const (
	Passed        Outcome = "passed"
	Failed        Outcome = "failed"
	NotApplicable Outcome = "not_applicable"
	Disabled      Outcome = "disabled"
	Unknown       Outcome = "unknown"
	Errored       Outcome = "errored"
)

// Level is Pulumi's enforcement level. For accounts it is a label only.
type Level string

// Enforcement levels.
const (
	Advisory      Level = "advisory"
	Mandatory     Level = "mandatory"
	Remediate     Level = "remediate"
	LevelDisabled Level = "disabled"
)

// Severity of a policy, from its pack.
type Severity string

// Severities; the empty one is "unspecified".
const (
	SeverityUnspecified Severity = ""
	SeverityLow         Severity = "low"
	SeverityMedium      Severity = "medium"
	SeverityHigh        Severity = "high"
	SeverityCritical    Severity = "critical"
)

// Rank orders severities: unspecified 0, low 1 … critical 4.
func (s Severity) Rank() int {
	switch s {
	case SeverityLow:
		return 1
	case SeverityMedium:
		return 2
	case SeverityHigh:
		return 3
	case SeverityCritical:
		return 4
	default:
		return 0
	}
}

// PolicyResult is the outcome of one policy on one resource.
type PolicyResult struct {
	Policy   string   `json:"policy"`
	Outcome  Outcome  `json:"outcome"`
	Level    Level    `json:"level,omitempty"`    // of a failure
	Severity Severity `json:"severity,omitempty"` // of a failure
	Messages []string `json:"messages,omitempty"` // of a failure, sorted; several are one finding
	// Unknown: the paths the policy needs and cannot have. Errored: empty.
	Paths []UnknownPath `json:"paths,omitempty"`
	// Reason of errored and not_applicable, for people.
	Reason string `json:"reason,omitempty"`
	// Transient: errored for a reason that passes by itself; see Verdict.Unsettled.
	Transient bool `json:"-"`
}

// JudgedPack is a pack that a batch was judged by. Policies are named once per
// batch, since most of what policies say of most resources is one word. A pack may
// be there several times, for regions in which other versions of it apply; at most
// one of them judges a resource.
type JudgedPack struct {
	Pack     string   `json:"pack"`
	Version  string   `json:"version"`
	Group    string   `json:"group,omitempty"` // the group whose enrolment won
	Policies []string `json:"policies"`        // resource policies, sorted
}

// PackVerdict is the whole outcome of one resource under one pack. A pack that
// could not be loaded or run yields Errored for each of its policies.
type PackVerdict struct {
	// Absent: the pack does not judge this resource, as if the batch did not name
	// it. Another of the same name, that covers other regions, may.
	Absent bool `json:"absent,omitempty"`
	// Outcomes has one letter per policy of the JudgedPack, in its order.
	Outcomes string `json:"outcomes"`
	// Told are the results with something to tell: failed, unknown and errored
	// ones, sorted by policy.
	Told []PolicyResult `json:"told,omitempty"`
}

// letters are the outcomes on the wire.
var letters = [...]struct {
	outcome Outcome
	letter  byte
}{{NotApplicable, 'n'}, {Passed, 'p'}, {Failed, 'f'}, {Unknown, 'u'}, {Disabled, 'd'}, {Errored, 'e'}}

// letterOf is 0 for what is no outcome.
func letterOf(o Outcome) byte {
	for _, l := range letters {
		if l.outcome == o {
			return l.letter
		}
	}
	return 0
}

func outcomeOf(letter byte) (Outcome, bool) {
	for _, l := range letters {
		if l.letter == letter {
			return l.outcome, true
		}
	}
	return "", false
}

// NewPackVerdict packs the results of an engine. A policy without a result is
// errored: silence is not a pass. Results of policies that the pack did not
// declare are left out.
func NewPackVerdict(p JudgedPack, results []PolicyResult) PackVerdict {
	var v PackVerdict
	outcomes := make([]byte, len(p.Policies))
	var byPolicy map[string]*PolicyResult // not needed for results in the order of the pack
	for i, name := range p.Policies {
		var r *PolicyResult
		if byPolicy == nil && i < len(results) && results[i].Policy == name {
			r = &results[i]
		} else {
			if byPolicy == nil {
				byPolicy = indexed(results)
			}
			r = byPolicy[name]
		}
		if r == nil || letterOf(r.Outcome) == 0 {
			r = &PolicyResult{Policy: name, Outcome: Errored, Reason: "the pack gave no result for this policy"}
		}
		outcomes[i] = letterOf(r.Outcome)
		if r.Outcome == Failed || r.Outcome == Unknown || r.Outcome == Errored {
			v.Told = append(v.Told, *r)
		}
	}
	v.Outcomes = string(outcomes)
	return v
}

func indexed(results []PolicyResult) map[string]*PolicyResult {
	out := make(map[string]*PolicyResult, len(results))
	for i := range results {
		out[results[i].Policy] = &results[i]
	}
	return out
}

// Count adds up how many policies came to each outcome.
func (v PackVerdict) Count(into map[Outcome]int) {
	for _, l := range letters {
		if n := strings.Count(v.Outcomes, string(l.letter)); n > 0 {
			into[l.outcome] += n
		}
	}
}

// Each calls fn with every result, in the order of the pack's policies. fn must
// not keep what it is given. An absent pack has none. CodeInvalid when the verdict does not fit the pack.
func (v PackVerdict) Each(p *JudgedPack, fn func(*PolicyResult)) error {
	if v.Absent {
		return nil
	}
	if len(v.Outcomes) != len(p.Policies) {
		return Errorf(CodeInvalid, "verdict of pack %s has %d outcomes for %d policies", p.Pack, len(v.Outcomes), len(p.Policies))
	}
	told := v.Told
	for i, name := range p.Policies {
		if len(told) > 0 && told[0].Policy == name {
			fn(&told[0])
			told = told[1:]
			continue
		}
		o, ok := outcomeOf(v.Outcomes[i])
		if !ok {
			return Errorf(CodeInvalid, "verdict of pack %s: %q is no outcome", p.Pack, v.Outcomes[i])
		}
		fn(&PolicyResult{Policy: name, Outcome: o})
	}
	if len(told) > 0 {
		return Errorf(CodeInvalid, "verdict of pack %s tells of policy %s, which it does not have", p.Pack, told[0].Policy)
	}
	return nil
}

// Verdict is the whole outcome of one resource under all effective packs.
type Verdict struct {
	Key
	Name       string        `json:"name"`
	Version    uint64        `json:"version"` // of the resource
	Hash       string        `json:"hash"`    // of the resource
	Projection int           `json:"projection"`
	Packs      []PackVerdict `json:"packs,omitempty"` // one per VerdictBatch.Packs, in its order
	// Unsettled: a policy is errored for a reason that passes by itself. The verdict
	// counts, and the resource is to be judged again.
	Unsettled bool `json:"unsettled,omitempty"`
}

// Order is what verdicts compare by.
type Order struct {
	Version  uint64 `json:"version"`
	Revision uint64 `json:"revision"`
	Attempt  uint64 `json:"attempt"`
}

// Newer tells whether o beats p: (version, effective revision, attempt).
func (o Order) Newer(p Order) bool {
	if o.Version != p.Version {
		return o.Version > p.Version
	}
	if o.Revision != p.Revision {
		return o.Revision > p.Revision
	}
	return o.Attempt > p.Attempt
}

// FixCause says why a violation ended.
type FixCause string

// Causes of a fix.
const (
	FixResourceChanged FixCause = "resource_changed"
	FixResourceGone    FixCause = "resource_gone"
	FixPolicyChanged   FixCause = "policy_changed" // the pack, its version or its configuration
	FixPackWithdrawn   FixCause = "pack_withdrawn" // the pack is no longer effective
	FixOutOfScope      FixCause = "out_of_scope"   // region dropped, service moved
)

// ViolationState of a violation's life.
type ViolationState string

// Violation states; "waived" is computed when read, it is no state.
const (
	ViolationOpen  ViolationState = "open"
	ViolationFixed ViolationState = "fixed"
)

// Transition in the life of a violation.
type Transition string

// Transitions.
const (
	Opened   Transition = "opened"
	Fixed    Transition = "fixed"
	Reopened Transition = "reopened"
)
