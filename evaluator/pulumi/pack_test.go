package pulumi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// declared is a pack that declares everything that there is to declare.
var declared = map[schemas.Runtime]files{
	schemas.RuntimeNodeJS: node().with("index.js", `
const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("declared", {
	displayName: "All of it", description: "What is declared.", enforcementLevel: "disabled",
	policies: [
		{ name: "z-plain", description: "Plain.", validateResource: () => {} },
		{ name: "full", description: "Full.", enforcementLevel: "mandatory", displayName: "Full one", severity: "critical",
		  framework: { name: "CIS", version: "1", reference: "2.3", specification: "text" }, tags: ["a", "b"], remediationSteps: "Do it.", url: "u",
		  configSchema: { properties: { days: { type: "integer", default: 3 }, who: { type: "string" } }, required: ["who"] }, validateResource: () => {} },
		{ name: "remedy", description: "Remedy.", enforcementLevel: "remediate", remediateResource: () => {} },
		{ name: "stack", description: "Stack.", validateStack: () => {} },
	],
}, { all: "advisory", full: { enforcementLevel: "mandatory", days: 7, more: true }, "z-plain": { limit: 5 } });
`),
	schemas.RuntimePython: python().with("__main__.py", `
from pulumi_policy import *
PolicyPack("declared", display_name="All of it", description="What is declared.", enforcement_level=EnforcementLevel.DISABLED, policies=[
    ResourceValidationPolicy("z-plain", "Plain.", validate=lambda a, r: None),
    ResourceValidationPolicy("full", "Full.", enforcement_level=EnforcementLevel.MANDATORY, display_name="Full one", severity=Severity.CRITICAL,
        framework=PolicyComplianceFramework("CIS", "1", "2.3", "text"), tags=["a", "b"], remediation_steps="Do it.", url="u",
        config_schema=PolicyConfigSchema({"days": {"type": "integer", "default": 3}, "who": {"type": "string"}}, ["who"]), validate=lambda a, r: None),
    ResourceValidationPolicy("remedy", "Remedy.", enforcement_level=EnforcementLevel.REMEDIATE, remediate=lambda a: None),
    StackValidationPolicy("stack", "Stack.", validate=lambda a, r: None),
], initial_config={
    "all": EnforcementLevel.ADVISORY, "full": {"enforcementLevel": EnforcementLevel.MANDATORY, "days": 7, "more": True}, "z-plain": {"limit": 5},
})
`),
}

func TestManifest(t *testing.T) {
	t.Parallel()
	for runtime, f := range declared {
		t.Run(string(runtime), func(t *testing.T) {
			m, err := newLoader(t, pulumi.Options{}).Inspect(t.Context(), write(t, f))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(m.Policies)
			if err != nil {
				t.Fatal(err)
			}
			want := `[` +
				`{"name":"full","displayName":"Full one","description":"Full.","level":"mandatory","severity":"critical","scope":"resource",` +
				`"remediationSteps":"Do it.","url":"u","controls":[{"framework":"CIS","version":"1","id":"2.3","specification":"text"}],"tags":["a","b"],"configSchema":` +
				`{"properties":{"days":{"default":7,"type":"integer"},"more":{"default":true},"who":{"type":"string"}},"required":["who"]}},` +
				`{"name":"remedy","description":"Remedy.","level":"advisory","scope":"resource"},` +
				`{"name":"stack","description":"Stack.","level":"advisory","scope":"stack"},` +
				`{"name":"z-plain","description":"Plain.","level":"advisory","scope":"resource","configSchema":{"properties":{"limit":{"default":5}}}}]`
			if string(raw) != want {
				t.Errorf("%s\nwant %s", raw, want)
			}
			if m.Name != "declared" || m.Version != "1.0.0" || m.DisplayName != "All of it" || m.Description != "What is declared." || m.Runtime != runtime {
				t.Errorf("%+v", m)
			}
		})
	}
}

