package awsfake

import (
	"encoding/json"
	"net/http"
	"strings"
)

// json answers the json 1.1 services, of which the account has only the empty
// set-up: no trail, no recorder.
func (q *request) json(service string) {
	_, name, _ := strings.Cut(q.r.Header.Get("X-Amz-Target"), ".")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	q.w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if f := q.admit(service, name, service+":"+name); f != nil {
		q.jsonFault(f)
		return
	}
	answers := map[string]any{
		"DescribeTrails":                      map[string]any{"trailList": []any{}},
		"DescribeConfigurationRecorders":      map[string]any{"ConfigurationRecorders": []any{}},
		"DescribeConfigurationRecorderStatus": map[string]any{"ConfigurationRecordersStatus": []any{}},
		"DescribeDeliveryChannels":            map[string]any{"DeliveryChannels": []any{}},
		"DescribeDeliveryChannelStatus":       map[string]any{"DeliveryChannelsStatus": []any{}},
	}
	answer, ok := answers[name]
	if !ok {
		q.jsonFault(&fault{http.StatusBadRequest, "UnknownOperationException", "awsfake does not know " + name})
		return
	}
	_ = json.NewEncoder(q.w).Encode(answer)
}

func (q *request) jsonFault(f *fault) {
	q.w.Header().Set("X-Amzn-Errortype", f.code)
	q.w.WriteHeader(f.status)
	_ = json.NewEncoder(q.w).Encode(map[string]string{"__type": f.code, "message": f.message})
}
