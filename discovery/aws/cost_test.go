package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
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
	{apigatewayService, map[string]int{"restApi": 1000}, typeRestAPI, 2},
	{apigatewayService, map[string]int{"restApi": 1000}, typeRestStage, 2 + 1000},
	// Both generations list them, with calls that have one name.
	{apigatewayService, map[string]int{"domainName": 1000}, typeRestDomain, 2 + 10},
	{apigatewayService, map[string]int{"httpApi": 1000}, typeHTTPAPI, 10},
	{apigatewayService, map[string]int{"httpApi": 1000}, typeHTTPStage, 10 + 1000},
	{athenaService, map[string]int{"workgroup": 1000}, typeWorkgroup, 20 + 1000 + 20},
	{athenaService, map[string]int{"workgroup": 1, "namedQuery": 1000}, typeNamedQuery, 1 + 20 + 20},
	{athenaService, map[string]int{"dataCatalog": 1000}, typeDataCatalog, 20 + 1000 + 20},
	{athenaService, map[string]int{"database": 1000}, typeDatabase, 20},
	{appflowService, map[string]int{"flow": 1000}, typeFlow, 10 + 1000},
	{appflowService, map[string]int{"connectorProfile": 1000}, typeConnectorProfile, 10},
	{opensearchService, map[string]int{"searchDomain": 1000}, typeOpenSearchDomain, 1 + 200 + 10},
	{redshiftService, map[string]int{"redshiftCluster": 1000}, typeRedshiftCluster, 10},
	{redshiftService, map[string]int{"redshiftCluster": 1000}, typeRedshiftLogging, 10 + 1000},
	{redshiftService, map[string]int{"redshiftSubnetGroup": 1000}, typeRedshiftSubnetGroup, 10},
	{elasticacheService, map[string]int{"cacheCluster": 1000}, typeCacheCluster, 20},
	{elasticacheService, map[string]int{"replicationGroup": 1000}, typeReplicationGroup, 20},
	{elasticacheService, map[string]int{"cacheSubnetGroup": 1000}, typeCacheSubnetGroup, 20},
	{kinesisService, map[string]int{"stream": 1000}, typeStream, 10 + 1000 + 10},
	{sfnService, map[string]int{"stateMachine": 1000}, typeStateMachine, 1 + 1000 + 10},
	{backupService, map[string]int{"backupVault": 1000}, typeVault, 1 + 10},
	{backupService, map[string]int{"backupVault": 1000}, typeVaultPolicy, 1 + 1000},
	{backupService, map[string]int{"backupPlan": 1000}, typeBackupPlan, 1 + 1000 + 10},
	{ssmService, map[string]int{"parameter": 1000}, typeParameter, 20 + 20},
	{ssmService, map[string]int{"document": 1000}, typeDocument, 20 + 1000},
	// One more for CloudFront's, which the home region has.
	{wafv2Service, map[string]int{"webAcl": 1000}, typeWebACL, 10 + 1 + 1000 + 10},
	{wafv2Service, map[string]int{"webAcl": 1000}, typeWebACLLogging, 10 + 1},
	{route53Service, map[string]int{"zone": 1000}, typeZone, 10 + 10},
	{route53Service, map[string]int{"zone": 1, "record": 1000}, typeRecord, 1 + 4},
	{route53Service, map[string]int{"queryLog": 1000}, typeQueryLog, 10},
	{ec2Service, map[string]int{"launchTemplate": 1000}, typeLaunchTemplate, 5 + 5},
	{ec2Service, map[string]int{"flowLog": 1000}, typeFlowLog, 1},
	{ec2Service, map[string]int{"groupRule": 500}, typeIngressRule, 1},
}

// gatewayOperations are the operations of API Gateway behind the one action that it has.
var gatewayOperations = map[string][]string{
	typeRestAPI: {"GetRestApis"}, typeRestStage: {"GetRestApis", "GetStages"}, typeRestDomain: {"GetDomainNames"},
	typeHTTPAPI: {"GetApis"}, typeHTTPStage: {"GetApis", "GetStages"}, typeHTTPDomain: {"GetDomainNames"},
}

// A scan makes the calls that the types declare, and no more.
func TestCallsPerThousand(t *testing.T) {
	t.Parallel()
	type population struct {
		service *service
		kinds   string
	}
	type scan struct {
		seen
		made map[string]uint64
	}
	scans := map[population]scan{}
	for _, c := range perThousand {
		of := population{c.service, fmt.Sprint(c.kinds)}
		if _, done := scans[of]; !done {
			a := newAccount(awsfake.Population{More: c.kinds})
			s := a.read(t, c.service, home)
			_, made := a.fake.Calls()
			scans[of] = scan{s, made}
		}
		s := scans[of]
		n := slices.Max(slices.Collect(maps.Values(c.kinds)))
		if seen := s.count(c.token); seen > n || seen < n/4 || s.scopes[c.token].State != schemas.ScopeComplete {
			t.Errorf("%s: %d of %d, %+v", c.token, seen, n, s.scopes[c.token])
		}
		calls, declared := 0, 0
		for i, call := range specOf(t, c.token).calls {
			service, operation, _ := strings.Cut(call.action, ":")
			calls += int(s.made[signedAs(service)+":"+operation])
			if of := gatewayOperations[c.token]; i < len(of) {
				calls += int(s.made["apigateway:"+of[i]])
			}
			if call.per == 0 {
				declared++
			} else {
				declared += (n + call.per - 1) / call.per
			}
		}
		if calls != c.calls || declared > c.calls {
			t.Errorf("%s: %d calls were made and %d are declared, want %d: %v", c.token, calls, declared, c.calls, s.made)
		}
	}
}

