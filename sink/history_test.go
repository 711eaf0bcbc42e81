package sink

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// history is a random but lawful life of two accounts: the messages that
// discovery, evaluators and control would send, in an order in which they could
// have arrived.
type history struct {
	rnd      *rand.Rand
	now      time.Time
	seq      map[schemas.AccountID]uint64
	revision uint64
	world    map[resourceKey]string // what the cloud holds: content by key
	known    map[resourceKey]string // what the store must hold
	version  map[resourceKey]uint64
	messages []schemas.Message
}

var histories = []schemas.AccountID{"aws-111111111111", "aws-222222222222"}

// Two units; s3 is global, its buckets live in regions.
var historyUnits = []struct {
	unit  schemas.UnitKey
	kinds []schemas.Key
}{
	{schemas.UnitKey{Region: "global", Service: "s3"}, []schemas.Key{{Region: "us-east-1", Type: "aws:s3/bucket:Bucket"}, {Region: "eu-west-1", Type: "aws:s3/bucket:Bucket"}}},
	{schemas.UnitKey{Region: "us-east-1", Service: "ec2"}, []schemas.Key{{Region: "us-east-1", Type: "aws:ec2/instance:Instance"}, {Region: "us-east-1", Type: "aws:ebs/volume:Volume"}}},
}

// historyIDs are the ids of every kind in every region: what people can name
// things by must not become part of a statement, a key or a pattern.
var historyIDs = []string{"o'0", `b\1"`, "ü?2`", "line\n3 -- ", "nul\x004", "%_$5|"}

func newHistory(seed uint64) *history {
	return &history{
		rnd: rand.New(rand.NewPCG(seed, 7)), now: time.Now().UTC().Add(-48 * time.Hour).Truncate(time.Second),
		seq: map[schemas.AccountID]uint64{}, revision: 1,
		world: map[resourceKey]string{}, known: map[resourceKey]string{}, version: map[resourceKey]uint64{},
	}
}

func (h *history) chance(percent int) bool { return h.rnd.IntN(100) < percent }

// mutate lets the cloud change: creates, changes, deletes, re-creates.
func (h *history) mutate() {
	for _, a := range histories {
		for _, u := range historyUnits {
			for _, kind := range u.kinds {
				for _, id := range historyIDs {
					kind.ID = id
					k := resourceKey{a, kind}
					switch {
					case h.chance(25):
						h.world[k] = fmt.Sprintf("content-%d", h.rnd.IntN(4))
					case h.chance(15):
						delete(h.world, k)
					}
				}
			}
		}
	}
}

// scan is one run over an account; units may be tried again, denied or left out.
func (h *history) scan(a schemas.AccountID, n int) {
	h.now = h.now.Add(time.Hour)
	scan := fmt.Sprintf("%s-%d", a.AWSAccount(), n)
	for _, u := range historyUnits {
		if h.chance(15) {
			h.attempt(a, scan, u.unit, u.kinds, true) // dies on the way
		}
		var late *schemas.SnapshotBatch
		if h.chance(40) {
			late = h.overtaken(a, scan, u.unit, u.kinds)
		}
		denied := h.attempt(a, scan, u.unit, u.kinds, false)
		if late != nil {
			h.arrive(late, denied)
		}
	}
	if h.chance(20) {
		h.outOfScope(a, scan)
	}
}

// head is what all batches of a new attempt share.
func (h *history) head(a schemas.AccountID, scan string, unit schemas.UnitKey) schemas.SnapshotBatch {
	h.seq[a]++
	return schemas.SnapshotBatch{Scan: scan, AccountID: a, Account: "acct-" + a.AWSAccount(), Unit: unit, Seq: h.seq[a], Route: schemas.RouteNative, At: h.now.Add(time.Duration(h.seq[a]) * time.Second)}
}

// overtaken is an attempt that finds one new resource and dies. The verdict
// arrives; the snapshot, which is returned, comes after the next attempt's
// closes, and by then the resource does not exist any more.
func (h *history) overtaken(a schemas.AccountID, scan string, unit schemas.UnitKey, kinds []schemas.Key) *schemas.SnapshotBatch {
	for _, k := range h.keys(a, kinds) {
		if _, held := h.known[k]; held {
			continue
		}
		b := h.head(a, scan, unit)
		b.Number = 1
		b.Resources = []schemas.Resource{resourceOf(k, fmt.Sprintf("content-%d", h.rnd.IntN(4)), b.Seq)}
		h.messages = append(h.messages, schemas.Message{Verdicts: h.judge(&b)})
		delete(h.world, k)
		return &b
	}
	return nil
}

// arrive sends what overtaken held back: too late for a scope that was closed,
// in time for one that was denied.
func (h *history) arrive(b *schemas.SnapshotBatch, denied map[string]bool) {
	h.messages = append(h.messages, schemas.Message{Snapshot: b})
	if r := b.Resources[0]; denied[r.Type] {
		k := resourceKey{b.AccountID, r.Key}
		h.known[k], h.version[k] = r.Hash, b.Seq
	}
}