// The FAQ: "The Policy Pack version is specified in the package.json file for
// TypeScript/JavaScript (Node.js) packs", as 0.1.0, and "for Python Policy Packs […] in
// the PulumiPolicy.yaml file".
func TestThePolicyPackVersionIsSpecifiedInPackageJSONForNodeJSPacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pack files
		want string
	}{
		"as in the FAQ":            {node("a", "").with("package.json", `{"version": "0.1.0"}`), "0.1.0"},
		"package.json":             {node("a", "").with("package.json", `{"version": "1.2.3-rc.1"}`), "1.2.3-rc.1"},
		"the same in both":         {node("a", "").with("PulumiPolicy.yaml", "runtime: nodejs\nversion: 1.0.0\n"), "1.0.0"},
		"PulumiPolicy.yaml":        {python("a", "pass").with("PulumiPolicy.yaml", "runtime: {name: python, options: {virtualenv: venv}}\nversion: 1.10\n"), "1.10"},
		"none; the SDK says 0.0.1": {python("a", "pass").with("PulumiPolicy.yaml", "runtime: {name: python, options: {virtualenv: venv}}\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := newLoader(t, pulumi.Options{}).Inspect(t.Context(), write(t, c.pack))
			if err != nil || m.Version != c.want {
				t.Errorf("%q, %v, want %q", m.Version, err, c.want)
			}
		})
	}
}

// A pack that was inspected is not started again to be loaded, once.
func TestInspectAndLoadShareAProcess(t *testing.T) {
	t.Parallel()
	f := node("a", `globalThis.id ??= Math.random(); report("" + id);`)
	l := newLoader(t, pulumi.Options{})
	dir, another := write(t, f), write(t, f)
	process := func(dir string) string { return judge(t, loadDir(t, l, dir, nil), resource())["a"].Messages[0] }
	if _, err := l.Inspect(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, "index.js", `throw new Error("started again");`)
	other := process(another)
	if process(dir) == other {
		t.Error("the process of another pack was taken")
	}
	if _, err := l.Load(t.Context(), dir, schemas.EffectivePack{}); schemas.CodeOf(err) != schemas.CodeInvalid {
		t.Errorf("%v: the second engine has no process of its own", err)
	}
}

// A pack that did not start a moment ago is not started for every batch.
func TestFailedLoadsAreRemembered(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	l := newLoader(t, pulumi.Options{Pause: time.Minute, Now: func() time.Time { return now }})
	dir := write(t, node().with("index.js", `throw new Error("no");`))
	pack := schemas.EffectivePack{PackRef: schemas.PackRef{Digest: "d"}}
	load := func() error {
		e, err := l.Load(t.Context(), dir, pack)
		if err == nil {
			err = e.Close()
		}
		return err
	}
	if err := load(); schemas.CodeOf(err) != schemas.CodeInvalid {
		t.Fatal(err)
	}
	rewrite(t, dir, "index.js", node("a", "")["index.js"])
	if err := load(); err == nil || !strings.Contains(err.Error(), "Error: no") {
		t.Error(err)
	}
	now = now.Add(time.Minute)
	if err := load(); err != nil {
		t.Error(err)
	}
}

// What policies are configured with, and at what level they fail.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	for runtime, f := range map[schemas.Runtime]files{
		schemas.RuntimeNodeJS: node().with("index.js", `
const { PolicyPack } = require("@pulumi/policy");
const policy = (name, more) => ({ name, description: name, validateResource: (args, report) => report(JSON.stringify(args.getConfig())), ...more });
new PolicyPack("p", { policies: [
	policy("declared", { enforcementLevel: "mandatory", configSchema: { properties: { days: { type: "integer", default: 3 }, who: { type: "string" } } } }),
	policy("initial"), policy("off", { enforcementLevel: "disabled" }), policy("remedy", { enforcementLevel: "remediate" }),
] }, { initial: { enforcementLevel: "mandatory", limit: 5 } });
`),
		schemas.RuntimePython: python().with("__main__.py", `
import json
from pulumi_policy import *
def policy(name, **more):
    def validate(args, report):
        report(json.dumps(args.get_config() or {}, separators=(",", ":"), sort_keys=True).replace(".0", ""))
    return ResourceValidationPolicy(name, name, validate=validate, **more)
PolicyPack("p", policies=[
    policy("declared", enforcement_level=EnforcementLevel.MANDATORY, config_schema=PolicyConfigSchema({"days": {"type": "integer", "default": 3}, "who": {"type": "string"}})),
    policy("initial"), policy("off", enforcement_level=EnforcementLevel.DISABLED), policy("remedy", enforcement_level=EnforcementLevel.REMEDIATE),
], initial_config={"initial": {"enforcementLevel": EnforcementLevel.MANDATORY, "limit": 5}})
`),
	} {
		t.Run(string(runtime), func(t *testing.T) {
			dir := write(t, f)
			l := newLoader(t, pulumi.Options{})
			check := func(config map[string]schemas.PolicyConfig, want map[string]string) {
				t.Helper()
				for name, r := range judge(t, loadDir(t, l, dir, config), resource()) {
					said := string(r.Outcome)
					if r.Outcome == schemas.Failed {
						said = string(r.Level) + strings.TrimPrefix(r.Messages[0], name+"\n")
					}
					if said != want[name] {
						t.Errorf("%s: %s, want %s", name, said, want[name])
					}
				}
			}
			check(nil, map[string]string{"declared": `mandatory{"days":3}`, "initial": `mandatory{"limit":5}`, "off": "disabled", "remedy": "mandatory{}"})
			check(map[string]schemas.PolicyConfig{
				"declared": {Level: schemas.Advisory, Properties: map[string]any{"days": 9, "who": "me"}},
				"initial":  {Level: schemas.LevelDisabled, Properties: map[string]any{"limit": 1}},
				"off":      {Level: schemas.Remediate},
			}, map[string]string{"declared": `advisory{"days":9,"who":"me"}`, "initial": "disabled", "off": "mandatory{}", "remedy": "mandatory{}"})
		})
	}
}

