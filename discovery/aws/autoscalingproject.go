package aws

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

func projectScalingGroup(region string, g types.AutoScalingGroup, hooksF facet, hooks []types.LifecycleHook) discovery.Observation {
	name := aws.ToString(g.AutoScalingGroupName)
	listed := facetOf(listScalingGroups.action, nil)
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", aws.ToString(g.AutoScalingGroupARN))
	d.set("minSize", optional(g.MinSize))
	d.set("maxSize", optional(g.MaxSize))
	d.set("desiredCapacity", optional(g.DesiredCapacity))
	d.set("desiredCapacityType", aws.ToString(g.DesiredCapacityType))
	d.set("defaultCooldown", optional(g.DefaultCooldown))
	d.set("defaultInstanceWarmup", optional(g.DefaultInstanceWarmup))
	d.set("maxInstanceLifetime", optional(g.MaxInstanceLifetime))
	d.set("capacityRebalance", optional(g.CapacityRebalance))
	d.set("context", aws.ToString(g.Context))
	d.facet("healthCheckType", listed.need(g.HealthCheckType != nil), func() any { return *g.HealthCheckType })
	d.set("healthCheckGracePeriod", optional(g.HealthCheckGracePeriod))
	d.set("availabilityZones", sortedStrings(g.AvailabilityZones))
	if subnets := aws.ToString(g.VPCZoneIdentifier); subnets != "" {
		d.set("vpcZoneIdentifiers", sortedStrings(strings.Split(subnets, ",")))
	}
	d.set("loadBalancers", sortedStrings(g.LoadBalancerNames))
	d.set("targetGroupArns", sortedStrings(g.TargetGroupARNs))
	d.set("terminationPolicies", anyStrings(g.TerminationPolicies)) // in the order of their use
	d.set("placementGroup", aws.ToString(g.PlacementGroup))
	d.facet("protectFromScaleIn", listed.need(g.NewInstancesProtectedFromScaleIn != nil), func() any { return *g.NewInstancesProtectedFromScaleIn })
	d.set("serviceLinkedRoleArn", aws.ToString(g.ServiceLinkedRoleARN))
	d.set("launchConfiguration", aws.ToString(g.LaunchConfigurationName))
	if t := g.LaunchTemplate; t != nil {
		d.set("launchTemplate", texts(map[string]string{"id": aws.ToString(t.LaunchTemplateId), "name": aws.ToString(t.LaunchTemplateName), "version": aws.ToString(t.Version)}))
	}
	d.set("mixedInstancesPolicy", mixedInstances(g.MixedInstancesPolicy))
	setScalingLists(d, g)
	setScalingPolicies(d, g)
	d.facet("initialLifecycleHooks", hooksF, func() any { return lifecycleHooks(hooks) })
	sortUnknown(d)
	return d.observe(region, typeScalingGroup, name, name, autoscalingProjection)
}

// lifecycleHooks are those that the group has now, whenever they were made.
func lifecycleHooks(list []types.LifecycleHook) []any {
	out := make([]any, len(list))
	for i, h := range list {
		d := newDocument()
		d.texts(map[string]*string{
			"name": h.LifecycleHookName, "lifecycleTransition": h.LifecycleTransition, "defaultResult": h.DefaultResult,
			"notificationMetadata": h.NotificationMetadata, "notificationTargetArn": h.NotificationTargetARN, "roleArn": h.RoleARN,
		})
		d.set("heartbeatTimeout", optional(h.HeartbeatTimeout))
		out[i] = d.properties
	}
	sortByJSON(out)
	return out
}

func setScalingLists(d *document, g types.AutoScalingGroup) {
	metrics, suspended := []string{}, []string{}
	for _, m := range g.EnabledMetrics {
		metrics = append(metrics, aws.ToString(m.Metric))
		d.set("metricsGranularity", aws.ToString(m.Granularity))
	}
	for _, p := range g.SuspendedProcesses {
		suspended = append(suspended, aws.ToString(p.ProcessName))
	}
	d.set("enabledMetrics", sortedStrings(metrics))
	d.set("suspendedProcesses", sortedStrings(suspended))
	sources, tags := []any{}, []any{}
	for _, t := range g.TrafficSources {
		sources = append(sources, texts(map[string]string{"identifier": aws.ToString(t.Identifier), "type": aws.ToString(t.Type)}))
	}
	for _, t := range g.Tags {
		tags = append(tags, map[string]any{"key": aws.ToString(t.Key), "value": aws.ToString(t.Value), "propagateAtLaunch": aws.ToBool(t.PropagateAtLaunch)})
	}
	sortByJSON(sources)
	sortByJSON(tags)
	d.set("trafficSources", sources)
	d.set("tags", tags)
}

