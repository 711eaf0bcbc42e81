package aws

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// recordedType is a resource type of AWS Config whose items hold what calls of the service
// say of one resource. What there is, the service's own list tells, never Config.
type recordedType struct {
	name  string // "AWS::SQS::Queue"
	calls []recordedCall
}

// recordedCall is a call that an item may answer.
type recordedCall struct {
	call      call
	operation string // of the SDK, "SQS:GetQueueAttributes"
	by        string // field of its input that names the resource
	// answer makes of an item what the call would give, or the error by which it says that there
	// is none. Both are nil where the item does not hold it, and the call is made: that Config
	// lacks something never says that there is none.
	answer func(item *recordedItem) (out any, err error)
}

// recordedPage is how many items one call to Config gives.
const recordedPage = 100

var batchGetConfig = call{"config:BatchGetResourceConfig", "recorded", recordedPage}

// recordedActions are what it takes to use AWS Config. Without them it is not used.
var recordedActions = []string{describeRecorders.action, describeRecorderStatus.action, batchGetConfig.action}

// recording is what a unit takes from AWS Config. It counts by the name of Config's type.
type recording struct {
	scan      string
	recorders *recorderCache

	mu      sync.Mutex
	why     map[string]map[string]string // type, region: why it is not used there
	asked   map[string]uint64            // calls to Config, by type
	answers map[string]uint64            // by IAM action
	until   map[string]time.Time         // by type
}

func newRecording(scan string, r *recorderCache) *recording {
	return &recording{
		scan: scan, recorders: r,
		why: map[string]map[string]string{}, asked: map[string]uint64{}, answers: map[string]uint64{}, until: map[string]time.Time{},
	}
}

type recordingKey struct{}

// withRecording lets reads with the context use AWS Config; nil leaves it out.
func withRecording(ctx context.Context, r *recording) context.Context {
	if r == nil {
		return ctx
	}
	return context.WithValue(ctx, recordingKey{}, r)
}

// recorded asks AWS Config for resources that a service has listed in a region. Calls with the
// context that it gives are answered by the items, where these hold an answer.
func (s *session) recorded(ctx context.Context, t *recordedType, region string, ids []string) context.Context {
	return s.recordedIn(ctx, t, map[string][]string{region: ids})
}

// recordedIn is recorded for resources of several regions. Where Config is not to be used, or would
// save nothing, it gives the context that it is given.
func (s *session) recordedIn(ctx context.Context, t *recordedType, ids map[string][]string) context.Context {
	r, on := ctx.Value(recordingKey{}).(*recording)
	if !on {
		return ctx
	}
	all := map[string]*recordedItem{}
	for _, region := range sortedKeys(ids) {
		maps.Copy(all, r.items(ctx, s, t, region, ids[region]))
	}
	if len(all) == 0 {
		return ctx
	}
	return context.WithValue(ctx, recordedKey{}, &recordedAnswers{recording: r, of: t, items: all})
}

// items are those of a region, by id; none where its recorder is not to be used.
func (r *recording) items(ctx context.Context, s *session, t *recordedType, region string, ids []string) map[string]*recordedItem {
	asks := (len(ids) + recordedPage - 1) / recordedPage
	if len(ids)*len(t.calls) <= asks || r.refused(t.name, region) {
		return nil
	}
	rec := r.recorders.in(ctx, s, r.scan, region)
	if why := rec.refuses(t.name); why != "" {
		r.refuse(t.name, region, why)
		return nil
	}
	items := map[string]*recordedItem{}
	for chunk := range slices.Chunk(ids, recordedPage) {
		r.ask(t.name)
		if err := s.recordedItems(ctx, t.name, region, chunk, items); err != nil {
			_, reason := classify(err)
			r.refuse(t.name, region, batchGetConfig.action+": "+reason)
			return nil
		}
	}
	r.saw(t.name, rec.until, items)
	return items
}

