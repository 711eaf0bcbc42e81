package sink

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// verdictBatch folds the verdicts of one batch and marks the batch as stored.
func (f *fold) verdictBatch(b *schemas.VerdictBatch) error {
	for i := range b.Verdicts {
		if err := f.verdict(b, &b.Verdicts[i]); err != nil {
			return err
		}
	}
	if b.Rejudge {
		return nil // belongs to no unit; nobody counts it
	}
	f.out.batches = append(f.out.batches, batchRow{
		AccountID: string(b.AccountID), Scan: b.Scan, UnitRegion: b.Unit.Region, Service: b.Unit.Service,
		Seq: b.Seq, Kind: "verdict", Number: uint32(b.Number), At: stored(b.At),
	})
	return nil
}

// judgement is one verdict being applied.
type judgement struct {
	f     *fold
	batch *schemas.VerdictBatch
	v     *schemas.Verdict
	key   resourceKey
	order schemas.Order
	at    time.Time
	cause schemas.FixCause // of violations that this verdict ends
}

func (v *violationRow) order() schemas.Order {
	return schemas.Order{Version: v.Version, Revision: v.Revision, Attempt: v.Attempt}
}

// verdict replaces what is stored of a resource's judgement if it is newer.
func (f *fold) verdict(b *schemas.VerdictBatch, v *schemas.Verdict) error {
	if len(v.Packs) != len(b.Packs) {
		return schemas.Errorf(schemas.CodeInvalid, "verdict of %s names %d packs of %d", v.Key, len(v.Packs), len(b.Packs))
	}
	if !b.Rejudge && f.fenced(b.AccountID, b.ScopeOf(v.Key), b.Seq) {
		return nil
	}
	j := &judgement{
		f: f, batch: b, v: v, key: resourceKey{b.AccountID, v.Key}, at: stored(b.At),
		order: schemas.Order{Version: v.Version, Revision: b.Revision, Attempt: b.Seq},
		cause: schemas.FixResourceChanged,
	}
	old := f.judged[j.key]
	if old != nil && !j.order.Newer(old.order()) {
		return nil
	}
	if old != nil && old.Hash == v.Hash {
		j.cause = schemas.FixPolicyChanged // the same content is judged otherwise
	}
	if err := j.withdraw(); err != nil {
		return err
	}
	for i := range v.Packs {
		if v.Packs[i].Absent {
			continue
		}
		if err := j.pack(&b.Packs[i], v.Packs[i]); err != nil {
			return err
		}
	}
	scope := b.ScopeOf(v.Key)
	if b.Rejudge {
		scope = schemas.Scope{} // it has none; the resource keeps its own
		if old != nil {
			scope.Region, scope.Route = old.ScopeRegion, old.Route
		}
	}
	f.judged[j.key] = &judgedRow{
		AccountID: string(b.AccountID), Type: v.Type, Region: v.Region, ID: v.ID, ScopeRegion: scope.Region, Route: scope.Route,
		Version: j.order.Version, Revision: j.order.Revision, Attempt: j.order.Attempt,
		Hash: v.Hash, Projection: judgedProjection(v),
	}
	f.out.judged[j.key] = true
	return nil
}

// judgedProjection is the projection that a verdict is of. One that is not settled
// is of none (they begin with 1), so that its resource counts as not judged.
func judgedProjection(v *schemas.Verdict) uint32 {
	if v.Unsettled {
		return 0
	}
	return uint32(v.Projection)
}

// withdraw ends what packs said that no longer judge this resource. CodeInvalid
// when one would judge it twice.
func (j *judgement) withdraw() error {
	named := map[string]bool{}
	for i, p := range j.batch.Packs {
		if j.v.Packs[i].Absent {
			continue
		}
		if named[p.Pack] {
			return schemas.Errorf(schemas.CodeInvalid, "pack %s judges %s twice in one batch", p.Pack, j.v.Key)
		}
		named[p.Pack] = true
	}
	for pack := range j.f.packs[j.key] {
		if !named[pack] {
			j.f.emptyVerdict(j.key, pack, j.order)
		}
	}
	for pk, row := range j.f.violations[canonical(j.key)] {
		if !named[pk.pack] {
			j.f.fix(row, j.order, schemas.FixPackWithdrawn, j.batch.Scan, j.at)
		}
	}
	return nil
}

func canonical(k resourceKey) resourceKey {
	k.Type = schemas.CanonicalType(k.Type)
	return k
}

