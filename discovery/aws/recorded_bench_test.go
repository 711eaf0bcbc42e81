package aws

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// recordedKinds are a thousand of each kind of which AWS Config answers calls.
var recordedKinds = []struct {
	name    string
	service *service
	kinds   map[string]int
	buckets int
}{
	{"S3Bucket", s3Service, nil, 1000},
	{"KMSKey", kmsService, map[string]int{"key": 1000}, 0},
	{"SQSQueue", sqsService, map[string]int{"queue": 1000}, 0},
	{"SNSTopic", snsService, map[string]int{"topic": 1000}, 0},
	{"DynamoDBTable", dynamodbService, map[string]int{"table": 1000}, 0},
	{"LambdaFunction", lambdaService, map[string]int{"function": 1000}, 0},
	{"ECRRepository", ecrService, map[string]int{"repository": 1000}, 0},
	{"EFSFileSystem", efsService, map[string]int{"fileSystem": 1000}, 0},
	{"ELBv2LoadBalancer", elbv2Service, map[string]int{"loadBalancer": 1000}, 0},
	{"RDSSnapshot", rdsService, map[string]int{"dbSnapshot": 1000}, 0},
}

// BenchmarkConfigRoute reads a thousand resources of a kind from awsfake with AWS Config and
// without. The time s is without any rate; at-rates-s is how long the calls take at half of the rates
// that scans begin with, at least.
func BenchmarkConfigRoute(b *testing.B) {
	for _, c := range recordedKinds {
		for _, how := range []string{"without", "with"} {
			b.Run(c.name+"/"+how, func(b *testing.B) {
				for b.Loop() {
					a := newAccount(awsfake.Population{Buckets: c.buckets, More: withRecorder(c.kinds)})
					r := &reader{svc: c.service, session: a.in(home), unitRegion: home}
					if how == "with" {
						r.recording = newRecording("scan", &recorderCache{})
					}
					start := time.Now()
					if _, err := r.Read(b.Context(), func(context.Context, discovery.Observation) error { return nil }); err != nil {
						b.Fatal(err)
					}
					took := time.Since(start)
					total, by := a.fake.Calls()
					b.ReportMetric(float64(total), "calls/1000")
					b.ReportMetric(took.Seconds(), "s")
					b.ReportMetric(slowest(c.service, by), "at-rates-s")
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func withRecorder(kinds map[string]int) map[string]int {
	more := map[string]int{"recorder": 1}
	maps.Copy(more, kinds)
	return more
}

// slowest is how long the calls take longest that share a rate, in seconds.
func slowest(svc *service, by map[string]uint64) (most float64) {
	calls, rates := map[string]uint64{}, map[string]float64{}
	for name, n := range by {
		of, bucket := svc, name
		switch signed, _, _ := strings.Cut(name, ":"); signed {
		case "config":
			of = configService
		case "tagging":
			of = &service{} // no rates are known of it
		}
		l := of.limitOf(name)
		if l.shared {
			bucket = of.name
		}
		calls[bucket] += n
		rates[bucket] = l.rate * schemas.DefaultMaxShare
	}
	for bucket, n := range calls {
		most = max(most, float64(n)/rates[bucket])
	}
	return most
}
