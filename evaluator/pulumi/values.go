package pulumi

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"
)

// signature is the key that makes an object something else in Pulumi's protocol.
const signature = "4dabf18193072939515e22adb298388d"

// unknownText is Pulumi's sentinel for a text that is not known yet. The SDKs
// treat those of all kinds alike.
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// sentinels of all kinds: bool, number, text, list, asset, archive, object.
var sentinels = map[string]bool{
	"1c4a061d-8072-4f0a-a4cb-0ff528b18fe7": true,
	"3eeb2bf0-c639-47a8-9e75-3b44932eb421": true,
	unknownText:                            true,
	"6a19a0b0-7e62-4c92-b797-7f8e31da9cc2": true,
	"030794c1-ac77-496b-92df-f27374a8bd58": true,
	"e48ece36-62e2-4504-bad9-02848725956a": true,
	"dd056dcd-154b-4c76-9bd3-c8f88648b5ff": true,
}

// disguise is added to what a resource really holds and the SDKs would take for
// something else: a zero width space.
const disguise = "\u200b"

// hole stands in a resource's properties for a value that is unknown.
type hole struct{}

// values turns properties into those of a request.
type values struct {
	omit bool // holes are left out; else they become sentinels
}

// plain are values without holes.
var plain = values{}

func (v values) object(m map[string]any) *structpb.Struct {
	out := &structpb.Struct{Fields: make(map[string]*structpb.Value, len(m))}
	for name, x := range m {
		if v.omit && x == (hole{}) {
			continue
		}
		if name == signature {
			name += disguise
		}
		out.Fields[valid(name)] = v.value(x)
	}
	return out
}

func (v values) list(l []any) *structpb.ListValue {
	out := &structpb.ListValue{Values: make([]*structpb.Value, 0, len(l))}
	for _, x := range l {
		if !v.omit || x != (hole{}) {
			out.Values = append(out.Values, v.value(x))
		}
	}
	return out
}

func (v values) value(x any) *structpb.Value {
	switch x := x.(type) {
	case nil:
		return structpb.NewNullValue()
	case bool:
		return structpb.NewBoolValue(x)
	case string:
		return text(x)
	case float64:
		return structpb.NewNumberValue(x)
	case int:
		return structpb.NewNumberValue(float64(x))
	case map[string]any:
		return structpb.NewStructValue(v.object(x))
	case []any:
		return structpb.NewListValue(v.list(x))
	case hole:
		return structpb.NewStringValue(unknownText)
	default:
		return v.value(asJSON(x))
	}
}

// asJSON is a value of any other type as JSON has it.
func asJSON(x any) any {
	var out any
	if doc, err := json.Marshal(x); err == nil {
		_ = json.Unmarshal(doc, &out)
	}
	return out
}

func text(s string) *structpb.Value {
	if sentinels[s] {
		s += disguise
	}
	return structpb.NewStringValue(valid(s))
}

// valid is a text as a message can hold it.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}
