package aws_foundations

import rego.v1

# METADATA
# title: Databases are encrypted
# description: The storage of RDS instances and clusters, their logs, backups and replicas are encrypted.
# custom:
#   severity: medium
#   remediation: >-
#     A database cannot be encrypted in place. Make a snapshot, copy it with encryption and restore the copy.
#   tags: [rds, encryption]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.3.1}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.3}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.27}
deny_database_encryption contains "the database is not encrypted" if {
	input.__type in {"aws:rds/instance:Instance", "aws:rds/cluster:Cluster"}
	not input.storageEncrypted == true
}

# METADATA
# title: Databases are not public
# description: >-
#   The name of a public instance resolves to a public address, and everybody reaches it whom its security groups let.
# custom:
#   severity: critical
#   remediation: Turn public access off in the instance's connectivity settings, and reach it through the VPC.
#   tags: [rds, public]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.3.3}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.2}
deny_database_public contains "the database has a public address" if {
	input.__type in {"aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance"}
	not input.publiclyAccessible == false
}

# METADATA
# title: Databases keep backups
# description: >-
#   RDS keeps automated backups for the configured number of days. Read replicas are left out, their source is what
#   would be restored.
# custom:
#   severity: medium
#   remediation: Raise the backup retention period of the instance or cluster.
#   tags: [rds]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.11}
deny_database_backups contains msg if {
	input.__type == "aws:rds/instance:Instance"
	not input.replicateSourceDb
	not backups_kept
	msg := backups_wanted
}

deny_database_backups contains msg if {
	input.__type == "aws:rds/cluster:Cluster"
	not backups_kept
	msg := backups_wanted
}

backups_kept if at_least(input.backupRetentionPeriod, setting("deny_database_backups", "minimumDays"))

backups_wanted := sprintf("backups are kept for %v days; %v are wanted", [
	object.get(input, "backupRetentionPeriod", "no"), setting("deny_database_backups", "minimumDays"),
])

# METADATA
# title: Databases are protected from deletion
# description: An instance or cluster with deletion protection cannot be deleted before somebody turns it off.
# custom:
#   severity: low
#   remediation: Turn deletion protection on. It changes nothing while the database is in use.
#   tags: [rds]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.7}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.8}
warn_database_deletion_protection contains "the database is not protected from deletion" if {
	input.__type in {"aws:rds/instance:Instance", "aws:rds/cluster:Cluster"}
	not input.deletionProtection == true
}

# METADATA
# title: Databases take minor upgrades
# description: Minor versions carry the engine's security fixes. With the setting they are installed in the maintenance window.
# custom:
#   severity: medium
#   remediation: Turn auto minor version upgrade on, on each instance of a cluster too.
#   tags: [rds]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.3.2}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.13}
deny_database_minor_upgrades contains "minor versions of the engine are not installed automatically" if {
	input.__type in {"aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance"}
	not input.autoMinorVersionUpgrade == true
}

# METADATA
# title: Databases have a standby
# description: >-
#   A Multi-AZ instance has a standby in another availability zone, which takes over when the first one fails. Members
#   of clusters are left out, they are each other's standby.
# custom:
#   severity: medium
#   remediation: Turn Multi-AZ on. Waive the finding for what may be down for hours.
#   tags: [rds]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.5}
warn_database_multi_az contains "the database has no standby in another availability zone" if {
	input.__type == "aws:rds/instance:Instance"
	not input.multiAz == true
}

# METADATA
# title: Databases take IAM authentication
# description: >-
#   With IAM authentication users sign in with short-lived tokens of their role instead of passwords that live in
#   configuration files. Engines that cannot do it are left out.
# custom:
#   severity: low
#   remediation: Turn IAM database authentication on, and give database users the role that lets them in with it.
#   tags: [rds, iam]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.10}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.12}
warn_database_iam_authentication contains "users cannot sign in to the database with IAM" if {
	input.__type in {"aws:rds/instance:Instance", "aws:rds/cluster:Cluster"}
	not input.iamDatabaseAuthenticationEnabled == true
	not without_iam_authentication
}

without_iam_authentication if {
	some engine in ["custom-", "db2-", "oracle-", "sqlserver-"]
	startswith(input.engine, engine)
}

# METADATA
# title: Database snapshots are not public
# description: Everybody with an AWS account can restore a public snapshot and read the database.
# custom:
#   severity: critical
#   remediation: >-
#     Remove "all" from the accounts that may restore the snapshot. Treat what was in the database as known to others.
#   tags: [rds, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.1}
deny_database_snapshot_public contains "everyone may restore the snapshot" if {
	input.__type in {
		"insights:aws/dbSnapshotExposure:DbSnapshotExposure",
		"insights:aws/dbClusterSnapshotExposure:DbClusterSnapshotExposure",
	}
	not input.public == false
}

# METADATA
# title: Database snapshots are encrypted
# description: >-
#   Who gets hold of a snapshot that is not encrypted reads the whole database. Automated snapshots are left out, they
#   are encrypted when the database is.
# custom:
#   severity: medium
#   remediation: Copy the snapshot with encryption and delete the original.
#   tags: [rds, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: RDS.4}
deny_database_snapshot_encryption contains "the snapshot is not encrypted" if {
	input.__type == "aws:rds/snapshot:Snapshot"
	not input.encrypted == true
}

deny_database_snapshot_encryption contains "the snapshot is not encrypted" if {
	input.__type == "aws:rds/clusterSnapshot:ClusterSnapshot"
	not input.storageEncrypted == true
}
