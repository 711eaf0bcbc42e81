package aws_foundations

import rego.v1

a_table(extra) := object.union({"__type": "aws:dynamodb/table:Table", "name": "orders"}, extra)

test_deny_table_recovery_finds_it_off if {
	deny_table_recovery == {"the table cannot be recovered to a point in time"} with input as a_table({"pointInTimeRecovery": {"enabled": false}})
	count(deny_table_recovery) == 1 with input as a_table({})
}

test_deny_table_recovery_passes_when_on if count(deny_table_recovery) == 0 with input as a_table({"pointInTimeRecovery": {"enabled": true}})

test_warn_table_deletion_protection_finds_it_off if {
	warn_table_deletion_protection == {"the table is not protected from deletion"} with input as a_table({"deletionProtectionEnabled": false})
}

test_warn_table_deletion_protection_passes_when_on if {
	count(warn_table_deletion_protection) == 0 with input as a_table({"deletionProtectionEnabled": true})
}
