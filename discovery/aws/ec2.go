package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// ec2Projection counts changes of the projections in ec2project.go.
const ec2Projection = 2

const (
	typeInstance         = "aws:ec2/instance:Instance"
	typeVolume           = "aws:ebs/volume:Volume"
	typeSecurityGroup    = "aws:ec2/securityGroup:SecurityGroup"
	typeDefaultGroup     = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	typeVPC              = "aws:ec2/vpc:Vpc"
	typeSubnet           = "aws:ec2/subnet:Subnet"
	typeSnapshot         = "aws:ebs/snapshot:Snapshot"
	typeSnapshotExposure = "insights:aws/snapshotExposure:SnapshotExposure"
	typeAMI              = "aws:ec2/ami:Ami"
	typeAMIExposure      = "insights:aws/amiExposure:AmiExposure"
	typeEBSEncryption    = "aws:ebs/encryptionByDefault:EncryptionByDefault"
)

var ec2Service = &service{
	name: "ec2",
	types: slices.Concat([]typeSpec{
		{token: typeInstance, calls: []call{listCall("ec2:DescribeInstances", 1000)}, onDemand: []call{instanceStops, instanceEnds, instanceVolumes}},
		{token: typeVolume, calls: []call{listCall("ec2:DescribeVolumes", 1000)}},
		{token: typeSecurityGroup, calls: []call{listCall("ec2:DescribeSecurityGroups", 1000)}},
		{token: typeDefaultGroup, calls: []call{listCall("ec2:DescribeSecurityGroups", 1000)}, with: typeSecurityGroup},
		{token: typeVPC, calls: []call{listCall("ec2:DescribeVpcs", 1000)}, onDemand: vpcAttributeCalls},
		{token: typeSubnet, calls: []call{listCall("ec2:DescribeSubnets", 1000)}},
		{token: typeSnapshot, calls: []call{listCall("ec2:DescribeSnapshots", 1000)}},
		{token: typeSnapshotExposure, calls: []call{listCall("ec2:DescribeSnapshots", 1000)}},
		{token: typeAMI, calls: []call{listCall("ec2:DescribeImages", 1000)}},
		{token: typeAMIExposure, calls: []call{listCall("ec2:DescribeImages", 1000)}, with: typeAMI},
		{token: typeEBSEncryption, calls: []call{onceCall("ec2:GetEbsEncryptionByDefault", "setting")}},
	}, ec2MoreTypes),
	// "Request throttling for the Amazon EC2 API": non-mutating 100 burst, 20/s;
	// Describe without paging 50, 10/s.
	limits: map[string]limit{"EC2": {rate: 20, burst: 100}},
	lists:  slices.Concat(ec2Lists, ec2MoreLists),
}

var ec2Lists = []list{
	{"ec2:DescribeVpcs", []string{typeVPC}, eachVPC},
	{"ec2:DescribeSubnets", []string{typeSubnet}, eachSubnet},
	{"ec2:DescribeSecurityGroups", []string{typeSecurityGroup, typeDefaultGroup}, eachSecurityGroup},
	{"ec2:DescribeInstances", []string{typeInstance}, eachInstance},
	{"ec2:DescribeVolumes", []string{typeVolume}, eachVolume},
	{"ec2:DescribeSnapshots", []string{typeSnapshot, typeSnapshotExposure}, eachSnapshot},
	{"ec2:DescribeImages", []string{typeAMI, typeAMIExposure}, eachImage},
	{"ec2:GetEbsEncryptionByDefault", []string{typeEBSEncryption}, eachEBSEncryption},
}

// idFilter is nil without ids.
func idFilter(name string, ids []string) []types.Filter {
	if len(ids) == 0 {
		return nil
	}
	return []types.Filter{{Name: &name, Values: ids}}
}

// pageSize is EC2's largest page.
var ec2PageSize = aws.Int32(1000)

