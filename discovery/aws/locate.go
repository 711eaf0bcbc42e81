package aws

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// place says which keys the ARNs of one kind of resource stand for: the types
// that share its id. A service's ARNs are in "Actions, resources, and condition
// keys" of the Service Authorization Reference.
type place struct {
	arn     string // the service in the ARN
	kind    string // what the resource part begins with: "instance/"
	service string // of the unit
	types   []string
	// id takes the provider id from the ARN, or from the rest of it that is behind the
	// kind; "" for ARNs of another kind. Default: the rest, if it is a single part.
	id func(a arn.ARN, rest string) string
	// ask completes what the ARN lacks, in the ARN's region or the partition's home:
	// the region of a bucket, the URL of a queue. Default: the ARN's region and the id.
	ask func(ctx context.Context, s *session, id string) (region, found string, err error)
}

// places is every kind of ARN that can be read by itself. A new row is enough for
// a type whose reader verifies keys. An ARN stands for all rows that it fits.
var places = []place{
	{arn: "s3", service: "s3", types: bucketTypes, ask: whereBucketIs},
	{arn: "ec2", kind: "instance/", service: "ec2", types: []string{typeInstance}},
	{arn: "ec2", kind: "volume/", service: "ec2", types: []string{typeVolume}},
	{arn: "ec2", kind: "security-group/", service: "ec2", types: []string{typeSecurityGroup, typeDefaultGroup}},
	{arn: "ec2", kind: "vpc/", service: "ec2", types: []string{typeVPC}},
	{arn: "ec2", kind: "subnet/", service: "ec2", types: []string{typeSubnet}},
	{arn: "ec2", kind: "snapshot/", service: "ec2", types: []string{typeSnapshot, typeSnapshotExposure}},
	{arn: "ec2", kind: "image/", service: "ec2", types: []string{typeAMI, typeAMIExposure}},
	{arn: "iam", kind: "user/", service: "iam", types: []string{typeUser, typeLoginProfile}, id: lastOf},
	{arn: "iam", kind: "group/", service: "iam", types: []string{typeGroup}, id: lastOf},
	{arn: "iam", kind: "role/", service: "iam", types: []string{typeRole}, id: lastOf},
	{arn: "iam", kind: "policy/", service: "iam", types: []string{typePolicy}, id: wholeARN},
	{arn: "cloudtrail", kind: "trail/", service: "cloudtrail", types: []string{typeTrail}, id: wholeARN},
	{arn: "cloudtrail", kind: "eventdatastore/", service: "cloudtrail", types: []string{typeEventDataStore}, id: wholeARN},
	{arn: "config", kind: "configuration-recorder/", service: "config", types: []string{typeRecorder, typeRecorderStatus}, id: firstOf}, // NAME/ID
	{arn: "sqs", service: "sqs", types: []string{typeQueue, typeQueuePolicy}, ask: urlOfQueue},
	{arn: "kms", kind: "key/", service: "kms", types: []string{typeKey, typeKeyState}},
	{arn: "kms", kind: "alias/", service: "kms", types: []string{typeKeyAlias}, id: func(a arn.ARN, _ string) string { return a.Resource }},
	{arn: "rds", kind: "db:", service: "rds", types: dbInstanceTypes},
	{arn: "rds", kind: "cluster:", service: "rds", types: []string{typeDBCluster}},
	{arn: "rds", kind: "snapshot:", service: "rds", types: dbSnapshotTypes, id: allOf},
	{arn: "rds", kind: "cluster-snapshot:", service: "rds", types: dbClusterSnapshotTypes, id: allOf},
	{arn: "rds", kind: "subgrp:", service: "rds", types: []string{typeDBSubnetGroup}},
	{arn: "dynamodb", kind: "table/", service: "dynamodb", types: []string{typeTable}, id: firstOf}, // also those of its indexes and streams
	{arn: "secretsmanager", kind: "secret:", service: "secretsmanager", types: secretTypes, id: wholeARN},
	{arn: "sns", service: "sns", types: []string{typeTopic, typeTopicPolicy}, id: topicARN},
	{arn: "sns", service: "sns", types: []string{typeTopicSubscription}, id: numberedARN},
	{arn: "logs", kind: "log-group:", service: "logs", types: []string{typeLogGroup}, id: logGroupName},
	{arn: "cloudwatch", kind: "alarm:", service: "cloudwatch", types: []string{typeMetricAlarm, typeCompositeAlarm}, id: allOf},
	{arn: "guardduty", kind: "detector/", service: "guardduty", types: []string{typeDetector}},
	{arn: "elasticloadbalancing", kind: "loadbalancer/app/", service: "elbv2", types: []string{typeLoadBalancer}, id: wholeARN},
	{arn: "elasticloadbalancing", kind: "loadbalancer/net/", service: "elbv2", types: []string{typeLoadBalancer}, id: wholeARN},
	{arn: "elasticloadbalancing", kind: "loadbalancer/gwy/", service: "elbv2", types: []string{typeLoadBalancer}, id: wholeARN},
	{arn: "elasticloadbalancing", kind: "listener/", service: "elbv2", types: []string{typeListener}, id: wholeARN},
	{arn: "elasticloadbalancing", kind: "targetgroup/", service: "elbv2", types: []string{typeTargetGroup}, id: wholeARN},
	{arn: "elasticloadbalancing", kind: "loadbalancer/", service: "elb", types: []string{typeClassicLoadBalancer}},
	{arn: "autoscaling", kind: "autoScalingGroup:", service: "autoscaling", types: []string{typeScalingGroup}, id: behind(":autoScalingGroupName/")},
	{arn: "autoscaling", kind: "launchConfiguration:", service: "autoscaling", types: []string{typeLaunchConfiguration}, id: behind(":launchConfigurationName/")},
	{arn: "acm", kind: "certificate/", service: "acm", types: []string{typeCertificate}, id: wholeARN},
	{arn: "cloudfront", kind: "distribution/", service: "cloudfront", types: []string{typeDistribution}},
	// Two rows: a function's URL has the function's id, an alias's URL has not. The
	// ARNs of versions and aliases stand for their function.
	{arn: "lambda", kind: "function:", service: "lambda", types: []string{typeFunction}, id: firstOf},
	{arn: "lambda", kind: "function:", service: "lambda", types: []string{typeFunctionURL}, id: firstOf},
	{arn: "ecr", kind: "repository/", service: "ecr", types: []string{typeRepository, typeRepositoryPolicy, typeRepositoryLifecycle}, id: allOf},
	{arn: "ecs", kind: "cluster/", service: "ecs", types: []string{typeECSCluster}},
	{arn: "ecs", kind: "service/", service: "ecs", types: []string{typeECSService}, id: clusterAndService},
	{arn: "ecs", kind: "task-definition/", service: "ecs", types: []string{typeTaskDefinition}, id: numberedARN},
	{arn: "eks", kind: "cluster/", service: "eks", types: []string{typeEKSCluster}},
	{arn: "eks", kind: "nodegroup/", service: "eks", types: []string{typeNodeGroup}, id: partOfCluster},
	{arn: "eks", kind: "addon/", service: "eks", types: []string{typeAddon}, id: partOfCluster},
	{arn: "elasticfilesystem", kind: "file-system/", service: "efs", types: []string{typeFileSystem, typeFileSystemPolicy, typeFileSystemBackup}},
	{arn: "elasticfilesystem", kind: "access-point/", service: "efs", types: []string{typeAccessPoint}},
	{arn: "ec2", kind: "launch-template/", service: "ec2", types: []string{typeLaunchTemplate}},
	{arn: "ec2", kind: "vpc-flow-log/", service: "ec2", types: []string{typeFlowLog}},
	{arn: "ec2", kind: "security-group-rule/", service: "ec2", types: []string{typeIngressRule, typeEgressRule}},
	{arn: "athena", kind: "workgroup/", service: "athena", types: []string{typeWorkgroup}},
	{arn: "athena", kind: "datacatalog/", service: "athena", types: []string{typeDataCatalog}},
	{arn: "appflow", kind: "flow/", service: "appflow", types: []string{typeFlow}},
	{arn: "appflow", kind: "connectorprofile/", service: "appflow", types: []string{typeConnectorProfile}},
	{arn: "es", kind: "domain/", service: "opensearch", types: domainTypes},
	{arn: "redshift", kind: "cluster:", service: "redshift", types: []string{typeRedshiftCluster, typeRedshiftLogging, typeSnapshotCopy}},
	{arn: "redshift", kind: "subnetgroup:", service: "redshift", types: []string{typeRedshiftSubnetGroup}},
	{arn: "elasticache", kind: "cluster:", service: "elasticache", types: []string{typeCacheCluster}},
	{arn: "elasticache", kind: "replicationgroup:", service: "elasticache", types: []string{typeReplicationGroup}},
	{arn: "elasticache", kind: "subnetgroup:", service: "elasticache", types: []string{typeCacheSubnetGroup}},
	{arn: "kinesis", kind: "stream/", service: "kinesis", types: []string{typeStream}},
	{arn: "states", kind: "stateMachine:", service: "sfn", types: []string{typeStateMachine}, id: machineARN},
	{arn: "backup", kind: "backup-vault:", service: "backup", types: []string{typeVault, typeVaultLock, typeVaultPolicy}},
	{arn: "backup", kind: "backup-plan:", service: "backup", types: []string{typeBackupPlan}},
	// Two rows: names may begin with the slash that the ARN has anyhow.
	{arn: "ssm", kind: "parameter/", service: "ssm", types: []string{typeParameter}},
	{arn: "ssm", kind: "parameter/", service: "ssm", types: []string{typeParameter}, id: pathOfParameter},
	{arn: "ssm", kind: "document/", service: "ssm", types: []string{typeDocument}},
	{arn: "wafv2", kind: "regional/webacl/", service: "wafv2", types: []string{typeWebACL}, id: webACLOfARN("REGIONAL")},
	{arn: "wafv2", kind: "global/webacl/", service: "wafv2", types: []string{typeWebACL}, id: webACLOfARN("CLOUDFRONT")},
	{arn: "wafv2", kind: "regional/webacl/", service: "wafv2", types: []string{typeWebACLLogging}, id: wholeARN},
	{arn: "wafv2", kind: "global/webacl/", service: "wafv2", types: []string{typeWebACLLogging}, id: wholeARN},
	{arn: "route53", kind: "hostedzone/", service: "route53", types: []string{typeZone}},
	{arn: "route53", kind: "queryloggingconfig/", service: "route53", types: []string{typeQueryLog}},
	{arn: "apigateway", kind: "/restapis/", service: "apigateway", types: []string{typeRestAPI, typeRestAPIPolicy}},
	{arn: "apigateway", kind: "/restapis/", service: "apigateway", types: []string{typeRestStage}, id: stageOfAPI},
	{arn: "apigateway", kind: "/apis/", service: "apigateway", types: []string{typeHTTPAPI}},
	{arn: "apigateway", kind: "/apis/", service: "apigateway", types: []string{typeHTTPStage}, id: stageOfAPI},
	{arn: "apigateway", kind: "/domainnames/", service: "apigateway", types: []string{typeRestDomain, typeHTTPDomain}, id: domainOfAPI},
}

