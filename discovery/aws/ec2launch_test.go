package aws

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

const templateList = `<DescribeLaunchTemplatesResponse><launchTemplates><item><launchTemplateId>lt-1</launchTemplateId><launchTemplateName>web</launchTemplateName>` +
	`<defaultVersionNumber>1</defaultVersionNumber><latestVersionNumber>3</latestVersionNumber><tagSet><item><key>a</key><value>b</value></item></tagSet></item></launchTemplates></DescribeLaunchTemplatesResponse>`

const templateVersion = `<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item><launchTemplateId>lt-1</launchTemplateId><versionNumber>3</versionNumber>` +
	`<versionDescription>third</versionDescription><launchTemplateData>%s</launchTemplateData></item></launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>`

const fullTemplate = `<ebsOptimized>true</ebsOptimized><iamInstanceProfile><arn>arn:p</arn></iamInstanceProfile><imageId>ami-1</imageId><instanceType>t3.micro</instanceType><keyName>k</keyName>` +
	`<kernelId>aki-1</kernelId><ramDiskId>ari-1</ramDiskId><userData>c2VjcmV0</userData><disableApiTermination>true</disableApiTermination><disableApiStop>false</disableApiStop>` +
	`<instanceInitiatedShutdownBehavior>stop</instanceInitiatedShutdownBehavior><monitoring><enabled>true</enabled></monitoring><placement><tenancy>dedicated</tenancy><partitionNumber>1</partitionNumber></placement>` +
	`<blockDeviceMappingSet><item><deviceName>/dev/xvda</deviceName><ebs><encrypted>true</encrypted><deleteOnTermination>false</deleteOnTermination><kmsKeyId>arn:k</kmsKeyId><volumeSize>8</volumeSize>` +
	`<volumeType>gp3</volumeType><iops>3000</iops><throughput>125</throughput></ebs></item><item><deviceName>/dev/xvdb</deviceName><virtualName>ephemeral0</virtualName></item></blockDeviceMappingSet>` +
	`<networkInterfaceSet><item><deviceIndex>0</deviceIndex><associatePublicIpAddress>true</associatePublicIpAddress><deleteOnTermination>true</deleteOnTermination><groupSet><groupId>sg-1</groupId></groupSet>` +
	`<subnetId>subnet-1</subnetId><privateIpAddressesSet><item><primary>true</primary><privateIpAddress>10.0.0.1</privateIpAddress></item><item><primary>false</primary><privateIpAddress>10.0.0.2</privateIpAddress></item></privateIpAddressesSet>` +
	`<ipv6AddressesSet><item><ipv6Address>::1</ipv6Address></item></ipv6AddressesSet><secondaryPrivateIpAddressCount>1</secondaryPrivateIpAddressCount></item></networkInterfaceSet>` +
	`<securityGroupIdSet><item>sg-1</item></securityGroupIdSet><securityGroupSet><item>default</item></securityGroupSet><metadataOptions><httpTokens>required</httpTokens><httpEndpoint>enabled</httpEndpoint>` +
	`<httpPutResponseHopLimit>1</httpPutResponseHopLimit><state>applied</state></metadataOptions><tagSpecificationSet><item><resourceType>instance</resourceType><tagSet><item><key>x</key><value>y</value></item></tagSet></item></tagSpecificationSet>` +
	`<creditSpecification><cpuCredits>standard</cpuCredits></creditSpecification><cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions><enclaveOptions><enabled>true</enabled></enclaveOptions>` +
	`<hibernationOptions><configured>false</configured></hibernationOptions><instanceMarketOptions><marketType>spot</marketType><spotOptions><maxPrice>0.1</maxPrice></spotOptions></instanceMarketOptions>` +
	`<licenseSet><item><licenseConfigurationArn>arn:l</licenseConfigurationArn></item></licenseSet><maintenanceOptions><autoRecovery>default</autoRecovery></maintenanceOptions>` +
	`<privateDnsNameOptions><hostnameType>ip-name</hostnameType><enableResourceNameDnsARecord>true</enableResourceNameDnsARecord><enableResourceNameDnsAAAARecord>false</enableResourceNameDnsAAAARecord></privateDnsNameOptions>` +
	`<capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference></capacityReservationSpecification>` +
	`<instanceRequirements><vCpuCount><min>1</min><max>2</max></vCpuCount><memoryMiB><min>512</min></memoryMiB><memoryGiBPerVCpu><min>1.5</min></memoryGiBPerVCpu><totalLocalStorageGB><min>1.5</min></totalLocalStorageGB>` +
	`<acceleratorTotalMemoryMiB><min>1</min></acceleratorTotalMemoryMiB><bareMetal>excluded</bareMetal></instanceRequirements>`

