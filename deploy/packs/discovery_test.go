package packs_test

import (
	"context"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// emitted are the properties that discovery/aws gives the types that policies
// judge, or says of that they are unknown.
var emitted = table(`
aws:cloudtrail/trail:Trail: advancedEventSelectors cloudWatchLogsGroupArn cloudWatchLogsRoleArn enableLogFileValidation enableLogging
    eventSelectors includeGlobalServiceEvents isMultiRegionTrail isOrganizationTrail kmsKeyId name region s3BucketName s3KeyPrefix
    snsTopicName tags
aws:ebs/encryptionByDefault:EncryptionByDefault: enabled region
aws:ebs/snapshot:Snapshot: description encrypted kmsKeyId region storageTier tags volumeId volumeSize
aws:ebs/volume:Volume: availabilityZone encrypted iops kmsKeyId multiAttachEnabled region size snapshotId tags throughput type
aws:ec2/defaultSecurityGroup:DefaultSecurityGroup: egress ingress region tags vpcId
aws:ec2/instance:Instance: ami associatePublicIpAddress availabilityZone disableApiStop disableApiTermination ebsBlockDevices ebsOptimized
    iamInstanceProfile instanceType keyName metadataOptions monitoring privateIp publicIp region rootBlockDevice sourceDestCheck subnetId
    tags tenancy userData userDataBase64 vpcSecurityGroupIds
aws:ec2/securityGroup:SecurityGroup: description egress ingress name region tags vpcId
aws:iam/groupPolicy:GroupPolicy: group name policy
aws:iam/groupPolicyAttachment:GroupPolicyAttachment: group policyArn
aws:iam/policy:Policy: description name path policy
aws:iam/role:Role: assumeRolePolicy description maxSessionDuration name path permissionsBoundary tags
aws:iam/rolePolicy:RolePolicy: name policy role
aws:iam/rolePolicyAttachment:RolePolicyAttachment: policyArn role
aws:iam/userPolicy:UserPolicy: name policy user
aws:iam/userPolicyAttachment:UserPolicyAttachment: policyArn user
aws:s3/bucket:Bucket: bucket grants lifecycleRules logging policy region serverSideEncryptionConfiguration tags versioning
aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock: blockPublicAcls blockPublicPolicy bucket ignorePublicAcls region
    restrictPublicBuckets
insights:aws/accountPublicAccessBlock:AccountPublicAccessBlock: accountId blockPublicAcls blockPublicPolicy configured ignorePublicAcls
    restrictPublicBuckets
insights:aws/amiExposure:AmiExposure: imageId public
insights:aws/credentialReportUser:CredentialReportUser: accessKeys arn mfaActive passwordAgeDays passwordEnabled passwordUnusedDays user
insights:aws/passwordPolicy:PasswordPolicy: accountId allowUsersToChangePassword configured hardExpiry maxPasswordAge minimumPasswordLength
    passwordReusePrevention requireLowercaseCharacters requireNumbers requireSymbols requireUppercaseCharacters
insights:aws/regionRecorders:RegionRecorders: deliveryChannels recorders region
insights:aws/regionTrails:RegionTrails: region trails
insights:aws/rootAccount:RootAccount: accessKeysPresent accountId mfaActive
insights:aws/snapshotExposure:SnapshotExposure: public snapshotId
`)

// table reads lines of a type and its properties; an indented line goes on.
func table(text string) map[string][]string {
	out, token := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(line, " ") && len(fields) > 0 {
			token, fields = strings.TrimSuffix(fields[0], ":"), fields[1:]
		}
		out[token] = append(out[token], fields...)
	}
	delete(out, "")
	return out
}

// The table of properties is what a scan of a made-up account shows.
func TestTheTableIsWhatDiscoveryEmits(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	srv := httptest.NewServer(awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1"}, Instances: 3, Volumes: 3, SecurityGroups: 4, Subnets: 1, VPCs: 1,
		Snapshots: 3, Images: 3, Buckets: 12, Users: 6, Roles: 3, Policies: 3,
	}))
	defer srv.Close()
	account := schemas.Account{ID: "aws-123456789012", Name: "prod", Provider: "aws", Endpoint: srv.URL}
	p := aws.New(zerolog.Nop(), time.Now)
	_, units, err := p.Plan(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	var seen atomic.Int64
	for _, u := range units {
		r, err := p.Open(t.Context(), schemas.Unit{Account: account, Unit: u})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
			for _, name := range namesOf(o) {
				if names, ok := emitted[o.Type]; ok && !slices.Contains(names, name) {
					t.Errorf("%s has %s, which the table lacks", o.Type, name)
				}
				seen.Add(1)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", u, err)
		}
	}
	if seen.Load() == 0 {
		t.Error("nothing was scanned")
	}
}

// namesOf are the top-level properties of a resource, known or not.
func namesOf(o discovery.Observation) []string {
	names := slices.Collect(maps.Keys(o.Properties))
	for _, u := range o.Unknown {
		name, _, _ := strings.Cut(u.Path, ".")
		names = append(names, name)
	}
	return names
}
