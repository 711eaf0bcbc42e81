package aws

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// listed is a call that enumerates types: its operation, its IAM action.
type listed struct {
	service           *service
	operation, action string
	types             []string
}

var allLists = []listed{
	{s3Service, "s3:", "s3:ListAllMyBuckets", bucketTypes},
	{iamService, "iam:GetAccountAuthorizationDetails", authorizationDetails, detailTypes},
	{iamService, "iam:GetCredentialReport", "iam:GetCredentialReport", []string{typeCredentialReportUser, typeLoginProfile}},
	{iamService, "iam:GenerateCredentialReport", "iam:GenerateCredentialReport", []string{typeCredentialReportUser, typeLoginProfile}},
	{iamService, "iam:ListUsers", listUsers.action, []string{typeAccessKey}},
	{iamService, "iam:ListAccessKeys", listAccessKeys.action, []string{typeAccessKey}},
	{cloudtrailService, "cloudtrail:DescribeTrails", "cloudtrail:DescribeTrails", []string{typeTrail}},
	{cloudtrailService, "cloudtrail:ListEventDataStores", "cloudtrail:ListEventDataStores", []string{typeEventDataStore}},
	{configService, "config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorders", []string{typeRecorder, typeRecorderStatus}},
	{configService, "config:DescribeDeliveryChannels", "config:DescribeDeliveryChannels", []string{typeDeliveryChannel}},
	{sqsService, "sqs:ListQueues", "sqs:ListQueues", []string{typeQueue, typeQueuePolicy}},
	{kmsService, "kms:ListKeys", "kms:ListKeys", []string{typeKey, typeKeyState}},
	{kmsService, "kms:ListAliases", "kms:ListAliases", []string{typeKeyAlias}},
	{rdsService, "rds:DescribeDBSubnetGroups", "rds:DescribeDBSubnetGroups", []string{typeDBSubnetGroup}},
	{rdsService, "rds:DescribeDBClusters", "rds:DescribeDBClusters", []string{typeDBCluster}},
	{rdsService, "rds:DescribeDBInstances", "rds:DescribeDBInstances", dbInstanceTypes},
	{rdsService, "rds:DescribeDBSnapshots", "rds:DescribeDBSnapshots", dbSnapshotTypes},
	{rdsService, "rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusterSnapshots", dbClusterSnapshotTypes},
	{dynamodbService, "dynamodb:ListTables", "dynamodb:ListTables", []string{typeTable}},
	{secretsmanagerService, "secretsmanager:ListSecrets", "secretsmanager:ListSecrets", secretTypes},
	{snsService, "sns:ListTopics", "sns:ListTopics", []string{typeTopic, typeTopicPolicy}},
	{snsService, "sns:ListSubscriptions", "sns:ListSubscriptions", []string{typeTopicSubscription}},
	{logsService, "logs:DescribeLogGroups", "logs:DescribeLogGroups", []string{typeLogGroup}},
	{logsService, "logs:DescribeMetricFilters", "logs:DescribeMetricFilters", []string{typeLogMetricFilter}},
	{cloudwatchService, "monitoring:DescribeAlarms", "cloudwatch:DescribeAlarms", []string{typeMetricAlarm, typeCompositeAlarm}},
	{guarddutyService, "guardduty:ListDetectors", "guardduty:ListDetectors", []string{typeDetector, typeDetectorFeature}},
	{elbv2Service, "elasticloadbalancing:DescribeLoadBalancers", listLoadBalancers.action, []string{typeLoadBalancer, typeListener}},
	{elbv2Service, "elasticloadbalancing:DescribeListeners", listListeners.action, []string{typeListener}},
	{acmService, "acm:ListCertificates", listCertificates.action, []string{typeCertificate}},
	{cloudfrontService, "cloudfront:ListDistributions", listDistributions.action, []string{typeDistribution}},
	{autoscalingService, "autoscaling:DescribeAutoScalingGroups", listScalingGroups.action, []string{typeScalingGroup}},
	{autoscalingService, "autoscaling:DescribeLaunchConfigurations", listLaunchConfigurations.action, []string{typeLaunchConfiguration}},
	{elbService, "elasticloadbalancing:DescribeLoadBalancers", listLoadBalancers.action, []string{typeClassicLoadBalancer}},
	{elbv2Service, "elasticloadbalancing:DescribeTargetGroups", listTargetGroups.action, []string{typeTargetGroup}},
	{lambdaService, "lambda:ListFunctions", "lambda:ListFunctions", []string{typeFunction, typePermission, typeFunctionURL}},
	{lambdaService, "lambda:GetPolicy", "lambda:GetPolicy", []string{typePermission}},
	{lambdaService, "lambda:ListFunctionUrlConfigs", "lambda:ListFunctionUrlConfigs", []string{typeFunctionURL}},
	{ecrService, "ecr:DescribeRepositories", "ecr:DescribeRepositories", []string{typeRepository, typeRepositoryPolicy, typeRepositoryLifecycle}},
	{efsService, "elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeFileSystems", []string{typeFileSystem, typeFileSystemPolicy, typeFileSystemBackup}},
	{efsService, "elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DescribeAccessPoints", []string{typeAccessPoint}},
	{ecsService, "ecs:ListClusters", "ecs:ListClusters", []string{typeECSCluster, typeECSService}},
	{ecsService, "ecs:ListServices", "ecs:ListServices", []string{typeECSService}},
	{ecsService, "ecs:ListTaskDefinitions", "ecs:ListTaskDefinitions", []string{typeTaskDefinition}},
	{eksService, "eks:ListClusters", "eks:ListClusters", []string{typeEKSCluster, typeNodeGroup, typeAddon}},
	{eksService, "eks:ListNodegroups", "eks:ListNodegroups", []string{typeNodeGroup}},
	{eksService, "eks:ListAddons", "eks:ListAddons", []string{typeAddon}},
	{apigatewayService, "apigateway:GetRestApis", apigatewayGet, []string{typeRestAPI, typeRestAPIPolicy, typeRestStage, typeMethodSettings}},
	{apigatewayService, "apigateway:GetStages", apigatewayGet, []string{typeRestStage, typeMethodSettings, typeHTTPStage}},
	{apigatewayService, "apigateway:GetApis", apigatewayGet, []string{typeHTTPAPI, typeHTTPStage}},
	{apigatewayService, "apigateway:GetDomainNames", apigatewayGet, []string{typeRestDomain, typeHTTPDomain}},
	{athenaService, "athena:ListWorkGroups", listWorkgroups.action, []string{typeWorkgroup, typeNamedQuery}},
	{athenaService, "athena:ListNamedQueries", listNamedQueries.action, []string{typeNamedQuery}},
	{athenaService, "athena:ListDataCatalogs", listDataCatalogs.action, []string{typeDataCatalog}},
	{athenaService, "athena:ListDatabases", listDatabases.action, []string{typeDatabase}},
	{appflowService, "appflow:ListFlows", listFlows.action, []string{typeFlow}},
	{appflowService, "appflow:DescribeConnectorProfiles", listConnectorProfiles.action, []string{typeConnectorProfile}},
	{opensearchService, "es:ListDomainNames", listDomains.action, domainTypes},
	{redshiftService, "redshift:DescribeClusters", listRedshiftClusters.action, []string{typeRedshiftCluster, typeSnapshotCopy, typeRedshiftLogging}},
	{redshiftService, "redshift:DescribeClusterSubnetGroups", listRedshiftSubnetGroups.action, []string{typeRedshiftSubnetGroup}},
	{elasticacheService, "elasticache:DescribeCacheClusters", listCacheClusters.action, []string{typeCacheCluster}},
	{elasticacheService, "elasticache:DescribeReplicationGroups", listReplicationGroups.action, []string{typeReplicationGroup}},
	{elasticacheService, "elasticache:DescribeCacheSubnetGroups", listCacheSubnetGroups.action, []string{typeCacheSubnetGroup}},
	{kinesisService, "kinesis:ListStreams", listStreams.action, []string{typeStream}},
	{sfnService, "states:ListStateMachines", listStateMachines.action, []string{typeStateMachine}},
	{backupService, "backup:ListBackupVaults", listVaults.action, []string{typeVault, typeVaultLock, typeVaultPolicy}},
	{backupService, "backup:ListBackupPlans", listBackupPlans.action, []string{typeBackupPlan}},
	{ssmService, "ssm:DescribeParameters", listParameters.action, []string{typeParameter}},
	{ssmService, "ssm:ListDocuments", listDocuments.action, []string{typeDocument}},
	{wafv2Service, "wafv2:ListWebACLs", listWebACLs.action, []string{typeWebACL}},
	{wafv2Service, "wafv2:ListLoggingConfigurations", listWebLogging.action, []string{typeWebACLLogging}},
	{route53Service, "route53:ListHostedZones", listZones.action, []string{typeZone, typeRecord}},
	{route53Service, "route53:ListResourceRecordSets", listRecords.action, []string{typeRecord}},
	{route53Service, "route53:ListQueryLoggingConfigs", listQueryLogs.action, []string{typeQueryLog}},
	{ec2Service, "ec2:DescribeLaunchTemplates", listLaunchTemplates.action, []string{typeLaunchTemplate}},
	{ec2Service, "ec2:DescribeFlowLogs", listFlowLogs.action, []string{typeFlowLog}},
	{ec2Service, "ec2:DescribeSecurityGroupRules", listGroupRules.action, []string{typeIngressRule, typeEgressRule}},
	{ec2Service, "ec2:DescribeVpcs", "ec2:DescribeVpcs", []string{typeVPC}},
	{ec2Service, "ec2:DescribeSubnets", "ec2:DescribeSubnets", []string{typeSubnet}},
	{ec2Service, "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroups", []string{typeSecurityGroup, typeDefaultGroup}},
	{ec2Service, "ec2:DescribeInstances", "ec2:DescribeInstances", []string{typeInstance}},
	{ec2Service, "ec2:DescribeVolumes", "ec2:DescribeVolumes", []string{typeVolume}},
	{ec2Service, "ec2:DescribeSnapshots", "ec2:DescribeSnapshots", []string{typeSnapshot, typeSnapshotExposure}},
	{ec2Service, "ec2:DescribeImages", "ec2:DescribeImages", []string{typeAMI, typeAMIExposure}},
}

