package rego

import (
	"fmt"
	"slices"
	"strings"
)

// Policies are made by putting every way to reach property P into every way to
// use a VALUE; besides, there are those that do neither in so many words.

// ways to reach property P of the input.
var reaches = map[string]string{
	"plain":      `input.P`,
	"index":      `input["P"]`,
	"properties": `input.properties.P`,
	"props":      `input.props.P`,
	"uprops":     `input.__props.P`,
	"uproperty":  `input.__properties["P"]`,
	"get":        `object.get(input, "P", "none")`,
	"getlist":    `object.get(input, ["P"], "none")`,
	"getprops":   `object.get(input.properties, "P", "none")`,
	"getdeep":    `object.get(input, ["props", "P"], "none")`,
	"getwhole":   `object.get(input, "properties", {}).P`,
	"rule":       `by_rule`,
	"aliasrule":  `all_of_it.P`,
	"propsrule":  `properties_of_it.P`,
	"default":    `by_default`,
	"else":       `by_else`,
	"function":   `pick(input)`,
	"function2":  `pick(input.props)`,
	"elsefunc":   `pick_else(input)`,
	"deffunc":    `pick_default(input)`,
	"byname":     `named("P")`,
	"imported":   `imported.P`,
	"object":     `{k: v | some k, v in input}.P`,
	"filter":     `json.filter(input, ["P"]).P`,
	"remove":     `object.remove(input, ["type"]).P`,
	"union":      `object.union(input, {"zz": 1}).P`,
	"patch":      `json.patch(input, [{"op": "add", "path": "/zz", "value": 1}]).P`,
	"marshal":    `json.unmarshal(json.marshal(input)).P`,
	"walked":     `[v | walk(input, [["P"], v])][0]`,
	"partial":    `partial_object.P`,
	"tuple":      `tuple[0].P`,
	"mocked":     `[v | v := by_rule with input as input.properties][0]`,
	"mockprop":   `[v | v := by_rule with input.other as 1][0]`,
	"mockthis":   `[v | v := by_rule with input.P as "mock"][0]`,
	"mocklit":    `[v | v := by_rule with input as {"P": "mock"}][0]`,
	"mockfrom":   `[v | v := by_other with input.other as input.P][0]`,
}

// helpers of the ways above.
const helpers = `
import input.properties as imported
import input as everything

by_rule := input.P
by_other := input.other
all_of_it := input
properties_of_it := input.properties
default by_default := "none"
by_default := input.P
by_else := input.P if { input.P != "x" } else := "was x"
pick(doc) := doc.P
pick_else(doc) := doc.P if { doc.P != "x" } else := "else"
default pick_default(_) := "none"
pick_default(doc) := doc.P
named(k) := input[k]
partial_object[k] := v if { some k, v in input }
tuple := [input, 1]
`

// ways to use a value; each is the body of a policy, MSG its message.
var bodies = map[string]string{
	"equal":     `VALUE == "x"`,
	"unequal":   `VALUE != "x"`,
	"not":       `not VALUE`,
	"notequal":  `not VALUE == "x"`,
	"assigned":  `v := VALUE; v == "x"`,
	"unified":   `"x" = VALUE`,
	"defined":   `_ = VALUE`,
	"member":    `VALUE in {"x", "y"}`,
	"notmember": `not VALUE in {"x", "y"}`,
	"some":      `some e in VALUE; e.enc == true`,
	"somenot":   `some e in VALUE; not e.enc`,
	"every":     `every e in VALUE { e.enc }`,
	"noevery":   `not every_enc(VALUE)`,
	"iterate":   `VALUE[_].enc == false`,
	"nested":    `VALUE.enc`,
	"notnested": `not VALUE.enc`,
	"array":     `[e | some e in VALUE; e.enc] == []`,
	"set":       `{e | some e in VALUE; not e.enc} != set()`,
	"objectc":   `{k: e | some k, e in VALUE} == {}`,
	"type":      `is_string(VALUE)`,
	"nottype":   `not is_array(VALUE)`,
	"typename":  `type_name(VALUE) == "string"`,
	"inmessage": `known.a == 1; concat("", ["m", sprintf("%v", [VALUE])]) != ""`,
	"guarded":   `input.known == 2; VALUE == "x"`,
	"reached":   `input.known == 1; VALUE == "x"`,
	"orknown":   `input.known == 1; count([1 | VALUE == "x"]) >= 0`,
	"helper":    `is_x(VALUE)`,
	"nothelper": `not is_x(VALUE)`,
	"elsehelp":  `judge(VALUE) == "bad"`,
	"withmock":  `check with input.zz as VALUE`,
	"notwith":   `not check with input.zz as VALUE`,
	"withall":   `check with input as {"zz": VALUE}`,
	"twice":     `VALUE == input.known`,
	"both":      `not VALUE == input.known; not input.absent`,
	"key":       `{"x": 1}[VALUE]`,
	"keyof":     `input[VALUE]`,
}