// coldCalls are the calls that the first scan of a thousand resources may take, with
// everything that is read of them: its pages, its tags, and what takes a call for
// each.
var coldCalls = []struct {
	name       string
	service    *service
	population awsfake.Population
	most       int
}{
	// Versioning, policy, encryption, logging, ACL, lifecycle, public access block, ownership.
	{"S3Bucket", s3Service, awsfake.Population{Buckets: 1000}, 1 + 10 + 8*1000},
	{"IAMRole", iamService, awsfake.Population{Roles: 1000}, 10},
	// Keys; the list of users, the report and the authorization details.
	{"IAMUser", iamService, awsfake.Population{Users: 1000}, 1 + 1000},
	// Metadata, policy, rotation.
	{"KMSKey", kmsService, thousand("key"), 1 + 10 + 3*1000},
	// Concurrency, policy, URLs.
	{"LambdaFunction", lambdaService, thousand("function"), 20 + 10 + 3*1000},
	{"EC2Instance", ec2Service, awsfake.Population{Instances: 1000}, 1},
	{"EC2SecurityGroup", ec2Service, awsfake.Population{SecurityGroups: 1000}, 1},
	{"RDSInstance", rdsService, thousand("dbInstance"), 10},
	// Description, continuous backups.
	{"DynamoDBTable", dynamodbService, thousand("table"), 10 + 10 + 2*1000},
	{"SQSQueue", sqsService, thousand("queue"), 1 + 10 + 1000},
	{"SNSTopic", snsService, thousand("topic"), 10 + 10 + 1000},
	// The policy; tags come with the list.
	{"Secret", secretsmanagerService, thousand("secret"), 10 + 1000},
	// Policy, lifecycle policy.
	{"ECRRepository", ecrService, thousand("repository"), 1 + 10 + 2*1000},
	{"ACMCertificate", acmService, thousand("certificate"), 1 + 10},
	// Records of each zone.
	{"Route53Zone", route53Service, thousand("zone"), 10 + 10 + 1000},
	// Their logging is a list of its own.
	{"WebACL", wafv2Service, thousand("webAcl"), 10 + 10 + 10 + 1000},
	// Stages.
	{"RestAPI", apigatewayService, thousand("restApi"), 2 + 1000},
	{"RedshiftCluster", redshiftService, thousand("redshiftCluster"), 10 + 1000},
	{"CacheCluster", elasticacheService, thousand("cacheCluster"), 10 + 10},
	{"KinesisStream", kinesisService, thousand("stream"), 10 + 10 + 1000},
	{"StateMachine", sfnService, thousand("stateMachine"), 1 + 10 + 1000},
	{"BackupVault", backupService, thousand("backupVault"), 1 + 10 + 1000},
	{"SSMParameter", ssmService, thousand("parameter"), 20 + 20},
	{"AthenaWorkgroup", athenaService, thousand("workgroup"), 20 + 20 + 2*1000},
	// Attributes, listeners; the tags of a thousand listeners, by twenty.
	{"ELBv2LoadBalancer", elbv2Service, thousand("loadBalancer"), 3 + 10 + 2*1000 + 50},
}

func thousand(kind string) awsfake.Population {
	return awsfake.Population{More: map[string]int{kind: 1000}}
}

// BenchmarkCallsPerThousand counts the calls of a first scan of a thousand resources
// and fails when there are more than there may be. Counted is every call of the
// service that an account without any does not take, and one for the list.
func BenchmarkCallsPerThousand(b *testing.B) {
	for _, c := range coldCalls {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				all, seen := scanCalls(b, c.service, c.population)
				none, _ := scanCalls(b, c.service, awsfake.Population{})
				calls := 1 + all - none
				if seen < 1000 {
					b.Errorf("%d resources were seen", seen)
				}
				if calls > c.most {
					b.Errorf("%d calls, %d at most may be made", calls, c.most)
				}
				b.ReportMetric(float64(calls), "calls/1000")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// scanCalls is how many calls a scan of a service takes, and how many resources of
// the type that there are most of it sees.
func scanCalls(b *testing.B, svc *service, p awsfake.Population) (calls int, seen uint64) {
	b.Helper()
	a := newAccount(p)
	r := &reader{svc: svc, session: a.in(home), unitRegion: home}
	ends, err := r.Read(b.Context(), func(context.Context, discovery.Observation) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range ends {
		seen = max(seen, e.Seen)
		if e.State != schemas.ScopeComplete {
			b.Errorf("%+v", e)
		}
	}
	total, _ := a.fake.Calls()
	return int(total), seen
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