// emptyVerdict leaves a row without results: nothing is counted for the pack.
func (f *fold) emptyVerdict(k resourceKey, pack string, o schemas.Order) {
	f.out.verdicts[packKey{k, pack}] = verdictRow{
		AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, Pack: pack,
		Version: o.Version, Revision: o.Revision, Attempt: o.Attempt,
	}
	delete(f.packs[k], pack)
}

// pack keeps the results of one pack and moves its violations.
func (j *judgement) pack(p *schemas.JudgedPack, v schemas.PackVerdict) error {
	row := verdictRow{
		AccountID: string(j.key.account), Type: j.v.Type, Region: j.v.Region, ID: j.v.ID, Pack: p.Pack, PackVersion: p.Version,
		Version: j.order.Version, Revision: j.order.Revision, Attempt: j.order.Attempt,
	}
	err := v.Each(p, func(r *schemas.PolicyResult) {
		row.add(r)
		switch {
		case r.Outcome == schemas.Failed:
			j.fail(p, r)
		case (r.Outcome == schemas.Unknown || r.Outcome == schemas.Errored) && !schemas.IsLocal(p.Pack):
			// Not known is not fixed: an open violation stays as it is.
		default:
			j.f.fix(j.violation(p.Pack, r.Policy), j.order, j.cause, j.batch.Scan, j.at)
		}
	})
	if err != nil {
		return err
	}
	for pk, v := range j.f.violations[canonical(j.key)] {
		if _, named := slices.BinarySearch(p.Policies, pk.policy); pk.pack == p.Pack && !named {
			j.f.fix(v, j.order, schemas.FixPolicyChanged, j.batch.Scan, j.at)
		}
	}
	if j.f.packs[j.key] == nil {
		j.f.packs[j.key] = map[string]bool{}
	}
	j.f.packs[j.key][p.Pack] = true
	j.f.out.verdicts[packKey{j.key, p.Pack}] = row
	return nil
}

// add puts a result into the list of its outcome, and why into the gaps.
func (row *verdictRow) add(r *schemas.PolicyResult) {
	switch r.Outcome {
	case schemas.Passed:
		row.Passed = append(row.Passed, r.Policy)
	case schemas.Failed:
		row.Failed = append(row.Failed, r.Policy)
	case schemas.NotApplicable:
		row.NotApplicable = append(row.NotApplicable, r.Policy)
	case schemas.Disabled:
		row.Disabled = append(row.Disabled, r.Policy)
	case schemas.Unknown:
		row.Unknown = append(row.Unknown, r.Policy)
		row.gaps(r)
	default:
		row.Errored = append(row.Errored, r.Policy)
		row.gap(r.Policy, schemas.Errored, "", r.Reason)
	}
}

// gaps keeps every different reason once, however many paths share it.
func (row *verdictRow) gaps(r *schemas.PolicyResult) {
	type why struct{ call, reason string }
	var told []why
	for _, p := range r.Paths {
		w := why{p.Call, reasonOf(p)}
		if !slices.Contains(told, w) {
			told = append(told, w)
			row.gap(r.Policy, schemas.Unknown, w.call, w.reason)
		}
	}
	if len(told) == 0 {
		row.gap(r.Policy, schemas.Unknown, "", r.Reason)
	}
}

// reasonOf says in words why a path is unknown.
func reasonOf(p schemas.UnknownPath) string {
	switch p.State {
	case schemas.FacetDenied:
		// Codes differ between services; what they mean, and who refused, does not.
		if _, why, ok := strings.Cut(p.Reason, ": "); ok {
			return schemas.AccessDenied + ": " + why
		}
		return schemas.AccessDenied
	case schemas.FacetFailed:
		return "call failed: " + p.Reason
	case schemas.FacetNotRead:
		return "not read"
	case schemas.FacetNotReadable:
		return "not readable"
	default:
		return p.Reason
	}
}

func (row *verdictRow) gap(policy string, outcome schemas.Outcome, call, reason string) {
	row.GapPolicy = append(row.GapPolicy, policy)
	row.GapOutcome = append(row.GapOutcome, string(outcome))
	row.GapCall = append(row.GapCall, call)
	row.GapReason = append(row.GapReason, reason)
}

func (j *judgement) violation(pack, policy string) *violationRow {
	return j.f.violations[canonical(j.key)][policyKey{pack, policy}]
}

