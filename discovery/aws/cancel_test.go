package aws

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// around is what a worker needs beside the cloud: an empty store, a publisher
// that keeps the end, and a scan that is cancelled at some time.
type around struct {
	reader   *reader
	cancelAt time.Time
	ends     []*schemas.UnitEnd
}

func (a *around) Plan(context.Context, schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	return "", nil, nil
}

func (a *around) Probe(context.Context, schemas.Account, []string) ([]schemas.Permission, error) {
	return nil, nil
}

func (a *around) Organization(context.Context, schemas.Account) ([]schemas.OrganizationAccount, error) {
	return nil, nil
}

func (a *around) OrganizationalUnits(context.Context, schemas.Account) ([]schemas.OrganizationUnit, error) {
	return nil, nil
}

func (a *around) Locate(context.Context, schemas.Account, string) (schemas.UnitKey, []schemas.Key, error) {
	return schemas.UnitKey{}, nil, nil
}

func (a *around) Open(context.Context, schemas.Unit) (discovery.Reader, error) { return a.reader, nil }

func (a *around) Known(context.Context, schemas.KnownRequest) (schemas.KnownReply, error) {
	return schemas.KnownReply{}, nil
}

func (a *around) Keys(context.Context, schemas.KeysRequest) (schemas.KeysReply, error) {
	return schemas.KeysReply{}, nil
}

func (a *around) Counts(context.Context, schemas.CountsRequest) (schemas.CountsReply, error) {
	return schemas.CountsReply{}, nil
}
func (a *around) PublishBatch(context.Context, *schemas.SnapshotBatch) error { return nil }
func (a *around) PublishEnd(_ context.Context, e *schemas.UnitEnd) error {
	a.ends = append(a.ends, e)
	return nil
}
func (a *around) PublishProgress(context.Context, *schemas.UnitProgress) error { return nil }
func (a *around) NextSeq(context.Context, schemas.AccountID) (uint64, error)   { return 1, nil }
func (a *around) Cancelled(context.Context, schemas.AccountID, string) (bool, error) {
	return !time.Now().Before(a.cancelAt), nil
}
func (a *around) Seal(p map[string]any, _ string) map[string]any { return p }
func (a *around) MAC(v any) any                                  { return v }
func (a *around) Secret(string) bool                             { return false }

// An account that throttles nearly every call keeps a read waiting for the SDK's
// back-off and for the limiter. A cancelled scan ends both.
func TestACancelledReadDoesNotWaitForThrottles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		svc      *service
		throttle string
	}{
		"one after another": {ec2Service, "ec2:DescribeInstances"},
		"side by side":      {s3Service, "s3:GetBucketAcl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := newAccount(awsfake.Population{Buckets: 500, Instances: 5000})
				fake.fake.SetFaults(awsfake.Faults{Throttle: map[string]float64{c.throttle: 0.001}})
				s, l := fake.in(home), limiterOf(0.5)
				s.cfg.APIOptions = append(s.cfg.APIOptions, func(stack *middleware.Stack) error { return l.addTo(stack) })
				s.cfg.Retryer = func() aws.Retryer {
					return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.RateLimiter = 1000, ratelimit.None })
				}
				w := &around{reader: &reader{svc: c.svc, session: s, unitRegion: home}, cancelAt: time.Now().Add(10*time.Minute + time.Second/3)}
				worker := discovery.New(discovery.Deps{Provider: w, Store: w, Publisher: w, Sequencer: w, Scans: w, Sealer: w, Log: zerolog.Nop(), Now: time.Now})
				if err := worker.Handle(t.Context(), schemas.Unit{Unit: schemas.UnitKey{Region: home, Service: c.svc.name}}); err != nil {
					t.Fatal(err)
				}
				if late := time.Since(w.cancelAt); late < 0 || late > 2*time.Second {
					t.Errorf("ended %s after the scan was cancelled", late)
				}
				if len(w.ends) != 1 || len(w.ends[0].Scopes) != 0 || w.ends[0].Throttles == 0 {
					t.Errorf("ends %+v; want one without a scope, after throttles", w.ends)
				}
			})
		})
	}
}
