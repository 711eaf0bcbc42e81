package aws

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

var name = []types.Tag{{Key: aws.String("Name"), Value: aws.String("n")}, {Key: aws.String("empty")}}

// fullInstance has everything that is projected.
func fullInstance() types.Instance {
	return types.Instance{
		InstanceId: aws.String("i-1"), ImageId: aws.String("ami-1"), InstanceType: types.InstanceTypeT3Micro, SubnetId: aws.String("subnet-1"),
		KeyName: aws.String("key"), PrivateIpAddress: aws.String("10.0.0.1"), PublicIpAddress: aws.String("1.2.3.4"), EbsOptimized: aws.Bool(true),
		SourceDestCheck: aws.Bool(false), Monitoring: &types.Monitoring{State: types.MonitoringStateEnabled},
		Placement:          &types.Placement{AvailabilityZone: aws.String("us-east-1a"), Tenancy: types.TenancyDedicated},
		IamInstanceProfile: &types.IamInstanceProfile{Arn: aws.String("arn:aws:iam::123456789012:instance-profile/path/web")},
		SecurityGroups:     []types.GroupIdentifier{{GroupId: aws.String("sg-2")}, {GroupId: aws.String("sg-1")}},
		MetadataOptions: &types.InstanceMetadataOptionsResponse{
			HttpTokens: types.HttpTokensStateRequired, HttpEndpoint: types.InstanceMetadataEndpointStateEnabled, HttpPutResponseHopLimit: aws.Int32(2),
			HttpProtocolIpv6: types.InstanceMetadataProtocolStateDisabled, InstanceMetadataTags: types.InstanceMetadataTagsStateEnabled,
		},
		RootDeviceName: aws.String("/dev/xvda"),
		BlockDeviceMappings: []types.InstanceBlockDeviceMapping{
			{DeviceName: aws.String("/dev/sdc"), Ebs: &types.EbsInstanceBlockDevice{VolumeId: aws.String("vol-3")}},
			{DeviceName: aws.String("/dev/sdb"), Ebs: &types.EbsInstanceBlockDevice{VolumeId: aws.String("vol-2"), DeleteOnTermination: aws.Bool(true)}},
			{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsInstanceBlockDevice{VolumeId: aws.String("vol-1"), DeleteOnTermination: aws.Bool(true)}},
			{DeviceName: aws.String("ephemeral0")},
		},
		Tags: name,
	}
}

func TestGoldenInstances(t *testing.T) {
	t.Parallel()
	on, off := &types.AttributeBooleanValue{Value: aws.Bool(true)}, &types.AttributeBooleanValue{Value: aws.Bool(false)}
	read := facetOf(describeInstanceAttribute, nil)
	more := instanceMore{stop: on, end: off, stopF: read, endF: read, volumes: map[string]types.Volume{}, volumesF: facetOf(instanceVolumes.action, nil)}
	for i, b := range fullInstance().BlockDeviceMappings {
		if b.Ebs != nil {
			v := types.Volume{Encrypted: aws.Bool(i%2 == 0)}
			if *v.Encrypted {
				v.KmsKeyId = aws.String("arn:aws:kms:us-east-1:123456789012:key/k")
			}
			more.volumes[aws.ToString(b.Ebs.VolumeId)] = v
		}
	}
	golden(t, "ec2-instances", []discovery.Observation{
		projectInstance(home, fullInstance(), unreadInstance(t)), projectInstance(home, types.Instance{InstanceId: aws.String("i-0")}, unreadInstance(t)),
		projectInstance(home, fullInstance(), more),
	})
}

// unreadInstance is what is told of an instance when no pack needs more.
func unreadInstance(t *testing.T) instanceMore {
	m := readInstanceAttributes(t.Context(), nil, nil)
	m.volumes, m.volumesF = volumesOf(t.Context(), nil, nil)
	return m
}

// permission is a rule with sources in an order that EC2 does not promise.
func permission(from, to int32, change ...func(*types.IpPermission)) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(from), ToPort: aws.Int32(to)}
	for _, f := range change {
		f(&p)
	}
	return p
}

func fullGroup() types.SecurityGroup {
	return types.SecurityGroup{
		GroupId: aws.String("sg-1"), GroupName: aws.String("default"), Description: aws.String("default VPC security group"), VpcId: aws.String("vpc-1"),
		OwnerId: aws.String(self), Tags: name,
		IpPermissions: []types.IpPermission{
			permission(443, 443, func(p *types.IpPermission) {
				p.IpRanges = []types.IpRange{
					{CidrIp: aws.String("10.2.0.0/16")}, {CidrIp: aws.String("10.1.0.0/16")}, {CidrIp: aws.String("10.0.0.0/8"), Description: aws.String("office")},
				}
				p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String("::/0")}}
				p.PrefixListIds = []types.PrefixListId{{PrefixListId: aws.String("pl-1"), Description: aws.String("office")}}
			}),
			permission(22, 22, func(p *types.IpPermission) {
				p.UserIdGroupPairs = []types.UserIdGroupPair{
					{GroupId: aws.String("sg-9"), UserId: aws.String("999999999999")},
					{GroupId: aws.String("sg-2"), UserId: aws.String(self)},
					{GroupId: aws.String("sg-1"), UserId: aws.String(self)},
					{GroupId: aws.String("sg-1"), UserId: aws.String(self), Description: aws.String("peers")},
				}
			}),
		},
		IpPermissionsEgress: []types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0"), Description: aws.String("out")}}}},
	}
}

