package awsfake

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

var autoscalingOperations = map[string]operation{
	"DescribeAutoScalingGroups":    scalingGroups,
	"DescribeLaunchConfigurations": launchConfigurations,
	"DescribeLifecycleHooks":       lifecycleHooks,
}

func scalingGroupName(i int) string { return fmt.Sprintf("scaling-group-%06d", i) }

func launchConfigurationName(i int) string { return fmt.Sprintf("launch-configuration-%06d", i) }

// scalingList answers a Describe call: some names, of which those that do not exist
// are left out, or a page of all.
func (q *request) scalingList(f url.Values, b *bytes.Buffer, element, param string, n int, name func(int) string, item func(i int)) *fault {
	size := number(f.Get("MaxRecords"))
	if f := tooLarge(size, 100); f != nil {
		return f
	}
	fmt.Fprintf(b, "<%s>", element)
	next := ""
	if names := members(f, param); names != nil {
		if len(names) > 50 {
			return &fault{status: http.StatusBadRequest, code: "ValidationError", message: param + " has more than 50 members"}
		}
		for _, asked := range names {
			i, err := strconv.Atoi(asked[strings.LastIndexByte(asked, '-')+1:])
			if err == nil && i < n && name(i) == asked && !q.gone(asked) {
				item(i)
			}
		}
	} else {
		if size == 0 {
			size = 50
		}
		var from, to int
		from, to, next = q.window(f.Get("NextToken"), size, 100, n)
		q.each(from, to, name, item)
	}
	fmt.Fprintf(b, "</%s>", element)
	if next != "" {
		fmt.Fprintf(b, "<NextToken>%s</NextToken>", next)
	}
	return nil
}

func scalingGroups(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.scalingList(f, b, "AutoScalingGroups", "AutoScalingGroupNames", q.pop.more("scalingGroup"), scalingGroupName, func(i int) {
		name, owner, check := scalingGroupName(i), "team", "EC2"
		if q.touched(name) {
			owner = "changed"
		}
		if i%2 == 0 {
			check = "ELB"
		}
		fmt.Fprintf(b, `<member><AutoScalingGroupName>%[1]s</AutoScalingGroupName><AutoScalingGroupARN>arn:aws:autoscaling:%[2]s:%[3]s:autoScalingGroup:%012[4]d:autoScalingGroupName/%[1]s</AutoScalingGroupARN><LaunchConfigurationName>%[5]s</LaunchConfigurationName><MinSize>1</MinSize><MaxSize>3</MaxSize><DesiredCapacity>2</DesiredCapacity><DefaultCooldown>300</DefaultCooldown><AvailabilityZones><member>%[2]sa</member></AvailabilityZones><LoadBalancerNames/><TargetGroupARNs><member>%[6]s</member></TargetGroupARNs><HealthCheckType>%[7]s</HealthCheckType><HealthCheckGracePeriod>300</HealthCheckGracePeriod><Instances/><CreatedTime>2025-01-01T00:00:00Z</CreatedTime><SuspendedProcesses/><VPCZoneIdentifier>subnet-1</VPCZoneIdentifier><EnabledMetrics/><Tags><member><ResourceId>%[1]s</ResourceId><ResourceType>auto-scaling-group</ResourceType><Key>owner</Key><Value>%[8]s</Value><PropagateAtLaunch>true</PropagateAtLaunch></member></Tags><TerminationPolicies><member>Default</member></TerminationPolicies><NewInstancesProtectedFromScaleIn>false</NewInstancesProtectedFromScaleIn></member>`,
			name, q.region, q.pop.AccountID, i, launchConfigurationName(i), q.targetGroupARN(i), check, owner)
	})
}

// lifecycleHooks has one for every other group.
func lifecycleHooks(q *request, f url.Values, b *bytes.Buffer) *fault {
	name := f.Get("AutoScalingGroupName")
	i, ok := q.index(name, "scaling-group-", q.pop.more("scalingGroup"))
	if !ok {
		return &fault{status: http.StatusBadRequest, code: "ValidationError", message: "AutoScalingGroup name not found - AutoScalingGroup '" + name + "' not found"}
	}
	b.WriteString("<LifecycleHooks>")
	if i%2 == 0 {
		fmt.Fprintf(b, "<member><LifecycleHookName>drain</LifecycleHookName><AutoScalingGroupName>%s</AutoScalingGroupName><LifecycleTransition>autoscaling:EC2_INSTANCE_TERMINATING</LifecycleTransition><HeartbeatTimeout>300</HeartbeatTimeout><GlobalTimeout>30000</GlobalTimeout><DefaultResult>CONTINUE</DefaultResult></member>", name)
	}
	b.WriteString("</LifecycleHooks>")
	return nil
}

func launchConfigurations(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.scalingList(f, b, "LaunchConfigurations", "LaunchConfigurationNames", q.pop.more("launchConfiguration"), launchConfigurationName, func(i int) {
		name, size := launchConfigurationName(i), 8
		if q.touched(name) {
			size = 9
		}
		fmt.Fprintf(b, `<member><LaunchConfigurationName>%[1]s</LaunchConfigurationName><LaunchConfigurationARN>arn:aws:autoscaling:%[2]s:%[3]s:launchConfiguration:%012[4]d:launchConfigurationName/%[1]s</LaunchConfigurationARN><ImageId>%[5]s</ImageId><KeyName/><SecurityGroups><member>sg-1</member></SecurityGroups><UserData/><InstanceType>t3.micro</InstanceType><BlockDeviceMappings><member><DeviceName>/dev/xvda</DeviceName><Ebs><VolumeSize>%[6]d</VolumeSize><VolumeType>gp3</VolumeType><DeleteOnTermination>true</DeleteOnTermination><Encrypted>%[7]t</Encrypted></Ebs></member></BlockDeviceMappings><InstanceMonitoring><Enabled>true</Enabled></InstanceMonitoring><CreatedTime>2025-01-01T00:00:00Z</CreatedTime><EbsOptimized>false</EbsOptimized><AssociatePublicIpAddress>%[8]t</AssociatePublicIpAddress><MetadataOptions><HttpTokens>required</HttpTokens><HttpPutResponseHopLimit>1</HttpPutResponseHopLimit><HttpEndpoint>enabled</HttpEndpoint></MetadataOptions></member>`,
			name, q.region, q.pop.AccountID, i, q.ec2ID(images, i%max(1, q.pop.Images)), size, i%2 == 0, i%4 == 0)
	})
}