// Every outcome, and how several of one policy add up.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	e := load(t, newLoader(t, pulumi.Options{}), node().with("index.js", `
const { PolicyPack, validateResourceOfType } = require("@pulumi/policy");
class Role { static __pulumiType = "aws:iam/role:Role" }
const policy = (name, validateResource, more) => ({ name, description: "d", severity: "low", validateResource, ...more });
new PolicyPack("p", { enforcementLevel: "mandatory", policies: [
	policy("array", [(a) => a.notApplicable(), (a, report) => report("b"), (a, report) => { report("a"); report("b"); report(""); }]),
	policy("inapplicable", (a) => a.notApplicable("not today")),
	policy("object", (a, report) => report({ message: "own", enforcementLevel: "advisory", severity: "high" })),
	policy("passed", () => {}),
	policy("remedy", undefined, { remediateResource: () => {} }),
	policy("typed", validateResourceOfType(Role, (props, a, report) => report("role"))),
	policy("z-unsorted", () => {}), policy("a-unsorted", () => {}),
] });
`), nil)
	rs, err := e.Evaluate(t.Context(), resource())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(rs)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"policy":"a-unsorted","outcome":"passed"},` +
		`{"policy":"array","outcome":"failed","level":"mandatory","severity":"low","messages":["d","d\na","d\nb"]},` +
		`{"policy":"inapplicable","outcome":"not_applicable","reason":"not today"},` +
		`{"policy":"object","outcome":"failed","level":"advisory","severity":"high","messages":["own"]},` +
		`{"policy":"passed","outcome":"passed"},` +
		`{"policy":"remedy","outcome":"not_applicable","reason":"Policy does not implement validateResource"},` +
		`{"policy":"typed","outcome":"not_applicable","reason":"Policy only applies to resources of type 'aws:iam/role:Role'"},` +
		`{"policy":"z-unsorted","outcome":"passed"}]`
	if string(raw) != want {
		t.Errorf("%s\nwant %s", raw, want)
	}
	role := resource()
	role.Type = "aws:iam/role:Role"
	is(t, judge(t, e, role)["typed"], schemas.Failed, "role")
}

