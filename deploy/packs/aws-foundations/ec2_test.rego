package aws_foundations

import rego.v1

an_instance(extra) := object.union({"__type": "aws:ec2/instance:Instance", "ami": "ami-1"}, extra)

test_deny_instance_imds_finds_optional_tokens if {
	deny_instance_imds == {"the instance's metadata service answers requests without a token (IMDSv1)"} with input as an_instance({"metadataOptions": {"httpTokens": "optional", "httpEndpoint": "enabled"}})
}

test_deny_instance_imds_finds_no_options if count(deny_instance_imds) == 1 with input as an_instance({})

test_deny_instance_imds_passes_required_tokens if {
	count(deny_instance_imds) == 0 with input as an_instance({"metadataOptions": {"httpTokens": "required", "httpEndpoint": "enabled"}})
}

test_deny_instance_imds_passes_without_the_service if {
	count(deny_instance_imds) == 0 with input as an_instance({"metadataOptions": {"httpTokens": "optional", "httpEndpoint": "disabled"}})
}

a_launch_template(extra) := object.union({"__type": "aws:ec2/launchTemplate:LaunchTemplate", "name": "t"}, extra)

test_deny_launch_template_imds_finds_optional_tokens if {
	deny_launch_template_imds == {"instances of the template answer requests for metadata without a token (IMDSv1)"} with input as a_launch_template({"metadataOptions": {"httpTokens": "optional"}})
	count(deny_launch_template_imds) == 1 with input as a_launch_template({})
}

test_deny_launch_template_imds_passes_required_tokens if {
	count(deny_launch_template_imds) == 0 with input as a_launch_template({"metadataOptions": {"httpTokens": "required"}})
}

test_warn_instance_public_address_finds_one if {
	warn_instance_public_address == {"the instance has the public address 192.0.2.7"} with input as an_instance({"publicIp": "192.0.2.7", "associatePublicIpAddress": true})
}

test_warn_instance_public_address_passes_without if {
	count(warn_instance_public_address) == 0 with input as an_instance({"privateIp": "10.0.0.7", "associatePublicIpAddress": false})
}

image_exposure(extra) := object.union({"__type": "insights:aws/amiExposure:AmiExposure", "imageId": "ami-1"}, extra)

test_deny_image_public_finds_a_public_image if {
	deny_image_public == {"everyone may start instances from the image"} with input as image_exposure({"public": true})
}

test_deny_image_public_finds_what_is_not_said if count(deny_image_public) == 1 with input as image_exposure({})

test_deny_image_public_passes_a_private_image if count(deny_image_public) == 0 with input as image_exposure({"public": false})
