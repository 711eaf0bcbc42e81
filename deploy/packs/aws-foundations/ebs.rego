package aws_foundations

import rego.v1

# METADATA
# title: Volumes are encrypted
# description: The volume's data, its snapshots and what moves between it and the instance are encrypted.
# custom:
#   severity: medium
#   remediation: >-
#     A volume cannot be encrypted in place. Make a snapshot, copy it with encryption, make a volume of the copy and
#     swap the two.
#   tags: [ec2, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.3}
deny_volume_encryption contains "the volume is not encrypted" if {
	input.__type == "aws:ebs/volume:Volume"
	not input.encrypted == true
}

# METADATA
# title: Snapshots are encrypted
# description: Who gets hold of a snapshot that is not encrypted reads the whole volume.
# custom:
#   severity: medium
#   remediation: Copy the snapshot with encryption and delete the original.
#   tags: [ec2, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-28}
deny_snapshot_encryption contains "the snapshot is not encrypted" if {
	input.__type == "aws:ebs/snapshot:Snapshot"
	not input.encrypted == true
}

# METADATA
# title: Snapshots are not public
# description: Everybody with an AWS account can make a volume of a public snapshot and read it.
# custom:
#   severity: critical
#   remediation: >-
#     Remove the create volume permission of the group "all", then turn on "block public access for EBS snapshots" in
#     the region. Treat what was on the snapshot as known to others.
#   tags: [ec2, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.1}
deny_snapshot_public contains "everyone may restore the snapshot" if {
	input.__type == "insights:aws/snapshotExposure:SnapshotExposure"
	not input.public == false
}

# METADATA
# title: New volumes are encrypted by default
# description: With the region's default on, no volume, and no copy of a snapshot, is made without encryption.
# custom:
#   severity: medium
#   remediation: Run aws ec2 enable-ebs-encryption-by-default in the region. What exists is not changed.
#   tags: [ec2, encryption]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.2.1}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.7}
deny_ebs_encryption_default contains "new volumes of the region are not encrypted by default" if {
	input.__type == "aws:ebs/encryptionByDefault:EncryptionByDefault"
	not input.enabled == true
}
