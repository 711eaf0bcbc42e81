package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

func ec2Tags(list []types.Tag) map[string]any {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}

func projectVPC(region string, v types.Vpc, more vpcAttributes) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("cidrBlock", aws.ToString(v.CidrBlock))
	d.set("instanceTenancy", string(v.InstanceTenancy))
	d.set("tags", ec2Tags(v.Tags))
	more.set(d)
	return d.observe(region, typeVPC, aws.ToString(v.VpcId), aws.ToString(v.VpcId), ec2Projection)
}

func projectSubnet(region string, v types.Subnet) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("vpcId", aws.ToString(v.VpcId))
	d.set("cidrBlock", aws.ToString(v.CidrBlock))
	d.set("availabilityZone", aws.ToString(v.AvailabilityZone))
	d.flag("mapPublicIpOnLaunch", v.MapPublicIpOnLaunch, "ec2:DescribeSubnets")
	d.set("assignIpv6AddressOnCreation", aws.ToBool(v.AssignIpv6AddressOnCreation))
	d.set("enableDns64", aws.ToBool(v.EnableDns64))
	d.set("ipv6Native", aws.ToBool(v.Ipv6Native))
	d.set("tags", ec2Tags(v.Tags))
	return d.observe(region, typeSubnet, aws.ToString(v.SubnetId), aws.ToString(v.SubnetId), ec2Projection)
}

// projectSecurityGroup gives the group and, for a VPC's default one, the
// Pulumi resource that adopts default groups.
func projectSecurityGroup(region string, g types.SecurityGroup) []discovery.Observation {
	id := aws.ToString(g.GroupId)
	ingress, egress := groupRules(g, g.IpPermissions), groupRules(g, g.IpPermissionsEgress)
	body := func() *document {
		d := newDocument()
		d.set("region", region)
		d.set("vpcId", aws.ToString(g.VpcId))
		// Always there, also when empty: "no rules" is an answer.
		d.properties["ingress"], d.properties["egress"] = ingress, egress
		d.set("tags", ec2Tags(g.Tags))
		return d
	}
	d := body()
	d.set("name", aws.ToString(g.GroupName))
	d.set("description", aws.ToString(g.Description))
	list := []discovery.Observation{d.observe(region, typeSecurityGroup, id, aws.ToString(g.GroupName), ec2Projection)}
	if aws.ToString(g.GroupName) == "default" {
		list = append(list, body().observe(region, typeDefaultGroup, id, id, ec2Projection))
	}
	return list
}

// groupRules are the rules as the classic provider has them: one per protocol,
// ports and description, with all its sources. EC2 gives them no order.
func groupRules(g types.SecurityGroup, list []types.IpPermission) []any {
	rules := []any{}
	for _, p := range list {
		byDescription := map[string]map[string][]string{}
		self := map[string]bool{}
		add := func(description *string, kind string, value string) {
			d := aws.ToString(description)
			if byDescription[d] == nil {
				byDescription[d] = map[string][]string{}
			}
			if value != "" {
				byDescription[d][kind] = append(byDescription[d][kind], value)
			}
		}
		for _, r := range p.IpRanges {
			add(r.Description, "cidrBlocks", aws.ToString(r.CidrIp))
		}
		for _, r := range p.Ipv6Ranges {
			add(r.Description, "ipv6CidrBlocks", aws.ToString(r.CidrIpv6))
		}
		for _, r := range p.PrefixListIds {
			add(r.Description, "prefixListIds", aws.ToString(r.PrefixListId))
		}
		for _, r := range p.UserIdGroupPairs {
			source, own := groupSource(g, r)
			add(r.Description, "securityGroups", source)
			if own {
				self[aws.ToString(r.Description)] = true
			}
		}
		for _, description := range sortedKeys(byDescription) {
			rules = append(rules, groupRule(p, description, byDescription[description], self[description]))
		}
	}
	sortByJSON(rules)
	return rules
}

// groupSource is the id of a source group, or own for the group itself, which
// the provider writes as "self".
func groupSource(g types.SecurityGroup, p types.UserIdGroupPair) (source string, own bool) {
	id := aws.ToString(p.GroupId)
	if id == aws.ToString(g.GroupId) {
		return "", true
	}
	if p.UserId != nil && g.OwnerId != nil && *p.UserId != *g.OwnerId {
		return *p.UserId + "/" + id, false
	}
	return id, false
}

func groupRule(p types.IpPermission, description string, sources map[string][]string, self bool) map[string]any {
	rule := map[string]any{
		"protocol": aws.ToString(p.IpProtocol), "fromPort": int(aws.ToInt32(p.FromPort)), "toPort": int(aws.ToInt32(p.ToPort)), "self": self,
	}
	if description != "" {
		rule["description"] = description
	}
	for kind, values := range sources {
		slices.Sort(values)
		rule[kind] = anyStrings(values)
	}
	return rule
}

