package aws_foundations

import rego.v1

a_replication_group(extra) := object.union({"__type": "aws:elasticache/replicationGroup:ReplicationGroup", "replicationGroupId": "r"}, extra)

test_deny_cache_encryption_finds_none if {
	deny_cache_encryption == {"the replication group is not encrypted at rest"} with input as a_replication_group({"atRestEncryptionEnabled": false})
	count(deny_cache_encryption) == 1 with input as a_replication_group({})
}

test_deny_cache_encryption_passes_it if count(deny_cache_encryption) == 0 with input as a_replication_group({"atRestEncryptionEnabled": true})

test_deny_cache_transit_encryption_finds_none if {
	deny_cache_transit_encryption == {"the replication group does not encrypt in transit"} with input as a_replication_group({"transitEncryptionEnabled": false})
	count(deny_cache_transit_encryption) == 1 with input as a_replication_group({})
}

test_deny_cache_transit_encryption_passes_it if {
	count(deny_cache_transit_encryption) == 0 with input as a_replication_group({"transitEncryptionEnabled": true})
}
