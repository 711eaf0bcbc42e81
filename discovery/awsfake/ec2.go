package awsfake

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

var ec2Operations = map[string]operation{
	"DescribeRegions":           describeRegions,
	"DescribeInstances":         describeInstances,
	"DescribeInstanceAttribute": describeInstanceAttribute,
	"DescribeVolumes":           lister(volumes),
	"DescribeSecurityGroups":    lister(securityGroups),
	"DescribeVpcs":              lister(vpcs),
	"DescribeVpcAttribute":      describeVPCAttribute,
	"DescribeSubnets":           lister(subnets),
	"DescribeSnapshots":         lister(snapshots),
	"DescribeImages":            lister(images),
	"GetEbsEncryptionByDefault": ebsEncryption,

	"DescribeLaunchTemplates":        lister(launchTemplates),
	"DescribeLaunchTemplateVersions": launchTemplateVersions,
	"DescribeFlowLogs":               lister(flowLogs),
	"DescribeSecurityGroupRules":     lister(groupRules),
}

// kind is a listable EC2 type: where its items go, how many there are, how one
// of them looks. Ids are made of the region and the index, so nothing is kept.
type kind struct {
	set     string // element around the items
	prefix  string // of ids
	idParam string // request parameter that names ids, without ".N"
	filter  string // filter that names ids
	count   func(p *Population) int
	item    func(q *request, b *bytes.Buffer, i int, id string)
}

var (
	volumes = kind{"volumeSet", "vol-", "VolumeId", "volume-id", func(p *Population) int { return p.Volumes + p.Instances }, volumeItem}

	securityGroups = kind{"securityGroupInfo", "sg-", "GroupId", "group-id", func(p *Population) int { return p.SecurityGroups }, securityGroupItem}
	vpcs           = kind{"vpcSet", "vpc-", "VpcId", "vpc-id", func(p *Population) int { return p.VPCs }, vpcItem}
	subnets        = kind{"subnetSet", "subnet-", "SubnetId", "subnet-id", func(p *Population) int { return p.Subnets }, subnetItem}
	snapshots      = kind{"snapshotSet", "snap-", "SnapshotId", "snapshot-id", func(p *Population) int { return p.Snapshots }, snapshotItem}
	images         = kind{"imagesSet", "ami-", "ImageId", "image-id", func(p *Population) int { return p.Images }, imageItem}
	instances      = kind{"reservationSet", "i-", "InstanceId", "instance-id", func(p *Population) int { return p.Instances }, instanceItem}
)

// missing is the code of an id that does not exist.
func (k kind) missing() string {
	if k.idParam == "LaunchTemplateId" {
		return "InvalidLaunchTemplateId.NotFound"
	}
	return "Invalid" + strings.TrimSuffix(k.idParam, "Id") + "ID.NotFound"
}

// regionIndex keeps ids of different regions apart.
func (q *request) regionIndex() int {
	for i, r := range q.pop.Regions {
		if r == q.region {
			return i
		}
	}
	return len(q.pop.Regions)
}

func (q *request) ec2ID(k kind, i int) string {
	return fmt.Sprintf("%s%02x%015x", k.prefix, q.regionIndex(), i)
}

// indexOf is the inverse of ec2ID; ok is false for an id that does not exist.
func (q *request) indexOf(k kind, id string) (int, bool) {
	hex, ok := strings.CutPrefix(id, k.prefix)
	if !ok || len(hex) != 17 || hex[:2] != fmt.Sprintf("%02x", q.regionIndex()) {
		return 0, false
	}
	n, err := strconv.ParseInt(hex[2:], 16, 64)
	return int(n), err == nil && int(n) < k.count(&q.pop) && !q.gone(id)
}

func lister(k kind) operation {
	return func(q *request, f url.Values, b *bytes.Buffer) *fault { return q.list(k, f, b) }
}

func describeInstances(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.list(instances, f, b)
}

// describeVPCAttribute says of every VPC that DNS is resolved, and nothing else on.
func describeVPCAttribute(q *request, f url.Values, b *bytes.Buffer) *fault {
	id, name := f.Get("VpcId"), f.Get("Attribute")
	if _, ok := q.indexOf(vpcs, id); !ok {
		return &fault{status: 400, code: "InvalidVpcID.NotFound", message: "The vpc ID '" + id + "' does not exist"}
	}
	switch name {
	case "enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics":
	default:
		return &fault{status: 400, code: "InvalidParameterValue", message: "Value (" + name + ") for parameter attribute is invalid."}
	}
	fmt.Fprintf(b, "<vpcId>%s</vpcId><%s><value>%t</value></%s>", id, name, name == "enableDnsSupport", name)
	return nil
}