// facts are emitted whatever their call says, unknown if need be; their scopes
// are always complete.
var facts = []string{
	typeAccountPAB, typeAccountPABSetting, typeAccountPasswordPolicy, typePasswordPolicy, typeRootAccount, typeRegionTrails, typeRegionRecorders, typeEBSEncryption,
	typeRegionDetectors,
}

// refusal is an error of an operation's service.
func refusal(operation, code string, status int) answer {
	service, _, _ := strings.Cut(operation, ":")
	shape, ok := map[string]func(string) string{
		"s3":                   s3Error,
		"s3control":            s3controlError,
		"iam":                  iamError,
		"ec2":                  ec2Error,
		"rds":                  iamError,
		"sns":                  iamError,
		"monitoring":           iamError,
		"elasticloadbalancing": iamError,
		"autoscaling":          iamError,
		"cloudfront":           iamError,
		"redshift":             iamError,
		"route53":              iamError,
		"elasticache":          iamError,
	}[service]
	if !ok {
		shape = jsonError
	}
	return answer{status, shape(code)}
}

var full = awsfake.Population{
	Instances: 3, Volumes: 1, SecurityGroups: 2, Subnets: 2, VPCs: 2, Snapshots: 2, Images: 2, Buckets: 4, Users: 2, Roles: 2, Policies: 2,
	More: map[string]int{"*": 2},
}

