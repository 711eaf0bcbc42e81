package aws_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// BenchmarkTail sweeps the long tail of one region: every type that awsfake's registry
// offers, every tenth of which has ten resources, at the rates that Cloud Control is
// said to let through; and once more, with nothing changed.
func BenchmarkTail(b *testing.B) {
	for _, rate := range []float64{15, 25} {
		b.Run(fmt.Sprintf("%g", rate), func(b *testing.B) {
			b.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
			b.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
			fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Tail: 10, TailEvery: 10})
			fake.SetFaults(awsfake.Faults{Limits: map[string]awsfake.Limit{"cloudcontrolapi": {Rate: rate}, "cloudformation": {Rate: 10}}})
			srv := httptest.NewServer(fake)
			defer srv.Close()
			a := schemas.Account{ID: "aws-123456789012", Name: "prod", Provider: "aws", Endpoint: srv.URL, Tail: schemas.TailEachScan}
			p := aws.New(zerolog.Nop(), time.Now)
			for b.Loop() {
				sweepTail(b, p, a, "")
				sweepTail(b, p, a, "again-")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func sweepTail(b *testing.B, p *aws.Provider, a schemas.Account, name string) {
	b.Helper()
	r, err := p.Open(b.Context(), schemas.Unit{Account: a, Unit: schemas.UnitKey{Region: "us-east-1", Service: schemas.ServiceTail}})
	if err != nil {
		b.Fatal(err)
	}
	var resources atomic.Uint64
	start := time.Now()
	ends, err := r.Read(b.Context(), func(context.Context, discovery.Observation) error { resources.Add(1); return nil })
	if err != nil {
		b.Fatal(err)
	}
	read := 0
	for _, e := range ends {
		switch e.State {
		case schemas.ScopeComplete:
			read++
		case schemas.ScopeUnsupported:
		default:
			b.Errorf("%+v", e)
		}
	}
	calls, throttles := r.Calls()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(time.Since(start).Seconds(), name+"s")
	b.ReportMetric(float64(calls), name+"calls")
	b.ReportMetric(float64(throttles), name+"throttled")
	b.ReportMetric(float64(read), name+"types")
	b.ReportMetric(float64(resources.Load()), name+"resources")
	b.ReportMetric(float64(m.HeapInuse)/(1<<20), name+"MiB-held")
	b.ReportMetric(float64(peakMemory(b))/(1<<20), name+"MiB-peak")
}

// peakMemory is the largest resident set of this process so far, in bytes: of the sweeps and
// of awsfake, which serves them.
func peakMemory(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss // bytes there, KiB elsewhere: getrusage(2)
	}
	return u.Maxrss << 10
}
