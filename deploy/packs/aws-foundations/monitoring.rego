package aws_foundations

import rego.v1

# METADATA
# title: Log groups have a retention
# description: >-
#   Events of a log group without a retention are kept, and paid for, for ever. Set minimumDays where they have to be
#   kept for some time, 365 for example.
# custom:
#   severity: low
#   remediation: Set a retention of the log group.
#   tags: [logging]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: AU-11}
warn_log_group_retention contains "the log group keeps its events for ever" if {
	input.__type == "aws:cloudwatch/logGroup:LogGroup"
	not expires
}

warn_log_group_retention contains msg if {
	input.__type == "aws:cloudwatch/logGroup:LogGroup"
	expires
	least := setting("warn_log_group_retention", "minimumDays")
	not kept(least)
	msg := sprintf("the log group keeps its events for %v days, less than %v", [input.retentionInDays, least])
}

# 0 is how the provider writes "never expire".
expires if at_least(input.retentionInDays, 1)

kept(days) if at_least(input.retentionInDays, days)

# METADATA
# title: Log groups encrypt with a KMS key
# description: >-
#   CloudWatch Logs encrypts by itself. With a KMS key of your own, reading the events needs a permission on the key
#   beside the one on the group.
# custom:
#   severity: low
#   remediation: Associate a KMS key with the log group. Events that are there already keep their encryption.
#   tags: [logging, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-28}
warn_log_group_kms contains "the log group is not encrypted with a KMS key" if {
	input.__type == "aws:cloudwatch/logGroup:LogGroup"
	not input.kmsKeyId
}

# METADATA
# title: Alarms have their actions turned on
# description: An alarm whose actions were turned off, for a maintenance say, and not on again tells nobody.
# custom:
#   severity: medium
#   remediation: Run aws cloudwatch enable-alarm-actions for the alarm, or delete it if nobody needs it.
#   tags: [logging]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SI-4}
warn_alarm_actions contains "the alarm's actions are turned off" if {
	input.__type in {"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"}
	not input.actionsEnabled == true
}

# METADATA
# title: GuardDuty watches the region
# description: >-
#   GuardDuty has a detector that is on, so that attacks are noticed, also in regions that nobody uses.
# custom:
#   severity: high
#   remediation: Enable GuardDuty in the region, for all accounts at once from the organization's administrator account.
#   tags: [guardduty]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: GuardDuty.1}
deny_guardduty_detector contains "GuardDuty has no detector in the region" if {
	input.__type == "insights:aws/regionDetectors:RegionDetectors"
	not input.detectors[0]
}

deny_guardduty_detector contains "GuardDuty's detector in the region is suspended" if {
	input.__type == "insights:aws/regionDetectors:RegionDetectors"
	input.detectors[0]
	not watched
}

watched if {
	some detector in input.detectors
	detector.enabled == true
}

# METADATA
# title: GuardDuty watches S3
# description: With S3 protection, GuardDuty looks for attacks in what is read from and written to buckets, too.
# custom:
#   severity: high
#   remediation: Turn S3 protection of the detector on.
#   tags: [guardduty, s3]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: GuardDuty.10}
deny_guardduty_s3 contains "GuardDuty's S3 protection is off" if {
	input.__type == "aws:guardduty/detector:Detector"
	not input.datasources.s3Logs.enable == true
}
