package aws_foundations

import rego.v1

# METADATA
# title: Instances ask for IMDSv2
# description: >-
#   The first version of the instance metadata service answers any request from the instance, so a web server that can
#   be tricked into fetching a URL gives its role's credentials away. Version 2 asks for a session token first.
# custom:
#   severity: high
#   remediation: >-
#     Set HttpTokens to required with aws ec2 modify-instance-metadata-options, and in the launch template or image that
#     the next instances come from.
#   tags: [ec2]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "5.6"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.8}
deny_instance_imds contains "the instance's metadata service answers requests without a token (IMDSv1)" if {
	input.__type == "aws:ec2/instance:Instance"
	not imds_is_safe
}

# METADATA
# title: Launch templates ask for IMDSv2
# description: >-
#   Instances that are started from the template's latest version have a metadata service that asks for a session token.
#   A template that does not say leaves it to the account's defaults and the image.
# custom:
#   severity: high
#   remediation: Make a version with HttpTokens required, and have what uses the template use that version.
#   tags: [ec2]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "5.6"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.170}
deny_launch_template_imds contains "instances of the template answer requests for metadata without a token (IMDSv1)" if {
	input.__type == "aws:ec2/launchTemplate:LaunchTemplate"
	not imds_is_safe
}

imds_is_safe if input.metadataOptions.httpTokens == "required"

imds_is_safe if input.metadataOptions.httpEndpoint == "disabled"

# METADATA
# title: Instances have no public address
# description: >-
#   An instance with a public IPv4 address can be reached from the internet as soon as a security group lets it. Load
#   balancers and NAT gateways are the usual way in and out.
# custom:
#   severity: medium
#   remediation: Put the instance behind a load balancer in a subnet without public addresses. Waive what must be reachable.
#   tags: [ec2, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.9}
warn_instance_public_address contains msg if {
	input.__type == "aws:ec2/instance:Instance"
	input.publicIp
	msg := sprintf("the instance has the public address %v", [input.publicIp])
}

# METADATA
# title: Images are not public
# description: Everybody can start a public image and read what is on it, forgotten keys and code included.
# custom:
#   severity: high
#   remediation: Remove the launch permission of the group "all" and share the image with the accounts that need it.
#   tags: [ec2, public]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: AC-3}
deny_image_public contains "everyone may start instances from the image" if {
	input.__type == "insights:aws/amiExposure:AmiExposure"
	not input.public == false
}