const users = `
known := {"a": 1}
every_enc(list) if { every e in list { e.enc } }
is_x(v) if v == "x"
judge(v) := "good" if { v == "x" } else := "bad"
check if input.zz == "x"
`

// whole documents are asked about in ways that name no property.
var wholeBodies = map[string]string{
	"count":     `count(input) > 16`,
	"countp":    `count(input.properties) == 2`,
	"keys":      `"P" in object.keys(input)`,
	"nokeys":    `not "P" in object.keys(input.props)`,
	"in":        `"x" in input`,
	"notin":     `not "x" in input`,
	"literal":   `input.properties == {"known": 1, "word": "zero", "P": "x"}`,
	"notlit":    `input.properties != {"known": 1, "word": "zero"}`,
	"compared":  `x := {"known": 1, "word": "zero"}; x == input.properties`,
	"anykey":    `some k; input[k] == "x"`,
	"anyvalue":  `input[_].enc`,
	"novalue":   `not any_x`,
	"walk":      `walk(input, [_, "x"])`,
	"nowalk":    `count([1 | walk(input.properties, [_, "x"])]) == 0`,
	"everykey":  `every k, _ in input { k != "P" }`,
	"subset":    `object.subset(input, {"P": "x"})`,
	"dump":      `contains(json.marshal(input), "\"x\"")`,
	"dynamic":   `k := concat("", ["", "P"]); input[k] == "x"`,
	"dynget":    `k := concat("", ["", "P"]); object.get(input, k, "x") == "x"`,
	"constget":  `k := "P"; object.get(input, k, "x") == "x"`,
	"alias":     `d := input; d.P == "x"`,
	"alias2":    `d := input; e := d; e.P == "x"`,
	"aliasp":    `d := input.properties; not d.P`,
	"aliasget":  `d := input.properties; object.get(d, "P", "x") == "x"`,
	"aliaslist": `[d, _] := [input, 1]; d.P == "x"`,
	"aliasin":   `some d in [input]; d.P == "x"`,
	"closure":   `count([1 | d := input; d.P == "x"]) == 0`,
	"nothing":   `input.known == 1`,
	"none":      `input.known == 2`,
	"time":      `time.now_ns() > 0; input.P == "x"`,
	"breaks":    `input.P == "x"; to_number(input.word) == 1`,
	"breaks2":   `to_number(input.P) == 1`,
	"breaks3":   `not to_number(input.P)`,
	"type":      `startswith(input.type, "aws:s3/"); input.P == "x"`,
	"othertype": `startswith(input.type, "aws:ec2/"); input.P == "x"`,
	"nottype":   `not startswith(input.type, "aws:s3/"); input.P == "x"`,
	"typekey":   `{"aws:ec2/instance:Instance"}[input.type]; input.P == "x"`,
	"typerule":  `on_bucket; input.P == "x"`,
	"template":  "true",
}

const wholeHelpers = `
any_x if input[_] == "x"
on_bucket if input.type == "aws:s3/bucket:Bucket"
on_bucket if input.__type == "aws:s3/bucketV2:BucketV2"
`

// generated is the pack of all policies, or of a selection; property is P.
func generated(property string, few bool) string {
	var s strings.Builder
	s.WriteString("package generated\n\nimport rego.v1\n" + helpers + users + wholeHelpers + shapes)
	for _, b := range sortedKeys(bodies) {
		for _, r := range sortedKeys(reaches) {
			if few && !slices.Contains([]string{"plain", "getprops", "aliasrule", "elsefunc", "object", "mockprop"}, r) {
				continue
			}
			fmt.Fprintf(&s, "deny_%s_%s contains \"m\" if { %s }\n", b, r, strings.ReplaceAll(bodies[b], "VALUE", reaches[r]))
		}
	}
	for _, b := range sortedKeys(wholeBodies) {
		fmt.Fprintf(&s, "warn_%s contains \"m\" if { %s }\n", b, wholeBodies[b])
	}
	return of(s.String(), property)
}

// of puts the property into a policy.
func of(text, property string) string {
	text = strings.NewReplacer("input.P", "input."+property, ".P", "."+property, `"P"`, `"`+property+`"`).Replace(text)
	return strings.ReplaceAll(text, "/P", "/"+property)
}
