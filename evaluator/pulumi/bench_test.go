package pulumi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	benchCalls  = 250 // of each kind in a round
	benchRounds = 30
	benchFlight = 16 // at a time
)

// benchTypes are those of ten resources, and of the policies of the bench packs.
var benchTypes = []string{
	"aws:ec2/instance:Instance", "aws:ec2/instance:Instance", "aws:ec2/instance:Instance", "aws:ebs/volume:Volume", "aws:ebs/volume:Volume",
	"aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroup:SecurityGroup", "aws:s3/bucket:Bucket", "aws:s3/bucket:Bucket", "aws:iam/role:Role",
}

// benchInputs are resources of a size as EC2 has them.
func benchInputs() []evaluator.Input {
	var out []evaluator.Input
	for n, token := range benchTypes {
		id := fmt.Sprintf("i-0123456789abcde%d", n)
		out = append(out, evaluator.Input{
			Account: "prod", URN: "urn:insights:prod/us-east-1::aws::" + token + "::" + id, Type: token, ID: id, Name: id,
			Properties: map[string]any{
				"id": id, "arn": "arn:aws:ec2:us-east-1:123456789012:instance/" + id, "ami": "ami-0abcdef1234567890", "instanceType": "t3.large",
				"availabilityZone": "us-east-1a", "subnetId": "subnet-0a1b2c3d", "keyName": "ops", "ebsOptimized": true, "monitoring": true,
				"vpcSecurityGroupIds": []any{"sg-0a", "sg-0b", "sg-0c"}, "associatePublicIpAddress": false, "iamInstanceProfile": "web",
				"tags": map[string]any{"owner": "me", "Name": "web-1", "team": "a"}, "privateIp": "10.0.0.12", "publicIp": "", "tenancy": "default",
				"metadataOptions":     map[string]any{"httpTokens": "required", "httpEndpoint": "enabled", "httpPutResponseHopLimit": 1},
				"rootBlockDevice":     map[string]any{"encrypted": true, "volumeSize": 30, "volumeType": "gp3", "deviceName": "/dev/xvda"},
				"ebsBlockDevices":     []any{map[string]any{"encrypted": true, "deviceName": "/dev/sdb"}, map[string]any{"encrypted": n > 0, "deviceName": "/dev/sdc"}},
				"creditSpecification": map[string]any{"cpuCredits": "standard"}, "instanceState": "running", "sourceDestCheck": true,
			},
		})
	}
	return out
}

// benchPack is a pack of 20 policies, five for each of four types, and one
// whose only policy does nothing.
func benchPack(runtime schemas.Runtime) (twenty, empty files) {
	node20 := []string{
		`if (props.metadataOptions?.httpTokens !== "required") report("IMDSv2");`,
		`for (const d of props.ebsBlockDevices ?? []) if (!d.encrypted) report(d.deviceName + " is not encrypted");`,
		`if (!props.monitoring) report("no monitoring");`,
		`if (!props.tags?.owner) report(args.name + " has no owner");`,
		`if (props.associatePublicIpAddress && props.instanceType.startsWith("m5")) report("public");`,
	}
	python20 := []string{
		"if props.get('metadataOptions', {}).get('httpTokens') != 'required':\n    report('IMDSv2')",
		"for d in props.get('ebsBlockDevices', []):\n    if not d['encrypted']:\n        report(d['deviceName'] + ' is not encrypted')",
		"if not props.get('monitoring'):\n    report('no monitoring')",
		"if not props.get('tags', {}).get('owner'):\n    report(args.name + ' has no owner')",
		"if props.get('associatePublicIpAddress') and props['instanceType'].startswith('m5'):\n    report('public')",
	}
	types := []string{benchTypes[0], benchTypes[3], benchTypes[5], benchTypes[7]}
	var policies []string
	for t, token := range types {
		for i := range 5 {
			body := fmt.Sprintf("if (args.type !== %q) args.notApplicable();\n%s", token, node20[i])
			if runtime == schemas.RuntimePython {
				body = fmt.Sprintf("if args.resource_type != %q:\n    args.not_applicable()\n%s", token, python20[i])
			}
			policies = append(policies, fmt.Sprintf("t%dp%d", t, i), body)
		}
	}
	if runtime == schemas.RuntimePython {
		return python(policies...), python("empty", "pass")
	}
	return node(policies...), node("empty", "")
}

