package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/smithy-go"
)

// The shapes of items, here and where types of services say how theirs answer calls, are those of the
// published schemas (awslabs/aws-config-resource-schema, config/properties/resource-types) and of items
// that were recorded from AWS (cloud-custodian/cloud-custodian, tests/data). Names are those of the
// service's Describe calls in camel case, which Go's JSON decoding matches whatever their case.

// object is a JSON object whose values are not decoded yet.
type object map[string]json.RawMessage

// leaveOlder leaves out the items that were captured before the list says that their resources were made: they
// are of what had the name before. It is for lists that say so, of things whose ids come again.
func leaveOlder[T any](ctx context.Context, listed []T, of func(T) (id *string, made *time.Time)) {
	answers, on := ctx.Value(recordedKey{}).(*recordedAnswers)
	if !on {
		return
	}
	for _, v := range listed {
		id, made := of(v)
		if item := answers.items[aws.ToString(id)]; item != nil && made != nil && item.captured.Before(*made) {
			delete(answers.items, *id)
		}
	}
}

// itemStates are the states of items that hold a configuration.
var itemStates = []types.ConfigurationItemStatus{types.ConfigurationItemStatusOk, types.ConfigurationItemStatusResourceDiscovered}

// newRecordedItem is nil for an item from which nothing can be said.
func newRecordedItem(i types.BaseConfigurationItem) *recordedItem {
	item := &recordedItem{captured: aws.ToTime(i.ConfigurationItemCaptureTime), supplementary: i.SupplementaryConfiguration}
	if !slices.Contains(itemStates, i.ConfigurationItemStatus) || i.RecordingFrequency == types.RecordingFrequencyDaily {
		return nil
	}
	if json.Unmarshal([]byte(aws.ToString(i.Configuration)), &item.configuration) != nil {
		return nil
	}
	return item
}

// has tells whether an item's configuration has all of some fields.
func (o object) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { _, there := o[n]; return !there })
}

// into decodes the object in a structure of the SDK.
func (o object) into(v any) bool {
	raw, err := json.Marshal(o)
	return err == nil && json.Unmarshal(raw, v) == nil
}

// text is a string; "" for anything else.
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// texts are the object's values as a map of texts has them, in which services give attributes.
func (o object) texts() map[string]string {
	out := make(map[string]string, len(o))
	for name, raw := range o {
		var s string
		var n float64
		switch {
		case bytes.Equal(raw, []byte("null")):
		case json.Unmarshal(raw, &s) == nil:
			out[name] = s
		case json.Unmarshal(raw, &n) == nil && n == math.Trunc(n):
			out[name] = strconv.FormatFloat(n, 'f', -1, 64)
		default: // a truth value, or a document
			out[name] = string(raw)
		}
	}
	return out
}

// more decodes a part of the supplementary configuration; false where there is none. Some are
// encoded twice.
func (i *recordedItem) more(name string, v any) bool {
	raw, there := i.supplementary[name]
	if !there || raw == "" || raw == "null" {
		return false
	}
	var again string
	if json.Unmarshal([]byte(raw), &again) == nil {
		raw = again
	}
	return json.Unmarshal([]byte(raw), v) == nil
}

// document is a part of the supplementary configuration that is a JSON document, a policy; "" where there is none.
func (i *recordedItem) document(name string) string {
	raw := i.supplementary[name]
	var text string
	if json.Unmarshal([]byte(raw), &text) == nil {
		raw = text
	}
	if !json.Valid([]byte(raw)) || raw == "null" {
		return ""
	}
	return raw
}

// saysNone is the error by which a service says that nothing is configured.
func saysNone(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "recorded by AWS Config", Fault: smithy.FaultClient}
}
