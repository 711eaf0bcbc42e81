package awsfake

import "fmt"

var kinesisOperations = map[string]jsonOperation{"ListStreams": listStreams, "DescribeStreamSummary": streamSummary}

func streamName(i int) string { return fmt.Sprintf("stream-%06d", i) }

func (q *request) streamARN(name string) string {
	return "arn:aws:kinesis:" + q.region + ":" + q.pop.AccountID + ":stream/" + name
}

func listStreams(q *request, in input) (any, *fault) {
	from, to, next := q.window(in.text("NextToken"), in.number("Limit"), 100, q.pop.more("stream"))
	names := []string{}
	q.each(from, to, streamName, func(i int) { names = append(names, streamName(i)) })
	return paged(map[string]any{"StreamNames": names, "HasMoreStreams": next != ""}, "NextToken", next), nil
}

// Every second stream is encrypted.
func streamSummary(q *request, in input) (any, *fault) {
	name := in.text("StreamName")
	i, ok := q.index(name, "stream-", q.pop.more("stream"))
	if !ok {
		return nil, &fault{status: 400, code: "ResourceNotFoundException", message: "Stream " + name + " under account " + q.pop.AccountID + " not found."}
	}
	hours := 24
	if q.touched(name) {
		hours = 48
	}
	v := map[string]any{
		"StreamName": name, "StreamARN": q.streamARN(name), "StreamStatus": "ACTIVE", "RetentionPeriodHours": hours, "StreamCreationTimestamp": 1735689600,
		"EnhancedMonitoring": []any{map[string]any{"ShardLevelMetrics": []any{}}}, "OpenShardCount": 1, "EncryptionType": "NONE",
		"StreamModeDetails": map[string]any{"StreamMode": "PROVISIONED"},
	}
	if i%2 == 0 {
		v["EncryptionType"], v["KeyId"] = "KMS", "alias/aws/kinesis"
	}
	return map[string]any{"StreamDescriptionSummary": v}, nil
}
