package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestEndToEnd does what 'make demo' does, and more, with the program as child
// processes against moto: what it must find to the last row is in
// testdata/endtoend.golden, which -update writes anew.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	m := startMoto(t)
	s := m.seed(t, "seed")
	e := &endToEnd{t: t, seeded: s, names: s.names()}
	e.program = newProgram(t, "AWS_ACCESS_KEY_ID="+s.Scanner.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.Scanner.SecretAccessKey)
	e.file = e.server // under the race detector: its scans have all roles in one process

	e.wrongRole(m)
	e.add(m.url, s.Scanner.RoleARN)
	e.wrongCredentials()

	first := e.scan()
	e.inventory(first)
	e.golden.add("resource", e.resourceLines(first))
	e.golden.add("violation", e.violationLines(first))
	e.golden.add("policy", policyLines(first))
	e.golden.add("gap", gapLines(first))
	if len(first.events) != len(first.violations) {
		t.Errorf("the first scan opened %d violations with %d events", len(first.violations), len(first.events))
	}

	changed := m.seed(t, "change")
	second := e.scan()
	e.changes(changed, first, second)
	e.golden.add("change", e.eventLines(second))
	e.golden.add("gap after the change", gapLines(second))

	third := e.scan("--fail-on", "high")
	e.nothingChanged(second, third)
	if _, errs, code := e.run(t, "report", "--fail-on", "critical"); code != exitViolations || errs != "" {
		t.Errorf("report --fail-on critical: exit %d\n%s", code, errs)
	}

	m.stop(t)
	e.withdrawAndReenforce(third)
	e.golden.check(t, "testdata/endtoend.golden")
}

// endToEnd is the account under test.
type endToEnd struct {
	program
	t      *testing.T
	seeded seeded
	names  map[string]string // ids of this run
	golden golden
	scans  int
}

// found is what the system says after a scan.
type found struct {
	scan       schemas.Scan
	report     schemas.AccountReport
	resources  []schemas.StoredResource
	violations []schemas.Violation // open
	fixed      []schemas.Violation
	events     []schemas.ViolationEvent
}

func (e *endToEnd) addArgs(name, url, role string) []string {
	args := []string{"account", "add", name, "--endpoint", url, "--role-arn", role, "--external-id", e.seeded.Scanner.ExternalID}
	for _, r := range e.seeded.Scanner.Regions {
		args = append(args, "--region", r)
	}
	return args
}

// wrongRole adds an account by a role that the scanner may not assume. If that
// left anything, add could not give the same AWS account another name.
func (e *endToEnd) wrongRole(m *moto) {
	e.t.Helper()
	e.refused("wrong role", e.program, e.addArgs("wrong", m.url, "arn:aws:iam::123456789012:role/demo-admin")...)
}

// refused runs a command that AWS must refuse.
func (e *endToEnd) refused(what string, p program, args ...string) {
	e.t.Helper()
	out, errs, code := p.run(e.t, args...)
	clear := strings.HasPrefix(errs, "error: ") && strings.Contains(errs, "AssumeRole") && strings.Contains(errs, "credentials")
	if code != exitError || out != "" || !clear {
		e.t.Errorf("%s: exit %d\n%s%s", what, code, out, errs)
	}
	e.t.Logf("%s: %s", what, errs)
}

func (e *endToEnd) add(url, role string) {
	e.t.Helper()
	out := e.ok(e.t, e.addArgs("demo", url, role)...)
	if !strings.Contains(out, "aws-123456789012") || !strings.Contains(out, "aws_foundations") {
		e.t.Errorf("account add says:\n%s", out)
	}
}

// wrongCredentials scans the account with keys that AWS does not know. The
// number of the first scan tells that this was none.
func (e *endToEnd) wrongCredentials() {
	e.t.Helper()
	p := e.with("AWS_ACCESS_KEY_ID=AKIANOBODY", "AWS_SECRET_ACCESS_KEY=nothing")
	e.refused("unknown keys", p, "scan", "start", "demo")
}

