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

// other shapes of rules, and what a message does with an unknown.
const shapes = `
deny_shape_message contains msg if { input.known == 1; msg := sprintf("%v", [input.P]) }
deny_shape_template contains $"P is {input.P}" if { input.known == 1 }
deny_shape_key contains input.P if { input.known == 1 }
deny_shape_object contains {"msg": m} if { m := input.P }
deny_shape_two contains "a" if { input.known == 1 }
deny_shape_two contains "b" if { input.P == "x" }
deny_shape_complete := ["m"] if { input.P == "x" }
deny_shape_known := ["m"] if { input.known == 1; not input.absent }
deny_shape_either := ["m"] if { input.P == "x" } else := [] if { input.known == 1 }
default deny_shape_default := []
deny_shape_default := ["m"] if { input.P == "x" }
default deny_shape_default2 := ["d"]
deny_shape_default2 := ["m"] if { input.P == "x" }
deny_shape_guard := ["m"] if { input.known == 2; input.P == "x" }
deny_shape_comprehension := [m | some m in ["m"]; input.P == "x"]
deny_shape_set := {m | some m in ["m"]; not input.P}
deny_shape_bool if { input.P == "x" }
deny_shape_index contains index[input.P]
index := {"x": "found"}
deny_shape_dynamic contains "m" if { marks.x }
marks[input.P] := true if { true }
deny_shape_else := ["m"] if { input.known == 2 } else := ["n"] if { input.P == "x" }
deny_nasty_mockdeep contains "m" if { deep with input.zz as input.props }
deep if input.zz.P == "x"
deny_nasty_getmock contains "m" if { v := object.get(input, "zz", 0) with input.zz as input.props; v.P == "x" }
deny_shape_false contains false if { input.known == 1; not input.absent }
deny_shape_false contains 7 if { input.P == "x" }
deny_shape_value contains v if { v := input.P }
deny_nasty_ref contains "m" if { cfg.of.it == "x" }
deny_nasty_dynref contains "m" if { some k; cfg.of[k] == "x" }
cfg.of.it := input.P
cfg.of.known := input.known
deny_nasty_dynhead contains "m" if { by_value.x.y }
by_value[input.P].y := true
deny_nasty_data contains "m" if { k := concat("", ["by_", "rule"]); data.generated.helpers_of[k] == "x" }
helpers_of["by_rule"] := input.P
deny_nasty_chain contains "m" if { chain_a.P == "x" }
chain_a := chain_b
chain_b := input
deny_nasty_set contains "m" if { some d in documents; d.P == "x" }
documents contains input
documents contains input.properties
deny_nasty_mockfn contains "m" if { harmless("a") == "x" with harmless as harmful }
harmless(v) := v
harmful(_) := input.P
deny_nasty_mockbuiltin contains "m" if { upper("a") == "x" with upper as harmful }
deny_nasty_elseconst contains "m" if { else_const == "x" }
else_const := 1 if { k := "known"; object.get(input, k, 0) == 3 } else := v if { some k in ["P"]; v := object.get(input, k, 0) }
deny_nasty_param contains "m" if { same(input.properties) }
same(d) if { d == input.properties; not d.P }
deny_nasty_param2 contains "m" if { same_const("P") }
same_const(k) if { object.get(input, k, "x") == "x" }
deny_nasty_twice contains "m" if { d := input; count([1 | e := d; e.P == "x"]) == 1 }
deny_nasty_nested contains "m" if { x := [y | y := [z | z := input][0]][0]; x.P == "x" }
deny_nasty_mockpart contains "m" if { check with input.properties as {"P": "x"} with input.zz as input.P }
deny_nasty_mockknown contains "m" if { by_rule == "x" with input.known as 5 }
deny_nasty_mockprops contains "m" if { input.props.P == "x" with input.props.P as "x" }
deny_nasty_mockdata contains "m" if { data.config.zz == "x" with data.config as {"zz": input.P} }
deny_nasty_rest contains "m" if { json.remove(input, ["known"]).P == "x" }
deny_nasty_sprintf contains "m" if { contains(sprintf("%v", [input]), "\"x\"") }
deny_nasty_every contains "m" if { every d in [input] { d.P == "x" } }
deny_nasty_keyinlist contains "m" if { input[["zz", "P"][_]] == "x" }
deny_nasty_getinlist contains "m" if { some k in ["zz", "P"]; object.get(input, k, "no") == "x" }
deny_nasty_getpath contains "m" if { object.get(input, ["P", "enc"], true) == false }
deny_nasty_getdefault contains "m" if { object.get(input, "zz", input.P) == "x" }
deny_nasty_getdoc contains "m" if { object.get(input, "zz", input).P == "x" }
deny_nasty_min contains "m" if { min(object.keys(input.properties)) != "known" }
deny_nasty_whole contains input.P if { d := input; d.known == 1 }
deny_nasty_importall contains "m" if { everything.P == "x" }
deny_shape_rec contains "m" if { paths.P }
paths contains k if { some k, _ in input.properties }
`

// v0 has variables without a declaration, which closures share or do not.
const dialect0 = `package generated

deny_v0_alias["m"] { x = input; x.P == "x" }
deny_v0_reverse["m"] { input = x; x.P == "x" }
deny_v0_some["m"] { some x; x = input; x.P == "x" }
deny_v0_compared["m"] { x := {"known": 1, "word": "zero"}; x = input.properties }
deny_v0_compared2["m"] { x = input.properties; x = {"known": 1, "word": "zero", "P": "x"} }
deny_v0_two["m"] { x = input.properties; x = input.props; x.known == 1 }
deny_v0_same["m"] { x = input.properties; x = input.props }
deny_v0_closures["m"] { count([1 | k = "zz"; object.get(input, k, 0)]) == 0; b := [v | k = ["P"][_]; v = object.get(input, k, 0)]; b[0] == "x" }
deny_v0_outer["m"] { k = ["known", "P"][_]; count([1 | k = "known"]) == 0; object.get(input, k, 0) == "x" }
deny_v0_docs["m"] { count([v | d = input; v = d.zz]) == 0; b := [v | d = {"P": "x"}; v = d.P]; b[0] == "x"; input.known == 1 }
deny_v0_docs2["m"] { b := [v | d = input.properties; v = d]; b[0] == {"known": 1, "word": "zero"} }
deny_v0_const["m"] { k = "P"; object.get(input, k, 0) == "x" }
deny_v0_noconst["m"] { not f("P") }
f(k) { k = "known" ; object.get(input, k, 0) == 3 }
f(k) { object.get(input, k, 0) == "x" }
deny_v0_else["m"] { g("P") }
g(k) { k = "known"; object.get(input, k, 0) == 3 } else { object.get(input, k, 0) == "x" }
deny_v0_iter["m"] { input[k] = "x"; k = "P" }
deny_v0_key["m"] { k = "P"; input[k] = "x" }
deny_v0_neg["m"] { x = input; not x.P }
deny_v0_negget["m"] { x = input; not object.get(x, "P", false) }
deny_v0_negvar["m"] { x := {"known": 1, "word": "zero"}; not x = input.properties }
deny_v0_array["m"] { [x, _] = [input, 1]; x.P == "x" }
deny_v0_object["m"] { {"a": x} = {"a": input}; x.P == "x" }
deny_v0_head[x] { x = input.P }
deny_v0_headdoc[x.P] { x = input }
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
