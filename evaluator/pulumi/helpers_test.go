package pulumi

import (
	"encoding/json"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// asText is properties as JSON, as a pack is shown them.
func asText(t *testing.T, v values, properties map[string]any) string {
	t.Helper()
	var s structpb.Struct
	err := proto.Unmarshal(v.object(nil, properties), &s)
	out, jsonErr := json.Marshal(s.AsMap())
	if err = errors.Join(err, jsonErr); err != nil {
		t.Fatal(err)
	}
	return string(out)
}