// fail opens, reopens or keeps the violation of a failed policy. That of a local
// pack has no history: it is as of this verdict, and no event tells of it.
func (j *judgement) fail(p *schemas.JudgedPack, r *schemas.PolicyResult) {
	old := j.violation(p.Pack, r.Policy)
	if old != nil && !j.order.Newer(old.order()) {
		return // told already, before a crash
	}
	row := j.open(p, r)
	if schemas.IsLocal(p.Pack) {
		j.f.put(row)
		return
	}
	transition := schemas.Opened
	switch {
	case old == nil:
	case old.State == string(schemas.ViolationOpen):
		row.FirstSeen, row.OpenedAt, row.Reopened = old.FirstSeen, old.OpenedAt, old.Reopened
		if old.sameText(row) {
			return
		}
		transition = ""
	default:
		row.FirstSeen, row.Reopened = old.FirstSeen, old.Reopened+1
		transition = schemas.Reopened
	}
	j.f.put(row)
	if transition != "" {
		j.f.event(row, transition, "", j.batch.Scan, j.at)
	}
}

// open is a violation that begins with this verdict.
func (j *judgement) open(p *schemas.JudgedPack, r *schemas.PolicyResult) *violationRow {
	k := canonical(j.key)
	return &violationRow{
		AccountID: string(k.account), Canonical: k.Type, Region: k.Region, ID: k.ID, Pack: p.Pack, Policy: r.Policy,
		Finding: schemas.FindingID(k.account, k.Key, p.Pack, r.Policy), Account: j.batch.Account, Type: j.v.Type, Name: j.v.Name,
		PackVersion: p.Version, GroupName: p.Group, Level: string(r.Level), Severity: string(r.Severity), Messages: r.Messages,
		State: string(schemas.ViolationOpen), FirstSeen: j.at, OpenedAt: j.at, JudgedAt: j.at, FixedAt: never,
		Version: j.order.Version, Revision: j.order.Revision, Attempt: j.order.Attempt,
	}
}

// sameText tells whether nothing that people see of an open violation changed.
func (v *violationRow) sameText(w *violationRow) bool {
	return v.Account == w.Account && v.Type == w.Type && v.Name == w.Name && v.PackVersion == w.PackVersion && v.GroupName == w.GroupName &&
		v.Level == w.Level && v.Severity == w.Severity && slices.Equal(v.Messages, w.Messages)
}

// dropped is the state of a local pack's violation that is no more: it was never
// there, as far as anybody can ask.
const dropped = ""

// fix ends an open violation; nil and fixed ones stay as they are. That of a
// local pack is dropped.
func (f *fold) fix(v *violationRow, o schemas.Order, cause schemas.FixCause, scan string, at time.Time) {
	if v == nil || v.State != string(schemas.ViolationOpen) || !o.Newer(v.order()) {
		return
	}
	row := *v
	row.Version, row.Revision, row.Attempt = o.Version, o.Revision, o.Attempt
	if schemas.IsLocal(v.Pack) {
		row.State = dropped
		f.put(&row)
		return
	}
	row.State, row.FixedAt, row.Cause = string(schemas.ViolationFixed), at, string(cause)
	f.put(&row)
	f.event(&row, schemas.Fixed, cause, scan, at)
}

// put makes row the present state of its finding.
func (f *fold) put(row *violationRow) {
	k := resourceKey{schemas.AccountID(row.AccountID), schemas.Key{Region: row.Region, Type: row.Canonical, ID: row.ID}}
	if f.violations[k] == nil {
		f.violations[k] = map[policyKey]*violationRow{}
	}
	pk := policyKey{row.Pack, row.Policy}
	f.listOpen(f.violations[k][pk], row)
	delete(f.out.violations, f.violations[k][pk])
	f.violations[k][pk] = row
	f.out.violations[row] = true
}

func (f *fold) event(v *violationRow, t schemas.Transition, cause schemas.FixCause, scan string, at time.Time) {
	e := eventRow{
		AccountID: v.AccountID, Scan: scan, EventID: eventID(v.Finding, v.order(), t), Finding: v.Finding,
		Type: v.Type, Region: v.Region, ID: v.ID, Pack: v.Pack, Policy: v.Policy,
		Transition: string(t), Cause: string(cause), Version: v.Version, Revision: v.Revision, Attempt: v.Attempt, At: at,
		Severity: v.Severity, OpenedAt: v.OpenedAt,
	}
	f.out.events = append(f.out.events, e)
	f.out.changes = append(f.out.changes, schemas.ViolationChange{ViolationEvent: e.event(), Violation: v.violation()})
}

// eventID is the same for the same transition of the same finding, however
// often it is told.
func eventID(finding string, o schemas.Order, t schemas.Transition) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d\x00%d\x00%s", finding, o.Version, o.Revision, o.Attempt, t))
	return hex.EncodeToString(sum[:16])
}
