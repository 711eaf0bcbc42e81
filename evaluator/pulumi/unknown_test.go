package pulumi_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// paths are the unknown paths that a policy needs.
func paths(r schemas.PolicyResult) []string {
	var out []string
	for _, p := range r.Paths {
		out = append(out, p.Path)
	}
	return out
}

func unknown(in evaluator.Input, paths ...string) evaluator.Input {
	for _, p := range paths {
		in.Unknown = append(in.Unknown, schemas.UnknownPath{Path: p, State: schemas.FacetDenied, Call: "s3:Get"})
	}
	return in
}

// What hangs on something unknown, beyond what all runtimes have to do alike.
func TestUnknown(t *testing.T) {
	t.Parallel()
	f := node(
		"catches", `try { if (props.acl === "public") report("public"); } catch (e) { report("caught"); }`,
		"counts", `if (Object.keys(props).length !== 1) report("not one");`,
		"everything", `JSON.stringify(props);`,
		"fails-twice", `report("always"); if (props.acl === "public") report("public");`,
		"known", `if (props.name !== "b") report("b");`,
		"lists", `for (const r of props.rules ?? []) { if (r.encrypted === false) report("not encrypted"); }`,
		"says", `report("there are " + Object.keys(props).length);`,
		"throws", `throw new Error("always");`,
		"throws-without", `if (!("acl" in props)) throw new Error("no acl");`,
		"types", `if (args.type !== "t") args.notApplicable();`,
	)
	e := load(t, newLoader(t, pulumi.Options{}), f, nil)
	rs := judge(t, e, unknown(resource("name", "b"), "acl"))
	for name, want := range map[string]schemas.Outcome{
		"catches": schemas.Unknown, "counts": schemas.Unknown, "everything": schemas.Unknown, "fails-twice": schemas.Failed, "known": schemas.Passed,
		"lists": schemas.Passed, "says": schemas.Unknown, "throws": schemas.Errored, "throws-without": schemas.Unknown, "types": schemas.NotApplicable,
	} {
		is(t, rs[name], want)
		if want == schemas.Unknown && !slices.Equal(paths(rs[name]), []string{"acl"}) {
			t.Errorf("%s needs %v", name, paths(rs[name]))
		}
	}
	if got := rs["fails-twice"]; !slices.Equal(got.Messages, []string{"about fails-twice\nalways"}) || got.Level != schemas.Mandatory {
		t.Errorf("%+v", got)
	}
	if p := rs["counts"].Paths[0]; p.State != schemas.FacetDenied || p.Call != "s3:Get" {
		t.Errorf("%+v", p)
	}

	in := unknown(resource("name", "b", "rules", []any{map[string]any{"port": 1}, map[string]any{}}), "rules.encrypted", "acl")
	rs = judge(t, e, in)
	if is(t, rs["lists"], schemas.Unknown); !slices.Equal(paths(rs["lists"]), []string{"rules.encrypted"}) {
		t.Errorf("needs %v", paths(rs["lists"]))
	}
	if is(t, rs["counts"], schemas.Failed); rs["counts"].Messages[0] != "about counts\nnot one" { // with acl, and without
		t.Errorf("%+v", rs["counts"])
	}
	// An empty list has no element that is not known.
	is(t, judge(t, e, unknown(resource("name", "b", "rules", []any{}), "rules.encrypted"))["lists"], schemas.Passed)
}

// What Python hands out unchecked is caught where it ends up in a message, and
// where it decides.
func TestUnknownInPython(t *testing.T) {
	t.Parallel()
	e := load(t, newLoader(t, pulumi.Options{}), python(
		"contains", "if 'acl' in props:\n    report('acl')",
		"default", "if props.get('acl', 'private') == 'public':\n    report('public')",
		"slice", "report(str(props['ids'][0:2]))",
		"slice-decides", "if len(set(props['ids'][0:2])) == 1:\n    report('twice')",
		"unpacks", "dict(**props)",
		"keys", "if 'ids' in list(props):\n    report('ids')",
	), nil)
	rs := judge(t, e, unknown(resource("ids", []any{"a", "b"}), "acl", "ids[1]"))
	for name, want := range map[string][]string{
		"contains": {"acl"}, "default": {"acl"}, "slice": {"acl", "ids[1]"}, "slice-decides": {"acl", "ids[1]"}, "unpacks": {"acl", "ids[1]"},
	} {
		is(t, rs[name], schemas.Unknown)
		for _, p := range paths(rs[name]) {
			if !slices.Contains(want, p) {
				t.Errorf("%s needs %v", name, paths(rs[name]))
			}
		}
	}
	is(t, rs["keys"], schemas.Failed, "ids") // whatever they are
}

