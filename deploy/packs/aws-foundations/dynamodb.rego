package aws_foundations

import rego.v1

# METADATA
# title: Tables can be recovered to a point in time
# description: >-
#   With point-in-time recovery a DynamoDB table can be brought back as it was at any second of the last weeks, whatever
#   a program or a person did to it.
# custom:
#   severity: medium
#   remediation: Turn point-in-time recovery on in the table's backups.
#   tags: [dynamodb]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: DynamoDB.2}
deny_table_recovery contains "the table cannot be recovered to a point in time" if {
	input.__type == "aws:dynamodb/table:Table"
	not input.pointInTimeRecovery.enabled == true
}

# METADATA
# title: Tables are protected from deletion
# description: A DynamoDB table with deletion protection cannot be deleted before somebody turns it off.
# custom:
#   severity: low
#   remediation: Turn deletion protection on. It changes nothing while the table is in use.
#   tags: [dynamodb]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: DynamoDB.6}
warn_table_deletion_protection contains "the table is not protected from deletion" if {
	input.__type == "aws:dynamodb/table:Table"
	not input.deletionProtectionEnabled == true
}