// allOf, onlyPart, firstOf and lastOf take the id from the parts behind the kind.
func allOf(_ arn.ARN, rest string) string { return rest }

func onlyPart(_ arn.ARN, rest string) string {
	if strings.ContainsAny(rest, "/:") {
		return ""
	}
	return rest
}

func firstOf(_ arn.ARN, rest string) string {
	if i := strings.IndexAny(rest, "/:"); i >= 0 {
		return rest[:i]
	}
	return rest
}

func lastOf(_ arn.ARN, rest string) string { return afterSlash(rest) }

func wholeARN(a arn.ARN, rest string) string {
	if rest == "" {
		return ""
	}
	return a.String()
}

// behind gives what follows the first mark.
func behind(mark string) func(arn.ARN, string) string {
	return func(_ arn.ARN, rest string) string {
		_, name, _ := strings.Cut(rest, mark)
		return name
	}
}

// topicARN leaves out subscriptions, which have the ARN of their topic with one
// part more.
func topicARN(a arn.ARN, rest string) string { return wholeARN(a, onlyPart(a, rest)) }

// numberedARN is that of TOPIC:SUBSCRIPTION or FAMILY:REVISION.
func numberedARN(a arn.ARN, rest string) string {
	if name, number, _ := strings.Cut(rest, ":"); name != "" && number != "" {
		return a.String()
	}
	return ""
}

