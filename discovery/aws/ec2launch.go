package aws

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

const (
	typeLaunchTemplate = "aws:ec2/launchTemplate:LaunchTemplate"
	typeFlowLog        = "aws:ec2/flowLog:FlowLog"
	typeIngressRule    = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	typeEgressRule     = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

var (
	listLaunchTemplates = listCall("ec2:DescribeLaunchTemplates", 200)
	latestTemplates     = call{"ec2:DescribeLaunchTemplateVersions", "latest version", 200}
	listFlowLogs        = listCall("ec2:DescribeFlowLogs", 1000)
	listGroupRules      = listCall("ec2:DescribeSecurityGroupRules", 1000)
)

// ec2MoreTypes are the types of EC2 in this file.
var ec2MoreTypes = []typeSpec{
	{token: typeLaunchTemplate, calls: []call{listLaunchTemplates, latestTemplates}},
	{token: typeFlowLog, calls: []call{listFlowLogs}},
	{token: typeIngressRule, calls: []call{listGroupRules}},
	{token: typeEgressRule, calls: []call{listGroupRules}, with: typeIngressRule},
}

var ec2MoreLists = []list{
	{listLaunchTemplates.action, []string{typeLaunchTemplate}, eachLaunchTemplate},
	{listFlowLogs.action, []string{typeFlowLog}, eachFlowLog},
	{listGroupRules.action, []string{typeIngressRule, typeEgressRule}, eachGroupRule},
}

func (s *session) ec2ARN(path string) string {
	return fmt.Sprintf("arn:%s:ec2:%s:%s:%s", s.partition, s.region, s.awsAccount, path)
}

// eachLaunchTemplate reads the latest versions of all templates, by the page, before
// the templates.
func eachLaunchTemplate(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids == nil {
		return launchTemplates(ctx, s, nil, emit)
	}
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		if err := launchTemplates(ctx, s, &id, emit); !isNotFound(err, "InvalidLaunchTemplateId.NotFound") {
			return err
		}
		return nil
	})
}

func launchTemplates(ctx context.Context, s *session, id *string, emit observe) error {
	latest := map[string]types.LaunchTemplateVersion{}
	versions := &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: id, Versions: []string{"$Latest"}, MaxResults: aws.Int32(200)}
	err := pages(ctx, ec2.NewDescribeLaunchTemplateVersionsPaginator(s.ec2(), versions), func(out *ec2.DescribeLaunchTemplateVersionsOutput) error {
		for _, v := range out.LaunchTemplateVersions {
			latest[aws.ToString(v.LaunchTemplateId)] = v
		}
		return nil
	})
	f := facetOf(latestTemplates.action, err)
	in := &ec2.DescribeLaunchTemplatesInput{MaxResults: aws.Int32(200)}
	if id != nil { // no page with ids
		in = &ec2.DescribeLaunchTemplatesInput{LaunchTemplateIds: []string{*id}}
	}
	return pages(ctx, ec2.NewDescribeLaunchTemplatesPaginator(s.ec2(), in), func(out *ec2.DescribeLaunchTemplatesOutput) error {
		for _, t := range out.LaunchTemplates {
			v := latest[aws.ToString(t.LaunchTemplateId)]
			if err := emit(ctx, projectLaunchTemplate(s, t, f.need(v.LaunchTemplateData != nil), v)); err != nil {
				return err
			}
		}
		return nil
	})
}

var launchTemplateProperties = []string{
	"blockDeviceMappings", "capacityReservationSpecification", "cpuOptions", "creditSpecification", "description", "disableApiStop", "disableApiTermination",
	"ebsOptimized", "enclaveOptions", "hibernationOptions", "iamInstanceProfile", "imageId", "instanceInitiatedShutdownBehavior", "instanceMarketOptions",
	"instanceRequirements", "instanceType", "kernelId", "keyName", "licenseSpecifications", "maintenanceOptions", "metadataOptions", "monitoring",
	"networkInterfaces", "placement", "privateDnsNameOptions", "ramDiskId", "securityGroupNames", "tagSpecifications", "userData", "vpcSecurityGroupIds",
}