// What a resource really holds is not taken for what Pulumi's protocol means by it.
func TestSpecialValues(t *testing.T) {
	t.Parallel()
	const (
		unknownNumber = "3eeb2bf0-c639-47a8-9e75-3b44932eb421"
		signature     = "4dabf18193072939515e22adb298388d"
		secret        = "1b47061264138c4ac30d75fd1eb44270"
	)
	in := resource("token", unknownNumber, "odd", map[string]any{signature: secret, "value": "v"}, "odder", map[string]any{signature: "never heard of"})
	for name, f := range map[string]files{
		"node":   node("sees", `report([props.token, Object.keys(props.odd)[0], Object.keys(props.odder)[0]].join(" "));`),
		"python": python("sees", "report(' '.join([props['token'], sorted(props['odd'])[0], list(props['odder'])[0]]))"),
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, load(t, newLoader(t, pulumi.Options{}), f, nil), in)["sees"]
			is(t, r, schemas.Failed)
			if got := strings.TrimPrefix(r.Messages[0], "about sees\n"); got != unknownNumber+"\u200b "+signature+"\u200b "+signature+"\u200b" {
				t.Errorf("%q", got)
			}
		})
	}
}

// Secrets are seen by policies, and in nothing that an engine tells of what a
// pack wrote or threw, also when it was shown them with another resource.
func TestSecretsInLogs(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END PRIVATE KEY-----\n"
	long := strings.Repeat("x", 3000) + "hunter4"
	for name, f := range map[string]files{
		"node": node("logs", `console.log(props); console.error(props.key, props.long); if (props.die) process.exit(1); await new Promise(r => setTimeout(r, 50));`,
			"throws", `if (props.throw) throw new Error(props.password + props.long);`),
		"python": python("logs", "print(dict(props.items()), props.get('key'), props.get('long'))\nif 'die' in props:\n    os._exit(1)\ntime.sleep(0.05)",
			"throws", "if 'throw' in props:\n    raise ValueError(props['password'] + props['long'])"),
	} {
		t.Run(name, func(t *testing.T) {
			e := load(t, newLoader(t, pulumi.Options{}), f, nil)
			secret := resource("password", "hunter2", "key", key, "long", long, "more", "hunter3")
			secret.Secrets = []string{"hunter2", "hunter3", key, long}
			is(t, judge(t, e, secret)["logs"], schemas.Passed)
			secret.Properties["throw"] = true
			threw := judge(t, e, secret)["throws"]
			is(t, threw, schemas.Errored, "[secret]")
			// The process dies with all in its hands; they are asked again one by one.
			died := schemas.PolicyResult{}
			delete(secret.Properties, "throw")
			var wg sync.WaitGroup
			for n := range 12 {
				wg.Go(func() {
					if n == 0 {
						died = judge(t, e, resource("die", true, "more", "harmless"))["logs"]
						return
					}
					is(t, judge(t, e, secret)["logs"], schemas.Passed)
				})
			}
			wg.Wait()
			is(t, died, schemas.Errored, "its process ended with exit code 1", "harmless")
			for _, r := range []schemas.PolicyResult{threw, died} {
				for _, part := range []string{"hunter", "MIIEow", "BEGIN", "xxx"} {
					if strings.Contains(r.Reason, part) {
						t.Errorf("%s tells a secret: %s", r.Policy, r.Reason)
					}
				}
			}
		})
	}
}