// A list that cannot be read leaves its scopes open, with the call that was
// refused; an empty and complete scope would have everything tombstoned.
func TestListErrorIsNoEmptyScope(t *testing.T) {
	t.Parallel()
	for _, l := range allLists {
		for _, c := range []struct {
			code, reason string
			status       int
			want         schemas.ScopeState
		}{
			{"AccessDenied", "AccessDenied", 403, schemas.ScopeDenied},
			{"InternalError", "InternalError", 500, schemas.ScopeFailed},
			{"AuthFailure", "AuthFailure: the region may not be enabled for the account", 401, schemas.ScopeDenied},
		} {
			a := newAccount(full)
			no := refusal(l.operation, c.code, c.status)
			a.fails(l.operation, no.status, no.body)
			s := a.read(t, l.service, schemas.GlobalRegion)
			for token, e := range s.scopes {
				if !slices.Contains(l.types, token) {
					if e.State != schemas.ScopeComplete {
						t.Errorf("%s %s touched %+v", l.operation, c.code, e)
					}
					continue
				}
				if e.State != c.want || e.Call != l.action || e.Reason != c.reason || e.Seen != 0 {
					t.Errorf("%s %s: %+v", l.operation, c.code, e)
				}
			}
		}
	}
}

// Every type is either enumerated by a list of the table above or a fact.
func TestEveryTypeHasItsList(t *testing.T) {
	t.Parallel()
	var known []string
	for _, l := range allLists {
		known = append(known, l.types...)
	}
	known = append(known, facts...)
	for _, svc := range services {
		for _, spec := range svc.types {
			if !slices.Contains(known, spec.token) {
				t.Errorf("%s is in no list", spec.token)
			}
		}
	}
}

