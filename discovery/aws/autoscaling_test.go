package aws

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

var scalingPopulation = awsfake.Population{Images: 1, More: map[string]int{"scalingGroup": 2, "launchConfiguration": 2}}

var fullScalingGroup = iamAnswer("DescribeAutoScalingGroups", `<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName><AutoScalingGroupARN>arn:web</AutoScalingGroupARN>
<MinSize>0</MinSize><MaxSize>3</MaxSize><DesiredCapacity>0</DesiredCapacity><DesiredCapacityType>units</DesiredCapacityType><DefaultCooldown>300</DefaultCooldown><DefaultInstanceWarmup>60</DefaultInstanceWarmup>
<MaxInstanceLifetime>86400</MaxInstanceLifetime><CapacityRebalance>true</CapacityRebalance><Context>c</Context><HealthCheckType>EC2,ELB</HealthCheckType><HealthCheckGracePeriod>0</HealthCheckGracePeriod>
<AvailabilityZones><member>us-east-1b</member><member>us-east-1a</member></AvailabilityZones><VPCZoneIdentifier>subnet-2,subnet-1</VPCZoneIdentifier>
<LoadBalancerNames><member>old-2</member><member>old-1</member></LoadBalancerNames><TargetGroupARNs><member>tg-2</member><member>tg-1</member></TargetGroupARNs>
<TerminationPolicies><member>OldestInstance</member><member>Default</member></TerminationPolicies><PlacementGroup>pg</PlacementGroup><NewInstancesProtectedFromScaleIn>true</NewInstancesProtectedFromScaleIn>
<ServiceLinkedRoleARN>arn:role</ServiceLinkedRoleARN><LaunchConfigurationName>lc</LaunchConfigurationName><LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><LaunchTemplateName>t</LaunchTemplateName><Version>$Latest</Version></LaunchTemplate>
<EnabledMetrics><member><Metric>GroupMinSize</Metric><Granularity>1Minute</Granularity></member><member><Metric>GroupMaxSize</Metric><Granularity>1Minute</Granularity></member></EnabledMetrics>
<SuspendedProcesses><member><ProcessName>Terminate</ProcessName></member><member><ProcessName>Launch</ProcessName></member></SuspendedProcesses>
<TrafficSources><member><Identifier>tg-1</Identifier><Type>elbv2</Type></member></TrafficSources>
<Tags><member><Key>b</Key><Value>2</Value><PropagateAtLaunch>false</PropagateAtLaunch></member><member><Key>a</Key><Value>1</Value><PropagateAtLaunch>true</PropagateAtLaunch></member></Tags>
<AvailabilityZoneDistribution><CapacityDistributionStrategy>balanced-only</CapacityDistributionStrategy></AvailabilityZoneDistribution>
<InstanceMaintenancePolicy><MinHealthyPercentage>90</MinHealthyPercentage><MaxHealthyPercentage>120</MaxHealthyPercentage></InstanceMaintenancePolicy>
<InstanceLifecyclePolicy><RetentionTriggers><TerminateHookAbandon>retain</TerminateHookAbandon></RetentionTriggers></InstanceLifecyclePolicy>
<WarmPoolConfiguration><PoolState>Stopped</PoolState><MinSize>0</MinSize><MaxGroupPreparedCapacity>2</MaxGroupPreparedCapacity><InstanceReusePolicy><ReuseOnScaleIn>true</ReuseOnScaleIn></InstanceReusePolicy></WarmPoolConfiguration>
<CapacityReservationSpecification><CapacityReservationPreference>capacity-reservations-only</CapacityReservationPreference><CapacityReservationTarget><CapacityReservationIds><member>cr-1</member></CapacityReservationIds><CapacityReservationResourceGroupArns><member>arn:g</member></CapacityReservationResourceGroupArns></CapacityReservationTarget></CapacityReservationSpecification>
<MixedInstancesPolicy><InstancesDistribution><OnDemandAllocationStrategy>prioritized</OnDemandAllocationStrategy><OnDemandBaseCapacity>1</OnDemandBaseCapacity><OnDemandPercentageAboveBaseCapacity>50</OnDemandPercentageAboveBaseCapacity><SpotAllocationStrategy>lowest-price</SpotAllocationStrategy><SpotInstancePools>2</SpotInstancePools><SpotMaxPrice>0.1</SpotMaxPrice></InstancesDistribution>
<LaunchTemplate><LaunchTemplateSpecification><LaunchTemplateId>lt-1</LaunchTemplateId><LaunchTemplateName>t</LaunchTemplateName><Version>1</Version></LaunchTemplateSpecification>
<Overrides><member><InstanceType>t3.small</InstanceType><WeightedCapacity>2</WeightedCapacity><LaunchTemplateSpecification><LaunchTemplateId>lt-2</LaunchTemplateId></LaunchTemplateSpecification></member>
<member><InstanceRequirements><MemoryMiB><Min>1024</Min><Max>2048</Max></MemoryMiB><VCpuCount><Min>1</Min></VCpuCount><AcceleratorCount><Min>0</Min></AcceleratorCount><AcceleratorTotalMemoryMiB><Min>1</Min></AcceleratorTotalMemoryMiB><BaselineEbsBandwidthMbps><Min>1</Min></BaselineEbsBandwidthMbps>
<MemoryGiBPerVCpu><Min>0.5</Min></MemoryGiBPerVCpu><NetworkBandwidthGbps><Max>1.5</Max></NetworkBandwidthGbps><NetworkInterfaceCount><Min>1</Min></NetworkInterfaceCount><TotalLocalStorageGB><Min>1.5</Min></TotalLocalStorageGB>
<AcceleratorManufacturers><member>nvidia</member></AcceleratorManufacturers><AcceleratorNames><member>t4</member></AcceleratorNames><AcceleratorTypes><member>gpu</member></AcceleratorTypes><AllowedInstanceTypes><member>m5.*</member></AllowedInstanceTypes>
<CpuManufacturers><member>intel</member><member>amd</member></CpuManufacturers><ExcludedInstanceTypes><member>t2.*</member></ExcludedInstanceTypes><InstanceGenerations><member>current</member></InstanceGenerations><LocalStorageTypes><member>ssd</member></LocalStorageTypes>
<BareMetal>excluded</BareMetal><BurstablePerformance>included</BurstablePerformance><LocalStorage>required</LocalStorage><RequireHibernateSupport>false</RequireHibernateSupport><MaxSpotPriceAsPercentageOfOptimalOnDemandPrice>50</MaxSpotPriceAsPercentageOfOptimalOnDemandPrice>
<SpotMaxPricePercentageOverLowestPrice>100</SpotMaxPricePercentageOverLowestPrice><OnDemandMaxPricePercentageOverLowestPrice>20</OnDemandMaxPricePercentageOverLowestPrice></InstanceRequirements></member></Overrides></LaunchTemplate></MixedInstancesPolicy></member></AutoScalingGroups>`)

