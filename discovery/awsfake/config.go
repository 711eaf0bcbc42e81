package awsfake

import (
	"cmp"
	"fmt"
)

var configOperations = map[string]jsonOperation{
	"DescribeConfigurationRecorders": recorders, "DescribeConfigurationRecorderStatus": recorderStatus,
	"DescribeDeliveryChannels":      deliveryChannels,
	"BatchGetResourceConfig":        batchGetResourceConfig,
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
		r := map[string]any{"name": name, "roleARN": "arn:aws:iam::" + q.pop.AccountID + ":role/config", "recordingGroup": q.recordingGroup(name)}
		if of := q.faults.Recorder; of != nil && len(of.Daily) > 0 {
			r["recordingMode"] = map[string]any{"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": []any{
				map[string]any{"resourceTypes": of.Daily, "recordingFrequency": "DAILY"},
			}}
		}
		return r
	})}, nil
}

func (q *request) recordingGroup(name string) map[string]any {
	group := map[string]any{"allSupported": !q.touched(name), "includeGlobalResourceTypes": true, "recordingStrategy": map[string]any{"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}
	switch of := q.faults.Recorder; {
	case of == nil:
	case len(of.Types) > 0:
		group = map[string]any{"allSupported": false, "resourceTypes": of.Types, "recordingStrategy": map[string]any{"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}}
	case len(of.Except) > 0:
		group = map[string]any{
			"allSupported": false, "exclusionByResourceTypes": map[string]any{"resourceTypes": of.Except},
			"recordingStrategy": map[string]any{"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
		}
	}
	return group
}

func recorderStatus(q *request, _ input) (any, *fault) {
	of := Recorder{}
	if q.faults.Recorder != nil {
		of = *q.faults.Recorder
	}
	last := q.now().Add(-of.Silent)
	return map[string]any{"ConfigurationRecordersStatus": q.eachRecorder(func(name string) any {
		return map[string]any{
			"name": name, "recording": !of.Stopped, "lastStatus": cmp.Or(of.Status, "Success"), "lastStartTime": 1735689600, "lastStatusChangeTime": last.Unix(),
		}
	})}, nil
}

// deliveryChannels has a channel for each recorder, of the same name.
func deliveryChannels(q *request, _ input) (any, *fault) {
	return map[string]any{"DeliveryChannels": q.eachRecorder(func(name string) any { return map[string]any{"name": name, "s3BucketName": "config-history"} })}, nil
}
