package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// fleetRegions are the regions of every account of the fleet.
var fleetRegions = []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1"}

// fleetServices are those that the accounts have something of.
var fleetServices = []string{"s3", "ec2", "iam", "sqs", "sns", "kms", "lambda", "logs", "cloudwatch", "secretsmanager", "dynamodb", "ecr"}

// fleet is about 2,500 resources in each region of each account.
func fleet(accounts int) awsfake.Population {
	return awsfake.Population{
		AccountID: "100000000000", Accounts: accounts, Regions: fleetRegions,
		Instances: 540, Volumes: 190, SecurityGroups: 280, Snapshots: 180, Subnets: 40, VPCs: 4, Images: 20,
		Buckets: 60, Users: 50, Roles: 100, Policies: 50,
		More: map[string]int{
			"queue": 30, "topic": 15, "topicSubscription": 15, "function": 10, "logGroup": 60, "metricAlarm": 20, "key": 10, "alias": 10, "secret": 15, "table": 10, "repository": 10,
		},
	}
}

// BenchmarkFleet scans many accounts at once, each through a role of its own, with
// the request limits that AWS has: the roles of the program as processes over one
// NATS, with the starter pack. INSIGHTS_BENCH_ACCOUNTS is how many accounts there
// are, each of four regions with 2,500 resources; default 2.
func BenchmarkFleet(b *testing.B) {
	accounts := 2
	if s := os.Getenv("INSIGHTS_BENCH_ACCOUNTS"); s != "" {
		var err error
		if accounts, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		scanFleet(b, accounts)
	}
}

func scanFleet(b *testing.B, accounts int) {
	url, fake := startFake(b, fleet(accounts))
	setFaults(b, url, awsfake.Faults{Limits: awsfake.RealLimits()})
	// Units wait for their limits most of the time.
	c := startCluster(b, "INSIGHTS_WORKERS_DISCOVERY=32", "INSIGHTS_LOG_LEVEL=warn", "INSIGHTS_NATS_LEASE_TTL=30s", "INSIGHTS_NATS_ACK_WAIT=30s")
	client := c.client(b)
	names := make([]string, accounts)
	for i := range names {
		names[i] = fmt.Sprintf("account-%03d", i)
		role := fmt.Sprintf("arn:aws:iam::%d:role/insights", 100000000000+i)
		_, err := client.AddAccount(b.Context(), schemas.Account{
			Name: names[i], Provider: "aws", Endpoint: url, RoleARN: role, Regions: fleetRegions, Services: fleetServices,
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	pids := map[string]int{"aws": fake.Pid}
	for name, p := range c.processes() {
		pids[name] = p.Pid
	}
	before := map[string]time.Duration{}
	for name, pid := range pids {
		before[name] = cpuOf(b, pid)
	}

	began := time.Now()
	open := map[string]string{} // scan by account
	for _, name := range names {
		scan, err := client.StartScan(b.Context(), name, schemas.ScanLimit{})
		if err != nil {
			b.Fatal(err)
		}
		open[name] = scan.ID
	}
	var total schemas.Progress
	gaps := 0
	eventually(b, 50*time.Minute, "all scans end", func() bool {
		for name, id := range open {
			scan, err := client.GetScan(b.Context(), id)
			if err != nil || !scan.State.Ended() {
				return false
			}
			if scan.State != schemas.ScanSucceeded {
				b.Errorf("the scan of %s ended %s: %s", name, scan.State, scan.Reason)
			}
			total.Resources += scan.Progress.Resources
			total.Calls += scan.Progress.Calls
			total.Throttles += scan.Progress.Throttles
			gaps += scan.Progress.Gaps
			delete(open, name)
		}
		return true
	})
	wall := time.Since(began)

	busy := time.Duration(0)
	for name, pid := range pids {
		cpu := cpuOf(b, pid) - before[name]
		busy += cpu
		b.ReportMetric(cpu.Seconds(), name+"-cpu-s")
		b.ReportMetric(highWaterMiB(b, pid), name+"-peak-MiB")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(wall.Seconds(), "wall-s")
	b.ReportMetric(float64(total.Resources), "resources")
	b.ReportMetric(float64(total.Resources)/wall.Seconds(), "resources/s")
	b.ReportMetric(float64(total.Calls), "calls")
	b.ReportMetric(100*float64(total.Throttles)/float64(total.Calls), "throttled-%")
	b.ReportMetric(float64(gaps), "gaps")
	b.ReportMetric(float64(accounts)*3600/wall.Seconds(), "accounts/h")
	b.ReportMetric(busy.Seconds()/wall.Seconds(), "busy-cores")
	c.stop()
}

// highWaterMiB is the peak resident memory of a running process, from /proc.
func highWaterMiB(b *testing.B, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}
