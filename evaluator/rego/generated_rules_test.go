package rego

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
