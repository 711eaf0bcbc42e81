package aws_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// probed is what a probe says, by action.
func probed(t *testing.T, a schemas.Account, regions ...string) map[string]schemas.Permission {
	t.Helper()
	list, err := provider().Probe(t.Context(), a, regions)
	if err != nil {
		t.Fatal(err)
	}
	out, said := map[string]schemas.Permission{}, map[string]bool{}
	for _, p := range list {
		if at := p.Action + " " + p.Region; said[at] {
			t.Errorf("%s is there twice", at)
		} else {
			said[at] = true
		}
		out[p.Action] = p
	}
	return out
}

// Every action that reading needs is tried where the account has everything, and
// those that are denied are told, and no others.
func TestProbeTellsEachDeniedAction(t *testing.T) {
	fake, a := fakeAccount(t)
	a.Regions = []string{"us-east-1"}
	actions := actionTypes()
	for _, r := range aws.Types() {
		for _, c := range r.OnDemand {
			if types := actions[c.Action]; types != nil {
				actions[c.Action] = append(types, r.Type)
			}
		}
	}
	for n, group := range apart(actions) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			fake.SetFaults(awsfake.Faults{Deny: slices.Collect(maps.Keys(group))})
			for _, p := range probed(t, a) {
				want := schemas.PermissionAllowed
				if types := group[p.Action]; types != nil {
					want = schemas.PermissionDenied
					if p.Reason == "" || slices.ContainsFunc(p.Types, func(t string) bool { return !slices.Contains(types, t) }) {
						t.Errorf("%+v, needed by %v", p, types)
					}
				}
				if p.State != want && p.State != schemas.PermissionNotTried {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

func TestProbeOfAnEmptyAccount(t *testing.T) {
	_, a := fakeAccount(t)
	empty := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}})
	a.Endpoint = serve(t, empty)
	a.Regions, a.Services = nil, []string{"sqs", "s3"}
	found := probed(t, a, "us-east-1")
	for action, want := range map[string]schemas.PermissionState{
		"s3:ListAllMyBuckets": schemas.PermissionAllowed, "s3:GetBucketPolicy": schemas.PermissionNotTried, "s3:ListBucket": schemas.PermissionNotTried,
		"sqs:ListQueues": schemas.PermissionAllowed, "sqs:GetQueueAttributes": schemas.PermissionNotTried, "tag:GetResources": schemas.PermissionNotTried,
	} {
		if p := found[action]; p.State != want || (p.State == schemas.PermissionNotTried) != (p.Reason != "") {
			t.Errorf("%s: %+v, want %s", action, p, want)
		}
	}
	if p, ok := found["ec2:DescribeVpcs"]; ok {
		t.Errorf("probed a service that is not scanned: %+v", p)
	}
}

// A probe reads little of an account, however large it is.
func TestProbeStopsAtTheFirstResource(t *testing.T) {
	_, a := fakeAccount(t)
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 1000, Instances: 3000, More: map[string]int{"queue": 2000}})
	a.Endpoint, a.Regions, a.Services = serve(t, fake), []string{"us-east-1"}, []string{"s3", "ec2", "sqs"}
	probed(t, a)
	_, by := fake.Calls()
	for operation, most := range map[string]uint64{"s3:GetBucketPolicy": 40, "sqs:GetQueueAttributes": 40, "sqs:ListQueues": 1, "ec2:DescribeInstances": 1} {
		if by[operation] == 0 || by[operation] > most {
			t.Errorf("%s was called %d times", operation, by[operation])
		}
	}
}

// What hangs off something that the account has none of is not allowed, it was
// not tried: node groups of a cluster without any, the status of recorders that
// may not be listed.
func TestProbeSaysAllowedOfWhatWasTriedAlone(t *testing.T) {
	_, a := fakeAccount(t)
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, More: map[string]int{"eksCluster": 1, "ecsCluster": 1}})
	fake.SetFaults(awsfake.Faults{Deny: []string{"config:DescribeConfigurationRecorders"}})
	a.Endpoint, a.Regions, a.Services = serve(t, fake), []string{"us-east-1"}, []string{"eks", "ecs", "config"}
	found := probed(t, a)
	for action, want := range map[string]schemas.PermissionState{
		"eks:ListNodegroups": schemas.PermissionAllowed, "eks:DescribeCluster": schemas.PermissionAllowed,
		"eks:DescribeNodegroup": schemas.PermissionNotTried, "eks:DescribeAddon": schemas.PermissionNotTried,
		"ecs:ListServices": schemas.PermissionAllowed, "ecs:DescribeServices": schemas.PermissionNotTried,
		"config:DescribeConfigurationRecorders": schemas.PermissionDenied, "config:DescribeConfigurationRecorderStatus": schemas.PermissionNotTried,
	} {
		if p := found[action]; p.State != want {
			t.Errorf("%s: %+v, want %s", action, p, want)
		}
	}
}

