from compare import resource

GROUP, CONFIGURATION = "aws:autoscaling/group:Group", "aws:ec2/launchConfiguration:LaunchConfiguration"

EXPLAINED = {}


def seed(aws):
    ec2, scaling = aws("ec2"), aws("autoscaling")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{i}.0/24", AvailabilityZone=z)["Subnet"]["SubnetId"]
               for i, z in enumerate(["us-east-1a", "us-east-1b"])]
    image = ec2.register_image(Name="app", RootDeviceName="/dev/sda1")["ImageId"]
    group = ec2.create_security_group(GroupName="scaling", Description="scaling", VpcId=vpc)["GroupId"]
    scaling.create_launch_configuration(
        LaunchConfigurationName="full", ImageId=image, InstanceType="t3.micro", KeyName="k", SecurityGroups=[group], UserData="echo", AssociatePublicIpAddress=True,
        IamInstanceProfile="app", SpotPrice="0.1", EbsOptimized=True, InstanceMonitoring={"Enabled": False}, PlacementTenancy="dedicated",
        MetadataOptions={"HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2},
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}},
                             {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 30, "VolumeType": "gp2", "Encrypted": False}}])
    scaling.create_launch_configuration(LaunchConfigurationName="bare", ImageId=image, InstanceType="t3.micro")
    arn = aws("elbv2").describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]  # elbv2.py's
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="full", MinSize=0, MaxSize=2, DesiredCapacity=0, VPCZoneIdentifier=",".join(subnets),
        HealthCheckType="ELB", HealthCheckGracePeriod=60, DefaultCooldown=120, TerminationPolicies=["OldestInstance", "Default"], PlacementGroup="pg",
        NewInstancesProtectedFromScaleIn=True, TargetGroupARNs=[arn], CapacityRebalance=True,
        Tags=[{"Key": "owner", "Value": "shop", "PropagateAtLaunch": True}, {"Key": "env", "Value": "prod", "PropagateAtLaunch": False}])
    template = ec2.create_launch_template(LaunchTemplateName="scaled", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"})["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(AutoScalingGroupName="template", LaunchTemplate={"LaunchTemplateId": template, "Version": "1"}, MinSize=0, MaxSize=1,
                                      AvailabilityZones=["us-east-1a"])
    scaling.create_auto_scaling_group(AutoScalingGroupName="mixed", MinSize=0, MaxSize=1, AvailabilityZones=["us-east-1a"], MixedInstancesPolicy={
        "InstancesDistribution": {"OnDemandBaseCapacity": 1, "SpotAllocationStrategy": "lowest-price"},
        "LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                           "Overrides": [{"InstanceType": "t3.small", "WeightedCapacity": "2"}]}})
    scaling.put_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="drain", LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout=60)
    scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Terminate", "Launch"])
    scaling.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"])


def lower(d):
    """Names as Pulumi writes them, without what has no value."""
    return {k[0].lower() + k[1:]: v for k, v in (d or {}).items() if v not in (None, "", [], {})}


def hooks(scaling, group):
    names = {"LifecycleHookName": "name", "LifecycleTransition": "lifecycleTransition", "DefaultResult": "defaultResult", "HeartbeatTimeout": "heartbeatTimeout",
             "NotificationMetadata": "notificationMetadata", "NotificationTargetARN": "notificationTargetArn", "RoleARN": "roleArn"}
    return [{names[k]: v for k, v in h.items() if k in names} for h in scaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]]


def expected(aws):
    scaling, ec2 = aws("autoscaling"), aws("ec2")
    for g in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        t, mixed = g.get("LaunchTemplate"), None
        if "MixedInstancesPolicy" in g:
            m = g["MixedInstancesPolicy"]
            lt = m["LaunchTemplate"]
            mixed = {"instancesDistribution": lower(m.get("InstancesDistribution")), "launchTemplate": {
                "launchTemplateSpecification": lower(lt["LaunchTemplateSpecification"]), "overrides": [lower(o) for o in lt.get("Overrides", [])]}}
        tags = [{"key": x["Key"], "propagateAtLaunch": x["PropagateAtLaunch"], "value": x["Value"]} for x in g["Tags"]]
        yield resource(GROUP, g["AutoScalingGroupName"], g["AutoScalingGroupName"], {
            "region": "us-east-1", "name": g["AutoScalingGroupName"], "arn": g["AutoScalingGroupARN"], "minSize": g["MinSize"], "maxSize": g["MaxSize"],
            "desiredCapacity": g["DesiredCapacity"], "defaultCooldown": g["DefaultCooldown"], "healthCheckType": g["HealthCheckType"],
            "healthCheckGracePeriod": g.get("HealthCheckGracePeriod"), "availabilityZones": sorted(g["AvailabilityZones"]),
            "vpcZoneIdentifiers": sorted(filter(None, g.get("VPCZoneIdentifier", "").split(","))), "loadBalancers": sorted(g.get("LoadBalancerNames", [])),
            "targetGroupArns": sorted(g.get("TargetGroupARNs", [])), "terminationPolicies": g["TerminationPolicies"], "placementGroup": g.get("PlacementGroup"),
            "protectFromScaleIn": g["NewInstancesProtectedFromScaleIn"], "serviceLinkedRoleArn": g.get("ServiceLinkedRoleARN"), "capacityRebalance": g.get("CapacityRebalance"),
            "launchConfiguration": g.get("LaunchConfigurationName"), "maxInstanceLifetime": g.get("MaxInstanceLifetime"), "context": g.get("Context"),
            "launchTemplate": t and {"id": t["LaunchTemplateId"], "name": t["LaunchTemplateName"], "version": t["Version"]}, "mixedInstancesPolicy": mixed,
            "enabledMetrics": sorted(m["Metric"] for m in g.get("EnabledMetrics", [])),
            "metricsGranularity": next((m["Granularity"] for m in g.get("EnabledMetrics", [])), None),
            "suspendedProcesses": sorted(p["ProcessName"] for p in g.get("SuspendedProcesses", [])),
            "tags": sorted(tags, key=lambda x: x["key"]), "trafficSources": [lower(s) for s in g.get("TrafficSources", [])],
        }, demand={"initialLifecycleHooks": hooks(scaling, g["AutoScalingGroupName"])})
    for c in scaling.describe_launch_configurations()["LaunchConfigurations"]:
        root = ec2.describe_images(ImageIds=[c["ImageId"]])["Images"][0]["RootDeviceName"]
        volumes = [dict(lower(m["Ebs"]), deviceName=m["DeviceName"]) for m in c.get("BlockDeviceMappings", [])]
        first = {k: v for v in volumes if v["deviceName"] == root for k, v in v.items() if k not in ("deviceName", "snapshotId")}
        yield resource(CONFIGURATION, c["LaunchConfigurationName"], c["LaunchConfigurationName"], {
            "region": "us-east-1", "name": c["LaunchConfigurationName"], "arn": c["LaunchConfigurationARN"], "imageId": c["ImageId"], "instanceType": c["InstanceType"],
            "keyName": c.get("KeyName"), "iamInstanceProfile": c.get("IamInstanceProfile"), "placementTenancy": c.get("PlacementTenancy"), "spotPrice": c.get("SpotPrice"),
            "securityGroups": sorted(c.get("SecurityGroups", [])), "ebsOptimized": c.get("EbsOptimized"), "associatePublicIpAddress": c.get("AssociatePublicIpAddress"),
            "enableMonitoring": c.get("InstanceMonitoring", {}).get("Enabled"), "metadataOptions": lower(c.get("MetadataOptions")),
            "rootBlockDevice": first, "ebsBlockDevices": [v for v in volumes if v["deviceName"] != root],
        }, unknown=["userData", "userDataBase64"] if c.get("UserData") else [])