// logGroupName leaves out log streams. ARNs of groups may end in ":*".
func logGroupName(_ arn.ARN, rest string) string {
	name, more, _ := strings.Cut(rest, ":")
	if more != "" && more != "*" {
		return ""
	}
	return name
}

// clusterAndService leaves out the older ARNs without a cluster.
func clusterAndService(_ arn.ARN, rest string) string {
	if cluster, name, _ := strings.Cut(rest, "/"); cluster != "" && name != "" {
		return rest
	}
	return ""
}

// webACLOfARN is "id/name/scope" of NAME/ID.
func webACLOfARN(scope string) func(arn.ARN, string) string {
	return func(_ arn.ARN, rest string) string {
		if name, id, ok := strings.Cut(rest, "/"); ok && name != "" && id != "" {
			return id + "/" + name + "/" + scope
		}
		return ""
	}
}

// machineARN leaves out the ARNs of versions and aliases.
func machineARN(a arn.ARN, rest string) string { return wholeARN(a, onlyPart(a, rest)) }

// pathOfParameter is the name with the slash that ARNs leave out; a name with slashes in
// it begins with one.
func pathOfParameter(_ arn.ARN, rest string) string { return "/" + rest }

// stageOfAPI is "api/stage" of API/stages/STAGE.
func stageOfAPI(_ arn.ARN, rest string) string {
	if api, stage, ok := strings.Cut(rest, "/stages/"); ok && api != "" && stage != "" {
		return api + "/" + stage
	}
	return ""
}