func projectInstance(region string, i types.Instance, more instanceMore) discovery.Observation {
	id := aws.ToString(i.InstanceId)
	d := newDocument()
	d.set("region", region)
	d.set("ami", aws.ToString(i.ImageId))
	d.set("instanceType", string(i.InstanceType))
	d.set("subnetId", aws.ToString(i.SubnetId))
	d.set("keyName", aws.ToString(i.KeyName))
	d.set("privateIp", aws.ToString(i.PrivateIpAddress))
	d.set("publicIp", aws.ToString(i.PublicIpAddress))
	d.set("associatePublicIpAddress", i.PublicIpAddress != nil)
	d.set("ebsOptimized", aws.ToBool(i.EbsOptimized))
	d.flag("sourceDestCheck", i.SourceDestCheck, "ec2:DescribeInstances")
	if i.Monitoring != nil {
		d.set("monitoring", i.Monitoring.State == types.MonitoringStateEnabled)
	}
	if i.Placement != nil {
		d.set("availabilityZone", aws.ToString(i.Placement.AvailabilityZone))
		d.set("tenancy", string(i.Placement.Tenancy))
	}
	if i.IamInstanceProfile != nil {
		arn := aws.ToString(i.IamInstanceProfile.Arn)
		d.set("iamInstanceProfile", arn[strings.LastIndexByte(arn, '/')+1:])
	}
	groups := make([]string, 0, len(i.SecurityGroups))
	for _, g := range i.SecurityGroups {
		groups = append(groups, aws.ToString(g.GroupId))
	}
	slices.Sort(groups)
	d.set("vpcSecurityGroupIds", anyStrings(groups))
	if m := i.MetadataOptions; m != nil {
		options := newDocument()
		options.set("httpTokens", string(m.HttpTokens))
		options.set("httpEndpoint", string(m.HttpEndpoint))
		options.set("httpPutResponseHopLimit", int(aws.ToInt32(m.HttpPutResponseHopLimit)))
		options.set("httpProtocolIpv6", string(m.HttpProtocolIpv6))
		options.set("instanceMetadataTags", string(m.InstanceMetadataTags))
		d.set("metadataOptions", options.properties)
	}
	more.set(d, i)
	d.set("tags", ec2Tags(i.Tags))
	d.withheld("userData", "userDataBase64")
	return d.observe(region, typeInstance, id, id, ec2Projection)
}

func projectVolume(region string, v types.Volume) discovery.Observation {
	id := aws.ToString(v.VolumeId)
	d := newDocument()
	d.set("region", region)
	d.set("availabilityZone", aws.ToString(v.AvailabilityZone))
	d.flag("encrypted", v.Encrypted, "ec2:DescribeVolumes")
	d.set("kmsKeyId", aws.ToString(v.KmsKeyId))
	d.set("size", int(aws.ToInt32(v.Size)))
	d.set("type", string(v.VolumeType))
	d.set("snapshotId", aws.ToString(v.SnapshotId))
	d.set("multiAttachEnabled", aws.ToBool(v.MultiAttachEnabled))
	if v.Iops != nil {
		d.set("iops", int(*v.Iops))
	}
	if v.Throughput != nil {
		d.set("throughput", int(*v.Throughput))
	}
	d.set("tags", ec2Tags(v.Tags))
	return d.observe(region, typeVolume, id, id, ec2Projection)
}

func projectSnapshot(region string, v types.Snapshot, exposure facet, public bool) []discovery.Observation {
	id := aws.ToString(v.SnapshotId)
	d := newDocument()
	d.set("region", region)
	d.set("volumeId", aws.ToString(v.VolumeId))
	d.set("description", aws.ToString(v.Description))
	d.flag("encrypted", v.Encrypted, "ec2:DescribeSnapshots")
	d.set("kmsKeyId", aws.ToString(v.KmsKeyId))
	d.set("volumeSize", int(aws.ToInt32(v.VolumeSize)))
	d.set("storageTier", string(v.StorageTier))
	d.set("tags", ec2Tags(v.Tags))
	e := newDocument()
	e.set("snapshotId", id)
	e.facet("public", exposure, func() any { return public })
	return []discovery.Observation{
		d.observe(region, typeSnapshot, id, id, ec2Projection),
		e.observe(region, typeSnapshotExposure, id, id, ec2Projection),
	}
}

func projectImage(region string, i types.Image) []discovery.Observation {
	id := aws.ToString(i.ImageId)
	d := newDocument()
	d.set("region", region)
	d.set("name", aws.ToString(i.Name))
	d.set("description", aws.ToString(i.Description))
	d.set("architecture", string(i.Architecture))
	d.set("rootDeviceName", aws.ToString(i.RootDeviceName))
	d.set("virtualizationType", string(i.VirtualizationType))
	d.set("enaSupport", aws.ToBool(i.EnaSupport))
	d.set("imdsSupport", string(i.ImdsSupport))
	devices := []any{}
	for _, m := range i.BlockDeviceMappings {
		if m.Ebs == nil {
			continue
		}
		device := map[string]any{
			"deviceName": aws.ToString(m.DeviceName), "snapshotId": aws.ToString(m.Ebs.SnapshotId), "volumeSize": int(aws.ToInt32(m.Ebs.VolumeSize)),
		}
		if m.Ebs.Encrypted != nil {
			device["encrypted"] = *m.Ebs.Encrypted
		}
		devices = append(devices, device)
	}
	sortByJSON(devices)
	d.set("ebsBlockDevices", devices)
	d.set("tags", ec2Tags(i.Tags))
	e := newDocument()
	e.set("imageId", id)
	e.flag("public", i.Public, "ec2:DescribeImages")
	return []discovery.Observation{
		d.observe(region, typeAMI, id, aws.ToString(i.Name), ec2Projection),
		e.observe(region, typeAMIExposure, id, id, ec2Projection),
	}
}