// Calls that the end of a probe cuts off did not fail.
func TestProbeOfManyServicesInSomeClusters(t *testing.T) {
	_, a := fakeAccount(t)
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, More: map[string]int{"ecsCluster": 3, "ecsService": 60}})
	a.Endpoint, a.Regions, a.Services = serve(t, fake), []string{"us-east-1"}, []string{"ecs"}
	if p := probed(t, a)["ecs:ListServices"]; p.State != schemas.PermissionAllowed {
		t.Errorf("%+v", p)
	}
}

// Where the account has everything, what is not tried is what is only asked when
// something is missing.
func TestProbeTriesEverything(t *testing.T) {
	_, a := fakeAccount(t)
	a.Regions = []string{"us-east-1"}
	only := map[string]bool{}
	for _, typ := range aws.Types() {
		for _, c := range typ.Calls {
			only[c.Action] = true
		}
	}
	for action, p := range probed(t, a) {
		if want := only[action]; want != (p.State == schemas.PermissionAllowed) {
			t.Errorf("%+v, read with it: %t", p, want)
		}
	}
}

// AWS Config is asked for one resource of each region, where its recorder is one that scans use; what is not tried
// has a reason.
func TestProbeOfAWSConfig(t *testing.T) {
	const action = "config:BatchGetResourceConfig"
	queues := awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1", "eu-west-1"}, Buckets: 2, More: map[string]int{"queue": 3, "recorder": 1}}
	empty := awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, More: map[string]int{"recorder": 1}}
	unrecorded := queues
	unrecorded.More = map[string]int{"queue": 3}
	for name, c := range map[string]struct {
		of     awsfake.Population
		faults awsfake.Faults
		use    schemas.ConfigUse
		state  schemas.PermissionState
		reason string
		calls  uint64
	}{
		"allowed":          {of: queues, use: schemas.ConfigAuto, state: schemas.PermissionAllowed, calls: 2},
		"denied":           {of: queues, use: schemas.ConfigAuto, faults: awsfake.Faults{Deny: []string{action}}, state: schemas.PermissionDenied, reason: "AccessDenied", calls: 2},
		"no recorder":      {of: unrecorded, use: schemas.ConfigAuto, state: schemas.PermissionNotTried, reason: "the region has no recorder"},
		"recorders denied": {of: queues, use: schemas.ConfigAuto, faults: awsfake.Faults{Deny: []string{"config:DescribeConfigurationRecorders"}}, state: schemas.PermissionNotTried, reason: "config:DescribeConfigurationRecorders: AccessDenied"},
		"empty":            {of: empty, use: schemas.ConfigAuto, state: schemas.PermissionNotTried, reason: "nothing that AWS Config records was found"},
		"off":              {of: queues, use: schemas.ConfigOff},
	} {
		t.Run(name, func(t *testing.T) {
			_, a := fakeAccount(t)
			fake := awsfake.New(c.of)
			fake.SetFaults(c.faults)
			a.Endpoint, a.Regions, a.Services, a.AWSConfig = serve(t, fake), c.of.Regions, []string{"sqs", "s3"}, c.use
			list, err := aws.New(zerolog.Nop(), time.Now).Probe(t.Context(), a, nil)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, p := range list {
				if p.Action != action {
					continue
				}
				n++
				if p.State != c.state || !strings.HasPrefix(p.Reason, c.reason) || (p.Reason == "") != (c.reason == "") || !slices.Contains(c.of.Regions, p.Region) {
					t.Errorf("%+v", p)
				}
			}
			_, by := fake.Calls()
			if want := len(c.of.Regions); n != want && c.use != schemas.ConfigOff || c.use == schemas.ConfigOff && n > 0 || by[action] != c.calls {
				t.Errorf("%d permissions, %d calls", n, by[action])
			}
		})
	}
}

// Replication is tried on a bucket that keeps no versions, too, of which scans do not ask for it.
func TestProbeOfABucketWithoutVersions(t *testing.T) {
	_, a := fakeAccount(t)
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 1})
	a.Endpoint, a.Regions, a.Services = serve(t, fake), []string{"us-east-1"}, []string{"s3"}
	if p := probed(t, a)["s3:GetReplicationConfiguration"]; p.State != schemas.PermissionAllowed {
		t.Errorf("%+v", p)
	}
}