// describeInstanceAttribute says that no instance is protected, and gives no user data.
func describeInstanceAttribute(q *request, f url.Values, b *bytes.Buffer) *fault {
	id, name := f.Get("InstanceId"), f.Get("Attribute")
	if _, ok := q.indexOf(instances, id); !ok {
		return &fault{status: 400, code: "InvalidInstanceID.NotFound", message: "The instance ID '" + id + "' does not exist"}
	}
	fmt.Fprintf(b, "<instanceId>%s</instanceId>", id)
	switch name {
	case "disableApiStop", "disableApiTermination":
		fmt.Fprintf(b, "<%s><value>false</value></%s>", name, name)
	case "userData":
		b.WriteString("<userData/>")
	default:
		return &fault{status: 400, code: "InvalidParameterValue", message: "Value (" + name + ") for parameter attribute is invalid."}
	}
	return nil
}

// list answers a Describe call: by ids, by an id filter, or a page of all.
func (q *request) list(k kind, f url.Values, b *bytes.Buffer) *fault {
	fmt.Fprintf(b, "<%s>", k.set)
	next := ""
	if ids, byParam := askedIDs(k, f); ids != nil {
		for _, id := range ids {
			i, ok := q.indexOf(k, id)
			if !ok && byParam {
				return &fault{status: 400, code: k.missing(), message: "The ID '" + id + "' does not exist"}
			}
			if ok {
				k.item(q, b, i, id)
			}
		}
	} else if !publicOnly(f) {
		var from, to int
		from, to, next = q.window(f.Get("NextToken"), number(f.Get("MaxResults")), 1000, k.count(&q.pop))
		for i := from; i < to; i++ {
			if id := q.ec2ID(k, i); !q.gone(id) {
				k.item(q, b, i, id)
			}
		}
	}
	fmt.Fprintf(b, "</%s>", k.set)
	if next != "" {
		fmt.Fprintf(b, "<nextToken>%s</nextToken>", next)
	}
	return nil
}

// publicOnly tells the calls that ask for what is shared with everyone: nothing is.
func publicOnly(f url.Values) bool {
	for k, v := range f {
		if strings.HasPrefix(k, "RestorableBy") || strings.HasPrefix(k, "ExecutableBy") {
			return true
		}
		if strings.HasSuffix(k, ".Name") && strings.HasPrefix(k, "Filter.") && v[0] == "is-public" {
			return f.Get(strings.TrimSuffix(k, ".Name")+".Value.1") == "true"
		}
	}
	return false
}

// askedIDs reads ids from XId.N parameters or from the id filter.
func askedIDs(k kind, f url.Values) (ids []string, byParam bool) {
	for i := 1; ; i++ {
		id := f.Get(k.idParam + "." + strconv.Itoa(i))
		if id == "" {
			break
		}
		ids, byParam = append(ids, id), true
	}
	for n := 1; ; n++ {
		filter := "Filter." + strconv.Itoa(n)
		name := f.Get(filter + ".Name")
		if name == "" {
			return ids, byParam
		}
		for i := 1; name == k.filter; i++ {
			id := f.Get(filter + ".Value." + strconv.Itoa(i))
			if id == "" {
				break
			}
			ids = append(ids, id)
		}
	}
}

func (q *request) tags(b *bytes.Buffer, id string, i int) {
	owner := "team-" + strconv.Itoa(i%17)
	if q.touched(id) {
		owner = "changed"
	}
	fmt.Fprintf(b, "<tagSet><item><key>Name</key><value>%s</value></item><item><key>owner</key><value>%s</value></item></tagSet>", id, owner)
}

func instanceItem(q *request, b *bytes.Buffer, i int, id string) {
	tokens := "required"
	if i%4 == 0 {
		tokens = "optional"
	}
	fmt.Fprintf(b, `<item><reservationId>r-%s</reservationId><ownerId>%s</ownerId><groupSet/><instancesSet><item>`, id[2:], q.pop.AccountID)
	fmt.Fprintf(b, `<instanceId>%s</instanceId><imageId>%s</imageId><instanceState><code>16</code><name>running</name></instanceState>`, id, q.ec2ID(images, i%max(1, q.pop.Images)))
	fmt.Fprintf(b, `<privateDnsName>ip-10-0-0-%d.ec2.internal</privateDnsName><dnsName/><reason/><amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>t3.micro</instanceType><launchTime>2025-01-01T00:00:00.000Z</launchTime>`, i%250)
	fmt.Fprintf(b, `<placement><availabilityZone>%sa</availabilityZone><groupName/><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>`, q.region)
	fmt.Fprintf(b, `<subnetId>%s</subnetId><vpcId>%s</vpcId><privateIpAddress>10.0.0.%d</privateIpAddress><sourceDestCheck>true</sourceDestCheck>`, q.ec2ID(subnets, i%max(1, q.pop.Subnets)), q.ec2ID(vpcs, 0), i%250)
	fmt.Fprintf(b, `<groupSet><item><groupId>%s</groupId><groupName>app</groupName></item></groupSet><architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>`, q.ec2ID(securityGroups, i%max(1, q.pop.SecurityGroups)))
	fmt.Fprintf(b, `<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>%s</volumeId><status>attached</status><attachTime>2025-01-01T00:00:00.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping><virtualizationType>hvm</virtualizationType>`, q.ec2ID(volumes, i))
	q.tags(b, id, i)
	fmt.Fprintf(b, `<hypervisor>xen</hypervisor><networkInterfaceSet/><ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport><metadataOptions><state>applied</state><httpTokens>%s</httpTokens><httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions></item></instancesSet></item>`, tokens)
}

