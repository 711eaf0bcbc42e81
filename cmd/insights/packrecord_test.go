package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// held answers from a list, two resources a page.
type held struct {
	api.Service
	all []schemas.StoredResource
}

const recordedAccount = "482913560271"

func (held) ListAccounts(context.Context) ([]schemas.Account, error) {
	return []schemas.Account{{ID: "aws-" + recordedAccount, Name: "acme-prod"}}, nil
}

func (h held) Resources(_ context.Context, q schemas.ResourceQuery) (page schemas.ResourcePage, err error) {
	from := 0
	if q.Cursor != "" {
		if _, err := fmt.Sscan(q.Cursor, &from); err != nil {
			return page, err
		}
	}
	for i, r := range h.all {
		if i < from || q.Type != "" && r.Type != q.Type || q.ID != "" && r.ID != q.ID {
			continue
		}
		if len(page.Resources) == 2 {
			page.Next = fmt.Sprint(i)
			break
		}
		if !q.Properties {
			r.Properties = nil
		}
		page.Resources = append(page.Resources, r)
	}
	return page, nil
}

// plantedSecrets are of every kind that discovery knows.
var plantedSecrets = []string{
	"hunter2-environment", "hunter2-in-a-task", "hunter2-user-data", "postgres://app:hunter2@db.internal/app", "AKIAQ3EGRZ2MQ7N6X5LD",
	"ghp_0123456789abcdefghijklmnopqrstuvwxyz", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "https://hooks.slack.com/services/T0ABC/B0ABC/hunter2hunter2",
	"Kk8xq2Lw9ZpT4vB7nM1cR5yU3sD6fG0hJ/eA+iOQ",
}

// plantedAccount is an account in which everything refers to something else.
func plantedAccount(t *testing.T) held {
	t.Helper()
	ring, err := seal.Create(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, acct := plantedSecrets, recordedAccount
	var h held
	add := func(token, id, name string, properties map[string]any, unknown ...schemas.UnknownPath) {
		raw, err := json.Marshal(ring.Seal(properties, token))
		if err == nil {
			properties = nil
			err = json.Unmarshal(raw, &properties)
		}
		if err != nil {
			t.Fatal(err)
		}
		r := schemas.Resource{Key: schemas.Key{Region: "eu-west-1", Type: token, ID: id}, Name: name, Properties: properties, Unknown: unknown}
		h.all = append(h.all, schemas.StoredResource{Resource: r, AccountID: "aws-" + schemas.AccountID(acct)})
	}
	add("aws:s3/bucket:Bucket", "acme-payroll-"+acct, "acme-payroll-"+acct, map[string]any{
		"bucket": "acme-payroll-" + acct, "arn": "arn:aws:s3:::acme-payroll-" + acct, "logging": map[string]any{"targetBucket": "shop"}, "owner": 482913560271.0,
		"policy": `{"Statement":[{"Principal":{"AWS":["arn:aws:iam::` + acct + `:role/payroll-reader","arn:aws:iam::771122334455:root"]},"Resource":"arn:aws:s3:::acme-payroll-` + acct + `/*"}]}`,
		"tags":   map[string]any{"Owner": "alice@acme.example.org", "arn:aws:iam::" + acct + ":user/alice": "x", "note": s[4], "key": s[5], "pem": s[6], "hook": s[7], "id" + acct: "y"},
	}, schemas.UnknownPath{Path: "acl", State: schemas.FacetDenied, Call: "s3:GetBucketAcl", Reason: "User arn:aws:sts::" + acct + ":assumed-role/payroll-reader/x is not authorized"})
	add("aws:s3/bucket:Bucket", "shop", "shop", map[string]any{"bucket": "shop", "acl": "private", "domain": "shop.s3.amazonaws.com", "secret": s[8]})
	add("aws:lambda/function:Function", "payroll", "payroll", map[string]any{
		"name": "payroll", "environment": map[string]any{"variables": map[string]any{"PASSWORD": s[0], "URL": s[3], "EMPTY": ""}}, "engineVersion": "5.6.10.1",
		"role": "arn:aws:iam::" + acct + ":role/payroll-reader", "kmsKeyArn": "arn:aws:kms:eu-west-1:" + acct + ":key/1b2c3d4e-1111-2222-3333-444455556666",
	})
	add("aws:ecs/taskDefinition:TaskDefinition", "arn:aws:ecs:eu-west-1:"+acct+":task-definition/payroll-task:3", "payroll-task", map[string]any{
		"containerDefinitions": `[{"environment":[{"name":"A","value":"` + s[1] + `"}],"image":"` + acct + `.dkr.ecr.eu-west-1.amazonaws.com/web-1"}]`,
	})
	add("aws:ec2/instance:Instance", "i-0a1b2c3d4e5f60718", "web-1", map[string]any{
		"userData": s[2], "publicIp": "54.93.20.7", "privateIp": "10.1.2.3", "publicDns": "ec2-54-93-20-7.eu-west-1.compute.amazonaws.com", "vpcSecurityGroupIds": []any{"sg-0fedcba9876543210"},
		"tags": map[string]any{"Name": "web-1"},
	})
	add("aws:ec2/securityGroup:SecurityGroup", "sg-0fedcba9876543210", "default", map[string]any{
		"name": "default", "ingress": []any{map[string]any{"cidrBlocks": []any{"0.0.0.0/0", "54.93.0.0/16", "10.0.0.0/8"}, "ipv6CidrBlocks": []any{"::/0", "2a05:d014::/32"}, "fromPort": 22.0}},
	})
	add("aws:iam/role:Role", "payroll-reader", "payroll-reader", map[string]any{"managedPolicyArns": []any{"arn:aws:iam::aws:policy/AdministratorAccess"}})
	add("aws:iam/policy:Policy", "arn:aws:iam::"+acct+":policy/AdministratorAccess", "AdministratorAccess", map[string]any{"name": "AdministratorAccess"})
	add("aws:iam/user:User", "alice", "alice", map[string]any{"name": "alice", "arn": "arn:aws:iam::" + acct + ":user/alice"})
	return h
}

func recordAll(t *testing.T, h held, o recordOptions) (text string, cases map[string]fixture.Case) {
	t.Helper()
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out, err: &out}, output: "table"}
	if o.limit == 0 {
		o.limit = 100
	}
	if err := a.record(t.Context(), h, o); err != nil {
		t.Fatal(err)
	}
	list, err := fixture.Read("recorded.yaml", out.Bytes())
	if err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	cases = map[string]fixture.Case{}
	for _, c := range list {
		cases[c.ID] = c
	}
	return out.String(), cases
}