// bareClient is the protocol and nothing else: the pack's program, contained as
// the engine's is (else they would not have the same priority), and a client.
func bareClient(b *testing.B, dir string) pulumirpc.AnalyzerClient {
	b.Helper()
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		b.Fatal(err)
	}
	box := contained(b, sandbox.BestEffort)
	env, ok := install.New(b.TempDir(), box, zerolog.Nop()).Own(dir, project)
	if !ok {
		b.Fatal("no environment")
	}
	sdk, err := filepath.EvalSymlinks(filepath.Join(dir, map[schemas.Runtime]string{schemas.RuntimeNodeJS: "node_modules", schemas.RuntimePython: "venv"}[project.Runtime]))
	if err != nil {
		b.Fatal(err)
	}
	r, w := io.Pipe()
	p, err := box.Start(context.Background(), sandbox.Spec{
		Argv: append(env.Argv, "127.0.0.1:1", "."), Dir: dir, Env: env.Env, Read: append(env.Read, dir, sdk), Stdout: w, Stderr: io.Discard,
	})
	if err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		b.Fatal(err)
	}
	conn, err := grpc.NewClient("passthrough:///pack", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return p.Dial(ctx, port) }))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		_ = r.Close()
		p.Kill()
		_ = p.Wait()
	})
	return pulumirpc.NewAnalyzerClient(conn)
}

// bare makes calls with requests that were made before.
func bare(b *testing.B, dir string, inputs []evaluator.Input) func(int) error {
	client := bareClient(b, dir)
	var requests []*pulumirpc.AnalyzeRequest
	for _, in := range inputs {
		properties, err := structpb.NewStruct(in.Properties)
		if err != nil {
			b.Fatal(err)
		}
		requests = append(requests, &pulumirpc.AnalyzeRequest{Type: in.Type, Urn: in.URN, Name: in.Name, Properties: properties, Options: &pulumirpc.AnalyzerResourceOptions{}})
	}
	return func(n int) error {
		_, err := client.Analyze(b.Context(), requests[n%len(requests)])
		return err
	}
}

func throughEngine(b *testing.B, dir string, inputs []evaluator.Input) func(int) error {
	e := loadDir(b, newLoader(b, pulumi.Options{}), dir, nil)
	return func(n int) error {
		_, err := e.Evaluate(b.Context(), inputs[n%len(inputs)])
		return err
	}
}

// perSecond makes calls, some at a time.
func perSecond(b *testing.B, call func(int) error) float64 {
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range benchFlight {
		wg.Go(func() {
			for n := next.Add(1); n <= benchCalls; n = next.Add(1) {
				if err := call(int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return benchCalls / time.Since(start).Seconds()
}

// percent is what one kind of calls reaches of another, by the median of the rounds.
func percent(of, all []float64) float64 {
	ratios := make([]float64, len(of))
	for i := range of {
		ratios[i] = 100 * of[i] / all[i]
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// BenchmarkAnalyze judges resources by one process, 16 at a time: through the
// engine and by a bare client of the protocol, under 20 policies and under one
// that does nothing. Bare calls under the empty policy are the ceiling.
func BenchmarkAnalyze(b *testing.B) {
	for _, runtime := range []schemas.Runtime{schemas.RuntimeNodeJS, schemas.RuntimePython} {
		b.Run(string(runtime), func(b *testing.B) {
			inputs := benchInputs()
			twenty, empty := benchPack(runtime)
			dir20, dir0 := write(b, twenty), write(b, empty)
			kinds := []struct {
				name string
				call func(int) error
			}{
				{"engine/s", throughEngine(b, dir20, inputs)},
				{"bare/s", bare(b, dir20, inputs)},
				{"engine-empty/s", throughEngine(b, dir0, inputs)},
				{"bare-empty/s", bare(b, dir0, inputs)},
			}
			rates := make([][]float64, len(kinds))
			for b.Loop() {
				for range benchRounds { // in turns: other work on the machine slows all of them
					for i, k := range kinds {
						rates[i] = append(rates[i], perSecond(b, k.call))
					}
				}
			}
			for i, k := range kinds {
				b.ReportMetric(slices.Max(rates[i]), k.name) // the child has compiled what is hot
			}
			b.ReportMetric(percent(rates[0], rates[1]), "%of-bare")
			b.ReportMetric(percent(rates[2], rates[3]), "%of-bare-empty")
			b.ReportMetric(percent(rates[0], rates[3]), "%of-ceiling")
			b.ReportMetric(0, "ns/op")
		})
	}
}