func eachVPC(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeVpcsPaginator(s.ec2(), &ec2.DescribeVpcsInput{MaxResults: ec2PageSize, Filters: idFilter("vpc-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeVpcsOutput) error {
		return parallel(ctx, detailParallel, out.Vpcs, func(ctx context.Context, v types.Vpc) error {
			return emit(ctx, projectVPC(s.region, v, readVPCAttributes(ctx, s, v.VpcId)))
		})
	})
}

func eachSubnet(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeSubnetsPaginator(s.ec2(), &ec2.DescribeSubnetsInput{MaxResults: ec2PageSize, Filters: idFilter("subnet-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeSubnetsOutput) error {
		for _, v := range out.Subnets {
			if err := emit(ctx, projectSubnet(s.region, v)); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachSecurityGroup(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeSecurityGroupsPaginator(s.ec2(), &ec2.DescribeSecurityGroupsInput{MaxResults: ec2PageSize, Filters: idFilter("group-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeSecurityGroupsOutput) error {
		for _, g := range out.SecurityGroups {
			if err := emit(ctx, projectSecurityGroup(s.region, g)...); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachInstance(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeInstancesPaginator(s.ec2(), &ec2.DescribeInstancesInput{MaxResults: ec2PageSize, Filters: idFilter("instance-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeInstancesOutput) error {
		var list []types.Instance
		for _, r := range out.Reservations {
			list = append(list, r.Instances...)
		}
		// Terminated ones are listed for an hour, but do not exist any more.
		list = slices.DeleteFunc(list, func(i types.Instance) bool {
			return i.State != nil && i.State.Name == types.InstanceStateNameTerminated
		})
		volumes, volumesF := volumesOf(ctx, s, list)
		return parallel(ctx, detailParallel, list, func(ctx context.Context, i types.Instance) error {
			more := readInstanceAttributes(ctx, s, i.InstanceId)
			more.volumes, more.volumesF = volumes, volumesF
			return emit(ctx, projectInstance(s.region, i, more))
		})
	})
}

func eachVolume(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeVolumesPaginator(s.ec2(), &ec2.DescribeVolumesInput{MaxResults: ec2PageSize, Filters: idFilter("volume-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeVolumesOutput) error {
		for _, v := range out.Volumes {
			if err := emit(ctx, projectVolume(s.region, v)); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachSnapshot asks in one bulk call which own snapshots everyone may restore,
// instead of one attribute call per snapshot.
func eachSnapshot(ctx context.Context, s *session, ids []string, emit observe) error {
	filter := idFilter("snapshot-id", ids)
	public := map[string]bool{}
	shared := ec2.NewDescribeSnapshotsPaginator(s.ec2(), &ec2.DescribeSnapshotsInput{
		MaxResults: ec2PageSize, OwnerIds: []string{"self"}, RestorableByUserIds: []string{"all"}, Filters: filter,
	})
	err := pages(ctx, shared, func(out *ec2.DescribeSnapshotsOutput) error {
		for _, v := range out.Snapshots {
			public[aws.ToString(v.SnapshotId)] = true
		}
		return nil
	})
	exposure := facetOf("ec2:DescribeSnapshots", err)
	own := ec2.NewDescribeSnapshotsPaginator(s.ec2(), &ec2.DescribeSnapshotsInput{MaxResults: ec2PageSize, OwnerIds: []string{"self"}, Filters: filter})
	return pages(ctx, own, func(out *ec2.DescribeSnapshotsOutput) error {
		for _, v := range out.Snapshots {
			if err := emit(ctx, projectSnapshot(s.region, v, exposure, public[aws.ToString(v.SnapshotId)])...); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachImage(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeImagesPaginator(s.ec2(), &ec2.DescribeImagesInput{
		MaxResults: ec2PageSize, Owners: []string{"self"}, Filters: idFilter("image-id", ids),
		// Left out of the list unless asked for, and there all the same.
		IncludeDeprecated: aws.Bool(true), IncludeDisabled: aws.Bool(true),
	})
	return pages(ctx, p, func(out *ec2.DescribeImagesOutput) error {
		for _, i := range out.Images {
			if err := emit(ctx, projectImage(s.region, i)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachEBSEncryption always emits: the setting exists in every region, and is
// unknown when it may not be read.
func eachEBSEncryption(ctx context.Context, s *session, _ []string, emit observe) error {
	out, err := s.ec2().GetEbsEncryptionByDefault(ctx, nil)
	d := newDocument()
	d.set("region", s.region)
	if f := facetOf("ec2:GetEbsEncryptionByDefault", err); f.state == schemas.FacetPresent {
		d.flag("enabled", out.EbsEncryptionByDefault, f.call)
	} else {
		d.facet("enabled", f, nil)
	}
	return emit(ctx, d.observe(s.region, typeEBSEncryption, s.region, s.region, ec2Projection))
}
