package aws

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// located asks where a resource of the account is.
func (a *account) located(t *testing.T, resource string) (string, []schemas.Key, error) {
	t.Helper()
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	unit, keys, err := New(zerolog.Nop(), time.Now).Locate(t.Context(), schemas.Account{ID: "aws-" + self, Name: "prod", Endpoint: srv.URL}, resource)
	return unit.String(), keys, err
}

// ids are the keys of the types that share an id.
func ids(region, id string, tokens ...string) string {
	return keyTexts(place{types: tokens}.keys(region, id))
}

func keyTexts(keys []schemas.Key) string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.String()
	}
	return strings.Join(list, " ")
}

func TestLocate(t *testing.T) {
	sdkFiles(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	a := newAccount(awsfake.Population{Buckets: 2, More: map[string]int{"queue": 12}})
	buckets := ids("eu-west-1", "bucket-00000001", bucketTypes...)
	for resource, want := range map[string][2]string{
		"arn:aws:ec2:eu-west-1:123456789012:instance/i-1":                                {"eu-west-1/ec2", "eu-west-1|aws:ec2/instance:Instance|i-1"},
		"arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1":                         {"eu-west-1/ec2", "eu-west-1|aws:ec2/securityGroup:SecurityGroup|sg-1 eu-west-1|aws:ec2/defaultSecurityGroup:DefaultSecurityGroup|sg-1"},
		"arn:aws:ec2:eu-west-1::snapshot/snap-1":                                         {"eu-west-1/ec2", "eu-west-1|aws:ebs/snapshot:Snapshot|snap-1 eu-west-1|insights:aws/snapshotExposure:SnapshotExposure|snap-1"},
		"arn:aws:iam::123456789012:role/service/path/reader":                             {"global/iam", "global|aws:iam/role:Role|reader"},
		"arn:aws:iam::123456789012:policy/p/one":                                         {"global/iam", "global|aws:iam/policy:Policy|arn:aws:iam::123456789012:policy/p/one"},
		"arn:aws:cloudtrail:us-east-1:123456789012:trail/all":                            {"us-east-1/cloudtrail", "us-east-1|aws:cloudtrail/trail:Trail|arn:aws:cloudtrail:us-east-1:123456789012:trail/all"},
		"arn:aws:config:us-east-1:123456789012:configuration-recorder/default/abc":       {"us-east-1/config", ids("us-east-1", "default", typeRecorder, typeRecorderStatus)},
		"arn:aws:s3:::bucket-00000001":                                                   {"global/s3", buckets},
		"eu-west-1|aws:s3/bucketPolicy:BucketPolicy|bucket-00000001":                     {"global/s3", buckets},
		"eu-west-1|aws:ec2/ami:Ami|ami-1":                                                {"eu-west-1/ec2", "eu-west-1|aws:ec2/ami:Ami|ami-1 eu-west-1|insights:aws/amiExposure:AmiExposure|ami-1"},
		"arn:aws:sqs:eu-west-1:123456789012:queue-000001":                                {"eu-west-1/sqs", "eu-west-1|aws:sqs/queue:Queue|https://sqs.eu-west-1.amazonaws.com/123456789012/queue-000001 eu-west-1|aws:sqs/queuePolicy:QueuePolicy|https://sqs.eu-west-1.amazonaws.com/123456789012/queue-000001"},
		"arn:aws:kms:eu-west-1:123456789012:key/1-2-3":                                   {"eu-west-1/kms", "eu-west-1|aws:kms/key:Key|1-2-3 eu-west-1|insights:aws/keyState:KeyState|1-2-3"},
		"arn:aws:kms:eu-west-1:123456789012:alias/team/app":                              {"eu-west-1/kms", "eu-west-1|aws:kms/alias:Alias|alias/team/app"},
		"arn:aws:rds:eu-west-1:123456789012:db:main":                                     {"eu-west-1/rds", "eu-west-1|aws:rds/instance:Instance|main eu-west-1|aws:rds/clusterInstance:ClusterInstance|main"},
		"arn:aws:rds:eu-west-1:123456789012:cluster:main":                                {"eu-west-1/rds", "eu-west-1|aws:rds/cluster:Cluster|main"},
		"arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:job-1":                    {"eu-west-1/rds", "eu-west-1|aws:rds/snapshot:Snapshot|awsbackup:job-1 eu-west-1|insights:aws/dbSnapshotExposure:DbSnapshotExposure|awsbackup:job-1"},
		"arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:one":                        {"eu-west-1/rds", "eu-west-1|aws:rds/clusterSnapshot:ClusterSnapshot|one eu-west-1|insights:aws/dbClusterSnapshotExposure:DbClusterSnapshotExposure|one"},
		"arn:aws:rds:eu-west-1:123456789012:subgrp:inside":                               {"eu-west-1/rds", "eu-west-1|aws:rds/subnetGroup:SubnetGroup|inside"},
		"arn:aws:dynamodb:eu-west-1:123456789012:table/t":                                {"eu-west-1/dynamodb", "eu-west-1|aws:dynamodb/table:Table|t"},
		"arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-01T00:00:00.000": {"eu-west-1/dynamodb", "eu-west-1|aws:dynamodb/table:Table|t"},
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf":            {"eu-west-1/secretsmanager", ids("eu-west-1", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf", secretTypes...)},
		"arn:aws:sns:eu-west-1:123456789012:alerts":                                      {"eu-west-1/sns", ids("eu-west-1", "arn:aws:sns:eu-west-1:123456789012:alerts", typeTopic, typeTopicPolicy)},
		"arn:aws:sns:eu-west-1:123456789012:alerts:1-2":                                  {"eu-west-1/sns", ids("eu-west-1", "arn:aws:sns:eu-west-1:123456789012:alerts:1-2", typeTopicSubscription)},
		"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f":                    {"eu-west-1/logs", "eu-west-1|aws:cloudwatch/logGroup:LogGroup|/aws/lambda/f"},
		"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f:*":                  {"eu-west-1/logs", "eu-west-1|aws:cloudwatch/logGroup:LogGroup|/aws/lambda/f"},
		"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:CPU: 5/6":                       {"eu-west-1/cloudwatch", ids("eu-west-1", "CPU: 5/6", typeMetricAlarm, typeCompositeAlarm)},
		"arn:aws:guardduty:eu-west-1:123456789012:detector/d1":                           {"eu-west-1/guardduty", "eu-west-1|aws:guardduty/detector:Detector|d1"},
		"arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/1-2":                   {"us-east-1/cloudtrail", ids("us-east-1", "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/1-2", typeEventDataStore)},
		lbARN:                              {"us-east-1/elbv2", ids(home, lbARN, typeLoadBalancer)},
		elbHome + "loadbalancer/net/tcp/2": {"us-east-1/elbv2", ids(home, elbHome+"loadbalancer/net/tcp/2", typeLoadBalancer)},
		elbHome + "loadbalancer/gwy/gw/3":  {"us-east-1/elbv2", ids(home, elbHome+"loadbalancer/gwy/gw/3", typeLoadBalancer)},
		elbHome + "listener/app/web/1/2":   {"us-east-1/elbv2", ids(home, elbHome+"listener/app/web/1/2", typeListener)},
		elbHome + "targetgroup/web/1":      {"us-east-1/elbv2", ids(home, elbHome+"targetgroup/web/1", typeTargetGroup)},
		elbHome + "loadbalancer/old":       {"us-east-1/elb", ids(home, "old", typeClassicLoadBalancer)},
		"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1-2:autoScalingGroupName/web/blue":  {"eu-west-1/autoscaling", ids("eu-west-1", "web/blue", typeScalingGroup)},
		"arn:aws:autoscaling:eu-west-1:123456789012:launchConfiguration:1-2:launchConfigurationName/web": {"eu-west-1/autoscaling", ids("eu-west-1", "web", typeLaunchConfiguration)},
		"arn:aws:acm:eu-west-1:123456789012:certificate/1-2":                                             {"eu-west-1/acm", ids("eu-west-1", "arn:aws:acm:eu-west-1:123456789012:certificate/1-2", typeCertificate)},
		"arn:aws:cloudfront::123456789012:distribution/E1":                                               {"global/cloudfront", ids("global", "E1", typeDistribution)},
		"arn:aws:lambda:eu-west-1:123456789012:function:f":                                               {"eu-west-1/lambda", ids("eu-west-1", "f", typeFunction, typeFunctionURL)},
		"arn:aws:lambda:eu-west-1:123456789012:function:f:live":                                          {"eu-west-1/lambda", ids("eu-west-1", "f", typeFunction, typeFunctionURL)},
		"arn:aws:ecr:eu-west-1:123456789012:repository/team/app":                                         {"eu-west-1/ecr", ids("eu-west-1", "team/app", typeRepository, typeRepositoryPolicy, typeRepositoryLifecycle)},
		"arn:aws:ecs:eu-west-1:123456789012:cluster/c":                                                   {"eu-west-1/ecs", ids("eu-west-1", "c", typeECSCluster)},
		"arn:aws:ecs:eu-west-1:123456789012:service/c/s":                                                 {"eu-west-1/ecs", ids("eu-west-1", "c/s", typeECSService)},
		"arn:aws:ecs:eu-west-1:123456789012:task-definition/t:3":                                         {"eu-west-1/ecs", ids("eu-west-1", "arn:aws:ecs:eu-west-1:123456789012:task-definition/t:3", typeTaskDefinition)},
		"arn:aws:eks:eu-west-1:123456789012:cluster/c":                                                   {"eu-west-1/eks", ids("eu-west-1", "c", typeEKSCluster)},
		"arn:aws:eks:eu-west-1:123456789012:nodegroup/c/n/1-2":                                           {"eu-west-1/eks", ids("eu-west-1", "c:n", typeNodeGroup)},
		"arn:aws:eks:eu-west-1:123456789012:addon/c/vpc-cni/1-2":                                         {"eu-west-1/eks", ids("eu-west-1", "c:vpc-cni", typeAddon)},
		"arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1":                              {"eu-west-1/efs", ids("eu-west-1", "fs-1", typeFileSystem, typeFileSystemPolicy, typeFileSystemBackup)},
		"arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-1":                           {"eu-west-1/efs", ids("eu-west-1", "fsap-1", typeAccessPoint)},
		"arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1":                                        {"eu-west-1/ec2", ids("eu-west-1", "lt-1", typeLaunchTemplate)},
		"arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/fl-1":                                           {"eu-west-1/ec2", ids("eu-west-1", "fl-1", typeFlowLog)},
		"arn:aws:ec2:eu-west-1:123456789012:security-group-rule/sgr-1":                                   {"eu-west-1/ec2", ids("eu-west-1", "sgr-1", typeIngressRule, typeEgressRule)},
		"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/i":                                       {"eu-west-1/wafv2", ids("eu-west-1", "i/a/REGIONAL", typeWebACL) + " " + ids("eu-west-1", "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/i", typeWebACLLogging)},
		"arn:aws:route53:::hostedzone/Z1":                                                                {"global/route53", ids("global", "Z1", typeZone)},
		"arn:aws:route53:::queryloggingconfig/1-2":                                                       {"global/route53", ids("global", "1-2", typeQueryLog)},
		"arn:aws:elasticache:eu-west-1:123456789012:cluster:c":                                           {"eu-west-1/elasticache", ids("eu-west-1", "c", typeCacheCluster)},
		"arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:g":                                  {"eu-west-1/elasticache", ids("eu-west-1", "g", typeReplicationGroup)},
		"arn:aws:elasticache:eu-west-1:123456789012:subnetgroup:s":                                       {"eu-west-1/elasticache", ids("eu-west-1", "s", typeCacheSubnetGroup)},
		"arn:aws:kinesis:eu-west-1:123456789012:stream/s":                                                {"eu-west-1/kinesis", ids("eu-west-1", "s", typeStream)},
		"arn:aws:states:eu-west-1:123456789012:stateMachine:m":                                           {"eu-west-1/sfn", ids("eu-west-1", "arn:aws:states:eu-west-1:123456789012:stateMachine:m", typeStateMachine)},
		"arn:aws:backup:eu-west-1:123456789012:backup-vault:v":                                           {"eu-west-1/backup", ids("eu-west-1", "v", typeVault, typeVaultLock, typeVaultPolicy)},
		"arn:aws:backup:eu-west-1:123456789012:backup-plan:p":                                            {"eu-west-1/backup", ids("eu-west-1", "p", typeBackupPlan)},
		"arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key":                                          {"eu-west-1/ssm", ids("eu-west-1", "/shop/key", typeParameter)},
		"arn:aws:ssm:eu-west-1:123456789012:document/run":                                                {"eu-west-1/ssm", ids("eu-west-1", "run", typeDocument)},
		"arn:aws:athena:eu-west-1:123456789012:workgroup/primary":                                        {"eu-west-1/athena", ids("eu-west-1", "primary", typeWorkgroup)},
		"arn:aws:athena:eu-west-1:123456789012:datacatalog/c":                                            {"eu-west-1/athena", ids("eu-west-1", "c", typeDataCatalog)},
		"arn:aws:appflow:eu-west-1:123456789012:flow/f":                                                  {"eu-west-1/appflow", ids("eu-west-1", "f", typeFlow)},
		"arn:aws:appflow:eu-west-1:123456789012:connectorprofile/p":                                      {"eu-west-1/appflow", ids("eu-west-1", "p", typeConnectorProfile)},
		"arn:aws:es:eu-west-1:123456789012:domain/d":                                                     {"eu-west-1/opensearch", ids("eu-west-1", "d", domainTypes...)},
		"arn:aws:redshift:eu-west-1:123456789012:cluster:c":                                              {"eu-west-1/redshift", ids("eu-west-1", "c", typeRedshiftCluster, typeRedshiftLogging, typeSnapshotCopy)},
		"arn:aws:redshift:eu-west-1:123456789012:subnetgroup:g":                                          {"eu-west-1/redshift", ids("eu-west-1", "g", typeRedshiftSubnetGroup)},
		"arn:aws:apigateway:eu-west-1::/restapis/a1":                                                     {"eu-west-1/apigateway", ids("eu-west-1", "a1", typeRestAPI, typeRestAPIPolicy)},
		"arn:aws:apigateway:eu-west-1::/restapis/a1/stages/prod":                                         {"eu-west-1/apigateway", ids("eu-west-1", "a1/prod", typeRestStage)},
		"arn:aws:apigateway:eu-west-1::/apis/a1":                                                         {"eu-west-1/apigateway", ids("eu-west-1", "a1", typeHTTPAPI)},
		"arn:aws:apigateway:eu-west-1::/apis/a1/stages/$default":                                         {"eu-west-1/apigateway", ids("eu-west-1", "a1/$default", typeHTTPStage)},
		"arn:aws:apigateway:eu-west-1::/domainnames/api.test":                                            {"eu-west-1/apigateway", ids("eu-west-1", "api.test", typeRestDomain, typeHTTPDomain)},
		"arn:aws:apigateway:eu-west-1::/domainnames/api.test+x1":                                         {"eu-west-1/apigateway", ids("eu-west-1", "api.test/x1", typeRestDomain, typeHTTPDomain)},
		"eu-west-1|aws:lambda/functionUrl:FunctionUrl|f/live":                                            {"eu-west-1/lambda", ids("eu-west-1", "f/live", typeFunctionURL)},
		"global|insights:aws/rootAccount:RootAccount|123456789012":                                       {"global/iam", "global|insights:aws/rootAccount:RootAccount|123456789012"},
	} {
		unit, keys, err := a.located(t, resource)
		if err != nil || unit != want[0] || keyTexts(keys) != want[1] {
			t.Errorf("%s: %s in %s, %v; want %v", resource, keyTexts(keys), unit, err, want)
		}
	}
	for resource, code := range map[string]schemas.Code{
		"i-1": schemas.CodeInvalid,
		"arn:aws:ec2:eu-west-1:999999999999:instance/i-1":               schemas.CodeInvalid,
		"arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1":           schemas.CodeInvalid,
		"arn:aws:ec2:eu-west-1:123456789012:instance/":                  schemas.CodeNotFound,
		"arn:aws:ec2:eu-west-1:123456789012:key-pair/k":                 schemas.CodeInvalid, // of the long tail, which is off
		"arn:aws:s3:::bucket-00000001/an/object":                        schemas.CodeNotFound,
		"arn:aws:braket:eu-west-1:123456789012:job/1":                   schemas.CodeNotFound,
		"eu-west-1|aws:braket/job:Job|1":                                schemas.CodeNotFound,
		"arn:aws:sqs:eu-west-1:123456789012:queue-0":                    schemas.CodeNotFound,
		"arn:aws:kms:eu-west-1:123456789012:key/":                       schemas.CodeNotFound,
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:":         schemas.CodeNotFound,
		"arn:aws:logs:eu-west-1:123456789012:log-group:g:log-stream:s":  schemas.CodeNotFound,
		"arn:aws:guardduty:eu-west-1:123456789012:detector/d1/filter/f": schemas.CodeNotFound,
		elbHome + "listener-rule/app/web/1/2/3":                         schemas.CodeNotFound,
		elbHome + "loadbalancer/new/kind/1":                             schemas.CodeNotFound,
		"arn:aws:ecs:eu-west-1:123456789012:service/s":                  schemas.CodeNotFound,
		"arn:aws:ecs:eu-west-1:123456789012:task-definition/t":          schemas.CodeNotFound,
		"arn:aws:eks:eu-west-1:123456789012:nodegroup/c/n":              schemas.CodeNotFound,
	} {
		if _, keys, err := a.located(t, resource); schemas.CodeOf(err) != code || err == nil || len(keys) > 0 {
			t.Errorf("%s: %v, %v; want %s", resource, keys, err, code)
		}
	}
	a.fails("s3:location", http.StatusNotFound, s3Error("NoSuchBucket"))
	if _, _, err := a.located(t, "arn:aws:s3:::bucket-00000001"); schemas.CodeOf(err) != schemas.CodeNotFound {
		t.Errorf("a bucket that is gone: %v", err)
	}
	a.fails("s3:location", http.StatusForbidden, s3Error("AccessDenied"))
	if _, _, err := a.located(t, "arn:aws:s3:::bucket-00000001"); schemas.CodeOf(err) != schemas.CodeDenied {
		t.Errorf("a bucket out of reach: %v", err)
	}
	for code, want := range map[string]schemas.Code{"AccessDenied": schemas.CodeDenied, "InternalError": schemas.CodeUnavailable} {
		no := refusal("sqs:", code, map[schemas.Code]int{schemas.CodeDenied: 400, schemas.CodeUnavailable: 500}[want])
		a.fails("sqs:ListQueues", no.status, no.body)
		if _, _, err := a.located(t, "arn:aws:sqs:eu-west-1:123456789012:queue-000001"); schemas.CodeOf(err) != want {
			t.Errorf("a queue, %s: %v", code, err)
		}
	}
}