// What must not leave is not in what is recorded, in any form; what policies look
// at still is, and what refers to each other still does.
func TestRecordedFixturesTellNothing(t *testing.T) {
	t.Parallel()
	text, cases := recordAll(t, plantedAccount(t), recordOptions{})
	forbidden := slices.Concat(plantedSecrets, []string{
		recordedAccount, "771122334455", "hunter2", "acme", "alice", "payroll", "shop", "web-1", "54.93", "54-93", "2a05", "i-0a1b2c3d4e5f60718", "sg-0fedcba9876543210", "1b2c3d4e",
		"ciphertext", "4dabf18193072939515e22adb298388d",
	})
	for _, word := range forbidden {
		if strings.Contains(text, word) {
			t.Errorf("%q is in it", word)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	bucket := cases["bucket-1"]
	props := bucket.Properties
	if props["arn"] != "arn:aws:s3:::bucket-1" || props["logging"].(map[string]any)["targetBucket"] != "bucket-2" || cases["bucket-2"].Properties["acl"] != "private" {
		t.Errorf("buckets %+v, %+v", bucket, cases["bucket-2"])
	}
	if want := `{"Statement":[{"Principal":{"AWS":["arn:aws:iam::100000000001:role/role-1","arn:aws:iam::100000000002:root"]},"Resource":"arn:aws:s3:::bucket-1/*"}]}`; props["policy"] != want {
		t.Errorf("policy\n%s\nwant\n%s", props["policy"], want)
	}
	if len(bucket.Unknown) != 1 || bucket.Unknown[0].Call != "s3:GetBucketAcl" || bucket.Unknown[0].Reason != "User arn:aws:sts::100000000001:assumed-role/role-1/x is not authorized" {
		t.Errorf("unknown %+v", bucket.Unknown)
	}
	function := cases["function-1"].Properties
	variables := function["environment"].(map[string]any)["variables"].(map[string]any)
	if variables["PASSWORD"] != "[secret]" || variables["EMPTY"] != "" || function["engineVersion"] != "5.6.10.1" || function["role"] != "arn:aws:iam::100000000001:role/role-1" {
		t.Errorf("function %+v", function)
	}
	instance := cases["i-00000000000000001"].Properties
	group := cases["sg-00000000000000001"]
	if instance["publicIp"] != "203.0.113.1" || instance["privateIp"] != "10.1.2.3" || instance["publicDns"] != "ec2-203-0-113-1.eu-west-1.compute.amazonaws.com" ||
		instance["vpcSecurityGroupIds"].([]any)[0] != group.ID || group.Name != "default" {
		t.Errorf("instance %+v, group %+v", instance, group)
	}
	rule := group.Properties["ingress"].([]any)[0].(map[string]any)
	if got := fmt.Sprint(rule["cidrBlocks"], rule["ipv6CidrBlocks"]); got != "[0.0.0.0/0 203.0.0.0/16 10.0.0.0/8] [::/0 2001:db8::/32]" {
		t.Errorf("addresses %s", got)
	}
	if cases["arn:aws:iam::100000000001:policy/policy-1"].Name != "policy-1" {
		t.Errorf("the policy that has the name of one of AWS: %+v", cases)
	}
	if got := fmt.Sprint(cases["role-1"].Properties["managedPolicyArns"]); got != "[arn:aws:iam::aws:policy/AdministratorAccess]" {
		t.Errorf("policies of AWS became %s", got)
	}
}

func TestRecordedFixturesKeepNames(t *testing.T) {
	t.Parallel()
	text, cases := recordAll(t, plantedAccount(t), recordOptions{keepNames: true, types: []string{"aws:s3/bucket:Bucket", "aws:iam/user:User"}, limit: 1})
	if len(cases) != 2 || cases["acme-payroll-100000000001"].Properties["bucket"] != "acme-payroll-100000000001" || cases["alice"].Type == "" {
		t.Errorf("cases %+v", cases)
	}
	for _, word := range append(plantedSecrets, recordedAccount, "alice@acme") {
		if strings.Contains(text, word) {
			t.Errorf("%q is in it", word)
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	p := newProgram(t, "INSIGHTS_CHDB_LIB=/nonexistent")
	file := filepath.Join(p.dir, "there.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, p, exitUsage, []string{"pack", "record", "--out", file}, "is there already")
	checkFailure(t, p, exitUsage, []string{"pack", "record", "--limit", "0"}, "--limit 0")
	checkFailure(t, p, exitUsage, []string{"pack", "record", "--type", "s3/bucket"}, `--type "s3/bucket"`)
	a := &app{stdio: stdio{out: &bytes.Buffer{}, err: &bytes.Buffer{}}}
	err := a.record(t.Context(), held{}, recordOptions{limit: 1})
	if schemas.CodeOf(err) != schemas.CodeNotFound || !strings.Contains(err.Error(), "insights scan start") {
		t.Errorf("of nothing: %v", err)
	}
}