// projectLaunchTemplate has what the latest version says, as the classic provider.
func projectLaunchTemplate(s *session, t types.LaunchTemplate, f facet, v types.LaunchTemplateVersion) discovery.Observation {
	d, id := newDocument(), aws.ToString(t.LaunchTemplateId)
	d.set("region", s.region)
	d.set("arn", s.ec2ARN("launch-template/"+id))
	d.set("name", aws.ToString(t.LaunchTemplateName))
	d.set("defaultVersion", optional(t.DefaultVersionNumber))
	d.set("tags", ec2Tags(t.Tags))
	if !d.unread(f, launchTemplateProperties...) {
		d.set("description", aws.ToString(v.VersionDescription))
		projectTemplateData(d, v.LaunchTemplateData)
	}
	sortUnknown(d)
	return d.observe(s.region, typeLaunchTemplate, id, aws.ToString(t.LaunchTemplateName), ec2Projection)
}

// Of truth values Pulumi has some as texts ("true"), so that "not said" is one.
var templateTexts = []string{"deleteOnTermination", "encrypted", "associatePublicIpAddress", "associateCarrierIpAddress", "primaryIpv6", "ebsOptimized"}

func projectTemplateData(d *document, v *types.ResponseLaunchTemplateData) {
	m := camelMap(v, names{
		"BlockDeviceMappings": "", "NetworkInterfaces": "", "TagSpecifications": "", "SecurityGroups": "", "SecurityGroupIds": "", // below

		"Ipv6Addresses": "", "Operator": "", "SecondaryInterfaces": "", "ElasticGpuSpecifications": "", "ElasticInferenceAccelerators": "",
		"AvailabilityZoneId": "", "VCpuCount": "vcpuCount", "MemoryGiBPerVCpu": "memoryGibPerVcpu", "MemoryMiB": "memoryMib", "TotalLocalStorageGB": "totalLocalStorageGb",
		"AcceleratorTotalMemoryMiB": "acceleratorTotalMemoryMib", "BaselinePerformanceFactors": "", "RequireEncryptionInTransit": "", "State": "",
		"NetworkPerformanceOptions": "networkPerformanceOptions",
	})
	for name, value := range m {
		d.set(name, value)
	}
	d.set("securityGroupNames", sortedStrings(v.SecurityGroups))
	d.set("vpcSecurityGroupIds", sortedStrings(v.SecurityGroupIds))
	if set, ok := m["ebsOptimized"].(bool); ok {
		d.set("ebsOptimized", fmt.Sprint(set))
	}
	devices := []any{}
	for _, b := range v.BlockDeviceMappings {
		devices = append(devices, asTexts(camelMap(b, names{"EbsCardIndex": ""})))
	}
	d.set("blockDeviceMappings", devices)
	interfaces := []any{}
	for _, n := range v.NetworkInterfaces {
		interfaces = append(interfaces, asTexts(templateInterface(n)))
	}
	d.set("networkInterfaces", interfaces)
	specifications := []any{}
	for _, t := range v.TagSpecifications {
		specifications = append(specifications, map[string]any{"resourceType": string(t.ResourceType), "tags": ec2Tags(t.Tags)})
	}
	d.set("tagSpecifications", specifications)
}

// asTexts writes the truth values in a structure as texts where Pulumi does.
func asTexts(m map[string]any) map[string]any {
	for _, name := range templateTexts {
		if set, ok := m[name].(bool); ok {
			m[name] = fmt.Sprint(set)
		}
	}
	if ebs, ok := m["ebs"].(map[string]any); ok {
		m["ebs"] = asTexts(ebs)
	}
	return m
}

