package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// BenchmarkScan scans accounts of generated resources (70 % EC2, 20 % S3, 10 %
// IAM) with 50 OPA policies: the whole program on its embedded stores, the fake
// AWS in a process of its own whose CPU is told apart. One operation is a first
// scan and a scan that finds nothing changed. INSIGHTS_BENCH_RESOURCES lists the
// sizes, default 10000,100000.
func BenchmarkScan(b *testing.B) {
	for _, size := range benchSizes(b) {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			for b.Loop() {
				benchScan(b, size)
			}
		})
	}
}

func benchSizes(b *testing.B) []int {
	b.Helper()
	list := os.Getenv("INSIGHTS_BENCH_RESOURCES")
	if list == "" {
		list = "10000,100000"
	}
	var sizes []int
	for s := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// populationOf makes about n resources: what a bucket or an instance is split
// into counts.
func populationOf(n int) awsfake.Population {
	return awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1"},
		Instances: n * 28 / 100, Volumes: n * 4 / 100, SecurityGroups: n * 5 / 100, Snapshots: n * 24 / 1000,
		Subnets: 200, VPCs: 5, Images: 50,
		Buckets: n * 31 / 1000, Users: n / 100, Roles: n * 35 / 1000, Policies: n / 100,
	}
}

func benchScan(b *testing.B, size int) {
	b.StopTimer()
	url, fake := startFake(b, populationOf(size))
	p := newProgram(b)
	p.ok(b, "account", "add", "prod", "--endpoint", url)
	p.ok(b, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	pack := benchPack(b)
	b.StartTimer()

	first := p.measured(b, fake, pack)
	calls := fakeCalls(b, url)
	again := p.measured(b, fake, pack)

	b.StopTimer()
	rescan := difference(fakeCalls(b, url), calls)
	bare := bareLoop(b, url)
	sameCalls(b, rescan, difference(fakeCalls(b, url), sum(calls, rescan)))
	n := float64(first.scan.Progress.Resources)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(n, "resources")
	b.ReportMetric(n/first.took.Seconds(), "resources/s")
	b.ReportMetric(first.cpu.Seconds(), "cpu-s")
	b.ReportMetric(first.fake.Seconds(), "aws-cpu-s")
	b.ReportMetric(first.rss, "peak-MiB")
	b.ReportMetric(again.cpu.Seconds(), "rescan-cpu-s")
	b.ReportMetric(again.rss, "rescan-peak-MiB")
	b.ReportMetric(n/again.took.Seconds(), "rescan-resources/s")
	b.ReportMetric(bare.Seconds(), "bare-sdk-cpu-s")
	b.ReportMetric((again.cpu-bare).Seconds()/first.cpu.Seconds(), "rescan-beyond-sdk/first")
	b.StartTimer()
}

// usage is what one scan took.
type usage struct {
	scan schemas.Scan
	took time.Duration // from its start to its end, as recorded
	cpu  time.Duration // of the program
	fake time.Duration // of the fake AWS meanwhile
	rss  float64       // MiB at its peak
}

func (p program) measured(b *testing.B, fake *os.Process, packs ...string) usage {
	b.Helper()
	before := cpuOf(b, fake.Pid)
	args := []string{"scan", "start", "prod", "-o", "json"}
	for _, pack := range packs {
		args = append(args, "--policy-pack", pack)
	}
	cmd := p.command(b.Context(), args...)
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	var out struct{ Scan schemas.Scan }
	if err := json.Unmarshal(raw, &out); err != nil {
		b.Fatal(err)
	}
	if out.Scan.State != schemas.ScanSucceeded {
		b.Fatalf("scan ended %s: %s", out.Scan.State, out.Scan.Reason)
	}
	return usage{
		scan: out.Scan, took: out.Scan.EndedAt.Sub(out.Scan.StartedAt), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		fake: cpuOf(b, fake.Pid) - before, rss: peakMiB(cmd),
	}
}

// bareLoop is the CPU of a process that only makes the calls.
func bareLoop(b *testing.B, url string) time.Duration {
	b.Helper()
	cmd := self(b, "INSIGHTS_TEST_SDK_LOOP="+url)
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func sdkLoop(url string) {
	if err := awsfake.Loop(context.Background(), url, "us-east-1"); err != nil {
		fatal(err)
	}
}

// benchPack writes 50 policies over the ten types that there are most of.
func benchPack(b *testing.B) string {
	b.Helper()
	conditions := [][2]string{
		{"aws:ec2/instance:Instance", `not input.ebsOptimized`},
		{"aws:ebs/volume:Volume", `not input.encrypted`},
		{"aws:ec2/securityGroup:SecurityGroup", "some r in input.ingress\n\tr.cidrBlocks[_] == \"0.0.0.0/0\""},
		{"aws:ebs/snapshot:Snapshot", `not input.encrypted`},
		{"aws:ec2/subnet:Subnet", `input.mapPublicIpOnLaunch`},
		{"aws:s3/bucket:Bucket", `not input.versioning.enabled`},
		{"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", `not input.blockPublicAcls`},
		{"aws:iam/user:User", `not input.tags.owner`},
		{"aws:iam/role:Role", `contains(input.assumeRolePolicy, "lambda")`},
		{"aws:iam/rolePolicy:RolePolicy", `contains(input.policy, "s3:*")`},
	}
	var text strings.Builder
	text.WriteString("package bench\n\nimport rego.v1\n")
	for i := range 50 {
		c := conditions[i%len(conditions)]
		fmt.Fprintf(&text, "\ndeny_rule_%02d contains msg if {\n\tinput.__type == %q\n\t%s\n\tmsg := sprintf(\"%%s breaks rule %d\", [input.__name])\n}\n", i, c[0], c[1], i)
	}
	dir := b.TempDir()
	for name, content := range map[string]string{"PulumiPolicy.yaml": "runtime: opa\nversion: 1.0.0\n", "rules.rego": text.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func fakeCalls(b testing.TB, url string) map[string]uint64 {
	b.Helper()
	res, err := http.Get(url + "/_awsfake/calls")
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	var c awsfake.Counts
	if err := json.NewDecoder(res.Body).Decode(&c); err != nil {
		b.Fatal(err)
	}
	return c.ByOperation
}

func difference(now, before map[string]uint64) map[string]uint64 {
	out := map[string]uint64{}
	for op, n := range now {
		out[op] = n - before[op]
	}
	return out
}

func sum(x, y map[string]uint64) map[string]uint64 {
	out := map[string]uint64{}
	for op, n := range x {
		out[op] = n + y[op]
	}
	return out
}

// sameCalls makes sure that the yardstick makes the calls it stands for.
func sameCalls(b *testing.B, scan, loop map[string]uint64) {
	b.Helper()
	once := map[string]bool{"sts:GetCallerIdentity": true, "ec2:DescribeRegions": true, "s3control:GetPublicAccessBlock": true}
	for op, n := range scan {
		if !once[op] && loop[op] != n {
			b.Errorf("%s: the scan called it %d times, the bare loop %d times", op, n, loop[op])
		}
	}
}

// cpuOf is the CPU time of a running process, from /proc.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("no /proc on this platform: %v", err)
	}
	f := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+2:]))
	ticks := 0
	for _, s := range f[11:13] { // utime, stime: proc(5), fields 14 and 15
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100 // USER_HZ
}

// peakMiB is the peak resident memory of a process that has ended.
func peakMiB(cmd *exec.Cmd) float64 {
	return float64(maxRSS(cmd.ProcessState)) / (1 << 20)
}