// withoutARN are the types that no ARN stands for, with the reason.
var withoutARN = map[string]string{
	typeAccountPAB:            "a setting of the account",
	typeAccountPABSetting:     "a setting of the account",
	typeEBSEncryption:         "a setting of the region",
	typeAccountPasswordPolicy: "a setting of the account",
	typePasswordPolicy:        "a setting of the account",
	typeRootAccount:           "a fact of the account",
	typeCredentialReportUser:  "a row of the report of all users",
	typeAccessKey:             "has no ARN",
	typeUserPolicy:            "an inline policy has no ARN",
	typeGroupPolicy:           "an inline policy has no ARN",
	typeRolePolicy:            "an inline policy has no ARN",
	typeUserAttachment:        "two ARNs: the user's and the policy's",
	typeGroupAttachment:       "two ARNs: the group's and the policy's",
	typeRoleAttachment:        "two ARNs: the role's and the policy's",
	typeRegionTrails:          "a fact of the region",
	typeDeliveryChannel:       "has no ARN",
	typeRegionRecorders:       "a fact of the region",
	typeLogMetricFilter:       "has no ARN",
	typeDetectorFeature:       "has no ARN",
	typeRegionDetectors:       "a fact of the region",
	typePermission:            "a statement of a policy",
	typeMethodSettings:        "settings of a stage",
	typeRecord:                "has no ARN",
	typeDatabase:              "has no ARN of Athena's",
	typeNamedQuery:            "has no ARN",
}

