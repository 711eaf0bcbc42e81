package aws

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// perThousand is how many calls the first scan of a thousand resources of a type
// may take, in an account with so many of these kinds.
var perThousand = []struct {
	service *service
	kinds   map[string]int
	token   string
	calls   int
}{
	{sqsService, map[string]int{"queue": 1000}, typeQueue, 1 + 1000 + 10},
	{kmsService, map[string]int{"key": 1000}, typeKey, 1 + 3000 + 10},
	{kmsService, map[string]int{"alias": 1000}, typeKeyAlias, 10},
	{rdsService, map[string]int{"dbInstance": 1000}, typeDBInstance, 10},
	{rdsService, map[string]int{"dbCluster": 1000}, typeDBCluster, 10},
	{rdsService, map[string]int{"dbSnapshot": 1000}, typeDBSnapshot, 10 + 1000},
	{rdsService, map[string]int{"dbClusterSnapshot": 1000}, typeDBClusterSnapshot, 10 + 1000},
	{rdsService, map[string]int{"dbSubnetGroup": 1000}, typeDBSubnetGroup, 10 + 10},
	{dynamodbService, map[string]int{"table": 1000}, typeTable, 10 + 1000 + 1000 + 10},
	{secretsmanagerService, map[string]int{"secret": 1000}, typeSecret, 10 + 1000},
	{snsService, map[string]int{"topic": 1000}, typeTopic, 1020},
	{snsService, map[string]int{"topicSubscription": 1000}, typeTopicSubscription, 10},
	{logsService, map[string]int{"logGroup": 1000}, typeLogGroup, 40},
	{logsService, map[string]int{"logMetricFilter": 1000}, typeLogMetricFilter, 20},
	{cloudwatchService, map[string]int{"metricAlarm": 1000}, typeMetricAlarm, 20},
	{cloudwatchService, map[string]int{"compositeAlarm": 1000}, typeCompositeAlarm, 20},
	{guarddutyService, map[string]int{"detector": 1}, typeDetector, 2},
	{elbv2Service, map[string]int{"loadBalancer": 1000}, typeLoadBalancer, 1013},
	{elbv2Service, map[string]int{"loadBalancer": 1000}, typeListener, 3 + 1000 + 50},
	{elbService, map[string]int{"classicLoadBalancer": 1000}, typeClassicLoadBalancer, 1013},
	{acmService, map[string]int{"certificate": 1000}, typeCertificate, 11},
	{cloudfrontService, map[string]int{"distribution": 1000}, typeDistribution, 1020},
	{autoscalingService, map[string]int{"scalingGroup": 1000}, typeScalingGroup, 10},
	{autoscalingService, map[string]int{"launchConfiguration": 1000}, typeLaunchConfiguration, 20},
	{elbv2Service, map[string]int{"targetGroup": 1000}, typeTargetGroup, 1013},
	{lambdaService, map[string]int{"function": 1000}, typeFunction, 1030},
	{lambdaService, map[string]int{"function": 1000}, typePermission, 1020},
	{lambdaService, map[string]int{"function": 1000}, typeFunctionURL, 1020},
	{ecrService, map[string]int{"repository": 1000}, typeRepository, 11},
	{ecrService, map[string]int{"repository": 1000}, typeRepositoryPolicy, 1001},
	{ecrService, map[string]int{"repository": 1000}, typeRepositoryLifecycle, 1001},
	{ecsService, map[string]int{"ecsCluster": 1000}, typeECSCluster, 20},
	{ecsService, map[string]int{"ecsCluster": 1, "ecsService": 1000}, typeECSService, 111},
	{ecsService, map[string]int{"taskDefinition": 1000}, typeTaskDefinition, 1010},
	{eksService, map[string]int{"eksCluster": 1000}, typeEKSCluster, 1010},
	{eksService, map[string]int{"eksCluster": 1, "nodeGroup": 1000}, typeNodeGroup, 1011},
	{eksService, map[string]int{"eksCluster": 1, "addon": 1000}, typeAddon, 1011},
	{efsService, map[string]int{"fileSystem": 1000}, typeFileSystem, 10},
	{efsService, map[string]int{"fileSystem": 1000}, typeFileSystemPolicy, 1010},
	{efsService, map[string]int{"fileSystem": 1000}, typeFileSystemBackup, 1010},
	{efsService, map[string]int{"accessPoint": 1000}, typeAccessPoint, 10},
	{cloudtrailService, map[string]int{"eventDataStore": 1000}, typeEventDataStore, 1051},
}

// A scan makes the calls that the types declare, and no more.
func TestCallsPerThousand(t *testing.T) {
	t.Parallel()
	for _, c := range perThousand {
		a := newAccount(awsfake.Population{More: c.kinds})
		s := a.read(t, c.service, home)
		n := slices.Max(slices.Collect(maps.Values(c.kinds)))
		if seen := s.count(c.token); seen > n || seen < n/4 || s.scopes[c.token].State != schemas.ScopeComplete {
			t.Errorf("%s: %d of %d, %+v", c.token, seen, n, s.scopes[c.token])
		}
		_, made := a.fake.Calls()
		calls, declared := 0, 0
		for _, call := range specOf(t, c.token).calls {
			service, operation, _ := strings.Cut(call.action, ":")
			calls += int(made[signedAs(service)+":"+operation])
			if call.per == 0 {
				declared++
			} else {
				declared += (n + call.per - 1) / call.per
			}
		}
		if calls != c.calls || declared > c.calls {
			t.Errorf("%s: %d calls were made and %d are declared, want %d: %v", c.token, calls, declared, c.calls, made)
		}
	}
}

// signedAs is the name that a service signs with, where IAM knows it by another.
func signedAs(service string) string {
	switch service {
	case "tag":
		return "tagging"
	case "cloudwatch":
		return "monitoring"
	default:
		return service
	}
}

func specOf(t *testing.T, token string) typeSpec {
	t.Helper()
	for _, svc := range services {
		for _, spec := range svc.types {
			if spec.token == token {
				return spec
			}
		}
	}
	t.Fatalf("%s is of no service", token)
	return typeSpec{}
}
