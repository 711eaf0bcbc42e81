package aws

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// kinesisProjection counts changes of the projections in this file.
const kinesisProjection = 1

const typeStream = "aws:kinesis/stream:Stream"

var (
	listStreams    = listCall("kinesis:ListStreams", 100) // "at most 100 results are returned", whatever is asked for
	describeStream = eachCall("kinesis:DescribeStreamSummary", "settings")
)

var kinesisService = &service{
	name:  "kinesis",
	types: []typeSpec{{token: typeStream, calls: []call{listStreams, describeStream, tagCall}}},
	// "Quotas and limits" of Kinesis Data Streams: "API limits".
	limits: map[string]limit{"Kinesis:ListStreams": {rate: 5, burst: 5}, "Kinesis:DescribeStreamSummary": {rate: 20, burst: 20}},
	lists:  []list{{listStreams.action, []string{typeStream}, eachStream}},
}

func (s *session) kinesis() *kinesis.Client {
	return client(s, "kinesis", func(c aws.Config) *kinesis.Client { return kinesis.NewFromConfig(c) })
}

func (s *session) streamARN(name string) string {
	return fmt.Sprintf("arn:%s:kinesis:%s:%s:stream/%s", s.partition, s.region, s.awsAccount, name)
}

func eachStream(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids != nil {
		return streams(ctx, s, ids).these(ctx, s, ids, emit)
	}
	p := kinesis.NewListStreamsPaginator(s.kinesis(), &kinesis.ListStreamsInput{Limit: aws.Int32(100)})
	return pages(ctx, p, func(out *kinesis.ListStreamsOutput) error {
		return streams(ctx, s, out.StreamNames).page(ctx, s, out.StreamNames, emit)
	})
}

// streams knows the tags of some and describes them.
func streams(ctx context.Context, s *session, names []string) described {
	arns := make([]string, len(names))
	for i, n := range names {
		arns[i] = s.streamARN(n)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return described{gone: codes("ResourceNotFoundException"), read: func(ctx context.Context, s *session, name string) ([]discovery.Observation, error) {
		out, err := s.kinesis().DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		var v *types.StreamDescriptionSummary
		if err == nil {
			if v = out.StreamDescriptionSummary; v == nil {
				err = errors.New(notInAnswer)
			}
		}
		return []discovery.Observation{projectStream(s, name, facetOf(describeStream.action, err), v, tagsF, tags[s.streamARN(name)])}, err
	}}
}

func projectStream(s *session, name string, f facet, v *types.StreamDescriptionSummary, tagsF facet, tags map[string]any) discovery.Observation {
	d := newDocument()
	d.set("region", s.region)
	d.set("name", name)
	d.set("arn", s.streamARN(name))
	if !d.unread(f, "encryptionType", "kmsKeyId", "maxRecordSizeInKib", "retentionPeriod", "shardCount", "shardLevelMetrics", "streamModeDetails") {
		// Every stream has one; "NONE" is said.
		d.told("encryptionType", string(v.EncryptionType), v.EncryptionType != "", describeStream.action)
		d.set("kmsKeyId", aws.ToString(v.KeyId))
		d.asked("retentionPeriod", v.RetentionPeriodHours, describeStream.action)
		d.integers(map[string]*int32{"maxRecordSizeInKib": v.MaxRecordSizeInKiB})
		d.set("streamModeDetails", camelMap(v.StreamModeDetails, nil))
		if v.StreamModeDetails == nil || v.StreamModeDetails.StreamMode == types.StreamModeProvisioned {
			d.integers(map[string]*int32{"shardCount": v.OpenShardCount})
		}
		var metrics []types.MetricsName
		for _, m := range v.EnhancedMonitoring {
			metrics = append(metrics, m.ShardLevelMetrics...)
		}
		d.set("shardLevelMetrics", sortedStrings(metrics))
	}
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(s.region, typeStream, name, name, kinesisProjection)
}
