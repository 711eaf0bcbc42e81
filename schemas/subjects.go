package schemas

import (
	"fmt"
	"hash/fnv"
	"time"
)

// Streams. Work streams are rebuildable; see scanner/bus for their limits.
const (
	StreamUnits     = "INSIGHTS_UNITS"     // work queue: units.>
	StreamSnapshots = "INSIGHTS_SNAPSHOTS" // interest: snapshots.>
	StreamVerdicts  = "INSIGHTS_VERDICTS"  // work queue: verdicts.> and closes.>
	StreamWebhooks  = "INSIGHTS_WEBHOOKS"  // work queue: webhooks.>
	StreamDead      = "INSIGHTS_DEAD"      // limits: dead.>
)

// Durable consumers. Sink durables exist once per partition; see SinkSnapshots
// and SinkVerdicts.
const (
	ConsumerDiscovery = "discovery"
	ConsumerEvaluator = "evaluator"
)

// Key-value buckets and object stores. Keys are named beside them.
const (
	BucketAccounts  = "insights-accounts"      // <account id> -> Account
	BucketGroups    = "insights-groups"        // <group name> -> Group
	BucketPacks     = "insights-packs"         // <pack>/<version> -> PackManifest; <pack> -> policy.Head. Never deleted or purged
	BucketEffective = "insights-effective"     // <account id> -> Effective
	BucketSeq       = "insights-seq"           // <account id> -> decimal counter
	BucketScans     = "insights-scans"         // <account id>.<scan id> -> Scan; <account id> -> ActiveScan
	BucketLeases    = "insights-leases"        // <what> -> owner, with TTL
	BucketTokens    = "insights-tokens"        // <token name> -> Token (hashed)
	BucketWaivers   = "insights-waivers"       // <waiver name> -> Waiver; removed ones stay
	BucketTriage    = "insights-triage"        // <finding> -> TriageRecord
	BucketMappings  = "insights-frameworks"    // Framework.Key -> Framework, a mapping file
	BucketWebhooks  = "insights-webhooks"      // <webhook name> -> Webhook (secret sealed)
	BucketDelivered = "insights-delivered"     // <webhook name>.<event id> -> when it was delivered, with TTL
	BucketAnswers   = "insights-answers"       // <hash of an idempotency key> -> api.Answered, with TTL
	BucketTypes     = "insights-types"         // <partition>/<type> -> aws.KeptType, with TTL; made again by asking
	BucketRestore   = "insights-restore"       // what a restore that has begun and not ended restores; not there otherwise
	ObjectsPacks    = "insights-pack-archives" // <digest> -> tar.gz
	ObjectsTried    = "insights-tried-packs"   // <digest> -> tar.gz of packs that are not published, with TTL
	ObjectsOversize = "insights-oversize"      // messages over the payload limit
)

// TriedAge is how long the archive of a pack that is not published is kept, one
// of --policy-pack or of a preview, after it was stored last. Who still needs it
// stores it again before that.
const TriedAge = 24 * time.Hour

// Partitions is how many ways the sink's work is split by root account.
const Partitions = 16

// Partition of an account, 0 to Partitions-1.
func Partition(a AccountID) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(a))
	return int(h.Sum32() % Partitions)
}

// SubjectUnit is where the unit of an account is asked for.
func SubjectUnit(a AccountID, u UnitKey) string {
	return fmt.Sprintf("units.%s.%s.%s", a, u.Region, u.Service)
}

// Kinds of message on the snapshots stream.
const (
	KindBatch   = "batch"   // SnapshotBatch of a unit attempt
	KindEnd     = "end"     // UnitEnd
	KindRejudge = "rejudge" // SnapshotBatch made from stored resources
)

// SubjectSnapshot is where batches, unit ends and re-judgements of an account go.
func SubjectSnapshot(a AccountID, kind string) string {
	return fmt.Sprintf("snapshots.%02d.%s.%s", Partition(a), a, kind)
}

// SubjectVerdict is where the verdict batches of an account go.
func SubjectVerdict(a AccountID) string { return fmt.Sprintf("verdicts.%02d.%s", Partition(a), a) }

// SubjectClose is where closes of an account's scopes go.
func SubjectClose(a AccountID) string { return fmt.Sprintf("closes.%02d.%s", Partition(a), a) }

// Wildcards of the streams.
var (
	SubjectsUnits     = []string{"units.>"}
	SubjectsSnapshots = []string{"snapshots.>"}
	SubjectsVerdicts  = []string{"verdicts.>", "closes.>"}
	SubjectsWebhooks  = []string{"webhooks.>"}
	SubjectsDead      = []string{"dead.>"}
	// SubjectsEvaluator is what evaluators consume.
	SubjectsEvaluator = []string{"snapshots.*.*." + KindBatch, "snapshots.*.*." + KindRejudge}
)

// SinkSnapshots is the durable and the filters of a partition on the snapshots stream.
func SinkSnapshots(partition int) (durable string, filters []string) {
	p := fmt.Sprintf("snapshots.%02d.*.", partition)
	return fmt.Sprintf("sink-snapshots-%02d", partition), []string{p + KindBatch, p + KindEnd}
}

