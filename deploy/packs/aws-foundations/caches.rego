package aws_foundations

import rego.v1

# METADATA
# title: Caches are encrypted
# description: What a replication group of ElastiCache keeps on disk, backups included, is encrypted at rest.
# custom:
#   severity: medium
#   remediation: Encryption at rest is chosen when a group is made. Restore a backup into a new one.
#   tags: [elasticache, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ElastiCache.4}
deny_cache_encryption contains "the replication group is not encrypted at rest" if {
	input.__type == "aws:elasticache/replicationGroup:ReplicationGroup"
	not input.atRestEncryptionEnabled == true
}

# METADATA
# title: Caches talk encrypted
# description: What clients and the nodes of a replication group of ElastiCache send each other is encrypted.
# custom:
#   severity: medium
#   remediation: >-
#     Turn encryption in transit on, first in the mode preferred, which still takes clients without. Before Redis 7 it is
#     chosen when a group is made.
#   tags: [elasticache, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ElastiCache.5}
deny_cache_transit_encryption contains "the replication group does not encrypt in transit" if {
	input.__type == "aws:elasticache/replicationGroup:ReplicationGroup"
	not input.transitEncryptionEnabled == true
}
