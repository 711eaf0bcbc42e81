package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
)

// maxRecorderLag is how long ago a recorder may have recorded last: one that was silent for
// longer may be behind.
const maxRecorderLag = 24 * time.Hour

// recorder is what AWS Config records in a region.
type recorder struct {
	why   string // why nothing is taken from it, "" where something may be
	until time.Time
	group *types.RecordingGroup
	mode  *types.RecordingMode
}

// refuses says why nothing of a type of Config's is taken from the recorder; "" if it is recorded
// with every change.
func (r *recorder) refuses(kind string) string {
	if r.why != "" {
		return r.why
	}
	t := types.ResourceType(kind)
	if !records(r.group, t) {
		return kind + " is not recorded"
	}
	if m := r.mode; m != nil {
		frequency := m.RecordingFrequency
		for _, o := range m.RecordingModeOverrides {
			if slices.Contains(o.ResourceTypes, t) {
				frequency = o.RecordingFrequency
			}
		}
		if frequency == types.RecordingFrequencyDaily {
			return kind + " is recorded once a day"
		}
	}
	return ""
}

// records tells whether a recording group has a type. Without a strategy "all supported" and the
// list of types say it, as before there were strategies.
func records(g *types.RecordingGroup, t types.ResourceType) bool {
	if g == nil {
		return false
	}
	strategy := types.RecordingStrategyType("")
	if g.RecordingStrategy != nil {
		strategy = g.RecordingStrategy.UseOnly
	}
	switch {
	case strategy == types.RecordingStrategyTypeExclusionByResourceTypes:
		return g.ExclusionByResourceTypes == nil || !slices.Contains(g.ExclusionByResourceTypes.ResourceTypes, t)
	case strategy == types.RecordingStrategyTypeAllSupportedResourceTypes, strategy == "" && g.AllSupported:
		return true
	default:
		return slices.Contains(g.ResourceTypes, t)
	}
}

// readRecorder asks for a region's recorder and how it does. It never changes any.
func readRecorder(ctx context.Context, c *configservice.Client, now time.Time) *recorder {
	list, err := c.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil {
		return refusedRecorder(describeRecorders.action, err)
	}
	i := slices.IndexFunc(list.ConfigurationRecorders, func(r types.ConfigurationRecorder) bool {
		return aws.ToString(r.ServicePrincipal) == "" // others are for the service that made them
	})
	if i < 0 {
		return &recorder{why: "the region has no recorder"}
	}
	found := list.ConfigurationRecorders[i]
	out, err := c.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
	if err != nil {
		return refusedRecorder(describeRecorderStatus.action, err)
	}
	for _, st := range out.ConfigurationRecordersStatus {
		if aws.ToString(st.Name) == aws.ToString(found.Name) {
			return &recorder{why: statusRefuses(st, now), until: aws.ToTime(st.LastStatusChangeTime), group: found.RecordingGroup, mode: found.RecordingMode}
		}
	}
	return &recorder{why: "the recorder's status is not known"}
}

func refusedRecorder(action string, err error) *recorder {
	_, reason := classify(err)
	return &recorder{why: action + ": " + reason}
}

// statusRefuses says why a recorder cannot be trusted to be up to date.
func statusRefuses(st types.ConfigurationRecorderStatus, now time.Time) string {
	switch last := aws.ToTime(st.LastStatusChangeTime); {
	case !st.Recording:
		return "the recorder is stopped"
	case !strings.EqualFold(string(st.LastStatus), string(types.RecorderStatusSuccess)): // "Success" of the API, "SUCCESS" of its examples
		return fmt.Sprintf("the recorder's last status is %s", cmp.Or(string(st.LastStatus)+" "+aws.ToString(st.LastErrorCode), "not known"))
	case now.Sub(last) > maxRecorderLag:
		return "the recorder has recorded nothing since " + last.UTC().Format(time.DateTime)
	default:
		return ""
	}
}

// recorderCache has those of an account, each asked for once in a scan.
type recorderCache struct {
	mu   sync.Mutex
	scan string
	by   map[string]*foundRecorder // region
}

type foundRecorder struct {
	mu sync.Mutex
	*recorder
}

// in is the recorder of a region.
func (r *recorderCache) in(ctx context.Context, s *session, scan, region string) *recorder {
	r.mu.Lock()
	if r.by == nil || r.scan != scan {
		r.scan, r.by = scan, map[string]*foundRecorder{}
	}
	f, ok := r.by[region]
	if !ok {
		f = &foundRecorder{}
		r.by[region] = f
	}
	r.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.recorder != nil {
		return f.recorder
	}
	found := readRecorder(ctx, s.configIn(region), s.now())
	if ctx.Err() == nil { // else the next one asks
		f.recorder = found
	}
	return found
}