// domainOfAPI is "name", or "name/id" of NAME+ID, a private one.
func domainOfAPI(_ arn.ARN, rest string) string { return strings.ReplaceAll(rest, "+", "/") }

// partOfCluster is "cluster:name" of CLUSTER/NAME/UUID.
func partOfCluster(_ arn.ARN, rest string) string {
	if p := strings.Split(rest, "/"); len(p) == 3 {
		return p[0] + ":" + p[1]
	}
	return ""
}

// Locate implements discovery.Provider.
func (p *Provider) Locate(ctx context.Context, a schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error) {
	if k, ok := schemas.ParseKey(resource); ok {
		return besides(k)
	}
	parsed, err := arn.Parse(resource)
	if err != nil {
		return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeInvalid, "%q is neither an ARN nor a key", resource)
	}
	if (parsed.AccountID != "" && parsed.AccountID != a.ID.AWSAccount()) || parsed.Partition != a.ID.Partition() {
		return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeInvalid, "%s is not in account %s (%s)", resource, a.Name, a.ID)
	}
	var unit schemas.UnitKey
	var keys []schemas.Key
	for _, f := range placesOf(parsed) {
		var region string
		unit, region = f.unit(parsed.Region)
		if f.ask != nil {
			acc, err := p.access(ctx, a)
			if err != nil {
				return unit, nil, err
			}
			in := cmp.Or(parsed.Region, homeRegion(acc.identity.partition))
			if region, f.name, err = f.ask(ctx, p.session(acc, a, in), f.name); err != nil {
				return unit, nil, err
			}
		}
		keys = append(keys, f.keys(region, f.name)...)
	}
	if len(keys) == 0 {
		return p.locateTail(ctx, a, parsed)
	}
	return unit, keys, nil
}