// recordedItems adds the items of at most 100 resources. Config leaves out what it does not know
// and what is deleted.
func (s *session) recordedItems(ctx context.Context, kind, region string, ids []string, items map[string]*recordedItem) error {
	keys := make([]types.ResourceKey, len(ids))
	for i, id := range ids {
		keys[i] = types.ResourceKey{ResourceId: &id, ResourceType: types.ResourceType(kind)}
	}
	out, err := s.configIn(region).BatchGetResourceConfig(ctx, &configservice.BatchGetResourceConfigInput{ResourceKeys: keys})
	if err != nil {
		return err
	}
	for _, i := range out.BaseConfigurationItems {
		if item := newRecordedItem(i); item != nil {
			items[aws.ToString(i.ResourceId)] = item
		}
	}
	return nil
}

func (r *recording) ask(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[kind]++
}

func (r *recording) refuse(kind, region, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why[kind] == nil {
		r.why[kind] = map[string]string{}
	}
	r.why[kind][region] = why
}

func (r *recording) refused(kind, region string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why[kind][region] != ""
}

// saw keeps when Config had last recorded anything.
func (r *recording) saw(kind string, last time.Time, items map[string]*recordedItem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range items {
		if i.captured.After(last) {
			last = i.captured
		}
	}
	if last.After(r.until[kind]) {
		r.until[kind] = last
	}
}

func (r *recording) answered(action string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[action]++
}

// tell adds to the ends of a service's scopes what Config answered for them. Of types that come
// with each other the first has the numbers.
func (r *recording) tell(svc *service, ends []schemas.ScopeEnd, resources map[string]uint64) {
	told := map[string]bool{}
	for i := range ends {
		t := svc.typeOf(ends[i].Type)
		if t.recorded == nil {
			continue
		}
		kind := t.recorded.name
		end := &schemas.Recorded{Resources: resources[t.token], Until: r.until[kind]}
		for _, region := range slices.Sorted(maps.Keys(r.why[kind])) {
			end.Why = r.why[kind][region]
		}
		if t.with == "" {
			for _, c := range t.calls {
				end.Answers += r.answers[c.action]
			}
			if !told[kind] {
				told[kind], end.Calls = true, r.asked[kind]
			}
		}
		ends[i].Recorded = end
	}
}

// recordedAnswers are the items of some resources, from which calls are answered.
type recordedAnswers struct {
	*recording
	of    *recordedType
	items map[string]*recordedItem // by id
}

type recordedKey struct{}

// recordedAt is when the newest was captured of what was said of a resource from AWS Config, in
// a read with the context.
func recordedAt(ctx context.Context, id string) (at time.Time, ok bool) {
	if a, there := ctx.Value(recordedKey{}).(*recordedAnswers); there {
		item := a.items[id]
		if item == nil {
			item = a.items[before(id, "/")] // what hangs off it
		}
		if item != nil && item.used.Load() {
			return item.captured, true
		}
	}
	return time.Time{}, false
}

// answerRecorded lets AWS Config answer calls of clients.
func answerRecorded(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("InsightsRecorded",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if a, ok := ctx.Value(recordedKey{}).(*recordedAnswers); ok {
				out, err := a.answer(awsmiddleware.GetServiceID(ctx)+":"+awsmiddleware.GetOperationName(ctx), in.Parameters)
				if out != nil || err != nil {
					return middleware.InitializeOutput{Result: out}, middleware.Metadata{}, err
				}
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
}

// answer is that of a call by the item of its resource; nothing when that does not hold it.
func (a *recordedAnswers) answer(operation string, input any) (out any, err error) {
	for _, c := range a.of.calls {
		if c.operation != operation {
			continue
		}
		id, _ := reflect.TypeAssert[*string](reflect.Indirect(reflect.ValueOf(input)).FieldByName(c.by))
		item := a.items[aws.ToString(id)]
		if item == nil {
			return nil, nil
		}
		if out, err = c.answer(item); out != nil || err != nil {
			item.used.Store(true)
			a.answered(c.call.action)
		}
		return out, err
	}
	return nil, nil
}

// recordedItem is a configuration item.
type recordedItem struct {
	captured time.Time
	used     atomic.Bool // it has answered a call

	configuration object
	supplementary map[string]string
}
