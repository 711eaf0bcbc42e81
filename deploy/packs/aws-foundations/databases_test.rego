package aws_foundations

import rego.v1

a_database(extra) := object.union({"__type": "aws:rds/instance:Instance", "identifier": "orders", "engine": "postgres"}, extra)

a_cluster(extra) := object.union({"__type": "aws:rds/cluster:Cluster", "clusterIdentifier": "ledger", "engine": "aurora-mysql"}, extra)

a_member(extra) := object.union({"__type": "aws:rds/clusterInstance:ClusterInstance", "identifier": "ledger-1"}, extra)

test_deny_database_encryption_finds_plain_ones if {
	deny_database_encryption == {"the database is not encrypted"} with input as a_database({"storageEncrypted": false})
	deny_database_encryption == {"the database is not encrypted"} with input as a_cluster({"storageEncrypted": false})
}

test_deny_database_encryption_finds_what_is_not_said if count(deny_database_encryption) == 1 with input as a_database({})

test_deny_database_encryption_passes_encrypted_ones if {
	count(deny_database_encryption) == 0 with input as a_database({"storageEncrypted": true})
	count(deny_database_encryption) == 0 with input as a_cluster({"storageEncrypted": true})
}

test_deny_database_public_finds_public_ones if {
	deny_database_public == {"the database has a public address"} with input as a_database({"publiclyAccessible": true})
	deny_database_public == {"the database has a public address"} with input as a_member({"publiclyAccessible": true})
}

test_deny_database_public_passes_private_ones if {
	count(deny_database_public) == 0 with input as a_database({"publiclyAccessible": false})
	count(deny_database_public) == 0 with input as a_member({"publiclyAccessible": false})
}

test_deny_database_backups_finds_too_few if {
	deny_database_backups == {"backups are kept for 6 days; 7 are wanted"} with input as a_database({"backupRetentionPeriod": 6})
	deny_database_backups == {"backups are kept for 1 days; 7 are wanted"} with input as a_cluster({"backupRetentionPeriod": 1})
}

test_deny_database_backups_finds_none if {
	deny_database_backups == {"backups are kept for no days; 7 are wanted"} with input as a_database({})
}

test_deny_database_backups_finds_less_than_configured if {
	deny_database_backups == {"backups are kept for 7 days; 30 are wanted"} with input as a_database({"backupRetentionPeriod": 7})
		with data.config as {"deny_database_backups": {"minimumDays": 30}}
}

test_deny_database_backups_passes_enough if {
	count(deny_database_backups) == 0 with input as a_database({"backupRetentionPeriod": 7})
	count(deny_database_backups) == 0 with input as a_cluster({"backupRetentionPeriod": 35})
}

test_deny_database_backups_passes_a_replica if {
	count(deny_database_backups) == 0 with input as a_database({"backupRetentionPeriod": 0, "replicateSourceDb": "orders"})
}

test_warn_database_deletion_protection_finds_it_off if {
	warn_database_deletion_protection == {"the database is not protected from deletion"} with input as a_database({"deletionProtection": false})
	count(warn_database_deletion_protection) == 1 with input as a_cluster({})
}

test_warn_database_deletion_protection_passes_when_on if {
	count(warn_database_deletion_protection) == 0 with input as a_database({"deletionProtection": true})
	count(warn_database_deletion_protection) == 0 with input as a_cluster({"deletionProtection": true})
}

test_deny_database_minor_upgrades_finds_them_off if {
	deny_database_minor_upgrades == {"minor versions of the engine are not installed automatically"} with input as a_database({"autoMinorVersionUpgrade": false})
	count(deny_database_minor_upgrades) == 1 with input as a_member({"autoMinorVersionUpgrade": false})
}

test_deny_database_minor_upgrades_passes_when_on if {
	count(deny_database_minor_upgrades) == 0 with input as a_database({"autoMinorVersionUpgrade": true})
	count(deny_database_minor_upgrades) == 0 with input as a_member({"autoMinorVersionUpgrade": true})
}

test_warn_database_multi_az_finds_a_single_one if {
	warn_database_multi_az == {"the database has no standby in another availability zone"} with input as a_database({"multiAz": false})
}

test_warn_database_multi_az_passes_one_with_a_standby if count(warn_database_multi_az) == 0 with input as a_database({"multiAz": true})

test_warn_database_iam_authentication_finds_it_off if {
	off := {"iamDatabaseAuthenticationEnabled": false}
	warn_database_iam_authentication == {"users cannot sign in to the database with IAM"} with input as a_database(off)
	count(warn_database_iam_authentication) == 1 with input as a_cluster(off)
}

test_warn_database_iam_authentication_passes_when_on if {
	count(warn_database_iam_authentication) == 0 with input as a_database({"iamDatabaseAuthenticationEnabled": true})
}

test_warn_database_iam_authentication_passes_engines_without_it if {
	every engine in ["oracle-ee", "sqlserver-ex", "db2-se", "custom-oracle-ee"] {
		count(warn_database_iam_authentication) == 0 with input as a_database({"iamDatabaseAuthenticationEnabled": false, "engine": engine})
	}
}

db_exposure(extra) := object.union({"__type": "insights:aws/dbSnapshotExposure:DbSnapshotExposure", "snapshotId": "s"}, extra)

db_cluster_exposure(extra) := object.union({"__type": "insights:aws/dbClusterSnapshotExposure:DbClusterSnapshotExposure", "snapshotId": "s"}, extra)

test_deny_database_snapshot_public_finds_public_ones if {
	deny_database_snapshot_public == {"everyone may restore the snapshot"} with input as db_exposure({"public": true})
	deny_database_snapshot_public == {"everyone may restore the snapshot"} with input as db_cluster_exposure({"public": true})
}

test_deny_database_snapshot_public_finds_what_is_not_said if count(deny_database_snapshot_public) == 1 with input as db_exposure({})

test_deny_database_snapshot_public_passes_private_ones if {
	count(deny_database_snapshot_public) == 0 with input as db_exposure({"public": false})
	count(deny_database_snapshot_public) == 0 with input as db_cluster_exposure({"public": false})
}

a_db_snapshot(extra) := object.union({"__type": "aws:rds/snapshot:Snapshot", "dbSnapshotIdentifier": "s"}, extra)

a_db_cluster_snapshot(extra) := object.union({"__type": "aws:rds/clusterSnapshot:ClusterSnapshot", "dbClusterSnapshotIdentifier": "s"}, extra)

test_deny_database_snapshot_encryption_finds_plain_ones if {
	deny_database_snapshot_encryption == {"the snapshot is not encrypted"} with input as a_db_snapshot({"encrypted": false})
	deny_database_snapshot_encryption == {"the snapshot is not encrypted"} with input as a_db_cluster_snapshot({"storageEncrypted": false})
}

test_deny_database_snapshot_encryption_passes_encrypted_ones if {
	count(deny_database_snapshot_encryption) == 0 with input as a_db_snapshot({"encrypted": true})
	count(deny_database_snapshot_encryption) == 0 with input as a_db_cluster_snapshot({"storageEncrypted": true})
}