// onlyProgress matches what a scan says beside its result when the machine is slow.
var onlyProgress = regexp.MustCompile(`^([0-9-]+ running: units .*\n)*$`)

// scan scans the account and reads everything that is stored of it. It is partial: the role may not
// read which buckets have a policy.
func (e *endToEnd) scan(args ...string) found {
	e.t.Helper()
	text, errs, code := e.run(e.t, append([]string{"scan", "start", "demo", "-o", "json"}, args...)...)
	var out struct {
		Scan   schemas.Scan   `json:"scan"`
		Report schemas.Report `json:"report"`
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil || code != exitPartial || !onlyProgress.MatchString(errs) {
		e.t.Fatalf("scan: exit %d, %v\n%s%s", code, err, text, errs)
	}
	unread := strings.Contains(out.Scan.Reason, "aws:s3/bucketPolicy:BucketPolicy in global: denied s3:GetBucketPolicy AccessDenied")
	if out.Scan.State != schemas.ScanPartial || out.Scan.Progress.Gaps != 1 || !unread || len(out.Report.Accounts) != 1 {
		e.t.Fatalf("scan ended %s (%s): %+v", out.Scan.State, out.Scan.Reason, out.Scan.Progress)
	}
	if e.scans++; out.Scan.ID != fmt.Sprintf("123456789012-%d", e.scans) {
		e.t.Errorf("scan %d has the id %s", e.scans, out.Scan.ID)
	}
	f := found{scan: out.Scan, report: out.Report.Accounts[0], resources: e.resources()}
	f.violations, f.fixed = e.violations()
	var shown struct {
		Events []schemas.ViolationEvent `json:"events"`
	}
	e.json(e.t, &shown, "scan", "show", f.scan.ID)
	f.events = shown.Events
	return f
}

func (e *endToEnd) resources() []schemas.StoredResource {
	e.t.Helper()
	var page schemas.ResourcePage
	if e.json(e.t, &page, "resources", "--limit", "1000"); page.Next != "" {
		e.t.Fatal("more than one page of resources")
	}
	return page.Resources
}

func (e *endToEnd) violations() (open, fixed []schemas.Violation) {
	e.t.Helper()
	var page schemas.ViolationPage
	if e.json(e.t, &page, "violations", "--state", "open,fixed", "--limit", "1000"); page.Next != "" {
		e.t.Fatal("more than one page of violations")
	}
	for _, v := range page.Violations {
		if v.State == schemas.ViolationOpen {
			open = append(open, v)
		} else {
			fixed = append(fixed, v)
		}
	}
	return open, fixed
}

// mainTypes are the types under which what seed.py made must be found. Several
// more may be split off it; all are in the golden file.
var mainTypes = map[string]string{
	"bucket":                      "aws:s3/bucket:Bucket",
	"account public access block": "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
	"VPC":                         "aws:ec2/vpc:Vpc",
	"subnet":                      "aws:ec2/subnet:Subnet",
	"security group":              "aws:ec2/securityGroup:SecurityGroup",
	"volume":                      "aws:ebs/volume:Volume",
	"snapshot":                    "aws:ebs/snapshot:Snapshot",
	"instance":                    "aws:ec2/instance:Instance",
	"image":                       "aws:ec2/ami:Ami",
	"EBS encryption by default":   "aws:ebs/encryptionByDefault:EncryptionByDefault",
	"IAM user":                    "aws:iam/user:User",
	"access key":                  "aws:iam/accessKey:AccessKey",
	"IAM group":                   "aws:iam/group:Group",
	"IAM role":                    "aws:iam/role:Role",
	"IAM policy":                  "aws:iam/policy:Policy",
	"password policy":             "insights:aws/passwordPolicy:PasswordPolicy",
	"trail":                       "aws:cloudtrail/trail:Trail",
	"AWS Config recorder":         "aws:cfg/recorder:Recorder",
	"KMS key":                     "aws:kms/key:Key",
	"KMS alias":                   "aws:kms/alias:Alias",
	"database":                    "aws:rds/instance:Instance",
	"database snapshot":           "aws:rds/snapshot:Snapshot",
	"table":                       "aws:dynamodb/table:Table",
	"file system":                 "aws:efs/fileSystem:FileSystem",
	"access point":                "aws:efs/accessPoint:AccessPoint",
	"secret":                      "aws:secretsmanager/secret:Secret",
	"queue":                       "aws:sqs/queue:Queue",
	"topic":                       "aws:sns/topic:Topic",
	"subscription":                "aws:sns/topicSubscription:TopicSubscription",
	"log group":                   "aws:cloudwatch/logGroup:LogGroup",
	"alarm":                       "aws:cloudwatch/metricAlarm:MetricAlarm",
	"GuardDuty detector":          "aws:guardduty/detector:Detector",
	"function":                    "aws:lambda/function:Function",
	"repository":                  "aws:ecr/repository:Repository",
	"ECS cluster":                 "aws:ecs/cluster:Cluster",
	"ECS service":                 "aws:ecs/service:Service",
	"task definition":             "aws:ecs/taskDefinition:TaskDefinition",
	"EKS cluster":                 "aws:eks/cluster:Cluster",
	"certificate":                 "aws:acm/certificate:Certificate",
	"load balancer":               "aws:lb/loadBalancer:LoadBalancer",
	"listener":                    "aws:lb/listener:Listener",
	"target group":                "aws:lb/targetGroup:TargetGroup",
	"classic load balancer":       "aws:elb/loadBalancer:LoadBalancer",
	"launch configuration":        "aws:ec2/launchConfiguration:LaunchConfiguration",
	"scaling group":               "aws:autoscaling/group:Group",
	"distribution":                "aws:cloudfront/distribution:Distribution",
}

// inventory checks that everything that was made is found where it is, and that
// what is found besides belongs to it or to every account.
func (e *endToEnd) inventory(f found) {
	e.t.Helper()
	have := map[schemas.Key]bool{}
	for _, r := range f.resources {
		if have[r.Key] {
			e.t.Errorf("stored twice: %s", r.Key)
		}
		have[r.Key] = true
	}
	if len(e.seeded.Resources) < 110 {
		e.t.Errorf("seed.py made %d resources only", len(e.seeded.Resources))
	}
	// Of the account, of its users, of each region: there, whatever was made.
	known := map[string]bool{"123456789012": true, "iam-account-password-policy": true}
	for _, r := range e.seeded.Scanner.Regions {
		known[r] = true
	}
	known["primary"], known["default"] = true, true // of Athena: its workgroup and its database
	for _, r := range slices.Concat(e.seeded.Resources, e.seeded.Besides) {
		k := schemas.Key{Region: r.Region, Type: mainTypes[r.Type], ID: r.ID}
		if strings.HasPrefix(k.Type, "aws:s3/account") {
			k.Region = schemas.GlobalRegion
		}
		if !have[k] {
			e.t.Errorf("not found: %s %s (%s)", r.Type, r.Name, k)
		}
		known[r.ID] = true
	}
	for k := range have {
		owner, _, _ := strings.Cut(k.ID, ":") // inline policies
		attached, _, _ := strings.Cut(k.ID, "/")
		if !known[k.ID] && !known[owner] && !known[attached] && !strings.HasPrefix(k.ID, ruleID) {
			e.t.Errorf("found, but nobody made it: %s", k)
		}
	}
}

// ruleID begins the ids of rules of security groups, which come with their groups.
const ruleID = "sgr-"

// name is a resource's id as it is in every run. An id may begin with its owner's.
func (e *endToEnd) name(id string) string {
	if strings.HasPrefix(id, ruleID) {
		return "a rule"
	}
	if n, ok := e.names[id]; ok {
		return n
	}
	owner, rest, attached := strings.Cut(id, "/")
	if n, ok := e.names[owner]; ok && attached {
		return n + "/" + rest
	}
	return id
}

func (e *endToEnd) key(k schemas.Key) string { return k.Region + " " + k.Type + " " + e.name(k.ID) }

func (e *endToEnd) resourceLines(f found) []string {
	return lines(f.resources, func(r schemas.StoredResource) string { return e.key(r.Key) })
}

func (e *endToEnd) violationLines(f found) []string {
	return lines(f.violations, func(v schemas.Violation) string {
		return fmt.Sprintf("%s %s %s", v.Policy, v.Severity, e.key(v.Key))
	})
}

func (e *endToEnd) eventLines(f found) []string {
	return lines(f.events, func(v schemas.ViolationEvent) string {
		return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", v.Transition, v.Cause, v.Policy, e.key(v.Key))), " ")
	})
}

func policyLines(f found) []string {
	var out []string
	for _, pack := range f.report.Packs {
		out = append(out, lines(pack.Policies, func(p schemas.PolicyReport) string {
			c := p.Counts
			return fmt.Sprintf("%s: %d passed, %d failed, %d unknown, %d errored", p.Policy, c.Passed, c.Failed, c.Unknown, c.Errored)
		})...)
	}
	return out
}

func gapLines(f found) []string {
	return lines(f.report.Gaps, func(g schemas.Gap) string {
		return fmt.Sprintf("%s %s: %s (%s), %d resources", g.Policy, g.Outcome, g.Reason, g.Call, g.Resources)
	})
}

// changes compares the scan after seed.py's change with the one before.
func (e *endToEnd) changes(changed seeded, before, after found) {
	e.t.Helper()
	var ids []string
	for _, c := range changed.Changed {
		ids = append(ids, c.ID)
	}
	broken, fixed, deleted, database := ids[0], ids[1], ids[2], ids[3]
	open := byFinding(before.violations)
	for _, v := range after.events {
		_, was := open[v.Finding]
		switch {
		case v.ID == broken && v.Transition == schemas.Opened && v.Cause == "" && !was:
		case (v.ID == fixed || v.ID == database) && v.Transition == schemas.Fixed && v.Cause == schemas.FixResourceChanged && was:
		case v.ID == deleted && v.Transition == schemas.Fixed && v.Cause == schemas.FixResourceGone && was:
		default:
			e.t.Errorf("event %s %s of %s on %s; open before: %v", v.Transition, v.Cause, v.Policy, v.Key, was)
		}
		if v.Scan != after.scan.ID {
			e.t.Errorf("event of %s carries scan %q", v.Policy, v.Scan)
		}
	}
	now := byFinding(after.violations)
	gone := byFinding(after.fixed)
	for id, v := range open {
		w, ok := now[id]
		if !ok {
			if w, ok = gone[id]; !ok || w.FixedAt.IsZero() {
				e.t.Errorf("%s on %s is neither open nor fixed", v.Policy, v.Key)
			}
		} else if !w.LastSeen.After(v.LastSeen) || !w.OpenedAt.Equal(v.OpenedAt) {
			e.t.Errorf("%s on %s: last seen %s then %s, opened %s then %s", v.Policy, v.Key, v.LastSeen, w.LastSeen, v.OpenedAt, w.OpenedAt)
		}
		if !w.FirstSeen.Equal(v.FirstSeen) {
			e.t.Errorf("%s on %s: first seen %s, then %s", v.Policy, v.Key, v.FirstSeen, w.FirstSeen)
		}
	}
	if opened := len(now) + len(gone) - len(open); opened != count(after.events, schemas.Opened) {
		e.t.Errorf("%d new violations, %d opened events", opened, count(after.events, schemas.Opened))
	}
	for _, r := range after.resources {
		if r.ID == deleted {
			e.t.Errorf("still in the inventory: %s", r.Key)
		}
	}
}

func count(events []schemas.ViolationEvent, transition schemas.Transition) int {
	n := 0
	for _, v := range events {
		if v.Transition == transition {
			n++
		}
	}
	return n
}

func byFinding(list []schemas.Violation) map[string]schemas.Violation {
	out := make(map[string]schemas.Violation, len(list))
	for _, v := range list {
		out[v.Finding] = v
	}
	return out
}

// nothingChanged compares two scans of an account that nobody touched between:
// only when things were last seen may differ.
func (e *endToEnd) nothingChanged(before, after found) {
	e.t.Helper()
	if len(after.events) != 0 {
		e.t.Errorf("a scan without changes made %d events: %+v", len(after.events), after.events)
	}
	resource := func(r schemas.StoredResource) string {
		r.LastSeen = r.FirstSeen
		return fmt.Sprintf("%+v", r)
	}
	violation := func(v schemas.Violation) string {
		v.LastSeen = v.FirstSeen
		return fmt.Sprintf("%+v", v)
	}
	sameContent(e.t, "resources of an unchanged account", lines(after.resources, resource), lines(before.resources, resource))
	sameContent(e.t, "violations of an unchanged account", lines(after.violations, violation), lines(before.violations, violation))
	sameContent(e.t, "fixed violations of an unchanged account", lines(after.fixed, violation), lines(before.fixed, violation))
	sameContent(e.t, "policies of an unchanged account", policyLines(after), policyLines(before))
}

// withdrawAndReenforce takes the pack away and gives it back while nothing of
// the cloud answers: accounts are judged by what is known of them.
func (e *endToEnd) withdrawAndReenforce(before found) {
	e.t.Helper()
	open, fixed := byFinding(before.violations), byFinding(before.fixed)

	e.ok(e.t, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	left, ended := e.violations()
	if len(left) != 0 || len(ended) != len(open)+len(fixed) {
		e.t.Errorf("without a pack %d violations are open and %d fixed; before %d and %d", len(left), len(ended), len(open), len(fixed))
	}
	for _, v := range ended {
		want := fixed[v.Finding].FixCause
		if _, was := open[v.Finding]; was {
			want = schemas.FixPackWithdrawn
		}
		if v.FixCause != want {
			e.t.Errorf("%s on %s: fixed by %q, want %q", v.Policy, v.Key, v.FixCause, want)
		}
	}

	e.ok(e.t, "group", "enforce", schemas.DefaultAccountsGroup, "aws_foundations")
	left, ended = e.violations()
	again := byFinding(left)
	for id, v := range again {
		w, was := open[id]
		if !was || v.Reopened != w.Reopened+1 || !v.FirstSeen.Equal(w.FirstSeen) || !v.OpenedAt.After(w.OpenedAt) {
			e.t.Errorf("%s on %s: reopened %d times, first seen %s, opened %s; before: %+v", v.Policy, v.Key, v.Reopened, v.FirstSeen, v.OpenedAt, w)
		}
	}
	if len(again) != len(open) || len(ended) != len(fixed) {
		e.t.Errorf("%d violations are open and %d fixed; before %d and %d", len(again), len(ended), len(open), len(fixed))
	}
	var report schemas.Report
	e.json(e.t, &report, "report")
	sameContent(e.t, "policies after the pack came back", policyLines(found{report: report.Accounts[0]}), policyLines(before))
	sameContent(e.t, "gaps after the pack came back", gapLines(found{report: report.Accounts[0]}), gapLines(before))
}

// lines gives one sorted line per item.
func lines[T any](list []T, text func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = text(v)
	}
	slices.Sort(out)
	return out
}

// golden collects what a test found, to compare it with a file of lines.
type golden []string

func (g *golden) add(kind string, lines []string) {
	for _, l := range lines {
		*g = append(*g, kind+": "+l)
	}
}

func (g golden) check(t *testing.T, file string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(g, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, file, g, strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n"))
}
