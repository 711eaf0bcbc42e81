package awsfake_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// BenchmarkMillion lists 1,000,000 volumes, of 100 accounts with four regions of
// 2,500, and tells what memory the server has left of it.
func BenchmarkMillion(b *testing.B) {
	regions := []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1"}
	for b.Loop() {
		fake := awsfake.New(awsfake.Population{AccountID: "100000000000", Accounts: 100, Regions: regions, Volumes: 2500})
		fake.SetFaults(awsfake.Faults{Limits: awsfake.RealLimits()})
		client, before, seen := fake.Client(), heap(), 0
		for account := range 100 {
			for _, region := range regions {
				for token := ""; ; {
					body := ask(b, client.Do, 100000000000+account, region, token)
					seen += strings.Count(body, "<volumeId>")
					next := regexp.MustCompile("<nextToken>(.*)</nextToken>").FindStringSubmatch(body)
					if next == nil {
						break
					}
					token = next[1]
				}
			}
		}
		if seen != 1_000_000 {
			b.Fatalf("%d volumes", seen)
		}
		b.ReportMetric(float64(int64(heap()-before))/(1<<20), "left-MiB")
		runtime.KeepAlive(fake)
	}
}

// ask asks for one page.
func ask(b *testing.B, do func(*http.Request) (*http.Response, error), account int, region, token string) string {
	b.Helper()
	form := "Action=DescribeVolumes&Version=2016-11-15&MaxResults=1000&NextToken=" + token
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://aws.test/", strings.NewReader(form))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=AKIA%d/20260101/%s/ec2/aws4_request, Signature=x", account, region))
	res, err := do(r)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%v, %s", err, raw)
	}
	return string(raw)
}

// heap is what is in use after a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
