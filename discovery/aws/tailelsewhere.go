package aws

import (
	"strings"
	"sync"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
)

// elsewhere are the types that services of table.go read, by the token that they give
// them, which say it in their own words. Tokens that no service reads (yet) count for
// nothing. A blank separates several types.
var elsewhere = map[string]string{
	"aws:acm/certificate:Certificate":                                 "AWS::CertificateManager::Certificate",
	"aws:apigateway/account:Account":                                  "AWS::ApiGateway::Account",
	"aws:apigateway/authorizer:Authorizer":                            "AWS::ApiGateway::Authorizer",
	"aws:apigateway/domainName:DomainName":                            "AWS::ApiGateway::DomainName",
	"aws:apigateway/restApi:RestApi":                                  "AWS::ApiGateway::RestApi",
	"aws:apigateway/stage:Stage":                                      "AWS::ApiGateway::Stage",
	"aws:apigatewayv2/api:Api":                                        "AWS::ApiGatewayV2::Api",
	"aws:apigatewayv2/domainName:DomainName":                          "AWS::ApiGatewayV2::DomainName",
	"aws:apigatewayv2/stage:Stage":                                    "AWS::ApiGatewayV2::Stage",
	"aws:appflow/connectorProfile:ConnectorProfile":                   "AWS::AppFlow::ConnectorProfile",
	"aws:appflow/flow:Flow":                                           "AWS::AppFlow::Flow",
	"aws:athena/dataCatalog:DataCatalog":                              "AWS::Athena::DataCatalog",
	"aws:athena/namedQuery:NamedQuery":                                "AWS::Athena::NamedQuery",
	"aws:athena/workgroup:Workgroup":                                  "AWS::Athena::WorkGroup",
	"aws:autoscaling/group:Group":                                     "AWS::AutoScaling::AutoScalingGroup",
	"aws:backup/plan:Plan":                                            "AWS::Backup::BackupPlan",
	"aws:backup/selection:Selection":                                  "AWS::Backup::BackupSelection",
	"aws:backup/vault:Vault":                                          "AWS::Backup::BackupVault",
	"aws:cfg/deliveryChannel:DeliveryChannel":                         "AWS::Config::DeliveryChannel",
	"aws:cfg/recorder:Recorder":                                       "",
	"aws:cloudfront/distribution:Distribution":                        "AWS::CloudFront::Distribution",
	"aws:cloudtrail/eventDataStore:EventDataStore":                    "AWS::CloudTrail::EventDataStore",
	"aws:cloudtrail/trail:Trail":                                      "AWS::CloudTrail::Trail",
	"aws:cloudwatch/compositeAlarm:CompositeAlarm":                    "AWS::CloudWatch::CompositeAlarm",
	"aws:cloudwatch/eventRule:EventRule":                              "AWS::Events::Rule",
	"aws:cloudwatch/logGroup:LogGroup":                                "AWS::Logs::LogGroup",
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":                  "AWS::Logs::MetricFilter",
	"aws:cloudwatch/metricAlarm:MetricAlarm":                          "AWS::CloudWatch::Alarm",
	"aws:dynamodb/table:Table":                                        "AWS::DynamoDB::Table AWS::DynamoDB::GlobalTable",
	"aws:ebs/volume:Volume":                                           "AWS::EC2::Volume",
	"aws:ec2/eip:Eip":                                                 "AWS::EC2::EIP",
	"aws:ec2/flowLog:FlowLog":                                         "AWS::EC2::FlowLog",
	"aws:ec2/instance:Instance":                                       "AWS::EC2::Instance",
	"aws:ec2/internetGateway:InternetGateway":                         "AWS::EC2::InternetGateway",
	"aws:ec2/launchConfiguration:LaunchConfiguration":                 "AWS::AutoScaling::LaunchConfiguration",
	"aws:ec2/launchTemplate:LaunchTemplate":                           "AWS::EC2::LaunchTemplate",
	"aws:ec2/natGateway:NatGateway":                                   "AWS::EC2::NatGateway",
	"aws:ec2/networkAcl:NetworkAcl":                                   "AWS::EC2::NetworkAcl",
	"aws:ec2/networkInterface:NetworkInterface":                       "AWS::EC2::NetworkInterface",
	"aws:ec2/routeTable:RouteTable":                                   "AWS::EC2::RouteTable",
	"aws:ec2/securityGroup:SecurityGroup":                             "AWS::EC2::SecurityGroup AWS::EC2::SecurityGroupIngress AWS::EC2::SecurityGroupEgress",
	"aws:ec2/subnet:Subnet":                                           "AWS::EC2::Subnet",
	"aws:ec2/vpc:Vpc":                                                 "AWS::EC2::VPC",
	"aws:ecr/repository:Repository":                                   "AWS::ECR::Repository",
	"aws:ecs/cluster:Cluster":                                         "AWS::ECS::Cluster",
	"aws:ecs/service:Service":                                         "AWS::ECS::Service",
	"aws:ecs/taskDefinition:TaskDefinition":                           "AWS::ECS::TaskDefinition",
	"aws:efs/accessPoint:AccessPoint":                                 "AWS::EFS::AccessPoint",
	"aws:efs/fileSystem:FileSystem":                                   "AWS::EFS::FileSystem",
	"aws:eks/addon:Addon":                                             "AWS::EKS::Addon",
	"aws:eks/cluster:Cluster":                                         "AWS::EKS::Cluster",
	"aws:eks/nodeGroup:NodeGroup":                                     "AWS::EKS::Nodegroup",
	"aws:elasticache/cluster:Cluster":                                 "AWS::ElastiCache::CacheCluster",
	"aws:elasticache/replicationGroup:ReplicationGroup":               "AWS::ElastiCache::ReplicationGroup",
	"aws:elasticache/subnetGroup:SubnetGroup":                         "AWS::ElastiCache::SubnetGroup",
	"aws:elasticsearch/domain:Domain":                                 "",
	"aws:elb/loadBalancer:LoadBalancer":                               "AWS::ElasticLoadBalancing::LoadBalancer",
	"aws:guardduty/detector:Detector":                                 "AWS::GuardDuty::Detector",
	"aws:iam/group:Group":                                             "AWS::IAM::Group",
	"aws:iam/groupPolicy:GroupPolicy":                                 "AWS::IAM::GroupPolicy",
	"aws:iam/policy:Policy":                                           "AWS::IAM::ManagedPolicy",
	"aws:iam/role:Role":                                               "AWS::IAM::Role",
	"aws:iam/rolePolicy:RolePolicy":                                   "AWS::IAM::RolePolicy",
	"aws:iam/user:User":                                               "AWS::IAM::User",
	"aws:iam/userPolicy:UserPolicy":                                   "AWS::IAM::UserPolicy",
	"aws:kinesis/stream:Stream":                                       "AWS::Kinesis::Stream",
	"aws:kms/alias:Alias":                                             "AWS::KMS::Alias",
	"aws:kms/key:Key":                                                 "AWS::KMS::Key",
	"aws:lambda/function:Function":                                    "AWS::Lambda::Function",
	"aws:lambda/functionUrl:FunctionUrl":                              "AWS::Lambda::Url",
	"aws:lambda/permission:Permission":                                "AWS::Lambda::Permission",
	"aws:lb/listener:Listener":                                        "AWS::ElasticLoadBalancingV2::Listener",
	"aws:lb/loadBalancer:LoadBalancer":                                "AWS::ElasticLoadBalancingV2::LoadBalancer",
	"aws:lb/targetGroup:TargetGroup":                                  "AWS::ElasticLoadBalancingV2::TargetGroup",
	"aws:opensearch/domain:Domain":                                    "AWS::OpenSearchService::Domain",
	"aws:rds/cluster:Cluster":                                         "AWS::RDS::DBCluster",
	"aws:rds/clusterSnapshot:ClusterSnapshot":                         "",
	"aws:rds/instance:Instance":                                       "AWS::RDS::DBInstance",
	"aws:rds/snapshot:Snapshot":                                       "AWS::RDS::DBSnapshot",
	"aws:rds/subnetGroup:SubnetGroup":                                 "AWS::RDS::DBSubnetGroup",
	"aws:redshift/cluster:Cluster":                                    "AWS::Redshift::Cluster",
	"aws:redshift/subnetGroup:SubnetGroup":                            "AWS::Redshift::ClusterSubnetGroup",
	"aws:route53/record:Record":                                       "AWS::Route53::RecordSet",
	"aws:route53/zone:Zone":                                           "AWS::Route53::HostedZone",
	"aws:s3/bucket:Bucket":                                            "AWS::S3::Bucket",
	"aws:s3/bucketPolicy:BucketPolicy":                                "AWS::S3::BucketPolicy",
	"aws:secretsmanager/secret:Secret":                                "AWS::SecretsManager::Secret",
	"aws:secretsmanager/secretPolicy:SecretPolicy":                    "AWS::SecretsManager::ResourcePolicy",
	"aws:secretsmanager/secretRotation:SecretRotation":                "AWS::SecretsManager::RotationSchedule",
	"aws:sfn/stateMachine:StateMachine":                               "AWS::StepFunctions::StateMachine",
	"aws:sns/topic:Topic":                                             "AWS::SNS::Topic",
	"aws:sns/topicPolicy:TopicPolicy":                                 "AWS::SNS::TopicPolicy AWS::SNS::TopicInlinePolicy",
	"aws:sns/topicSubscription:TopicSubscription":                     "AWS::SNS::Subscription",
	"aws:sqs/queue:Queue":                                             "AWS::SQS::Queue",
	"aws:sqs/queuePolicy:QueuePolicy":                                 "AWS::SQS::QueueInlinePolicy",
	"aws:ssm/document:Document":                                       "AWS::SSM::Document",
	"aws:ssm/parameter:Parameter":                                     "AWS::SSM::Parameter",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":         "AWS::EC2::SecurityGroupEgress",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":       "AWS::EC2::SecurityGroupIngress",
	"aws:wafv2/ipSet:IpSet":                                           "AWS::WAFv2::IPSet",
	"aws:wafv2/ruleGroup:RuleGroup":                                   "AWS::WAFv2::RuleGroup",
	"aws:wafv2/webAcl:WebAcl":                                         "AWS::WAFv2::WebACL",
	"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": "AWS::WAFv2::LoggingConfiguration",
}

// readTypes are the types that the services of table.go read.
var readTypes = sync.OnceValue(func() map[string]bool {
	read := map[string]bool{}
	for _, s := range services {
		for _, t := range s.types {
			for name := range strings.FieldsSeq(elsewhere[t.token]) {
				read[name] = true
			}
		}
	}
	return read
})

// readElsewhere tells whether a service of table.go reads a type.
func readElsewhere(name string) bool { return readTypes()[name] }

// tailTypes are all types that the long tail may read, whether a region lists them or not.
func tailTypes() (names []string) {
	for _, name := range cfn.Names() {
		if !readElsewhere(name) {
			names = append(names, name)
		}
	}
	return names
}
