package schemas

// Share is a part of a whole.
type Share struct {
	Part    uint64  `json:"part"`
	Of      uint64  `json:"of"`
	Percent float64 `json:"percent"` // -1: of nothing
}

// NewShare is part of a whole.
func NewShare(part, of uint64) Share { return Share{part, of, percent(part, of)} }

// Plus adds what is counted elsewhere.
func (s Share) Plus(t Share) Share { return NewShare(s.Part+t.Part, s.Of+t.Of) }

// Score is a share twice: as it is, and as it is when violations that a waiver
// covers are left out. They are never counted as passed.
type Score struct {
	Strict Share `json:"strict"`
	// WithWaivers is nil when it is not known, as for resources in the past.
	WithWaivers *Share `json:"withWaivers,omitempty"`
}

// NewScore is a score of which both sides are known.
func NewScore(strict, withWaivers Share) Score { return Score{strict, &withWaivers} }

// Plus adds what is counted elsewhere.
func (s Score) Plus(t Score) Score {
	out := Score{Strict: s.Strict.Plus(t.Strict)}
	if s.WithWaivers != nil && t.WithWaivers != nil {
		both := s.WithWaivers.Plus(*t.WithWaivers)
		out.WithWaivers = &both
	}
	return out
}

// Scores are the ways in which compliance is counted. In none of them is unknown
// or errored compliant.
type Scores struct {
	// Results: passed results of those that should be judged (resource x policy).
	Results Score `json:"results"`
	// Policies, as Pulumi counts: enabled policies without a failing resource, of
	// all enabled ones, each once per group that enforces its pack.
	Policies Score `json:"policies"`
	// Resources, as Pulumi counts: resources without any violation, of those that
	// some policy governs.
	Resources Score `json:"resources"`
	// SecurityHub: passed controls (here: policies) of those with data. There,
	// suppressed findings are left out, so compare with WithWaivers.
	SecurityHub Score `json:"securityHub"`
}

// Plus adds those of another account.
func (s Scores) Plus(t Scores) Scores {
	return Scores{s.Results.Plus(t.Results), s.Policies.Plus(t.Policies), s.Resources.Plus(t.Resources), s.SecurityHub.Plus(t.SecurityHub)}
}

// NoScores are those of nothing, to which others are added.
func NoScores() Scores {
	none := func() Score { return NewScore(NewShare(0, 0), NewShare(0, 0)) }
	return Scores{none(), none(), none(), none()}
}

// JudgedPolicies is how many policies could be judged on everything they apply
// to, and why the others could not.
type JudgedPolicies struct {
	Policies uint64      `json:"policies"` // enabled
	Judged   uint64      `json:"judged"`
	Unknown  uint64      `json:"unknown"`
	Reasons  []GapReason `json:"reasons,omitempty"` // most resources first; none of the past
}

// GapReason is why policies could not be judged on some resources.
type GapReason struct {
	Outcome   Outcome  `json:"outcome"` // unknown or errored
	Reason    string   `json:"reason"`
	Call      string   `json:"call,omitempty"`
	Policies  uint64   `json:"policies"`
	Resources uint64   `json:"resources"`
	Types     []string `json:"types"` // of the resources, at most 10
}

// unwaived are the counts without what waivers cover.
func (c Counts) unwaived() Counts {
	c.Failed -= min(c.Failed, c.Waived)
	c.Waived = 0
	return c
}

// Decided tells what the counts come to for whoever counts policies or controls.
func (c Counts) Decided() ControlStatus {
	switch {
	case c.Failed > 0:
		return ControlFailed
	case c.Unknown+c.Errored > 0:
		return ControlUnknown
	case c.Passed > 0:
		return ControlPassed
	default:
		return ControlNoData
	}
}

// DecidedWithWaivers is the same without what waivers cover.
func (c Counts) DecidedWithWaivers() ControlStatus { return c.unwaived().Decided() }

// Enabled tells whether a policy is asked at all: not disabled everywhere.
func (c Counts) Enabled() bool {
	return c.Passed+c.Failed+c.NotApplicable+c.Unknown+c.Errored > 0
}

// ResultScore is the score of results.
func (c Counts) ResultScore() Score {
	share := func(c Counts) Share { return NewShare(c.Passed, c.Passed+c.Failed+c.Unknown+c.Errored) }
	return NewScore(share(c), share(c.unwaived()))
}

// PolicyScores are the scores that one policy contributes: to Pulumi's policy
// score, weighted by how many groups enforce it, and to Security Hub's.
func (c Counts) PolicyScores(groups uint64) (policies, securityHub Score) {
	one := func(s ControlStatus) (pulumi, hub Share) {
		compliant, data := uint64(0), uint64(0)
		if s == ControlPassed || s == ControlNoData {
			compliant = groups
		}
		if s != ControlNoData {
			data = 1
		}
		passed := uint64(0)
		if s == ControlPassed {
			passed = 1
		}
		return NewShare(compliant, groups), NewShare(passed, data)
	}
	if !c.Enabled() {
		groups = 0
	}
	p, h := one(c.Decided())
	if c.Waived > 0 && c.DecidedWithWaivers() == ControlNoData {
		groups = 0 // nothing but waived failures: left out, not compliant
	}
	pw, hw := one(c.DecidedWithWaivers())
	return NewScore(p, pw), NewScore(h, hw)
}