// SinkVerdicts is the durable and the filters of a partition on the verdicts stream.
func SinkVerdicts(partition int) (durable string, filters []string) {
	return fmt.Sprintf("sink-verdicts-%02d", partition), []string{
		fmt.Sprintf("verdicts.%02d.*", partition), fmt.Sprintf("closes.%02d.*", partition),
	}
}

// SubjectWebhook is where changes for a webhook are queued.
func SubjectWebhook(name string) string { return "webhooks." + name }

// SubjectDead is where a message that cannot be handled is kept.
func SubjectDead(stream string) string { return "dead." + stream }

// Kinds of message beside those on the snapshots stream, as dead letters name them.
const (
	KindUnit     = "unit"     // Unit
	KindVerdicts = "verdicts" // VerdictBatch
	KindClose    = "close"    // Close
	KindWebhook  = "webhook"  // ViolationChange
)

// DeadLetter tells of a message that was given up: what it was, and why.
type DeadLetter struct {
	ID        uint64    `json:"id"` // its sequence in StreamDead
	At        time.Time `json:"at"` // when it was given up
	Stream    string    `json:"stream"`
	Subject   string    `json:"subject"`
	Kind      string    `json:"kind"` // "" when the message carried no headers
	AccountID AccountID `json:"accountId"`
	Scan      string    `json:"scan,omitempty"`
	Unit      UnitKey   `json:"unit,omitzero"`
	Scope     string    `json:"scope,omitempty"` // Scope.String, of a close
	Seq       uint64    `json:"seq,omitempty"`
	Number    int       `json:"number,omitempty"`
	Reason    string    `json:"reason"`
}

// DeadMessage is a dead letter with the message itself. Secret values in the
// body are sealed, as they were when it was published.
type DeadMessage struct {
	DeadLetter
	Headers map[string]string `json:"headers,omitempty"`
	Body    []byte            `json:"body"` // as it was published, also when it cannot be decoded
}

// Replay tells what became of a replayed dead letter and of the scan it is of.
type Replay struct {
	DeadLetter
	// ScanState is where the scan stands now; empty when the message is of no
	// scan, or of one that is not known any more.
	ScanState ScanState `json:"scanState,omitempty"`
}

// Request subjects served by whoever holds the store (control and sink roles).
const (
	RequestKnown  = "store.known"  // KnownRequest -> KnownReply
	RequestKeys   = "store.keys"   // KeysRequest -> KeysReply
	RequestCounts = "store.counts" // CountsRequest -> CountsReply
)

// KnownRequest asks which of at most 1,000 keys the store holds live.
type KnownRequest struct {
	AccountID AccountID `json:"accountId"`
	Keys      []Key     `json:"keys"`
}

// KnownReply has one entry per held key; absent keys are not held.
type KnownReply struct {
	Known []Sighting `json:"known"`
	Error *Error     `json:"error,omitempty"`
}

// KeysRequest pages through the live keys of a scope, in order.
type KeysRequest struct {
	AccountID AccountID `json:"accountId"`
	Scope     Scope     `json:"scope"`
	After     string    `json:"after"` // Key.String of the last key of the page before
	Limit     int       `json:"limit"` // at most 1,000
}

// KeysReply is one page; fewer than Limit keys mean the end.
type KeysReply struct {
	Keys  []Key  `json:"keys"`
	Error *Error `json:"error,omitempty"`
}

// CountsRequest asks how many live resources of each type a unit's scopes own
// that attempts before a seq wrote.
type CountsRequest struct {
	AccountID AccountID `json:"accountId"`
	Region    string    `json:"region"` // of the scopes
	Route     string    `json:"route"`
	Types     []string  `json:"types"`
	Before    uint64    `json:"before"`
}

// CountsReply has an entry per type that has any.
type CountsReply struct {
	Counts map[string]uint64 `json:"counts"`
	Error  *Error            `json:"error,omitempty"`
}

// RequestPlan is served by discovery workers, the only ones with cloud
// credentials: PlanRequest -> PlanReply.
const RequestPlan = "discovery.plan"

// PlanRequest asks who an account's credentials are and what its units would be.
type PlanRequest struct {
	Account Account `json:"account"`
}

// RequestProbe is served by discovery workers: ProbeRequest -> ProbeReply.
const RequestProbe = "discovery.probe"

// ProbeRequest asks what an account's credentials may do in regions (none: those
// of a scan).
type ProbeRequest struct {
	Account Account  `json:"account"`
	Regions []string `json:"regions,omitempty"`
}

// ProbeReply has every IAM action that scans need in each region.
type ProbeReply struct {
	Permissions []Permission `json:"permissions"`
	Error       *Error       `json:"error,omitempty"`
}

// RequestLocate is served by discovery workers: LocateRequest -> LocateReply.
const RequestLocate = "discovery.locate"

// LocateRequest asks where in an account a resource is: an ARN, or Key.String.
type LocateRequest struct {
	Account  Account `json:"account"`
	Resource string  `json:"resource"`
}

// LocateReply carries the unit and the keys to read in it.
type LocateReply struct {
	Unit  UnitKey `json:"unit"`
	Keys  []Key   `json:"keys"`
	Error *Error  `json:"error,omitempty"`
}

// PlanReply carries the identity behind the credentials and the units.
type PlanReply struct {
	AccountID AccountID `json:"accountId"`
	Units     []UnitKey `json:"units"`
	Error     *Error    `json:"error,omitempty"`
}