// One with all that there is, one with nothing, and one whose image is gone: what is
// its root device nobody can say.
var fullLaunchConfigurations = iamAnswer("DescribeLaunchConfigurations", `<LaunchConfigurations><member><LaunchConfigurationName>full</LaunchConfigurationName><LaunchConfigurationARN>arn:lc</LaunchConfigurationARN>
<ImageId>ami-00000000000000000</ImageId><InstanceType>t3.micro</InstanceType><KeyName>k</KeyName><IamInstanceProfile>p</IamInstanceProfile><PlacementTenancy>dedicated</PlacementTenancy><SpotPrice>0.1</SpotPrice>
<SecurityGroups><member>sg-2</member><member>sg-1</member></SecurityGroups><EbsOptimized>true</EbsOptimized><AssociatePublicIpAddress>false</AssociatePublicIpAddress><InstanceMonitoring><Enabled>false</Enabled></InstanceMonitoring>
<MetadataOptions><HttpTokens>optional</HttpTokens><HttpEndpoint>enabled</HttpEndpoint><HttpPutResponseHopLimit>2</HttpPutResponseHopLimit></MetadataOptions><UserData>c2VjcmV0</UserData>
<BlockDeviceMappings><member><DeviceName>/dev/sdb</DeviceName><Ebs><SnapshotId>snap-1</SnapshotId><VolumeSize>9</VolumeSize><VolumeType>io2</VolumeType><Iops>100</Iops><Throughput>125</Throughput><DeleteOnTermination>false</DeleteOnTermination><Encrypted>false</Encrypted></Ebs></member>
<member><DeviceName>/dev/xvda</DeviceName><Ebs><SnapshotId>snap-2</SnapshotId><VolumeSize>8</VolumeSize><VolumeType>gp3</VolumeType><Encrypted>true</Encrypted></Ebs></member>
<member><DeviceName>/dev/sdc</DeviceName><NoDevice>true</NoDevice></member><member><DeviceName>/dev/sdd</DeviceName><VirtualName>ephemeral0</VirtualName></member></BlockDeviceMappings></member>
<member><LaunchConfigurationName>bare</LaunchConfigurationName><ImageId>ami-00000000000000000</ImageId><UserData/></member>
<member><LaunchConfigurationName>lost</LaunchConfigurationName><ImageId>ami-gone</ImageId><BlockDeviceMappings><member><DeviceName>/dev/xvda</DeviceName><Ebs><Encrypted>true</Encrypted></Ebs></member></BlockDeviceMappings></member></LaunchConfigurations>`)