// What policies are shown of a resource.
func TestWhatPoliciesSee(t *testing.T) {
	t.Parallel()
	in := evaluator.Input{
		Account: "prod", URN: "urn:insights:prod::aws::t::i", Type: bucket, ID: "i", Name: "n\xff", Secrets: []string{"hunter2"},
		Properties: map[string]any{
			"text": "ü\xff", "number": 1.5, "int": 7, "big": json.Number("12"), "yes": true, "none": nil, "list": []any{1, "a", []any{}}, "strings": []string{"a"},
			"object": map[string]any{"a": map[string]any{"b": "hunter2"}}, "__internal": "x", "empty": map[string]any{},
		},
	}
	want := `{"big":12,"empty":{},"int":7,"list":[1,"a",[]],"none":null,"number":1.5,"object":{"a":{"b":"hunter2"}},"strings":["a"],"text":"ü�","yes":true}`
	for name, f := range map[string]files{
		"node": node("a", `
const sorted = v => v === null || typeof v !== "object" ? v : Array.isArray(v) ? v.map(sorted) :
	Object.keys(v).sort().reduce((o, k) => ({ ...o, [k]: sorted(v[k]) }), {});
report([args.type, args.urn, args.name, JSON.stringify(sorted(props))].join("|"));
if (args.provider || args.opts.protect || args.opts.aliases.length || args.stackTags.size) throw new Error("more than there is");`),
		"python": python("a", `
import json
def plain(v):
    if hasattr(v, "keys"): return {k: plain(v[k]) for k in v}
    if isinstance(v, str) or not hasattr(v, "__len__"): return int(v) if isinstance(v, float) and v == int(v) else v
    return [plain(x) for x in v]
report("|".join([args.resource_type, args.urn, args.name, json.dumps(plain(props), sort_keys=True, ensure_ascii=False, separators=(",", ":"))]))
assert not (args.provider or args.opts.protect or args.opts.aliases or args.stack_tags)`),
	} {
		t.Run(name, func(t *testing.T) {
			e := load(t, newLoader(t, pulumi.Options{}), f, nil)
			r := judge(t, e, in)["a"]
			if got := slices.Concat(r.Messages, []string{r.Reason})[0]; got != "about a\n"+in.Type+"|"+in.URN+"|n�|"+want {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}

// Packs with the first SDKs take no configuration, do not say what their
// policies are for, and give no severity.
func TestOldSDK(t *testing.T) {
	t.Parallel()
	f := node("off", nodePublic, "on", nodePublic, "throws", `if (props.bad) throw new Error("no");`)
	f["index.js"] = `
const util = require("@pulumi/policy/protoutil");
const { makeAnalyzerInfo } = util;
util.makeAnalyzerInfo = (...args) => {
	const info = makeAnalyzerInfo(...args);
	info.setSupportsconfig(false);
	info.getPoliciesList().forEach(p => { p.setPolicyType(0); p.setSeverity(3); });
	return info;
};
` + f["index.js"]
	l := newLoader(t, pulumi.Options{})
	dir := write(t, f)
	m, err := l.Inspect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "of 3 policies") || m.Policies[0].Scope != schemas.PolicyResource {
		t.Errorf("%+v", m)
	}
	e := loadDir(t, l, dir, map[string]schemas.PolicyConfig{"off": {Level: schemas.LevelDisabled}, "on": {Level: schemas.Advisory}})
	rs := judge(t, e, resource("acl", "public"))
	is(t, rs["off"], schemas.Disabled)
	is(t, rs["throws"], schemas.Passed)
	if is(t, rs["on"], schemas.Failed, "public"); rs["on"].Level != schemas.Advisory || rs["on"].Severity != schemas.SeverityHigh {
		t.Errorf("%+v", rs["on"])
	}
	for _, name := range []string{"on", "throws"} { // which one threw cannot be switched off
		is(t, judge(t, e, resource("acl", "public", "bad", 1))[name], schemas.Errored, "the policy threw: Error: no")
	}
}

// What an engine holds is the memory of its process, while it has one.
func TestMemory(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	l := newLoader(t, pulumi.Options{Now: func() time.Time { return now }})
	e := load(t, l, node("eats", `globalThis.all = Buffer.alloc((props.mb ?? 0) << 20, 1);`), nil)
	memory := func() int64 {
		now = now.Add(5 * time.Second)
		return e.(evaluator.Resident).Memory() >> 20
	}
	before := memory()
	is(t, judge(t, e, resource("mb", 200))["eats"], schemas.Passed)
	if after := memory(); before < 30 || after < before+150 {
		t.Errorf("%d MiB before, %d MiB after 200 MiB were taken", before, after)
	}
	if err := e.Close(); err != nil || memory() != 0 {
		t.Errorf("%d MiB after it was closed, %v", memory(), err)
	}
}

// A sandbox that does not answer holds what it held.
func TestMemoryThatIsNotTold(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	l := newLoader(t, pulumi.Options{Sandbox: contained(t, sandbox.Off), Now: func() time.Time { return now }})
	e := load(t, l, node("stops", `process.kill(process.ppid, "SIGSTOP")`), nil).(evaluator.Resident)
	before := e.Memory()
	is(t, judge(t, e, resource("a", "b"))["stops"], schemas.Passed)
	now = now.Add(time.Minute)
	if after := e.Memory(); before == 0 || after != before {
		t.Errorf("%d bytes, then %d", before, after)
	}
}
