package aws_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A type with a cap is read up to it, is incomplete beyond, and is not paged
// through; what is below its cap is complete.
func TestCaps(t *testing.T) {
	_, a := fakeAccount(t)
	a2 := a
	a2.Caps = map[string]int{"aws:ebs/snapshot:Snapshot": 1, "aws:ebs/volume:Volume": 1000, "aws:sqs/queue:Queue": 1}
	units := []schemas.UnitKey{{Region: "us-east-1", Service: "ec2"}, queueUnit}
	want, err := readSome(t, aws.New(zerolog.Nop(), time.Now), a, units...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readSome(t, aws.New(zerolog.Nop(), time.Now), a2, units...)
	if err != nil {
		t.Fatal(err)
	}
	for token, n := range map[string]int{
		"aws:ebs/snapshot:Snapshot": 1, "aws:sqs/queue:Queue": 1, "aws:ebs/volume:Volume": want.count("aws:ebs/volume:Volume"),
		"aws:ec2/instance:Instance": want.count("aws:ec2/instance:Instance"),
	} {
		if c := got.count(token); c != n {
			t.Errorf("%d of %s, want %d", c, token, n)
		}
	}
	for _, e := range got.scopes {
		_, capped := map[string]bool{
			"aws:ebs/snapshot:Snapshot": true, "insights:aws/snapshotExposure:SnapshotExposure": true,
			"aws:sqs/queue:Queue": true, "aws:sqs/queuePolicy:QueuePolicy": true,
		}[e.Type]
		switch {
		case !capped && e.State != schemas.ScopeComplete:
			t.Errorf("%+v, want it complete", e)
		case capped && (e.State != schemas.ScopeFailed || e.Reason != "capped at 1 by configuration"):
			t.Errorf("%+v, want it capped", e)
		}
	}
}

// However a type is read, a cap cuts it alone, or what one list gives along with it; and what is
// capped is never complete.
func TestCapOfEachType(t *testing.T) {
	_, a := fakeAccount(t)
	p := aws.New(zerolog.Nop(), time.Now)
	_, units, err := p.Plan(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	capped := 0
	for _, u := range units {
		if u.Region == "eu-west-1" {
			continue
		}
		want, err := readSome(t, p, a, u)
		if err != nil {
			t.Fatal(err)
		}
		for s := range want.scopes {
			if want.count(s.Type) < 2 {
				continue
			}
			capped++
			a := a
			a.Caps = map[string]int{s.Type: 1}
			got, err := readSome(t, p, a, u)
			if err != nil {
				t.Fatal(err)
			}
			if n := got.count(s.Type); n != 1 {
				t.Errorf("%d of %s, want 1", n, s.Type)
			}
			for _, e := range got.scopes {
				cut := e.State == schemas.ScopeFailed && e.Reason == "capped at 1 by configuration" && !e.Passing
				if !cut && (e.Type == s.Type || e.State != schemas.ScopeComplete || got.count(e.Type) != want.count(e.Type)) {
					t.Errorf("%s capped: %+v, %d resources of %d", s.Type, e, got.count(e.Type), want.count(e.Type))
				}
			}
		}
	}
	if capped < 60 {
		t.Errorf("%d types were capped", capped)
	}
}

// What is beyond a cap is not asked for.
func TestCapsSaveCalls(t *testing.T) {
	_, a := fakeAccount(t)
	big := population
	big.More = map[string]int{"logGroup": 500, "taskDefinition": 500}
	fake := awsfake.New(big)
	a.Endpoint = serve(t, fake)
	a.Caps = map[string]int{"aws:cloudwatch/logGroup:LogGroup": 60, "aws:ecs/taskDefinition:TaskDefinition": 60}
	got, err := readSome(t, aws.New(zerolog.Nop(), time.Now), a,
		schemas.UnitKey{Region: "us-east-1", Service: "logs"}, schemas.UnitKey{Region: "us-east-1", Service: "ecs"})
	if err != nil {
		t.Fatal(err)
	}
	for token := range a.Caps {
		if n := got.count(token); n != 60 {
			t.Errorf("%d of %s, want 60", n, token)
		}
	}
	_, calls := fake.Calls()
	if calls["logs:DescribeLogGroups"] != 2 || calls["ecs:ListTaskDefinitions"] != 1 || calls["ecs:DescribeTaskDefinition"] > 100 {
		t.Errorf("%v", calls)
	}
}

// A cap of what there is not is refused: it would cap nothing.
func TestCapOfUnknownType(t *testing.T) {
	_, a := fakeAccount(t)
	a.Caps = map[string]int{"aws:ebs/snapshots:Snapshot": 10}
	_, _, err := aws.New(zerolog.Nop(), time.Now).Plan(t.Context(), a)
	wantError(t, err, schemas.CodeInvalid, "caps.aws:ebs/snapshots:Snapshot", "insights resources types")
}