// found is a row of an ARN, with the id in it.
type found struct {
	place

	name string
}

// placesOf finds the rows of an ARN.
func placesOf(a arn.ARN) (rows []found) {
	for _, at := range places {
		rest, fits := strings.CutPrefix(a.Resource, at.kind)
		if at.arn != a.Service || !fits {
			continue
		}
		id := onlyPart
		if at.id != nil {
			id = at.id
		}
		if name := id(a, rest); name != "" {
			rows = append(rows, found{at, name})
		}
	}
	return rows
}

// besides is the unit of a key of the inventory, and the keys that share its id.
func besides(k schemas.Key) (schemas.UnitKey, []schemas.Key, error) {
	if cfn.Of(k.Type) != "" {
		return schemas.UnitKey{Region: k.Region, Service: schemas.ServiceTail}, []schemas.Key{k}, nil
	}
	for _, s := range services {
		if !slices.ContainsFunc(s.types, func(t typeSpec) bool { return t.token == k.Type }) {
			continue
		}
		i := slices.IndexFunc(places, func(at place) bool { return at.service == s.name && slices.Contains(at.types, k.Type) })
		at := place{service: s.name, types: []string{k.Type}}
		if i >= 0 {
			at = places[i]
		}
		unit, _ := at.unit(k.Region)
		return unit, at.keys(k.Region, k.ID), nil
	}
	return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeNotFound, "no service reads resources of type %s", k.Type)
}

// unit of a place, and the region of its keys unless the place knows better.
func (at place) unit(region string) (unit schemas.UnitKey, keys string) {
	if serviceNamed(at.service).global {
		region = schemas.GlobalRegion
	}
	return schemas.UnitKey{Region: region, Service: at.service}, region
}

func (at place) keys(region, id string) []schemas.Key {
	keys := make([]schemas.Key, len(at.types))
	for i, t := range at.types {
		keys[i] = schemas.Key{Region: region, Type: t, ID: id}
	}
	return keys
}

// whereBucketIs asks for the region that a bucket's ARN lacks.
func whereBucketIs(ctx context.Context, s *session, name string) (region, found string, err error) {
	region, err = bucketRegion(ctx, s, name)
	switch {
	case err == nil:
		return region, name, nil
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case isNotFound(err, "NoSuchBucket"):
		return "", "", schemas.Errorf(schemas.CodeNotFound, "bucket %s does not exist", name)
	default:
		return "", "", unreachable("s3:GetBucketLocation", err, "Allow s3:GetBucketLocation, or scan all of s3.")
	}
}

// urlOfQueue looks for a queue in the list, which is what its id is taken from: the
// URL's host differs by partition, and with an emulator.
func urlOfQueue(ctx context.Context, s *session, name string) (region, url string, err error) {
	p := sqs.NewListQueuesPaginator(s.sqs(), &sqs.ListQueuesInput{QueueNamePrefix: &name, MaxResults: aws.Int32(1000)})
	err = pages(ctx, p, func(out *sqs.ListQueuesOutput) error {
		for _, u := range out.QueueUrls {
			if afterSlash(u) == name {
				url = u
			}
		}
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case err != nil:
		return "", "", unreachable(listQueues.action, err, "Allow "+listQueues.action+", or give the queue's URL as 'insights resources' shows it.")
	case url == "":
		return "", "", schemas.Errorf(schemas.CodeNotFound, "queue %s does not exist in %s", name, s.region)
	}
	return s.region, url, nil
}