func setScalingPolicies(d *document, g types.AutoScalingGroup) {
	if z := g.AvailabilityZoneDistribution; z != nil {
		d.set("availabilityZoneDistribution", texts(map[string]string{"capacityDistributionStrategy": string(z.CapacityDistributionStrategy)}))
	}
	if m := g.InstanceMaintenancePolicy; m != nil {
		policy := newDocument()
		policy.set("minHealthyPercentage", optional(m.MinHealthyPercentage))
		policy.set("maxHealthyPercentage", optional(m.MaxHealthyPercentage))
		d.set("instanceMaintenancePolicy", policy.properties)
	}
	if l := g.InstanceLifecyclePolicy; l != nil && l.RetentionTriggers != nil {
		d.set("instanceLifecyclePolicy", map[string]any{
			"retentionTriggers": texts(map[string]string{"terminateHookAbandon": string(l.RetentionTriggers.TerminateHookAbandon)}),
		})
	}
	if w := g.WarmPoolConfiguration; w != nil {
		pool := newDocument()
		pool.set("poolState", string(w.PoolState))
		pool.set("minSize", optional(w.MinSize))
		pool.set("maxGroupPreparedCapacity", optional(w.MaxGroupPreparedCapacity))
		if r := w.InstanceReusePolicy; r != nil {
			pool.set("instanceReusePolicy", map[string]any{"reuseOnScaleIn": aws.ToBool(r.ReuseOnScaleIn)})
		}
		d.set("warmPool", pool.properties)
	}
	if c := g.CapacityReservationSpecification; c != nil {
		reservation := newDocument()
		reservation.set("capacityReservationPreference", string(c.CapacityReservationPreference))
		if t := c.CapacityReservationTarget; t != nil {
			target := newDocument()
			target.set("capacityReservationIds", sortedStrings(t.CapacityReservationIds))
			target.set("capacityReservationResourceGroupArns", sortedStrings(t.CapacityReservationResourceGroupArns))
			reservation.set("capacityReservationTarget", target.properties)
		}
		d.set("capacityReservationSpecification", reservation.properties)
	}
}

func mixedInstances(p *types.MixedInstancesPolicy) any {
	if p == nil {
		return nil
	}
	d := newDocument()
	if i := p.InstancesDistribution; i != nil {
		distribution := newDocument()
		distribution.set("onDemandAllocationStrategy", aws.ToString(i.OnDemandAllocationStrategy))
		distribution.set("onDemandBaseCapacity", optional(i.OnDemandBaseCapacity))
		distribution.set("onDemandPercentageAboveBaseCapacity", optional(i.OnDemandPercentageAboveBaseCapacity))
		distribution.set("spotAllocationStrategy", aws.ToString(i.SpotAllocationStrategy))
		distribution.set("spotInstancePools", optional(i.SpotInstancePools))
		distribution.set("spotMaxPrice", aws.ToString(i.SpotMaxPrice))
		d.set("instancesDistribution", distribution.properties)
	}
	if t := p.LaunchTemplate; t != nil {
		template := newDocument()
		template.set("launchTemplateSpecification", templateSpecification(t.LaunchTemplateSpecification))
		overrides := make([]any, len(t.Overrides)) // in the order of preference
		for i, o := range t.Overrides {
			override := newDocument()
			override.set("instanceType", aws.ToString(o.InstanceType))
			override.set("weightedCapacity", aws.ToString(o.WeightedCapacity))
			override.set("launchTemplateSpecification", templateSpecification(o.LaunchTemplateSpecification))
			override.set("instanceRequirements", instanceRequirements(o.InstanceRequirements))
			overrides[i] = override.properties
		}
		template.set("overrides", overrides)
		d.set("launchTemplate", template.properties)
	}
	return d.properties
}

func templateSpecification(t *types.LaunchTemplateSpecification) any {
	if t == nil {
		return nil
	}
	return texts(map[string]string{
		"launchTemplateId": aws.ToString(t.LaunchTemplateId), "launchTemplateName": aws.ToString(t.LaunchTemplateName), "version": aws.ToString(t.Version),
	})
}

func instanceRequirements(r *types.InstanceRequirements) any {
	if r == nil {
		return nil
	}
	d := newDocument()
	if m := r.MemoryMiB; m != nil {
		d.set("memoryMib", span(m.Min, m.Max))
	}
	if m := r.VCpuCount; m != nil {
		d.set("vcpuCount", span(m.Min, m.Max))
	}
	if m := r.AcceleratorCount; m != nil {
		d.set("acceleratorCount", span(m.Min, m.Max))
	}
	if m := r.AcceleratorTotalMemoryMiB; m != nil {
		d.set("acceleratorTotalMemoryMib", span(m.Min, m.Max))
	}
	if m := r.BaselineEbsBandwidthMbps; m != nil {
		d.set("baselineEbsBandwidthMbps", span(m.Min, m.Max))
	}
	if m := r.MemoryGiBPerVCpu; m != nil {
		d.set("memoryGibPerVcpu", span(m.Min, m.Max))
	}
	if m := r.NetworkBandwidthGbps; m != nil {
		d.set("networkBandwidthGbps", span(m.Min, m.Max))
	}
	if m := r.NetworkInterfaceCount; m != nil {
		d.set("networkInterfaceCount", span(m.Min, m.Max))
	}
	if m := r.TotalLocalStorageGB; m != nil {
		d.set("totalLocalStorageGb", span(m.Min, m.Max))
	}
	d.set("acceleratorManufacturers", sortedStrings(r.AcceleratorManufacturers))
	d.set("acceleratorNames", sortedStrings(r.AcceleratorNames))
	d.set("acceleratorTypes", sortedStrings(r.AcceleratorTypes))
	d.set("allowedInstanceTypes", sortedStrings(r.AllowedInstanceTypes))
	d.set("excludedInstanceTypes", sortedStrings(r.ExcludedInstanceTypes))
	d.set("cpuManufacturers", sortedStrings(r.CpuManufacturers))
	d.set("instanceGenerations", sortedStrings(r.InstanceGenerations))
	d.set("localStorageTypes", sortedStrings(r.LocalStorageTypes))
	d.set("bareMetal", string(r.BareMetal))
	d.set("burstablePerformance", string(r.BurstablePerformance))
	d.set("localStorage", string(r.LocalStorage))
	d.set("requireHibernateSupport", optional(r.RequireHibernateSupport))
	d.set("maxSpotPriceAsPercentageOfOptimalOnDemandPrice", optional(r.MaxSpotPriceAsPercentageOfOptimalOnDemandPrice))
	d.set("spotMaxPricePercentageOverLowestPrice", optional(r.SpotMaxPricePercentageOverLowestPrice))
	d.set("onDemandMaxPricePercentageOverLowestPrice", optional(r.OnDemandMaxPricePercentageOverLowestPrice))
	return d.properties
}

