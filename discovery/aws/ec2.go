package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// ec2Projection counts changes of the projections in ec2project.go.
const ec2Projection = 1

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
	types: []typeSpec{
		{typeInstance, []string{"ec2:DescribeInstances"}},
		{typeVolume, []string{"ec2:DescribeVolumes"}},
		{typeSecurityGroup, []string{"ec2:DescribeSecurityGroups"}},
		{typeDefaultGroup, []string{"ec2:DescribeSecurityGroups"}},
		{typeVPC, []string{"ec2:DescribeVpcs"}},
		{typeSubnet, []string{"ec2:DescribeSubnets"}},
		{typeSnapshot, []string{"ec2:DescribeSnapshots"}},
		{typeSnapshotExposure, []string{"ec2:DescribeSnapshots"}},
		{typeAMI, []string{"ec2:DescribeImages"}},
		{typeAMIExposure, []string{"ec2:DescribeImages"}},
		{typeEBSEncryption, []string{"ec2:GetEbsEncryptionByDefault"}},
	},
	read:   readEC2,
	verify: verifyEC2,
}

// ec2List is one Describe call with the types made from it. ids nil lists
// everything the account owns; otherwise a filter, since a filter leaves out
// what does not exist where the id parameter would be an error.
type ec2List struct {
	call   string
	tokens []string
	each   func(ctx context.Context, s *session, ids []string, emit observe) error
}

// observe takes what was made of one item.
type observe func(...discovery.Observation) error

var ec2Lists = []ec2List{
	{"ec2:DescribeVpcs", []string{typeVPC}, eachVPC},
	{"ec2:DescribeSubnets", []string{typeSubnet}, eachSubnet},
	{"ec2:DescribeSecurityGroups", []string{typeSecurityGroup, typeDefaultGroup}, eachSecurityGroup},
	{"ec2:DescribeInstances", []string{typeInstance}, eachInstance},
	{"ec2:DescribeVolumes", []string{typeVolume}, eachVolume},
	{"ec2:DescribeSnapshots", []string{typeSnapshot, typeSnapshotExposure}, eachSnapshot},
	{"ec2:DescribeImages", []string{typeAMI, typeAMIExposure}, eachImage},
	{"ec2:GetEbsEncryptionByDefault", []string{typeEBSEncryption}, eachEBSEncryption},
}

func readEC2(ctx context.Context, s *session, r *run) error {
	for _, l := range ec2Lists {
		err := l.each(ctx, s, nil, func(list ...discovery.Observation) error {
			for _, o := range list {
				if err := r.emit(ctx, o); err != nil {
					return err
				}
			}
			return nil
		})
		if call, ok := errors.AsType[listError](err); ok {
			r.incomplete(l.call, call.err, l.tokens...)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// verifyEC2 describes keys by an id filter: what the filter leaves out is gone.
func verifyEC2(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) (gone []schemas.Key, err error) {
	l := ec2Lists[slices.IndexFunc(ec2Lists, func(l ec2List) bool { return slices.Contains(l.tokens, token) })]
	there := map[schemas.Key]bool{}
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.ID
	}
	err = l.each(ctx, s, ids, func(list ...discovery.Observation) error {
		for _, o := range list {
			if !slices.Contains(keys, o.Key) {
				continue
			}
			there[o.Key] = true
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if !there[k] {
			gone = append(gone, k)
		}
	}
	return gone, nil
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
		for _, v := range out.Vpcs {
			if err := emit(projectVPC(s.region, v)); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachSubnet(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeSubnetsPaginator(s.ec2(), &ec2.DescribeSubnetsInput{MaxResults: ec2PageSize, Filters: idFilter("subnet-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeSubnetsOutput) error {
		for _, v := range out.Subnets {
			if err := emit(projectSubnet(s.region, v)); err != nil {
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
			if err := emit(projectSecurityGroup(s.region, g)...); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachInstance(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeInstancesPaginator(s.ec2(), &ec2.DescribeInstancesInput{MaxResults: ec2PageSize, Filters: idFilter("instance-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeInstancesOutput) error {
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				if i.State != nil && i.State.Name == types.InstanceStateNameTerminated {
					continue // listed for an hour, but it does not exist any more
				}
				if err := emit(projectInstance(s.region, i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func eachVolume(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeVolumesPaginator(s.ec2(), &ec2.DescribeVolumesInput{MaxResults: ec2PageSize, Filters: idFilter("volume-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeVolumesOutput) error {
		for _, v := range out.Volumes {
			if err := emit(projectVolume(s.region, v)); err != nil {
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
			if err := emit(projectSnapshot(s.region, v, exposure, public[aws.ToString(v.SnapshotId)])...); err != nil {
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
			if err := emit(projectImage(s.region, i)...); err != nil {
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
	return emit(d.observe(s.region, typeEBSEncryption, s.region, s.region, ec2Projection))
}
