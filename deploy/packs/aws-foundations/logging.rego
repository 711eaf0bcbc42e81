package aws_foundations

import rego.v1

# METADATA
# title: A multi-region trail records the region
# description: >-
#   A CloudTrail trail for all regions is logging, so that nothing happens unseen, also not in regions that nobody uses.
#   Which events the trail selects is not looked at.
# custom:
#   severity: high
#   remediation: Make one trail that applies to all regions (an organization's trail is best), and start its logging.
#   tags: [logging]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "3.1"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudTrail.1}
deny_region_trail contains "no trail records the region" if {
	input.__type == "insights:aws/regionTrails:RegionTrails"
	not input.trails[0]
}

deny_region_trail contains msg if {
	input.__type == "insights:aws/regionTrails:RegionTrails"
	input.trails[0]
	not recorded
	msg := sprintf("no multi-region trail is logging; there is %s", [concat(", ", [trail_text(t) | some t in input.trails])])
}

recorded if {
	some trail in input.trails
	trail.isMultiRegionTrail == true
	trail.isLogging == true
}

trail_text(trail) := sprintf("%v (%s, %s)", [trail.name, trail_reach(trail), trail_state(trail)])

trail_reach(trail) := "multi-region" if trail.isMultiRegionTrail == true

trail_reach(trail) := "one region" if not trail.isMultiRegionTrail == true

trail_state(trail) := "logging" if trail.isLogging == true

trail_state(trail) := "stopped" if not trail.isLogging == true

# METADATA
# title: Trails are logging
# description: >-
#   A trail that exists and is stopped is either forgotten, or was stopped by somebody who did not want to be seen.
# custom:
#   severity: medium
#   remediation: Start the trail's logging, or delete the trail if another one replaces it. Look for who stopped it.
#   tags: [logging]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: AU-12}
warn_trail_stopped contains "the trail does not log" if {
	input.__type == "aws:cloudtrail/trail:Trail"
	not input.enableLogging == true
}

# METADATA
# title: Trails validate their log files
# description: With log file validation CloudTrail writes signed digests, by which a changed or missing log file shows.
# custom:
#   severity: low
#   remediation: Turn on log file validation of the trail.
#   tags: [logging]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "3.2"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudTrail.4}
deny_trail_validation contains "the trail does not validate its log files" if {
	input.__type == "aws:cloudtrail/trail:Trail"
	not input.enableLogFileValidation == true
}

# METADATA
# title: Trails encrypt with a KMS key
# description: With a KMS key of your own, reading the logs needs a permission on the key beside the one on the bucket.
# custom:
#   severity: low
#   remediation: Give the trail a KMS key whose policy lets CloudTrail encrypt with it.
#   tags: [logging, encryption]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "3.5"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudTrail.2}
warn_trail_kms contains "the trail's log files are not encrypted with a KMS key" if {
	input.__type == "aws:cloudtrail/trail:Trail"
	not input.kmsKeyId
}

# METADATA
# title: AWS Config records the region
# description: >-
#   A configuration recorder is on and has somewhere to deliver to, so that one can tell later what was changed when.
#   It records every type it can; set allTypes to false where leaving some out is wanted.
# custom:
#   severity: medium
#   remediation: Set AWS Config up in the region, with a recorder for all supported types and a delivery channel, and start it.
#   tags: [logging]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "3.3"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Config.1}
deny_config_recorder contains "AWS Config has no recorder that is recording in the region" if {
	input.__type == "insights:aws/regionRecorders:RegionRecorders"
	not recording
}

deny_config_recorder contains "AWS Config has no delivery channel in the region" if {
	input.__type == "insights:aws/regionRecorders:RegionRecorders"
	not input.deliveryChannels[0]
}

deny_config_recorder contains "AWS Config does not record every supported type in the region" if {
	input.__type == "insights:aws/regionRecorders:RegionRecorders"
	setting("deny_config_recorder", "allTypes")
	recording
	not recording_all
}

recording if {
	some recorder in input.recorders
	recorder.recording == true
}

recording_all if {
	some recorder in input.recorders
	recorder.recording == true
	recorder.allSupported == true
}

# METADATA
# title: Trails deliver to CloudWatch Logs
# description: >-
#   With the events in a log group, metric filters and alarms tell within minutes what the files in the bucket only
#   tell who looks for it.
# custom:
#   severity: low
#   remediation: Give the trail a log group and a role that may write to it.
#   tags: [logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudTrail.5}
warn_trail_log_group contains "the trail does not deliver to CloudWatch Logs" if {
	input.__type == "aws:cloudtrail/trail:Trail"
	not input.cloudWatchLogsGroupArn
}

# METADATA
# title: Event data stores encrypt with a KMS key
# description: With a KMS key of your own, reading the events needs a permission on the key beside the one on the store.
# custom:
#   severity: low
#   remediation: Make the event data store anew with a KMS key, which cannot be changed later.
#   tags: [logging, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-28}
warn_event_store_kms contains "the event data store is not encrypted with a KMS key" if {
	input.__type == "aws:cloudtrail/eventDataStore:EventDataStore"
	not input.kmsKeyId
}

# METADATA
# title: AWS Config records global types in one region
# description: >-
#   Users, roles and policies belong to no region. A recorder has to include them in the region where they are looked
#   for; in every other one they would only be recorded, and paid for, again.
# custom:
#   severity: low
#   remediation: Have the recorder of the region include globally recorded types.
#   tags: [logging]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: CM-8}
warn_config_global_types contains msg if {
	input.__type == "aws:cfg/recorder:Recorder"
	not elsewhere
	not records_global_types
	msg := sprintf("AWS Config does not record global types in %v", [object.get(input, "region", "the region")])
}

# A recorder of a region that is not asked to.
elsewhere if {
	is_string(input.region)
	not input.region in setting("warn_config_global_types", "regions")
}

records_global_types if {
	input.recordingGroup.allSupported == true
	input.recordingGroup.includeGlobalResourceTypes == true
}
