package pulumi

import (
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
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

// values writes properties as a google.protobuf.Struct. It is written once for
// all packs of a resource; as Go values, each of them would encode it anew.
type values struct {
	omit bool // holes are left out; else they become sentinels
}

// The fields of Struct, Value and ListValue.
const (
	structField = 1
	keyField    = 1
	valueField  = 2
	listField   = 1

	nullValue   = 1
	numberValue = 2
	stringValue = 3
	boolValue   = 4
	structValue = 5
	listValue   = 6
)

// object appends the fields of a Struct.
func (v values) object(b []byte, m map[string]any) []byte {
	for name, x := range m {
		if v.omit && x == (hole{}) {
			continue
		}
		if name == signature {
			name += disguise
		}
		b = message(b, structField, func(b []byte) []byte {
			b = text(b, keyField, name)
			return message(b, valueField, func(b []byte) []byte { return v.value(b, x) })
		})
	}
	return b
}

// list appends the fields of a ListValue.
func (v values) list(b []byte, l []any) []byte {
	for _, x := range l {
		if !v.omit || x != (hole{}) {
			b = message(b, listField, func(b []byte) []byte { return v.value(b, x) })
		}
	}
	return b
}

// value appends the one field of a Value.
func (v values) value(b []byte, x any) []byte {
	switch x := x.(type) {
	case nil:
		return varint(b, nullValue, 0)
	case bool:
		return varint(b, boolValue, protowire.EncodeBool(x))
	case string:
		if sentinels[x] {
			x += disguise
		}
		return text(b, stringValue, x)
	case float64:
		b = protowire.AppendTag(b, numberValue, protowire.Fixed64Type)
		return protowire.AppendFixed64(b, math.Float64bits(x))
	case int:
		return v.value(b, float64(x))
	case map[string]any:
		return message(b, structValue, func(b []byte) []byte { return v.object(b, x) })
	case []any:
		return message(b, listValue, func(b []byte) []byte { return v.list(b, x) })
	case hole:
		return text(b, stringValue, unknownText)
	default:
		return v.value(b, asJSON(x))
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

// message appends a field that is a message. Its length comes before it and is
// known after it: nearly all fit one byte, for the others the message moves.
func message(b []byte, field protowire.Number, write func([]byte) []byte) []byte {
	b = append(protowire.AppendTag(b, field, protowire.BytesType), 0)
	start := len(b)
	b = write(b)
	size := len(b) - start
	if more := protowire.SizeVarint(uint64(size)) - 1; more > 0 {
		b = append(b, make([]byte, more)...)
		copy(b[start+more:], b[start:start+size])
	}
	_ = protowire.AppendVarint(b[:start-1], uint64(size)) // into the place that was kept
	return b
}

func varint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

// text appends a text as a message can hold it.
func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), valid(s))
}

func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}
