package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/mototest"
)

// TestProxy lets boto3 call moto through the proxy: as its endpoint, as its HTTP
// proxy, and as what stands where SQS of the real AWS would.
func TestProxy(t *testing.T) {
	t.Parallel()
	m := mototest.Start(t)
	p, err := newProxy(m.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.begin(&faults{Deny: []string{"s3:GetBucketPolicy", "ec2:DescribeVolumes", "iam:ListUsers", "dynamodb:ListTables", "lambda:GET /*/functions"}, Rate: 1e-9})
	for _, s := range []string{"s3", "s3control", "ec2", "iam", "kms", "sqs", "lambda", "dynamodb"} {
		p.faults.bucket(s).SetBurst(100)
		p.faults.bucket(s).SetLimit(1e9)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, p.ca.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := m.Python(t, filepath.Join("testdata", "calls.py"))
	cmd.Env = append(
		cmd.Env, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL="+p.url,
		"HTTP_PROXY="+p.url, "HTTPS_PROXY="+p.url, "http_proxy="+p.url, "https_proxy="+p.url, "AWS_CA_BUNDLE="+ca,
	)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var outcomes map[string][]string
	if err := json.Unmarshal(out, &outcomes); err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string][]string{
		"s3.list_buckets": {"ok"}, "s3.create_bucket": {"ok"}, "s3.get_bucket_policy": {"AccessDenied"},
		"s3.get_public_access_block":        {"NoSuchPublicAccessBlockConfiguration"},
		"s3control.get_public_access_block": {"NoSuchPublicAccessBlockConfiguration"},
		"ec2.describe_volumes":              {"UnauthorizedOperation"}, "iam.list_users": {"AccessDenied"}, "kms.list_keys": {"ok"},
		"dynamodb.list_tables": {"AccessDeniedException"}, "lambda.list_functions": {"AccessDeniedException"},
		"sqs.list_queues": {"ok"}, "sns.list_topics": {"ok", "Throttling", "Throttling"},
	} {
		if !reflect.DeepEqual(outcomes[call], want) {
			t.Errorf("%s: %v, want %v", call, outcomes[call], want)
		}
	}
	got := p.end()
	want := map[string]int{
		"s3:ListBuckets": 1, "s3:PUT bucket": 1, "s3:GetBucketPolicy": 1, "s3:GetPublicAccessBlock": 1, "s3:GET /*/configuration/publicAccessBlock": 1,
		"ec2:DescribeVolumes": 1, "iam:ListUsers": 1, "dynamodb:ListTables": 1, "kms:ListKeys": 1, "lambda:GET /*/functions": 1, "sqs:ListQueues": 1, "sns:ListTopics": 3,
	}
	if !maps.Equal(got.Calls, want) {
		t.Errorf("calls %v, want %v", got.Calls, want)
	}
	if got.Denied != 5 || got.Throttled != 2 || got.Foreign != 0 {
		t.Errorf("%d denied, %d throttled, %d foreign", got.Denied, got.Throttled, got.Foreign)
	}
	if got.Busy <= 0 || got.Waited < got.Busy {
		t.Errorf("moto was busy for %s, waited for %s", got.Busy, got.Waited)
	}
}

// TestBusy counts time in which two calls are in moto once.
func TestBusy(t *testing.T) {
	t.Parallel()
	var p proxy
	base := time.Now()
	p.enterAt(base)
	p.enterAt(base.Add(1 * time.Second))
	p.leaveAt(base, base.Add(3*time.Second))
	p.leaveAt(base.Add(1*time.Second), base.Add(4*time.Second))
	p.enterAt(base.Add(10 * time.Second))
	p.leaveAt(base.Add(10*time.Second), base.Add(11*time.Second))
	if p.tally.Busy != 5*time.Second || p.tally.Waited != 7*time.Second {
		t.Errorf("busy %s, waited %s", p.tally.Busy, p.tally.Waited)
	}
}

// TestForeign refuses what is not signed: no tool reaches anything but moto.
func TestForeign(t *testing.T) {
	t.Parallel()
	p, err := newProxy("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/news", nil)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if got := p.end(); w.Code != http.StatusForbidden || got.Foreign != 1 || len(got.Calls) != 0 {
		t.Errorf("status %d, %+v", w.Code, got)
	}
}

// TestRate puts every kind of answer into its column.
func TestRate(t *testing.T) {
	t.Parallel()
	facts, err := readTruth([]byte(`{"resources": [{"kind": "bucket", "id": "a"}, {"kind": "bucket", "id": "b"}], "facts": [
		{"check": "c", "id": "a", "passes": true}, {"check": "c", "id": "b", "passes": false}, {"check": "c", "id": "d", "passes": true},
		{"check": "c", "id": "e", "passes": false}, {"check": "c", "id": "f", "passes": false}, {"check": "other", "id": "g", "passes": true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a := newAnswers()
	a.seen["b"] = true
	a.say("c", "a", pass)
	a.say("c", "b", pass)
	a.say("c", "d", fail)
	a.say("c", "d", pass) // a fail stays one
	a.say("c", "e", unknown)
	if got, want := facts.rate(a, "c"), (score{Seen: 1, Right: 1, FalsePass: 1, FalseAlarm: 1, Unknown: 1, Silent: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := facts.rate(a, ""); got.Silent != 2 || facts.count("") != 6 || facts.count("c") != 5 {
		t.Errorf("over all checks: %+v of %d", got, facts.count(""))
	}
}

// TestMentionsDenial is about what a tool prints, of which a path of ours may be a part.
func TestMentionsDenial(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"An error occurred (AccessDenied) when calling": true, "UnauthorizedOperation": true, "is not authorized to perform": true,
		"Detailed results are in: permissions/Prowler/run.ocsf.json": false, "": false,
	} {
		file := filepath.Join(t.TempDir(), "stdout")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := mentionsDenial(file); err != nil || got != want {
			t.Errorf("%q: %t, %v", text, got, err)
		}
	}
}