const flowLogList = `<DescribeFlowLogsResponse><flowLogSet><item><flowLogId>fl-1</flowLogId><resourceId>vpc-1</resourceId><trafficType>ALL</trafficType><logGroupName>flows</logGroupName>` +
	`<logDestinationType>cloud-watch-logs</logDestinationType><deliverLogsPermissionArn>arn:r</deliverLogsPermissionArn><maxAggregationInterval>60</maxAggregationInterval></item>` +
	`<item><flowLogId>fl-2</flowLogId><resourceId>tgw-attach-1</resourceId><logDestination>arn:aws:s3:::b</logDestination><deliverCrossAccountRole>arn:x</deliverCrossAccountRole>` +
	`<destinationOptions><fileFormat>parquet</fileFormat><hiveCompatiblePartitions>true</hiveCompatiblePartitions><perHourPartition>false</perHourPartition></destinationOptions></item>` +
	`<item><flowLogId>fl-3</flowLogId><resourceId>subnet-1</resourceId><tagSet><item><key>a</key><value>b</value></item></tagSet></item></flowLogSet></DescribeFlowLogsResponse>`

const ruleList = `<DescribeSecurityGroupRulesResponse><securityGroupRuleSet><item><securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><groupOwnerId>1</groupOwnerId><isEgress>false</isEgress>` +
	`<ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><referencedGroupInfo><groupId>sg-2</groupId><userId>2</userId></referencedGroupInfo><tagSet><item><key>a</key><value>b</value></item></tagSet></item>` +
	`<item><securityGroupRuleId>sgr-2</securityGroupRuleId><groupId>sg-1</groupId><isEgress>true</isEgress><ipProtocol>-1</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort><cidrIpv6>::/0</cidrIpv6></item>` +
	`<item><securityGroupRuleId>sgr-3</securityGroupRuleId><groupId>sg-1</groupId><isEgress>true</isEgress><ipProtocol>udp</ipProtocol><prefixListId>pl-1</prefixListId><securityGroupRuleArn>arn:r</securityGroupRuleArn></item>` +
	`</securityGroupRuleSet></DescribeSecurityGroupRulesResponse>`

const latestTemplate = "ec2:DescribeLaunchTemplateVersions"

// templates is an account with a template whose latest version says data.
func templates(data string) *account {
	return newAccount(awsfake.Population{}).says("ec2:DescribeLaunchTemplates", templateList).says(latestTemplate, fmt.Sprintf(templateVersion, data))
}

// readTypes reads a service and gives what it has of some types, sorted.
func (a *account) readTypes(t *testing.T, svc *service, tokens ...string) []discovery.Observation {
	t.Helper()
	return slices.DeleteFunc(a.read(t, svc, home).sorted(), func(o discovery.Observation) bool { return !slices.Contains(tokens, o.Type) })
}

func TestGoldenLaunchTemplates(t *testing.T) {
	t.Parallel()
	golden(t, "ec2-launch-templates", templates(fullTemplate).says("ec2:DescribeFlowLogs", flowLogList).says("ec2:DescribeSecurityGroupRules", ruleList).
		readTypes(t, ec2Service, typeLaunchTemplate, typeFlowLog, typeIngressRule, typeEgressRule))
	golden(t, "ec2-launch-templates-denied", templates("").fails(latestTemplate, http.StatusForbidden, ec2Error("UnauthorizedOperation")).readTypes(t, ec2Service, typeLaunchTemplate))
	// A version that the answer lacks says nothing.
	golden(t, "ec2-launch-templates-silent", templates("").says(latestTemplate, `<DescribeLaunchTemplateVersionsResponse/>`).readTypes(t, ec2Service, typeLaunchTemplate))
}

func TestVerifyLaunchTemplates(t *testing.T) {
	t.Parallel()
	p := awsfake.Population{More: map[string]int{"launchTemplate": 3, "flowLog": 3, "groupRule": 3}}
	verifies(t, ec2Service, p, "lt-00000000000000000", map[string]string{typeLaunchTemplate: "ec2:DescribeLaunchTemplates"})
	verifies(t, ec2Service, p, "fl-00000000000000000", map[string]string{typeFlowLog: "ec2:DescribeFlowLogs"})
	verifies(t, ec2Service, p, "sgr-00000000000000000", map[string]string{typeIngressRule: "ec2:DescribeSecurityGroupRules"})
	verifies(t, ec2Service, p, "sgr-00000000000000003", map[string]string{typeEgressRule: "ec2:DescribeSecurityGroupRules"})
}