func TestGoldenSecurityGroups(t *testing.T) {
	t.Parallel()
	empty := types.SecurityGroup{GroupId: aws.String("sg-0"), GroupName: aws.String("empty")}
	golden(t, "ec2-security-groups", append(projectSecurityGroup(home, fullGroup()), projectSecurityGroup(home, empty)...))
}

func TestGoldenNetworksAndStorage(t *testing.T) {
	t.Parallel()
	list := []discovery.Observation{
		projectVPC(home, types.Vpc{VpcId: aws.String("vpc-1"), CidrBlock: aws.String("10.0.0.0/16"), InstanceTenancy: types.TenancyDefault, Tags: name}, readVPCAttributes(t.Context(), nil, nil)),
		projectVPC(home, types.Vpc{VpcId: aws.String("vpc-0")}, readVPCAttributes(t.Context(), nil, nil)),
		projectSubnet(home, types.Subnet{
			SubnetId: aws.String("subnet-1"), VpcId: aws.String("vpc-1"), CidrBlock: aws.String("10.0.1.0/24"), AvailabilityZone: aws.String("us-east-1a"),
			MapPublicIpOnLaunch: aws.Bool(true), AssignIpv6AddressOnCreation: aws.Bool(true), EnableDns64: aws.Bool(true), Ipv6Native: aws.Bool(true), Tags: name,
		}),
		projectSubnet(home, types.Subnet{SubnetId: aws.String("subnet-0")}),
		projectVolume(home, types.Volume{
			VolumeId: aws.String("vol-1"), AvailabilityZone: aws.String("us-east-1a"), Encrypted: aws.Bool(true), KmsKeyId: aws.String("arn:aws:kms:k"),
			Size: aws.Int32(8), VolumeType: types.VolumeTypeGp3, SnapshotId: aws.String("snap-1"), MultiAttachEnabled: aws.Bool(true), Iops: aws.Int32(3000),
			Throughput: aws.Int32(125), Tags: name,
		}),
		projectVolume(home, types.Volume{VolumeId: aws.String("vol-0")}),
	}
	snapshot := types.Snapshot{
		SnapshotId: aws.String("snap-1"), VolumeId: aws.String("vol-1"), Description: aws.String("d"), Encrypted: aws.Bool(false), KmsKeyId: aws.String("k"),
		VolumeSize: aws.Int32(8), StorageTier: types.StorageTierStandard, Tags: name,
	}
	list = append(list, projectSnapshot(home, snapshot, facet{state: schemas.FacetPresent}, true)...)
	refused := facet{state: schemas.FacetDenied, call: "ec2:DescribeSnapshots", reason: "UnauthorizedOperation"}
	list = append(list, projectSnapshot(home, types.Snapshot{SnapshotId: aws.String("snap-0")}, refused, false)...)
	list = append(list, projectImage(home, types.Image{
		ImageId: aws.String("ami-1"), Name: aws.String("image"), Description: aws.String("d"), Architecture: types.ArchitectureValuesArm64, RootDeviceName: aws.String("/dev/xvda"),
		VirtualizationType: types.VirtualizationTypeHvm, EnaSupport: aws.Bool(true), ImdsSupport: types.ImdsSupportValuesV20, Public: aws.Bool(true), Tags: name,
		BlockDeviceMappings: []types.BlockDeviceMapping{
			{DeviceName: aws.String("/dev/sdb"), Ebs: &types.EbsBlockDevice{SnapshotId: aws.String("snap-2"), VolumeSize: aws.Int32(9)}},
			{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: aws.String("snap-1"), VolumeSize: aws.Int32(8), Encrypted: aws.Bool(true)}},
			{DeviceName: aws.String("ephemeral0")},
		},
	})...)
	golden(t, "ec2-networks-and-storage", append(list, projectImage(home, types.Image{ImageId: aws.String("ami-0")})...))
}

// What EC2 gives no order has one here: another answer with the same content
// must give the same document.
func TestOrderOfAnswersDoesNotMatter(t *testing.T) {
	t.Parallel()
	text := func(list ...discovery.Observation) string {
		raw, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	group, turned := fullGroup(), fullGroup()
	slices.Reverse(turned.IpPermissions)
	slices.Reverse(turned.Tags)
	for _, p := range turned.IpPermissions {
		slices.Reverse(p.IpRanges)
		slices.Reverse(p.UserIdGroupPairs)
	}
	if got, want := text(projectSecurityGroup(home, turned)...), text(projectSecurityGroup(home, group)...); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	i, j := fullInstance(), fullInstance()
	slices.Reverse(j.SecurityGroups)
	slices.Reverse(j.BlockDeviceMappings)
	if got, want := text(projectInstance(home, j, unreadInstance(t))), text(projectInstance(home, i, unreadInstance(t))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