func volumeItem(q *request, b *bytes.Buffer, i int, id string) {
	fmt.Fprintf(b, `<item><volumeId>%s</volumeId><size>%d</size><snapshotId/><availabilityZone>%sa</availabilityZone><status>in-use</status><createTime>2025-01-01T00:00:00.000Z</createTime><attachmentSet/>`, id, 8+i%100, q.region)
	q.tags(b, id, i)
	fmt.Fprintf(b, `<volumeType>gp3</volumeType><iops>3000</iops><encrypted>%t</encrypted><multiAttachEnabled>false</multiAttachEnabled><throughput>125</throughput></item>`, i%3 != 0)
}

func securityGroupItem(q *request, b *bytes.Buffer, i int, id string) {
	cidr := "10.0.0.0/8"
	if i%10 == 0 {
		cidr = "0.0.0.0/0"
	}
	fmt.Fprintf(b, `<item><ownerId>%s</ownerId><groupId>%s</groupId><groupName>app-%d</groupName><groupDescription>generated</groupDescription><vpcId>%s</vpcId>`, q.pop.AccountID, id, i, q.ec2ID(vpcs, 0))
	fmt.Fprintf(b, `<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><groups/><ipRanges><item><cidrIp>%s</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissions>`, cidr)
	b.WriteString(`<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissionsEgress>`)
	q.tags(b, id, i)
	b.WriteString(`</item>`)
}

func vpcItem(q *request, b *bytes.Buffer, i int, id string) {
	fmt.Fprintf(b, `<item><vpcId>%s</vpcId><ownerId>%s</ownerId><state>available</state><cidrBlock>10.%d.0.0/16</cidrBlock><dhcpOptionsId>dopt-1</dhcpOptionsId><instanceTenancy>default</instanceTenancy><isDefault>false</isDefault>`, id, q.pop.AccountID, i%250)
	q.tags(b, id, i)
	b.WriteString(`</item>`)
}

func subnetItem(q *request, b *bytes.Buffer, i int, id string) {
	fmt.Fprintf(b, `<item><subnetId>%s</subnetId><subnetArn>arn:aws:ec2:%s:%s:subnet/%s</subnetArn><state>available</state><ownerId>%s</ownerId><vpcId>%s</vpcId><cidrBlock>10.0.%d.0/24</cidrBlock><ipv6CidrBlockAssociationSet/><availableIpAddressCount>251</availableIpAddressCount><availabilityZone>%sa</availabilityZone><defaultForAz>false</defaultForAz><mapPublicIpOnLaunch>%t</mapPublicIpOnLaunch><assignIpv6AddressOnCreation>false</assignIpv6AddressOnCreation>`,
		id, q.region, q.pop.AccountID, id, q.pop.AccountID, q.ec2ID(vpcs, 0), i%250, q.region, i%5 == 0)
	q.tags(b, id, i)
	b.WriteString(`</item>`)
}

func snapshotItem(q *request, b *bytes.Buffer, i int, id string) {
	fmt.Fprintf(b, `<item><snapshotId>%s</snapshotId><volumeId>%s</volumeId><status>completed</status><startTime>2025-01-01T00:00:00.000Z</startTime><progress>100%%</progress><ownerId>%s</ownerId><volumeSize>8</volumeSize><description>generated</description><encrypted>%t</encrypted>`,
		id, q.ec2ID(volumes, i), q.pop.AccountID, i%2 == 0)
	q.tags(b, id, i)
	b.WriteString(`<storageTier>standard</storageTier></item>`)
}

func imageItem(q *request, b *bytes.Buffer, i int, id string) {
	fmt.Fprintf(b, `<item><imageId>%s</imageId><imageLocation>%s/image</imageLocation><imageState>available</imageState><imageOwnerId>%s</imageOwnerId><isPublic>false</isPublic><architecture>x86_64</architecture><imageType>machine</imageType><name>image-%d</name><description>generated</description><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping/><virtualizationType>hvm</virtualizationType>`,
		id, q.pop.AccountID, q.pop.AccountID, i)
	q.tags(b, id, i)
	b.WriteString(`<creationDate>2025-01-01T00:00:00.000Z</creationDate></item>`)
}

func describeRegions(q *request, _ url.Values, b *bytes.Buffer) *fault {
	b.WriteString("<regionInfo>")
	for _, r := range q.pop.Regions {
		fmt.Fprintf(b, "<item><regionName>%s</regionName><regionEndpoint>ec2.%s.amazonaws.com</regionEndpoint><optInStatus>opt-in-not-required</optInStatus></item>", r, r)
	}
	b.WriteString("</regionInfo>")
	return nil
}

func ebsEncryption(_ *request, _ url.Values, b *bytes.Buffer) *fault {
	b.WriteString("<ebsEncryptionByDefault>false</ebsEncryptionByDefault>")
	return nil
}