// attempt sends what one attempt at a unit would send; it returns the types that
// were denied.
func (h *history) attempt(a schemas.AccountID, scan string, unit schemas.UnitKey, kinds []schemas.Key, dies bool) map[string]bool {
	head := h.head(a, scan, unit)
	denied := map[string]bool{}
	for _, k := range kinds {
		denied[k.Type] = h.chance(15)
	}
	var snapshots, verdicts []schemas.Message
	for i, k := range h.keys(a, kinds) {
		if denied[k.Type] || dies && i > 3 {
			continue
		}
		b := head
		b.Number = len(snapshots) + 1
		content, exists := h.world[k]
		known, held := h.known[k]
		switch {
		case exists && held && known == content:
			b.Unchanged = []schemas.Sighting{{Key: k.Key, Hash: content}}
		case exists:
			b.Resources = []schemas.Resource{resourceOf(k, content, b.Seq)}
			h.known[k], h.version[k] = content, b.Seq
		case held:
			b.Gone = []schemas.Sighting{{Key: k.Key}}
		default:
			continue
		}
		snapshots = append(snapshots, schemas.Message{Snapshot: &b})
		verdicts = append(verdicts, schemas.Message{Verdicts: h.judge(&b)})
	}
	h.send(snapshots, verdicts)
	if dies {
		return denied
	}
	end := &schemas.UnitEnd{Scan: scan, AccountID: a, Account: head.Account, Unit: unit, Seq: head.Seq, Batches: len(snapshots), StartedAt: head.At}
	for token := range denied {
		state := schemas.ScopeComplete
		if denied[token] {
			state = schemas.ScopeDenied
		}
		end.Scopes = append(end.Scopes, schemas.ScopeEnd{Scope: schemas.Scope{Region: unit.Region, Type: token, Route: schemas.RouteNative}, State: state})
	}
	slices.SortFunc(end.Scopes, func(a, b schemas.ScopeEnd) int { return compareText(a.Type, b.Type) })
	h.messages = append(h.messages, schemas.Message{End: end})
	for _, s := range end.Scopes {
		if s.State == schemas.ScopeComplete {
			h.close(a, scan, s.Scope, head.Seq, schemas.FixResourceGone, head.At)
		}
	}
	return denied
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// keys are all of a unit, existing or not, in a random order.
func (h *history) keys(a schemas.AccountID, kinds []schemas.Key) []resourceKey {
	var out []resourceKey
	for _, kind := range kinds {
		for _, id := range historyIDs {
			kind.ID = id
			out = append(out, resourceKey{a, kind})
		}
	}
	h.rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func resourceOf(k resourceKey, content string, seq uint64) schemas.Resource {
	r := schemas.Resource{Key: k.Key, Name: k.ID, Properties: map[string]any{"content": content, "tags": tagsOf(k.ID, content)}, Hash: content, Version: seq, Projection: 1}
	if content == "content-3" {
		r.Unknown = []schemas.UnknownPath{{Path: "policy", State: schemas.FacetDenied, Call: "s3:GetBucketPolicy"}}
	}
	return r
}

// tagsOf a resource hang on its id and its content; half of them have none.
func tagsOf(id, content string) map[string]any {
	tags := map[string]any{}
	if len(id)%2 == 1 {
		tags["team"], tags["as"], tags["o'"] = []string{"data", "web"}[len(id)/2%2], content, `b\`
	}
	return tags
}

// send appends snapshots and verdicts; verdicts may overtake later snapshots.
func (h *history) send(snapshots, verdicts []schemas.Message) {
	all := slices.Concat(snapshots, verdicts)
	h.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	h.messages = append(h.messages, all...)
}

func (h *history) close(a schemas.AccountID, scan string, s schemas.Scope, seq uint64, cause schemas.FixCause, at time.Time) {
	h.messages = append(h.messages, schemas.Message{Close: &schemas.Close{Scan: scan, AccountID: a, Account: "acct-" + a.AWSAccount(), Scope: s, Seq: seq, Cause: cause, At: at}})
	for k := range h.known {
		_, exists := h.world[k]
		if k.account == a && k.Type == s.Type && (!exists || cause == schemas.FixOutOfScope) {
			delete(h.known, k)
		}
	}
}

func (h *history) outOfScope(a schemas.AccountID, scan string) {
	h.seq[a]++
	s := schemas.Scope{Region: "us-east-1", Type: "aws:ebs/volume:Volume", Route: schemas.RouteNative}
	h.close(a, scan, s, h.seq[a], schemas.FixOutOfScope, h.now.Add(time.Duration(h.seq[a])*time.Second))
}

// judge answers a batch. What a policy says is a function of content, version and
// revision.
func (h *history) judge(b *schemas.SnapshotBatch) *schemas.VerdictBatch {
	out := &schemas.VerdictBatch{
		Scan: b.Scan, AccountID: b.AccountID, Account: b.Account, Unit: b.Unit, Seq: b.Seq, Number: b.Number, Route: b.Route, At: b.At,
		Rejudge: b.Rejudge, Revision: h.revision,
	}
	judging := h.packs()
	for _, p := range judging {
		out.Packs = append(out.Packs, p.JudgedPack)
	}
	for _, r := range b.Resources {
		v := schemas.Verdict{Key: r.Key, Name: r.Name, Version: r.Version, Hash: r.Hash, Projection: r.Projection}
		v.Unsettled = !b.Rejudge && b.Seq%9 == 0 // as when a pack rests
		for _, p := range judging {
			if !p.where.Covers(r.Region) {
				v.Packs = append(v.Packs, schemas.PackVerdict{Absent: true})
				continue
			}
			var results []schemas.PolicyResult
			for policy := range 5 {
				results = append(results, resultOf(r.Hash, p.number, policy, h.revision))
			}
			v.Packs = append(v.Packs, schemas.NewPackVerdict(p.JudgedPack, results))
		}
		out.Verdicts = append(out.Verdicts, v)
	}
	return out
}

// judgingPack is a pack as it applies at a revision.
type judgingPack struct {
	schemas.JudgedPack
	where  schemas.EffectivePack // regions only
	number int                   // what its policies say hangs on it
}

// packs are those that apply: now and then one is withdrawn, applies to one child
// only, or in another version to one child than to the others.
func (h *history) packs() (out []judgingPack) {
	for pack := range 2 {
		n := h.revision + uint64(pack)
		add := func(version uint64, number int, regions, except []string) {
			p := judgingPack{number: number, where: schemas.EffectivePack{Regions: regions, Except: except}}
			p.JudgedPack = schemas.JudgedPack{Pack: fmt.Sprintf("pack-%d", pack), Version: fmt.Sprintf("1.%d", version), Group: "g"}
			for policy := range 5 {
				p.Policies = append(p.Policies, fmt.Sprintf("policy-%d", policy))
			}
			out = append(out, p)
		}
		child := []string{"us-east-1"}
		switch {
		case n%4 == 0: // withdrawn
		case n%7 == 2:
			add(h.revision/2, pack, child, nil)
		case n%7 == 0:
			add(h.revision/2, pack, nil, child)
			add(h.revision/2+1, pack+1, child, nil)
		default:
			add(h.revision/2, pack, nil, nil)
		}
	}
	return out
}

func resultOf(hash string, pack, policy int, revision uint64) schemas.PolicyResult {
	outcomes := []schemas.Outcome{schemas.Passed, schemas.Failed, schemas.Failed, schemas.NotApplicable, schemas.Unknown, schemas.Errored, schemas.Disabled}
	o := outcomes[(int(hash[len(hash)-1])+pack*3+policy+int(revision)/3)%len(outcomes)]
	r := schemas.PolicyResult{Policy: fmt.Sprintf("policy-%d", policy), Outcome: o}
	switch o {
	case schemas.Failed:
		r.Level, r.Severity, r.Messages = schemas.Mandatory, severityOf(policy), []string{"bad " + hash + "'; DROP TABLE violations; --\x00"}
	case schemas.Unknown:
		r.Paths = []schemas.UnknownPath{{Path: "policy", State: schemas.FacetDenied, Call: "s3:GetBucketPolicy"}, {Path: "acl", State: schemas.FacetDenied, Call: "s3:GetBucketPolicy"}}
	case schemas.Errored:
		r.Reason = "rule broke"
	}
	return r
}

// severityOf policy n: every one there is, the unspecified one too.
func severityOf(policy int) schemas.Severity {
	return []schemas.Severity{schemas.SeverityCritical, schemas.SeverityHigh, schemas.SeverityUnspecified, schemas.SeverityLow, schemas.SeverityMedium}[policy]
}

// rejudge judges everything that is held again, at a new revision.
func (h *history) rejudge(a schemas.AccountID) {
	h.revision++
	h.seq[a]++
	h.now = h.now.Add(time.Minute)
	b := schemas.SnapshotBatch{AccountID: a, Account: "acct-" + a.AWSAccount(), Unit: schemas.UnitKey{Region: "-", Service: "rejudge"}, Seq: h.seq[a], Number: 1, At: h.now, Rejudge: true}
	for k, content := range h.known {
		if k.account == a {
			r := resourceOf(k, content, h.version[k])
			b.Resources = append(b.Resources, r)
		}
	}
	slices.SortFunc(b.Resources, func(a, b schemas.Resource) int { return compareText(a.String(), b.String()) })
	h.messages = append(h.messages, schemas.Message{Verdicts: h.judge(&b)})
}

// live makes a whole life of n rounds.
func (h *history) live(n int) []schemas.Message {
	for i := range n {
		h.mutate()
		for _, a := range histories {
			h.scan(a, i+1)
			if h.chance(60) {
				h.rejudge(a)
			}
		}
	}
	return h.messages
}
