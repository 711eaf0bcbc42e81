package awsfake

import "fmt"

var configOperations = map[string]jsonOperation{
	"DescribeConfigurationRecorders": recorders, "DescribeConfigurationRecorderStatus": recorderStatus,
	"DescribeDeliveryChannels":      deliveryChannels,
	"DescribeDeliveryChannelStatus": says(map[string]any{"DeliveryChannelsStatus": []any{}}),
}

func recorderName(i int) string { return fmt.Sprintf("recorder-%06d", i) }

// eachRecorder is one item per recorder that is left. A region of AWS has one.
func (q *request) eachRecorder(item func(name string) any) []any {
	list := []any{}
	for i := range q.pop.more("recorder") {
		if !q.gone(recorderName(i)) {
			list = append(list, item(recorderName(i)))
		}
	}
	return list
}

func recorders(q *request, _ input) (any, *fault) {
	return map[string]any{"ConfigurationRecorders": q.eachRecorder(func(name string) any {
		return map[string]any{"name": name, "roleARN": "arn:aws:iam::" + q.pop.AccountID + ":role/config", "recordingGroup": map[string]any{
			"allSupported": !q.touched(name), "includeGlobalResourceTypes": true, "recordingStrategy": map[string]any{"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
		}}
	})}, nil
}

func recorderStatus(q *request, _ input) (any, *fault) {
	return map[string]any{"ConfigurationRecordersStatus": q.eachRecorder(func(name string) any { return map[string]any{"name": name, "recording": true} })}, nil
}

// deliveryChannels has a channel for each recorder, of the same name.
func deliveryChannels(q *request, _ input) (any, *fault) {
	return map[string]any{"DeliveryChannels": q.eachRecorder(func(name string) any { return map[string]any{"name": name, "s3BucketName": "config-history"} })}, nil
}
