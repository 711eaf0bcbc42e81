package rego_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What a pack of 50 policies costs on 5,000 resources of ten types, beside one
// pass of `opa eval` over the same resources.

const passResources = 5000

var passTypes = []string{
	"aws:ec2/instance:Instance", "aws:ebs/volume:Volume", "aws:ec2/securityGroup:SecurityGroup", "aws:s3/bucket:Bucket", "aws:iam/role:Role",
	"aws:rds/instance:Instance", "aws:lambda/function:Function", "aws:kms/key:Key", "aws:sqs/queue:Queue", "aws:lb/loadBalancer:LoadBalancer",
}

// passPack writes 50 policies, five for each type, in the ways people write them.
func passPack() string {
	return passText("tags := object.get(input, \"tags\", {})", "deny_t%dp%d contains msg if {\n\tinput.__type == %q\n\t%s\n}\n\n")
}

// passOfAll is the same pack for a list of resources, as one would write it to ask
// once for all of them.
func passOfAll() string {
	text := passText("tags(r) := object.get(r, \"tags\", {})", "deny_t%dp%d contains [r.__urn, msg] if {\n\tsome r in input\n\tr.__type == %q\n\t%s\n}\n\n")
	return strings.NewReplacer("tags.", "tags(r).", "input.", "r.", "object.get(input", "object.get(r").Replace(text)
}

func passText(helper, rule string) string {
	var s strings.Builder
	s.WriteString("package bench\n\nimport rego.v1\n\n" + helper + "\n\n")
	for t, token := range passTypes {
		for i := range 5 {
			body := benchBodies[(5*t+i)%len(benchBodies)]
			fmt.Fprintf(&s, rule, t, i, token, strings.ReplaceAll(body, "; ", "\n\t"))
		}
	}
	return s.String()
}

// passInputs are resources of a size as EC2 instances have, or small ones.
func passInputs(small bool) []evaluator.Input {
	out := make([]evaluator.Input, passResources)
	for n := range out {
		out[n] = benchInput(passTypes[n%len(passTypes)], n)
		maps.DeleteFunc(out[n].Properties, func(name string, _ any) bool {
			return small && !slices.Contains([]string{"id", "monitoring", "tags", "metadataOptions"}, name)
		})
	}
	return out
}

func BenchmarkOPAEvalPass(b *testing.B) {
	b.Run("large", func(b *testing.B) { evalPass(b, passInputs(false)) })
	b.Run("small", func(b *testing.B) { evalPass(b, passInputs(true)) })
}

func evalPass(b *testing.B, inputs []evaluator.Input) {
	documents := passDocuments(inputs)
	failed := 0 // policies on resources
	b.Run("insights", func(b *testing.B) {
		e, judged := passEngine(b)
		perCore(b, func() {
			failed = 0
			for _, in := range inputs {
				results, err := e.Evaluate(b.Context(), in)
				if err != nil {
					b.Fatal(err)
				}
				failed += len(schemas.NewPackVerdict(judged, results).Told)
			}
		})
	})
	for _, c := range []struct {
		name, text string
		asked      []any
	}{
		{"opa eval of all at once", passOfAll(), []any{documents}},
		{"opa eval of each", passPack(), documents},
	} {
		b.Run(c.name, func(b *testing.B) {
			q, err := opa.New(opa.Query("data.bench"), opa.Module("bench.rego", c.text), opa.Store(inmem.NewFromObject(map[string]any{"config": map[string]any{}}))).PrepareForEval(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			perCore(b, func() {
				found := 0
				for _, d := range c.asked {
					found += violations(b, q, d)
				}
				if failed != 0 && found != failed {
					b.Fatalf("opa says %d, we %d", found, failed)
				}
			})
		})
	}
}

func passEngine(b *testing.B) (evaluator.Engine, schemas.JudgedPack) {
	b.Helper()
	dir := write(b, files{"bench.rego": passPack()})
	m, err := rego.Loader{}.Inspect(b.Context(), dir)
	if err != nil || len(m.Policies) != 50 {
		b.Fatal(len(m.Policies), err)
	}
	e, err := rego.Loader{}.Load(b.Context(), dir, schemas.EffectivePack{PackRef: m.PackRef, Policies: m.Policies})
	if err != nil {
		b.Fatal(err)
	}
	judged := schemas.JudgedPack{Pack: m.Name, Version: m.Version}
	for _, p := range m.Policies {
		judged.Policies = append(judged.Policies, p.Name)
	}
	return e, judged
}

// violations asks for the whole package, as opa eval does: a document is converted,
// the rules are evaluated, the answer is converted.
func violations(b *testing.B, q opa.PreparedEvalQuery, document any) (n int) {
	b.Helper()
	rs, err := q.Eval(b.Context(), opa.EvalInput(document))
	if err != nil || len(rs) != 1 {
		b.Fatal(len(rs), err)
	}
	for name, v := range rs[0].Expressions[0].Value.(map[string]any) {
		if messages, ok := v.([]any); ok && strings.HasPrefix(name, "deny_") {
			n += len(messages)
		}
	}
	return n
}

// perCore measures f by the time that it takes of one core.
func perCore(b *testing.B, f func()) {
	b.Helper()
	before := cpuTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(passResources*float64(b.N)/(cpuTime(b)-before).Seconds(), "resources/cpu-s")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// passDocuments are the resources as one would write them for opa eval.
func passDocuments(inputs []evaluator.Input) []any {
	out := make([]any, len(inputs))
	for i, in := range inputs {
		d := maps.Clone(in.Properties)
		d["__type"], d["__name"], d["__urn"], d["name"] = in.Type, in.Name, in.URN, in.Name
		out[i] = d
	}
	return out
}
