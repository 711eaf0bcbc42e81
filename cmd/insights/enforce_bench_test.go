package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// BenchmarkEnforcePack is what a pack of 50 policies takes on an account of 100,000
// stored resources: to ask what enforcing it would do, and from publishing and
// enforcing it to the last resource that is judged anew; then the same for a version
// of which half the policies say the contrary. The commands are processes of their
// own, their start included. Neither may call the cloud, and what was previewed has to
// be what comes. INSIGHTS_BENCH_RESOURCES sets the number.
func BenchmarkEnforcePack(b *testing.B) {
	size := 100_000
	if os.Getenv("INSIGHTS_BENCH_RESOURCES") != "" {
		size = benchSizes(b)[0]
	}
	for b.Loop() {
		b.StopTimer()
		url, _ := startFake(b, populationOf(size))
		p := newProgram(b)
		p.ok(b, "account", "add", "prod", "--endpoint", url)
		p.ok(b, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
		p.ok(b, "scan", "start", "prod")
		calls := fakeCalls(b, url)
		pack := benchPack(b)
		b.StartTimer()
		n, asked, enforced := p.enforce(b, pack)
		contrary(b, pack)
		_, askedAgain, enforcedAgain := p.enforce(b, pack)
		b.StopTimer()
		for op, n := range difference(fakeCalls(b, url), calls) {
			if n > 0 {
				b.Errorf("%d calls of %s", n, op)
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(n), "resources")
		b.ReportMetric(asked.Seconds(), "preview-s")
		b.ReportMetric(enforced.Seconds(), "publish+enforce-s")
		b.ReportMetric(askedAgain.Seconds(), "preview-2nd-s")
		b.ReportMetric(enforcedAgain.Seconds(), "publish+enforce-2nd-s")
		b.StartTimer()
	}
}

// contrary makes a pack a version of which every other policy says the contrary.
func contrary(b *testing.B, pack string) {
	b.Helper()
	file := filepath.Join(pack, "rules.rego")
	raw, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	rules := strings.Split(string(raw), "\n\tinput.__type == ")
	for i := 1; i < len(rules); i += 2 {
		rules[i] = strings.Replace(rules[i], "not ", "", 1)
	}
	for name, text := range map[string]string{file: strings.Join(rules, "\n\tinput.__type == "), filepath.Join(pack, "PulumiPolicy.yaml"): "runtime: opa\nversion: 2.0.0\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// enforce asks what a pack would do, does it, and compares.
func (p program) enforce(b *testing.B, pack string) (resources uint64, asked, enforced time.Duration) {
	b.Helper()
	before := p.counts(b)
	start := time.Now()
	var preview schemas.Preview
	p.json(b, &preview, "pack", "preview", pack)
	asked, start = time.Since(start), time.Now()
	p.ok(b, "pack", "publish", pack)
	p.ok(b, "group", "enforce", schemas.DefaultAccountsGroup, "bench")
	enforced = time.Since(start)
	after := p.counts(b)
	expected := map[string]schemas.PreviewPolicy{}
	for _, q := range preview.Accounts[0].Policies {
		expected[q.Policy] = q
	}
	changes := uint64(0)
	for name, c := range after {
		q := expected[name]
		changes += q.Appear + q.Disappear
		if c.Failed+q.Disappear != before[name].Failed+q.Appear || c.Unknown != q.Unknown || c.Errored != q.Errored {
			b.Errorf("%s: was %+v, is %+v, the preview said %d appear, %d disappear, %d unknown", name, before[name], c, q.Appear, q.Disappear, q.Unknown)
		}
	}
	if changes == 0 || len(after) != 50 {
		b.Errorf("%d policies, %d changes", len(after), changes)
	}
	return preview.Accounts[0].Resources, asked, enforced
}

// counts are those of the policies of the pack.
func (p program) counts(b *testing.B) map[string]schemas.Counts {
	b.Helper()
	var r schemas.Report
	p.json(b, &r, "report")
	out := map[string]schemas.Counts{}
	for _, pack := range r.Accounts[0].Packs {
		for _, q := range pack.Policies {
			out[q.Policy] = q.Counts
		}
	}
	return out
}