func span[T int32 | float64](least, most *T) map[string]any {
	d := newDocument()
	d.set("min", optional(least))
	d.set("max", optional(most))
	return d.properties
}

// projectLaunchConfiguration does not give user data, which may hold secrets, though
// it is in the list.
func projectLaunchConfiguration(region string, c types.LaunchConfiguration, rootF facet, root string) discovery.Observation {
	name := aws.ToString(c.LaunchConfigurationName)
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", aws.ToString(c.LaunchConfigurationARN))
	d.set("imageId", aws.ToString(c.ImageId))
	d.set("instanceType", aws.ToString(c.InstanceType))
	d.set("keyName", aws.ToString(c.KeyName))
	d.set("iamInstanceProfile", aws.ToString(c.IamInstanceProfile))
	d.set("placementTenancy", aws.ToString(c.PlacementTenancy))
	d.set("spotPrice", aws.ToString(c.SpotPrice))
	d.set("securityGroups", sortedStrings(c.SecurityGroups))
	d.set("ebsOptimized", optional(c.EbsOptimized))
	// Where it does not say, the subnet decides.
	d.set("associatePublicIpAddress", optional(c.AssociatePublicIpAddress))
	if m := c.InstanceMonitoring; m != nil {
		d.set("enableMonitoring", optional(m.Enabled))
	}
	if m := c.MetadataOptions; m != nil {
		options := newDocument()
		options.set("httpTokens", string(m.HttpTokens))
		options.set("httpEndpoint", string(m.HttpEndpoint))
		options.set("httpPutResponseHopLimit", optional(m.HttpPutResponseHopLimit))
		d.set("metadataOptions", options.properties)
	}
	launchDevices(d, c, rootF, root)
	if aws.ToString(c.UserData) != "" {
		d.withheld("userData", "userDataBase64")
	}
	sortUnknown(d)
	return d.observe(region, typeLaunchConfiguration, name, name, autoscalingProjection)
}

// launchDevices tells root device and other volumes apart, which takes the image.
func launchDevices(d *document, c types.LaunchConfiguration, f facet, root string) {
	var rootDevice map[string]any
	volumes, ephemeral := []any{}, []any{}
	for _, m := range c.BlockDeviceMappings {
		if m.VirtualName != nil {
			ephemeral = append(ephemeral, map[string]any{"deviceName": aws.ToString(m.DeviceName), "virtualName": *m.VirtualName})
			continue
		}
		device := launchVolume(m)
		if aws.ToString(m.DeviceName) == root {
			rootDevice = device.properties
			delete(rootDevice, "snapshotId") // the image's
			continue
		}
		device.set("deviceName", aws.ToString(m.DeviceName))
		volumes = append(volumes, device.properties)
	}
	sortByJSON(ephemeral)
	sortByJSON(volumes)
	d.set("ephemeralBlockDevices", ephemeral)
	if hasVolumes(c) {
		f = f.need(root != "")
		d.facet("rootBlockDevice", f, func() any { return rootDevice })
		d.facet("ebsBlockDevices", f, func() any { return volumes })
	}
}

func launchVolume(m types.BlockDeviceMapping) *document {
	d := newDocument()
	if aws.ToBool(m.NoDevice) {
		d.set("noDevice", true)
	}
	if e := m.Ebs; e != nil {
		d.set("encrypted", optional(e.Encrypted)) // not there: that of the snapshot, or the region's default
		d.set("deleteOnTermination", optional(e.DeleteOnTermination))
		d.set("snapshotId", aws.ToString(e.SnapshotId))
		d.set("volumeType", aws.ToString(e.VolumeType))
		d.set("volumeSize", optional(e.VolumeSize))
		d.set("iops", optional(e.Iops))
		d.set("throughput", optional(e.Throughput))
	}
	return d
}