// What a broken network leaves is neither empty nor complete.
func TestNoAnswerAtAll(t *testing.T) {
	t.Parallel()
	for _, svc := range services {
		s := newAccount(full).in(home)
		s.cfg.HTTPClient = httpClient(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset by peer") })
		r := &reader{svc: svc, session: s, unitRegion: home}
		ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
			if !slices.Contains(facts, o.Type) || len(o.Unknown) == 0 {
				t.Errorf("emitted %+v", o)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ends {
			if (slices.Contains(facts, e.Type) && perhaps[e.Type] == "") != (e.State == schemas.ScopeComplete) {
				t.Errorf("%+v", e)
			}
			if e.State != schemas.ScopeComplete && !strings.Contains(e.Reason, "connection reset") {
				t.Errorf("%+v does not say why", e)
			}
		}
	}
}

type httpClient func(*http.Request) (*http.Response, error)

func (f httpClient) Do(r *http.Request) (*http.Response, error) { return f(r) }

// smallPages makes awsfake answer lists in pages of two.
func smallPages(a *account) *account {
	a.fake.SetFaults(awsfake.Faults{PageSize: 2})
	return a
}

// onePage are lists that have no pages, or no second one of what hangs off one
// resource of awsfake.
var onePage = []string{
	"iam:GetCredentialReport", "iam:GenerateCredentialReport", "iam:ListAccessKeys",
	"cloudtrail:DescribeTrails", "config:DescribeConfigurationRecorders", "config:DescribeDeliveryChannels",
	"lambda:GetPolicy", "lambda:ListFunctionUrlConfigs",
	"apigateway:GetStages", "es:ListDomainNames",
	"elasticloadbalancing:DescribeListeners", // see TestListenersOfManyPages
}

// goesOn tells a request for the second or a later page, in any protocol.
func goesOn(q url.Values) bool {
	for name, values := range q {
		if tokenName.MatchString(name) && values[0] != "" {
			return true
		}
	}
	if strings.HasSuffix(q.Get("path"), "/rrset") { // goes on behind a name
		return q.Get("name") != ""
	}
	return tokenField.MatchString(q.Get("body"))
}

var (
	tokenName  = regexp.MustCompile(`(?i)^(next_?token|position|marker|continuation-token)$`)
	tokenField = regexp.MustCompile(`(?i)"(next_?token|paginationtoken|(next)?marker|exclusivestart\w+)":"`)
)

// A list that breaks off between pages keeps what it gave and is not complete.
func TestListThatBreaksOff(t *testing.T) {
	t.Parallel()
	for _, l := range allLists {
		if slices.Contains(onePage, l.operation) {
			continue
		}
		a := smallPages(newAccount(three))
		a.asked(l.operation, func(_ string, q url.Values) answer {
			if goesOn(q) {
				return refusal(l.operation, "InternalError", 500)
			}
			return answer{}
		})
		s := a.read(t, l.service, schemas.GlobalRegion)
		first := s.scopes[l.types[0]]
		if first.State != schemas.ScopeFailed || first.Call != l.action || first.Seen != 2 || s.count(l.types[0]) != 2 {
			t.Errorf("%s: %+v", l.operation, first)
		}
	}
}

// three has three of everything that is listed.
var three = awsfake.Population{
	Instances: 3, SecurityGroups: 3, Subnets: 3, VPCs: 3, Snapshots: 3, Images: 3, Buckets: 3, Users: 3, Roles: 3, Policies: 3,
	More: map[string]int{"*": 3},
}

// Pages are read to the last one, whatever their size.
func TestPagesAreReadToTheEnd(t *testing.T) {
	t.Parallel()
	for _, l := range allLists {
		if slices.Contains(onePage, l.operation) {
			continue
		}
		want := newAccount(three).read(t, l.service, home)
		a := smallPages(newAccount(three))
		got := a.read(t, l.service, home)
		for _, token := range l.types {
			if got.count(token) != want.count(token) || got.scopes[token] != want.scopes[token] || got.scopes[token].State != schemas.ScopeComplete {
				t.Errorf("%s: %d, %+v, want %d", token, got.count(token), got.scopes[token], want.count(token))
			}
		}
		if n := a.count(l.operation); n < 2 {
			t.Errorf("%s: read in %d calls", l.operation, n)
		}
	}
	// A page may be empty and still not be the last one.
	a := newAccount(three)
	a.asked("ec2:DescribeVpcs", func(_ string, q url.Values) answer {
		if !goesOn(q) {
			return answer{http.StatusOK, "<DescribeVpcsResponse><vpcSet/><nextToken>0</nextToken></DescribeVpcsResponse>"}
		}
		return answer{}
	})
	if n := a.read(t, ec2Service, home).count(typeVPC); n != 3 {
		t.Errorf("%d VPCs behind an empty page", n)
	}
}

// Every Describe names a page size: unpaged calls have the smallest rate.
func TestDescribesArePaged(t *testing.T) {
	t.Parallel()
	a := newAccount(full)
	unpaged := map[string]bool{}
	for _, l := range allLists {
		if l.service == ec2Service {
			a.asked(l.operation, func(_ string, q url.Values) answer {
				if size := q.Get("MaxResults"); size != "1000" && (l.operation != "ec2:DescribeLaunchTemplates" || size != "200") {
					a.mu.Lock()
					defer a.mu.Unlock()
					unpaged[l.operation] = true
				}
				return answer{}
			})
		}
	}
	a.read(t, ec2Service, home)
	if len(unpaged) > 0 {
		t.Errorf("unpaged: %v", slices.Collect(maps.Keys(unpaged)))
	}
}

// A scope tells the trouble that it met first.
func TestFirstTroubleIsTold(t *testing.T) {
	t.Parallel()
	r := newRun(nil)
	r.incomplete("s3:GetBucketLocation", apiError("AccessDenied", 403), typeBucket)
	r.incomplete("s3:ListAllMyBuckets", apiError("InternalError", 500), typeBucket, typeBucketACL)
	for _, e := range r.scopes(s3Service, schemas.GlobalRegion) {
		want := map[string]string{typeBucket: "s3:GetBucketLocation", typeBucketACL: "s3:ListAllMyBuckets"}[e.Type]
		if e.Call != want {
			t.Errorf("%+v, want call %q", e, want)
		}
	}
}

// A read that is cancelled says nothing of any scope, nor of what it goes on to
// read. One at a time: of two that are told at once, neither is late.
func TestCancelledReadSaysNothing(t *testing.T) {
	t.Parallel()
	for _, svc := range services {
		ctx, cancel := context.WithCancel(t.Context())
		a := newAccount(full)
		r := &reader{svc: svc, session: a.in(home), unitRegion: home}
		var emitted atomic.Int32
		ends, err := r.Read(context.WithValue(ctx, oneByOne{}, true), func(context.Context, discovery.Observation) error {
			emitted.Add(1)
			cancel()
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) || ends != nil || emitted.Load() != 1 {
			t.Errorf("%s: %d emitted, %v, %v", svc.name, emitted.Load(), ends, err)
		}
	}
	// An emit that fails ends the read with its error.
	stop := errors.New("stream full")
	for _, svc := range services {
		r := &reader{svc: svc, session: newAccount(full).in(home), unitRegion: home}
		if ends, err := r.Read(t.Context(), func(context.Context, discovery.Observation) error { return stop }); !errors.Is(err, stop) || ends != nil {
			t.Errorf("%s: %v, %v", svc.name, ends, err)
		}
	}
}