func templateInterface(n types.LaunchTemplateInstanceNetworkInterfaceSpecification) map[string]any {
	m := camelMap(n, names{
		"Groups": "", "PrivateIpAddresses": "", "Ipv4Prefixes": "", "Ipv6Prefixes": "", "Ipv6Addresses": "",
		"SecondaryPrivateIpAddressCount": "ipv4AddressCount", "EnaQueueCount": "",
	})
	if len(n.Groups) > 0 {
		m["securityGroups"] = sortedStrings(n.Groups)
	}
	for _, a := range n.PrivateIpAddresses {
		if !aws.ToBool(a.Primary) {
			m["ipv4Addresses"] = append(asList(m["ipv4Addresses"]), aws.ToString(a.PrivateIpAddress))
		}
	}
	for _, a := range n.Ipv6Addresses {
		m["ipv6Addresses"] = append(asList(m["ipv6Addresses"]), aws.ToString(a.Ipv6Address))
	}
	for _, p := range n.Ipv4Prefixes {
		m["ipv4Prefixes"] = append(asList(m["ipv4Prefixes"]), aws.ToString(p.Ipv4Prefix))
	}
	for _, p := range n.Ipv6Prefixes {
		m["ipv6Prefixes"] = append(asList(m["ipv6Prefixes"]), aws.ToString(p.Ipv6Prefix))
	}
	return m
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func eachFlowLog(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeFlowLogsPaginator(s.ec2(), &ec2.DescribeFlowLogsInput{MaxResults: ec2PageSize, Filter: idFilter("flow-log-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeFlowLogsOutput) error {
		for _, v := range out.FlowLogs {
			if err := emit(ctx, projectFlowLog(s, v)); err != nil {
				return err
			}
		}
		return nil
	})
}

// flowLogResources are the properties of what is logged, by the start of its id.
var flowLogResources = map[string]string{
	"vpc": "vpcId", "subnet": "subnetId", "eni": "eniId", "tgw": "transitGatewayId", "nat": "regionalNatGatewayId",
}

func projectFlowLog(s *session, v types.FlowLog) discovery.Observation {
	d, id := newDocument(), aws.ToString(v.FlowLogId)
	d.set("region", s.region)
	d.set("arn", s.ec2ARN("vpc-flow-log/"+id))
	d.texts(map[string]*string{
		"deliverCrossAccountRole": v.DeliverCrossAccountRole, "iamRoleArn": v.DeliverLogsPermissionArn, "logDestination": v.LogDestination, "logFormat": v.LogFormat,
	})
	if v.LogDestination == nil && v.LogGroupName != nil { // as logs of before destinations were
		d.set("logDestination", fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", s.partition, s.region, s.awsAccount, *v.LogGroupName))
	}
	d.set("logDestinationType", string(v.LogDestinationType))
	d.set("maxAggregationInterval", optional(v.MaxAggregationInterval))
	d.set("trafficType", string(v.TrafficType))
	d.set("destinationOptions", camelMap(v.DestinationOptions, nil))
	resource := aws.ToString(v.ResourceId)
	if strings.HasPrefix(resource, "tgw-attach-") {
		d.set("transitGatewayAttachmentId", resource)
	} else if name, ok := flowLogResources[before(resource, "-")]; ok {
		d.set(name, resource)
	}
	d.set("tags", ec2Tags(v.Tags))
	return d.observe(s.region, typeFlowLog, id, id, ec2Projection)
}

func eachGroupRule(ctx context.Context, s *session, ids []string, emit observe) error {
	p := ec2.NewDescribeSecurityGroupRulesPaginator(s.ec2(), &ec2.DescribeSecurityGroupRulesInput{MaxResults: ec2PageSize, Filters: idFilter("security-group-rule-id", ids)})
	return pages(ctx, p, func(out *ec2.DescribeSecurityGroupRulesOutput) error {
		for _, r := range out.SecurityGroupRules {
			if err := emit(ctx, projectGroupRule(s, r)); err != nil {
				return err
			}
		}
		return nil
	})
}

// projectGroupRule is one rule of a group, for one source. Groups have all of theirs, too.
func projectGroupRule(s *session, r types.SecurityGroupRule) discovery.Observation {
	d, id, token := newDocument(), aws.ToString(r.SecurityGroupRuleId), typeIngressRule
	d.set("region", s.region)
	if d.set("arn", aws.ToString(r.SecurityGroupRuleArn)); r.SecurityGroupRuleArn == nil {
		d.set("arn", s.ec2ARN("security-group-rule/"+id))
	}
	d.texts(map[string]*string{
		"securityGroupId": r.GroupId, "cidrIpv4": r.CidrIpv4, "cidrIpv6": r.CidrIpv6, "description": r.Description, "ipProtocol": r.IpProtocol, "prefixListId": r.PrefixListId,
	})
	if aws.ToString(r.IpProtocol) != "-1" { // which has no ports
		d.integers(map[string]*int32{"fromPort": r.FromPort, "toPort": r.ToPort})
	}
	if g := r.ReferencedGroupInfo; g != nil {
		source := aws.ToString(g.GroupId)
		if owner := aws.ToString(g.UserId); owner != "" && owner != cmp.Or(aws.ToString(r.GroupOwnerId), s.awsAccount) {
			source = owner + "/" + source
		}
		d.set("referencedSecurityGroupId", source)
	}
	d.set("tags", ec2Tags(r.Tags))
	if aws.ToBool(r.IsEgress) {
		token = typeEgressRule
	}
	if r.IsEgress == nil { // neither is known
		id = ""
	}
	return d.observe(s.region, token, id, id, ec2Projection)
}
