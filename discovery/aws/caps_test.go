package aws_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
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
