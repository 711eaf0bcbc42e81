package aws_foundations

import rego.v1

a_scaling_group(extra) := object.union({"__type": "aws:autoscaling/group:Group", "name": "g"}, extra)

test_warn_scaling_group_health_finds_target_groups_unheeded if {
	warn_scaling_group_health == {"the group is behind a load balancer, and checks EC2 alone"} with input as a_scaling_group({"targetGroupArns": ["tg"], "healthCheckType": "EC2"})
}

test_warn_scaling_group_health_finds_classic_ones_unheeded if {
	count(warn_scaling_group_health) == 1 with input as a_scaling_group({"loadBalancers": ["lb"], "healthCheckType": "EC2,EBS"})
}

test_warn_scaling_group_health_finds_what_is_not_said if {
	warn_scaling_group_health == {"the group is behind a load balancer, and checks nothing alone"} with input as a_scaling_group({"loadBalancers": ["lb"]})
}

test_warn_scaling_group_health_passes_heeded_ones if {
	count(warn_scaling_group_health) == 0 with input as a_scaling_group({"targetGroupArns": ["tg"], "healthCheckType": "EC2,ELB"})
}

test_warn_scaling_group_health_passes_without_load_balancer if count(warn_scaling_group_health) == 0 with input as a_scaling_group({"healthCheckType": "EC2"})

a_launch(extra) := object.union({"__type": "aws:ec2/launchConfiguration:LaunchConfiguration", "name": "l"}, extra)

test_deny_launch_configuration_imds_finds_optional_tokens if {
	deny_launch_configuration_imds == {"instances of the launch configuration answer requests for metadata without a token (IMDSv1)"} with input as a_launch({"metadataOptions": {"httpTokens": "optional"}})
}

test_deny_launch_configuration_imds_finds_no_options if count(deny_launch_configuration_imds) == 1 with input as a_launch({})

test_deny_launch_configuration_imds_passes_required_tokens if {
	count(deny_launch_configuration_imds) == 0 with input as a_launch({"metadataOptions": {"httpTokens": "required"}})
}

test_deny_launch_configuration_public_address_finds_them if {
	deny_launch_configuration_public_address == {"the launch configuration gives instances public addresses"} with input as a_launch({"associatePublicIpAddress": true})
}

test_deny_launch_configuration_public_address_passes_none if count(deny_launch_configuration_public_address) == 0 with input as a_launch({"associatePublicIpAddress": false})

test_deny_launch_configuration_public_address_passes_the_subnets_choice if count(deny_launch_configuration_public_address) == 0 with input as a_launch({})

test_deny_launch_configuration_encryption_finds_root_and_others if {
	deny_launch_configuration_encryption == {
		"the root volume is not encrypted by the launch configuration",
		"the volume /dev/sdb is not encrypted by the launch configuration",
	} with input as a_launch({"rootBlockDevice": {"volumeSize": 8}, "ebsBlockDevices": [{"deviceName": "/dev/sdb", "encrypted": false}, {"deviceName": "/dev/sdc", "encrypted": true}]})
}

test_deny_launch_configuration_encryption_passes_encrypted_ones if {
	count(deny_launch_configuration_encryption) == 0 with input as a_launch({"rootBlockDevice": {"encrypted": true}, "ebsBlockDevices": [{"deviceName": "/dev/sdb", "encrypted": true}, {"deviceName": "/dev/sdc", "noDevice": true}]})
}

test_deny_launch_configuration_encryption_passes_those_of_the_image if count(deny_launch_configuration_encryption) == 0 with input as a_launch({})
