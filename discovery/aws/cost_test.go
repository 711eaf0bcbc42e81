package aws

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// perThousand says in how many calls resources of a type are read, with all
// that comes along with them.
var perThousand = []struct {
	service *service
	kinds   []string // of awsfake, that the type is made of
	token   string
	n       int // of each kind
	calls   int
}{
	{sqsService, []string{"queue"}, typeQueue, 1000, 1 + 1000 + 10},
	{kmsService, []string{"key"}, typeKey, 1000, 1 + 3000 + 10},
	{kmsService, []string{"alias"}, typeKeyAlias, 1000, 10},
	{rdsService, []string{"dbInstance"}, typeDBInstance, 1000, 10},
	{rdsService, []string{"dbCluster"}, typeDBCluster, 1000, 10},
	{rdsService, []string{"dbSnapshot"}, typeDBSnapshot, 1000, 10 + 1000},
	{rdsService, []string{"dbClusterSnapshot"}, typeDBClusterSnapshot, 1000, 10 + 1000},
	{rdsService, []string{"dbSubnetGroup"}, typeDBSubnetGroup, 1000, 10 + 10},
	{dynamodbService, []string{"table"}, typeTable, 1000, 10 + 1000 + 1000 + 10},
	{secretsmanagerService, []string{"secret"}, typeSecret, 1000, 10 + 1000},
	{snsService, []string{"topic"}, typeTopic, 1000, 1020},
	{snsService, []string{"topicSubscription"}, typeTopicSubscription, 1000, 10},
	{logsService, []string{"logGroup"}, typeLogGroup, 1000, 40},
	{logsService, []string{"logMetricFilter"}, typeLogMetricFilter, 1000, 20},
	{cloudwatchService, []string{"metricAlarm"}, typeMetricAlarm, 1000, 20},
	{cloudwatchService, []string{"compositeAlarm"}, typeCompositeAlarm, 1000, 20},
	{guarddutyService, []string{"detector"}, typeDetector, 1, 2},
	{elbv2Service, []string{"loadBalancer"}, typeLoadBalancer, 1000, 1013 + 1053 + 1}, // with their listeners, one each
	{elbService, []string{"classicLoadBalancer"}, typeClassicLoadBalancer, 1000, 1013},
	{acmService, []string{"certificate"}, typeCertificate, 1000, 11},
	{cloudfrontService, []string{"distribution"}, typeDistribution, 1000, 1020},
	{autoscalingService, []string{"scalingGroup"}, typeScalingGroup, 1000, 10 + 1},
	{autoscalingService, []string{"launchConfiguration"}, typeLaunchConfiguration, 1000, 20 + 1},
	{elbv2Service, []string{"targetGroup"}, typeTargetGroup, 1000, 1013 + 2},
}

// A scan makes the calls that the table of types says, page by page and resource
// by resource, and one for each list that is empty.
func TestCallsPerThousand(t *testing.T) {
	t.Parallel()
	for _, c := range perThousand {
		idle := newAccount(awsfake.Population{})
		idle.read(t, c.service, home)
		more := map[string]int{}
		for _, kind := range c.kinds {
			more[kind] = c.n
		}
		a := newAccount(awsfake.Population{More: more})
		s := a.read(t, c.service, home)
		if got := s.count(c.token); got != c.n*len(c.kinds) {
			t.Errorf("%s: %d were read", c.token, got)
		}
		// Empty lists are read in one call each, and the lists of the type are not empty.
		calls, declared := len(a.calls)-len(idle.calls), 0
		for _, spec := range c.service.types {
			if spec.token != c.token {
				continue
			}
			for i, call := range spec.calls {
				if i == 0 {
					calls++
				}
				if call.per > 0 {
					declared += (s.count(c.token) + call.per - 1) / call.per
				}
			}
		}
		if calls != c.calls || declared != c.calls {
			t.Errorf("%s: %d calls, %d declared, want %d", c.token, calls, declared, c.calls)
		}
	}
}