// Every type can be read by its ARN, or it is known why not.
func TestEveryTypeHasItsPlace(t *testing.T) {
	t.Parallel()
	for _, spec := range Types() {
		placed := slices.ContainsFunc(places, func(at place) bool { return at.service == spec.Service && slices.Contains(at.types, spec.Type) })
		if reason := withoutARN[spec.Type]; placed == (reason != "") {
			t.Errorf("%s: in a row %t, without ARN for %q", spec.Type, placed, reason)
		}
	}
}

// Every row names a service and types that it emits, and an id that its reader
// gives them: what a read emits can be located by its key and read again.
func TestEveryPlaceIsThatOfItsService(t *testing.T) {
	t.Parallel()
	for _, at := range places {
		svc := serviceNamed(at.service)
		if svc == nil {
			t.Errorf("%s %s: no service %q", at.arn, at.kind, at.service)
			continue
		}
		for _, token := range at.types {
			if !slices.ContainsFunc(svc.types, func(s typeSpec) bool { return s.token == token }) {
				t.Errorf("%s %s: %s emits no %s", at.arn, at.kind, at.service, token)
			}
		}
	}
	a := newAccount(full)
	for _, svc := range services {
		unitRegion := home
		if svc.global {
			unitRegion = schemas.GlobalRegion
		}
		for _, o := range a.read(t, svc, home).list {
			unit, keys, err := besides(o.Key)
			if err != nil || unit != (schemas.UnitKey{Region: unitRegion, Service: svc.name}) || !slices.Contains(keys, o.Key) {
				t.Errorf("%s: in %s as %v, %v", o.Key, unit, keys, err)
			}
			checkARN(t, o)
		}
	}
}

// checkARN locates what a read says to be the ARN of a resource.
func checkARN(t *testing.T, o discovery.Observation) {
	t.Helper()
	text, ok := o.Properties["arn"].(string)
	if !ok || withoutARN[o.Type] != "" {
		return
	}
	parsed, err := arn.Parse(text)
	if err != nil {
		t.Errorf("%s: %v", o.Key, err)
		return
	}
	if !slices.ContainsFunc(placesOf(parsed), func(f found) bool { return slices.Contains(f.types, o.Type) && f.name == o.ID }) {
		t.Errorf("%s does not stand for %s: %v", text, o.Key, placesOf(parsed))
	}
}

var _ discovery.Provider = (*Provider)(nil)