func TestGoldenAutoScaling(t *testing.T) {
	t.Parallel()
	golden(t, "autoscaling", newAccount(scalingPopulation).read(t, autoscalingService, home).sorted())
	full := newAccount(scalingPopulation).says("autoscaling:DescribeAutoScalingGroups", fullScalingGroup).says("autoscaling:DescribeLaunchConfigurations", fullLaunchConfigurations)
	golden(t, "autoscaling-full", full.read(t, autoscalingService, home).sorted())
	denied := newAccount(scalingPopulation).fails("ec2:DescribeImages", http.StatusForbidden, ec2Error("UnauthorizedOperation"))
	golden(t, "autoscaling-denied", denied.read(t, autoscalingService, home).sorted())
	failed := newAccount(scalingPopulation).fails("ec2:DescribeImages", http.StatusInternalServerError, ec2Error("InternalError"))
	golden(t, "autoscaling-failed", failed.read(t, autoscalingService, home).sorted())
	silent := newAccount(scalingPopulation).
		says("autoscaling:DescribeAutoScalingGroups", iamAnswer("DescribeAutoScalingGroups", "<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName></member></AutoScalingGroups>")).
		says("autoscaling:DescribeLaunchConfigurations", iamAnswer("DescribeLaunchConfigurations", "<LaunchConfigurations><member><LaunchConfigurationName>lc</LaunchConfigurationName></member></LaunchConfigurations>"))
	golden(t, "autoscaling-silent", silent.read(t, autoscalingService, home).sorted())
}

// Only images of launch configurations that name volumes are asked for.
func TestRootDevicesAreAskedForWhenNeeded(t *testing.T) {
	t.Parallel()
	a := newAccount(awsfake.Population{Images: 1}).says("autoscaling:DescribeLaunchConfigurations", iamAnswer("DescribeLaunchConfigurations",
		"<LaunchConfigurations><member><LaunchConfigurationName>bare</LaunchConfigurationName><ImageId>ami-1</ImageId></member></LaunchConfigurations>"))
	a.read(t, autoscalingService, home)
	if n := a.count("ec2:DescribeImages"); n != 0 {
		t.Errorf("%d calls for nothing", n)
	}
	var asked []string
	a = newAccount(awsfake.Population{Images: 1, More: map[string]int{"launchConfiguration": 3}}).asked("ec2:DescribeImages", func(_ string, q url.Values) answer {
		asked = append(asked, q.Get("Filter.1.Value.1")+q.Get("Filter.1.Value.2"))
		return answer{}
	})
	a.read(t, autoscalingService, home)
	if !slices.Equal(asked, []string{"ami-00000000000000000"}) {
		t.Errorf("asked for %q", asked)
	}
}

func TestVerifyAutoScaling(t *testing.T) {
	t.Parallel()
	removedOrThere(t, autoscalingService, awsfake.Population{Images: 1, More: map[string]int{"*": 2}}, map[string]string{
		typeScalingGroup: "autoscaling:DescribeAutoScalingGroups", typeLaunchConfiguration: "autoscaling:DescribeLaunchConfigurations",
	}, schemas.Key{Region: home, Type: typeScalingGroup, ID: "scaling-group-000001"}, schemas.Key{Region: home, Type: typeLaunchConfiguration, ID: "launch-configuration-000001"})
}

// Names are asked for as many at a time as the API takes.
func TestVerifyManyScalingGroups(t *testing.T) {
	t.Parallel()
	a := newAccount(awsfake.Population{More: map[string]int{"scalingGroup": 60}})
	var keys []schemas.Key
	for _, o := range a.read(t, autoscalingService, home).list {
		keys = append(keys, o.Key)
	}
	if emitted, gone, err := a.verify(t, autoscalingService, keys...); err != nil || len(emitted) != 60 || len(gone) != 0 {
		t.Errorf("%d emitted, %d gone, %v", len(emitted), len(gone), err)
	}
	if n := a.count("autoscaling:DescribeAutoScalingGroups"); n != 1+2 {
		t.Errorf("%d calls", n)
	}
}
