package aws_foundations

import rego.v1

# METADATA
# title: Scaling groups heed their load balancer
# description: >-
#   An Auto Scaling group behind a load balancer replaces the instances that the load balancer finds unhealthy, not only
#   those whose machine fails.
# custom:
#   severity: low
#   remediation: Turn on the health checks of Elastic Load Balancing for the group.
#   tags: [autoscaling]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: AutoScaling.1}
warn_scaling_group_health contains msg if {
	input.__type == "aws:autoscaling/group:Group"
	balanced
	not heeds_load_balancer
	msg := sprintf("the group is behind a load balancer, and checks %v alone", [object.get(input, "healthCheckType", "nothing")])
}

balanced if count(list(input.loadBalancers)) > 0

balanced if count(list(input.targetGroupArns)) > 0

heeds_load_balancer if "ELB" in split(input.healthCheckType, ",")

# METADATA
# title: Launch configurations ask for IMDSv2
# description: >-
#   The first version of the instance metadata service answers any request from the instance, and gives its role's
#   credentials to whoever can make it fetch a URL.
# custom:
#   severity: high
#   remediation: >-
#     A launch configuration cannot be changed. Replace it by a launch template with HttpTokens set to required, and
#     refresh the instances of its groups.
#   tags: [autoscaling]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: AutoScaling.3}
deny_launch_configuration_imds contains "instances of the launch configuration answer requests for metadata without a token (IMDSv1)" if {
	input.__type == "aws:ec2/launchConfiguration:LaunchConfiguration"
	not imds_is_safe
}

# METADATA
# title: Launch configurations give no public addresses
# description: >-
#   Instances that a group starts are not given public addresses by the launch configuration. Where it does not say,
#   the subnet decides.
# custom:
#   severity: high
#   remediation: Replace the launch configuration by a launch template that does not give public addresses.
#   tags: [autoscaling, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Autoscaling.5}
deny_launch_configuration_public_address contains "the launch configuration gives instances public addresses" if {
	input.__type == "aws:ec2/launchConfiguration:LaunchConfiguration"
	public := input.associatePublicIpAddress
	public != false
}

# METADATA
# title: Launch configurations encrypt volumes
# description: >-
#   Every volume that the launch configuration describes is encrypted by it, whatever the region's default is. Those of
#   the image that it does not mention are left to the image.
# custom:
#   severity: medium
#   remediation: Replace the launch configuration by a launch template whose volumes are encrypted.
#   tags: [autoscaling, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-28}
deny_launch_configuration_encryption contains "the root volume is not encrypted by the launch configuration" if {
	input.__type == "aws:ec2/launchConfiguration:LaunchConfiguration"
	input.rootBlockDevice
	not input.rootBlockDevice.encrypted == true
}

deny_launch_configuration_encryption contains msg if {
	input.__type == "aws:ec2/launchConfiguration:LaunchConfiguration"
	some device in list(input.ebsBlockDevices)
	not device.noDevice == true
	not device.encrypted == true
	msg := sprintf("the volume %v is not encrypted by the launch configuration", [object.get(device, "deviceName", "?")])
}
