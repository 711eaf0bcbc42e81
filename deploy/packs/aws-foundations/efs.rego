package aws_foundations

import rego.v1

# METADATA
# title: File systems are encrypted
# description: The file system's data and metadata are encrypted at rest.
# custom:
#   severity: medium
#   remediation: A file system cannot be encrypted in place. Make an encrypted one and copy the data with DataSync.
#   tags: [efs, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EFS.1}
deny_file_system_encryption contains "the file system is not encrypted" if {
	input.__type == "aws:efs/fileSystem:FileSystem"
	not input.encrypted == true
}

# METADATA
# title: Access points enforce a user
# description: >-
#   Whoever mounts through the access point acts as its POSIX user, whatever user, root included, the client claims to
#   be.
# custom:
#   severity: medium
#   remediation: Make a new access point with a POSIX user; an existing one cannot be changed.
#   tags: [efs]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EFS.4}
deny_access_point_user contains "the access point enforces no user" if {
	input.__type == "aws:efs/accessPoint:AccessPoint"
	not enforces_user
}

enforces_user if is_number(input.posixUser.uid)
