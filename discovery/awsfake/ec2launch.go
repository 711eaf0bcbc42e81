package awsfake

import (
	"bytes"
	"fmt"
	"net/url"
)

var (
	launchTemplates = kind{"launchTemplates", "lt-", "LaunchTemplateId", "", func(p *Population) int { return p.more("launchTemplate") }, launchTemplateItem}
	flowLogs        = kind{"flowLogSet", "fl-", "FlowLogId", "flow-log-id", func(p *Population) int { return p.more("flowLog") }, flowLogItem}
	groupRules      = kind{"securityGroupRuleSet", "sgr-", "SecurityGroupRuleId", "security-group-rule-id", func(p *Population) int { return 2 * p.more("groupRule") }, groupRuleItem}
)

func launchTemplateItem(q *request, b *bytes.Buffer, i int, id string) {
	owner := "team"
	if q.touched(id) {
		owner = "changed"
	}
	fmt.Fprintf(b, `<item><launchTemplateId>%s</launchTemplateId><launchTemplateName>template-%06d</launchTemplateName><createTime>2025-01-01T00:00:00.000Z</createTime>`+
		`<defaultVersionNumber>1</defaultVersionNumber><latestVersionNumber>2</latestVersionNumber><tagSet><item><key>owner</key><value>%s</value></item></tagSet></item>`, id, i, owner)
}

// launchTemplateVersions answers for the latest version of one template, or of all.
func launchTemplateVersions(q *request, f url.Values, b *bytes.Buffer) *fault {
	one, list := f.Get("LaunchTemplateId"), []int{}
	next := ""
	if one != "" {
		i, ok := q.indexOf(launchTemplates, one)
		if !ok {
			return &fault{status: 400, code: "InvalidLaunchTemplateId.NotFound", message: "The specified launch template, with template ID " + one + ", does not exist."}
		}
		list = append(list, i)
	} else {
		var from, to int
		from, to, next = q.window(f.Get("NextToken"), number(f.Get("MaxResults")), 200, q.pop.more("launchTemplate"))
		q.each(from, to, func(i int) string { return q.ec2ID(launchTemplates, i) }, func(i int) { list = append(list, i) })
	}
	b.WriteString("<launchTemplateVersionSet>")
	for _, i := range list {
		fmt.Fprintf(b, `<item><launchTemplateId>%s</launchTemplateId><launchTemplateName>template-%06d</launchTemplateName><versionNumber>2</versionNumber><defaultVersion>false</defaultVersion>`+
			`<launchTemplateData><imageId>ami-1</imageId><instanceType>t3.micro</instanceType><blockDeviceMappingSet><item><deviceName>/dev/xvda</deviceName>`+
			`<ebs><encrypted>%t</encrypted><volumeSize>8</volumeSize></ebs></item></blockDeviceMappingSet><metadataOptions><httpTokens>required</httpTokens></metadataOptions>`+
			`<networkInterfaceSet><item><deviceIndex>0</deviceIndex><associatePublicIpAddress>%[3]t</associatePublicIpAddress></item></networkInterfaceSet>`+
			`</launchTemplateData></item>`, q.ec2ID(launchTemplates, i), i, i%2 == 0)
	}
	b.WriteString("</launchTemplateVersionSet>")
	if next != "" {
		fmt.Fprintf(b, "<nextToken>%s</nextToken>", next)
	}
	return nil
}

func flowLogItem(q *request, b *bytes.Buffer, i int, id string) {
	traffic := "ALL"
	if q.touched(id) {
		traffic = "REJECT"
	}
	fmt.Fprintf(b, `<item><flowLogId>%s</flowLogId><flowLogStatus>ACTIVE</flowLogStatus><resourceId>%s</resourceId><trafficType>%s</trafficType><logDestinationType>s3</logDestinationType>`+
		`<logDestination>arn:aws:s3:::logs</logDestination><logFormat>${version}</logFormat><maxAggregationInterval>600</maxAggregationInterval></item>`, id, q.ec2ID(vpcs, i), traffic)
}

// groupRuleItem: the second half of the rules is of what goes out.
func groupRuleItem(q *request, b *bytes.Buffer, i int, id string) {
	description := "rule"
	if q.touched(id) {
		description = "changed"
	}
	fmt.Fprintf(b, `<item><securityGroupRuleId>%s</securityGroupRuleId><groupId>%s</groupId><groupOwnerId>%s</groupOwnerId><isEgress>%t</isEgress><ipProtocol>tcp</ipProtocol>`+
		`<fromPort>443</fromPort><toPort>443</toPort><cidrIpv4>0.0.0.0/0</cidrIpv4><description>%s</description></item>`, id, q.ec2ID(securityGroups, 0), q.pop.AccountID, i >= q.pop.more("groupRule"), description)
}
