package rego_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// benchTypes and how many of ten resources have them.
var benchTypes = []struct {
	token string
	share int
}{
	{"aws:ec2/instance:Instance", 7},
	{"aws:ebs/volume:Volume", 1},
	{"aws:ec2/securityGroup:SecurityGroup", 1},
	{"aws:s3/bucket:Bucket", 1},
	{"aws:iam/role:Role", 0},
}

// benchPack writes 50 policies, ten for each type, in the ways people write them.
func benchPack(b *testing.B) string {
	b.Helper()
	var s strings.Builder
	s.WriteString("package bench\n\nimport rego.v1\n\ntags := object.get(input, \"tags\", {})\n\n")
	for t, typ := range benchTypes {
		for i, body := range benchBodies {
			fmt.Fprintf(&s, "deny_t%dp%d contains msg if {\n\tinput.type == %q\n\t%s\n}\n\n", t, i, typ.token, strings.ReplaceAll(body, "; ", "\n\t"))
		}
	}
	return write(b, files{"bench.rego": s.String()})
}

// benchBodies are policies as people write them.
var benchBodies = []string{
	`input.metadataOptions.httpTokens != "required"; msg := "IMDSv2"`,
	`some d in input.ebsBlockDevices; not d.encrypted; msg := sprintf("%s is not encrypted", [d.deviceName])`,
	`not input.monitoring; msg := "no monitoring"`,
	`not tags.owner; msg := sprintf("%s has no owner", [input.name])`,
	`input.associatePublicIpAddress; startswith(input.instanceType, "m5"); msg := "public"`,
	`count(input.vpcSecurityGroupIds) > 5; msg := "many groups"`,
	`every g in input.vpcSecurityGroupIds { startswith(g, "sg-0") }; input.ebsOptimized == false; msg := "x"`,
	`object.get(input, ["rootBlockDevice", "encrypted"], false) == false; msg := "root"`,
	`input.iamInstanceProfile == ""; regex.match("^i-[0-9a-f]+$", input.id); msg := "no profile"`,
	`input.instanceType in data.config.types; msg := "type"`,
}

// benchInputs are ten resources of a size as EC2 has them.
func benchInputs(unknown ...schemas.UnknownPath) []evaluator.Input {
	var out []evaluator.Input
	for _, typ := range benchTypes {
		for n := range typ.share {
			out = append(out, benchInput(typ.token, n, unknown...))
		}
	}
	return out
}

func benchInput(token string, n int, unknown ...schemas.UnknownPath) evaluator.Input {
	id := fmt.Sprintf("i-0123456789abcde%d", n)
	return evaluator.Input{
		Account: "prod", Region: "us-east-1", URN: "urn:insights:prod/us-east-1::aws::" + token + "::" + id, Type: token, ID: id, Name: id, Unknown: unknown,
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
	}
}

func benchmark(b *testing.B, inputs []evaluator.Input) {
	dir := benchPack(b)
	m, err := rego.Loader{}.Inspect(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	config := map[string]schemas.PolicyConfig{"types": {Properties: map[string]any{"list": []any{"m4.large"}}}}
	e, err := rego.Loader{}.Load(b.Context(), dir, schemas.EffectivePack{PackRef: m.PackRef, Policies: m.Policies, Config: config})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		if _, err := e.Evaluate(b.Context(), inputs[i%len(inputs)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "resources/s")
}

// BenchmarkEvaluate judges resources of which all is known.
func BenchmarkEvaluate(b *testing.B) { benchmark(b, benchInputs()) }

// BenchmarkEvaluateUnknown judges resources with a property that some policies read.
func BenchmarkEvaluateUnknown(b *testing.B) {
	b.Run("one policy", func(b *testing.B) {
		benchmark(b, benchInputs(schemas.UnknownPath{Path: "monitoring", State: schemas.FacetDenied}))
	})
	b.Run("tags", func(b *testing.B) {
		benchmark(b, benchInputs(schemas.UnknownPath{Path: "tags", State: schemas.FacetDenied}))
	})
	b.Run("none", func(b *testing.B) {
		benchmark(b, benchInputs(schemas.UnknownPath{Path: "userData", State: schemas.FacetNotRead}))
	})
}

// BenchmarkEvaluatePacks judges each resource under three packs.
func BenchmarkEvaluatePacks(b *testing.B) {
	dir, inputs := benchPack(b), benchInputs()
	var packs []evaluator.Engine
	for range 3 {
		e, err := rego.Loader{}.Load(b.Context(), dir, schemas.EffectivePack{})
		if err != nil {
			b.Fatal(err)
		}
		packs = append(packs, e)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		in := inputs[i%len(inputs)]
		in.Shared = map[schemas.Runtime]any{}
		for _, e := range packs {
			if _, err := e.Evaluate(b.Context(), in); err != nil {
				b.Fatal(err)
			}
		}
	}
}
