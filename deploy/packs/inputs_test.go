package packs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A policy that reads a name which nobody writes passes everything, or nothing.
func TestPoliciesReadWhatDiscoveryEmits(t *testing.T) {
	m := modules(t)
	maps.DeleteFunc(m, func(file string, _ *ast.Module) bool { return strings.HasSuffix(file, "_test.rego") })
	c := ast.NewCompiler()
	if c.Compile(m); c.Failed() {
		t.Fatal(c.Errors)
	}
	judged := map[string]bool{}
	for _, module := range m {
		for _, r := range module.Rules {
			types := typesIn(r)
			if len(types) == 0 {
				continue // no policy
			}
			reads := map[string]bool{}
			for _, compiled := range c.GetRulesExact(ast.MustParseRef("data.aws_foundations." + string(r.Head.Name))) {
				if compiled.Location.Row == r.Location.Row {
					readsOf(c, compiled, reads)
				}
			}
			for _, token := range types {
				judged[token] = true
				for name := range reads {
					if !slices.Contains(emitted[token], name) {
						t.Errorf("%s: %s reads %s, which %s does not have", r.Location, r.Head.Name, name, token)
					}
				}
			}
		}
	}
	for token := range emitted {
		if !judged[token] {
			t.Errorf("no policy judges %s", token)
		}
	}
}

// typesIn are the type tokens in a rule.
func typesIn(r *ast.Rule) (types []string) {
	ast.WalkTerms(r.Body, func(term *ast.Term) bool {
		if s, ok := term.Value.(ast.String); ok && (strings.HasPrefix(string(s), "aws:") || strings.HasPrefix(string(s), "insights:")) && strings.Count(string(s), ":") == 2 {
			types = append(types, string(s))
		}
		return false
	})
	return types
}

// readsOf collects the top-level properties that a rule and those behind it read.
func readsOf(c *ast.Compiler, r *ast.Rule, names map[string]bool) {
	ast.WalkRefs(r, func(ref ast.Ref) bool {
		if ref[0].Equal(ast.InputRootDocument) && len(ref) > 1 && !ref[1].Equal(ast.StringTerm("type")) && !ref[1].Equal(ast.StringTerm("__type")) {
			names[strings.Trim(ref[1].String(), `"`)] = true
		}
		return false
	})
	for next := range c.Graph.Dependencies(r) {
		if rule, ok := next.(*ast.Rule); ok {
			readsOf(c, rule, names)
		}
	}
}

// What is not known is not passed: with nothing known of a resource, each
// policy of its type is unknown, except that existing is enough to fail one.
func TestNothingKnownIsUnknown(t *testing.T) {
	e := engine(t)
	for token, names := range emitted {
		in := evaluator.Input{URN: "urn:x", Type: token, Name: "n", ID: "n", Properties: map[string]any{}}
		for _, n := range names {
			in.Unknown = append(in.Unknown, schemas.UnknownPath{Path: n, State: schemas.FacetDenied})
		}
		for name, r := range evaluate(t, e, in) {
			if r.Outcome != schemas.Unknown {
				t.Errorf("%s on %s: %+v", name, token, r)
			}
		}
	}
}

// Policies for which a property that is not there means that nothing is wrong.
// All others must not pass a resource that has no properties at all.
var emptyIsFine = []string{
	"deny_bucket_public_acl", "deny_bucket_public_policy", // no grants, no policy
	"deny_security_group_admin_ipv4", "deny_security_group_admin_ipv6", "deny_security_group_all_traffic", "deny_security_group_sensitive_ports",
	"deny_default_security_group",                          // no rules
	"deny_queue_public_policy", "deny_topic_public_policy", // no policy
	"deny_admin_policy", "deny_role_trust", // IAM does not take an empty document
	"deny_key_public_policy", "deny_secret_public_policy", // KMS does not take an empty document; no policy
	"deny_access_key_age", "warn_second_access_key", // no keys
	"warn_instance_public_address", "warn_user_policy", // no address; nothing to name
	"deny_classic_listener_plain", "warn_scaling_group_health", // no listener, no load balancer
	"deny_launch_configuration_public_address", "deny_launch_configuration_encryption", // left to the subnet, to the image
	"deny_repository_public_policy",                            // ECR does not take an empty document
	"deny_task_host_namespaces", "deny_service_public_address", // the defaults; no network of its own
	"deny_container_privileged", "deny_container_credentials", "warn_container_root_filesystem", // no containers
}

func TestNothingConfiguredIsNotPassed(t *testing.T) {
	e := engine(t)
	for token := range emitted {
		for name, r := range evaluate(t, e, evaluator.Input{URN: "urn:x", Type: token, Name: "n", ID: "n", Properties: map[string]any{}}) {
			if r.Outcome != schemas.Failed && !slices.Contains(emptyIsFine, name) {
				t.Errorf("%s on %s: %+v", name, token, r)
			}
		}
	}
}

// Policies that compare a name with those they know, or ask for any value.
var anyValueIsFine = map[string]string{ // by policy, the end of the type
	"deny_admin_policy": "Attachment", "warn_trail_kms": "Trail",
	"deny_database_backups":         "", // 7 days are enough; a replica of anything
	"warn_distribution_root_object": "Distribution",
	"deny_function_public":          "Permission",
	"warn_trail_log_group":          "Trail", "warn_event_store_kms": "EventDataStore", "warn_log_group_kms": "LogGroup", "warn_topic_kms": "Topic", "deny_queue_encryption": "Queue",
	"warn_log_group_retention": "LogGroup", "warn_config_global_types": "Recorder", // any number of days; a region that is not asked to
}

// A property of a shape that nobody expects must not pass either: the policy
// fails or breaks.
func TestUnexpectedShapesAreNotPassed(t *testing.T) {
	e := engine(t)
	for token, names := range emitted {
		for _, shape := range []any{"unexpected", 7, map[string]any{"unexpected": "x"}} {
			properties := map[string]any{}
			for _, n := range names {
				properties[n] = shape
			}
			for name, r := range evaluate(t, e, evaluator.Input{URN: "urn:x", Type: token, Name: "n", ID: "n", Properties: properties}) {
				if end, ok := anyValueIsFine[name]; r.Outcome == schemas.Passed && !(ok && strings.HasSuffix(token, end)) {
					t.Errorf("%s on %s passes %v", name, token, shape)
				}
			}
		}
	}
}
