package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// answerOf is what an item of a type answers a call with.
func answerOf(t *testing.T, of *recordedType, operation, configuration string, more map[string]string) (out any, err error) {
	t.Helper()
	item := newRecordedItem(types.BaseConfigurationItem{
		ConfigurationItemStatus: types.ConfigurationItemStatusOk, Configuration: &configuration, SupplementaryConfiguration: more,
	})
	if item == nil {
		t.Fatalf("no item of %s", configuration)
	}
	for _, c := range of.calls {
		if c.operation == operation {
			return c.answer(item)
		}
	}
	t.Fatalf("%s is no call of %s", operation, of.name)
	return nil, nil
}

// What an item does not hold whole it does not answer: the service is asked.
func TestItemsThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of                       *recordedType
		operation, configuration string
		more                     map[string]string
	}{
		"queue before managed encryption": {recordedQueues, "SQS:GetQueueAttributes", `{"QueueArn":"a","DelaySeconds":0,"MaximumMessageSize":1,"MessageRetentionPeriod":1,"ReceiveMessageWaitTimeSeconds":0,"VisibilityTimeout":30}`, nil},
		"topic without a policy":          {recordedTopics, "SNS:GetTopicAttributes", `{"TopicArn":"a","Owner":"1","EffectiveDeliveryPolicy":"{}"}`, nil},
		"key before multi-region keys":    {recordedKeys, "KMS:DescribeKey", `{"keyManager":"CUSTOMER","keyState":"Enabled","keySpec":"SYMMETRIC_DEFAULT","keyUsage":"ENCRYPT_DECRYPT","origin":"AWS_KMS","enabled":true}`, nil},
		"key to be deleted":               {recordedKeys, "KMS:DescribeKey", `{"keyManager":"CUSTOMER","keyState":"PendingDeletion","keySpec":"S","keyUsage":"E","origin":"AWS_KMS","enabled":false,"multiRegion":false}`, nil},
		"key of an external store":        {recordedKeys, "KMS:DescribeKey", `{"keyManager":"CUSTOMER","keyState":"Enabled","keySpec":"S","keyUsage":"E","origin":"EXTERNAL_KEY_STORE","enabled":true,"multiRegion":false}`, nil},
		"key with another date":           {recordedKeys, "KMS:DescribeKey", `{"keyManager":"CUSTOMER","keyState":"Enabled","keySpec":"S","keyUsage":"E","origin":"AWS_KMS","enabled":true,"multiRegion":false,"creationDate":1e12}`, nil},
		"key that is rotated":             {recordedKeys, "KMS:GetKeyRotationStatus", `{}`, map[string]string{"KeyRotationStatus": "true"}},
		"key of unknown rotation":         {recordedKeys, "KMS:GetKeyRotationStatus", `{}`, nil},
		"key without a policy":            {recordedKeys, "KMS:GetKeyPolicy", `{}`, map[string]string{"Policy": "null"}},
		"table that can be recovered":     {recordedTables, "DynamoDB:DescribeContinuousBackups", `{}`, map[string]string{"ContinuousBackupsDescription": `{"continuousBackupsStatus":"ENABLED","pointInTimeRecoveryDescription":{"pointInTimeRecoveryStatus":"ENABLED"}}`}},
		"function without a policy":       {recordedFunctions, "Lambda:GetPolicy", `{}`, nil},
		"function without concurrency":    {recordedFunctions, "Lambda:GetFunctionConcurrency", `{}`, map[string]string{"Concurrency": `{}`}},
		"repository without policies":     {recordedRepositories, "ECR:GetRepositoryPolicy", `{}`, nil},
		"repository without a lifecycle":  {recordedRepositories, "ECR:GetLifecyclePolicy", `{}`, nil},
		"file system without a policy":    {recordedFileSystems, "EFS:DescribeFileSystemPolicy", `{"FileSystemPolicy":{}}`, nil},
		"file system without backups":     {recordedFileSystems, "EFS:DescribeBackupPolicy", `{"BackupPolicy":{"Status":"DISABLED"}}`, nil},
		"load balancer before newer attributes": {
			recordedLoadBalancers, "Elastic Load Balancing v2:DescribeLoadBalancerAttributes", `{"type":"application"}`,
			map[string]string{"LoadBalancerAttributes": `[{"key":"deletion_protection.enabled","value":"false"},{"key":"access_logs.s3.enabled","value":"true"}]`},
		},
		"load balancer of no kind":  {recordedLoadBalancers, "Elastic Load Balancing v2:DescribeLoadBalancerAttributes", `{}`, map[string]string{"LoadBalancerAttributes": `[]`}},
		"snapshot with no sharing":  {recordedDBSnapshots, "RDS:DescribeDBSnapshotAttributes", `{"dBSnapshotIdentifier":"a"}`, map[string]string{"DBSnapshotAttributes": `[]`}},
		"bucket with no policy":     {recordedBuckets, "S3:GetBucketPolicy", `{}`, map[string]string{"BucketPolicy": `{}`}},
		"bucket that denies":        {recordedBuckets, "S3:GetBucketPolicy", `{}`, map[string]string{"BucketPolicy": `{"policyText":"AccessDenied"}`}},
		"bucket without encryption": {recordedBuckets, "S3:GetBucketEncryption", `{}`, map[string]string{"ServerSideEncryptionConfiguration": "null"}},
		"bucket without a block":    {recordedBuckets, "S3:GetPublicAccessBlock", `{}`, nil},
		"bucket that is logged":     {recordedBuckets, "S3:GetBucketLogging", `{}`, map[string]string{"BucketLoggingConfiguration": `{"destinationBucketName":"logs","logFilePrefix":"x"}`}},
		"bucket of no versioning":   {recordedBuckets, "S3:GetBucketVersioning", `{}`, map[string]string{"BucketVersioningConfiguration": `{"status":null}`}},
		"bucket with other rights":  {recordedBuckets, "S3:GetBucketAcl", `{}`, map[string]string{"AccessControlList": `{"grantList":[{"grantee":{"id":"a"},"permission":"Everything"}],"owner":{"id":"a"}}`}},
		"bucket with other groups":  {recordedBuckets, "S3:GetBucketAcl", `{}`, map[string]string{"AccessControlList": `{"grantList":[{"grantee":"Friends","permission":"Read"}],"owner":{"id":"a"}}`}},
		"bucket with no grants":     {recordedBuckets, "S3:GetBucketAcl", `{}`, map[string]string{"AccessControlList": `{"grantList":null,"owner":{"id":"a"}}`}},
		"bucket with a broken part": {recordedBuckets, "S3:GetBucketAcl", `{}`, map[string]string{"AccessControlList": `{`}},
	} {
		if out, err := answerOf(t, c.of, c.operation, c.configuration, c.more); out != nil || err != nil {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
}

// Items of other states, of daily recording and without a configuration say nothing.
func TestItemsThatSayNothing(t *testing.T) {
	t.Parallel()
	for name, i := range map[string]types.BaseConfigurationItem{
		"not recorded": {ConfigurationItemStatus: types.ConfigurationItemStatusResourceNotRecorded, Configuration: aws.String("{}")},
		"deleted":      {ConfigurationItemStatus: types.ConfigurationItemStatusResourceDeleted, Configuration: aws.String("{}")},
		"daily":        {ConfigurationItemStatus: types.ConfigurationItemStatusOk, Configuration: aws.String("{}"), RecordingFrequency: types.RecordingFrequencyDaily},
		"empty":        {ConfigurationItemStatus: types.ConfigurationItemStatusOk},
		"broken":       {ConfigurationItemStatus: types.ConfigurationItemStatusOk, Configuration: aws.String("{")},
	} {
		if newRecordedItem(i) != nil {
			t.Error(name)
		}
	}
}

// Numbers are texts in attributes, also such as queries give; grants are of users and of groups.
func TestItemsAnswer(t *testing.T) {
	t.Parallel()
	out, _ := answerOf(t, recordedQueues, "SQS:GetQueueAttributes", `{"QueueArn":"a","DelaySeconds":0.0,"MaximumMessageSize":262144.0,"MessageRetentionPeriod":345600,`+
		`"ReceiveMessageWaitTimeSeconds":0,"VisibilityTimeout":"30","SqsManagedSseEnabled":true,"KmsMasterKeyId":null,"RedrivePolicy":{"maxReceiveCount":3}}`, nil)
	q, _ := out.(*sqs.GetQueueAttributesOutput)
	for name, want := range map[string]string{
		"DelaySeconds": "0", "MaximumMessageSize": "262144", "MessageRetentionPeriod": "345600", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true",
		"KmsMasterKeyId": "", "RedrivePolicy": `{"maxReceiveCount":3}`,
	} {
		if q == nil || q.Attributes[name] != want {
			t.Errorf("%s: %+v, want %q", name, q, want)
		}
	}
	out, _ = answerOf(t, recordedBuckets, "S3:GetBucketAcl", `{}`, map[string]string{
		"AccessControlList": `"{\"grantList\":[{\"grantee\":{\"id\":\"a\",\"displayName\":\"me\"},\"permission\":\"FullControl\"},{\"grantee\":\"AllUsers\",\"permission\":\"Read\"}],\"owner\":{\"id\":\"a\"}}"`,
	})
	if acl, ok := out.(*s3.GetBucketAclOutput); !ok || cannedACL(acl) != "public-read" || acl.Grants[0].Grantee.DisplayName != nil {
		t.Errorf("%+v", out)
	}
	out, _ = answerOf(t, recordedBuckets, "S3:GetBucketVersioning", `{}`, map[string]string{"BucketVersioningConfiguration": `{"status":"Suspended","isMfaDeleteEnabled":true}`})
	if v, ok := out.(*s3.GetBucketVersioningOutput); !ok || v.Status != "Suspended" || v.MFADelete != "Enabled" {
		t.Errorf("%+v", out)
	}
}
