package aws_foundations

import rego.v1

a_log_group(extra) := object.union({"__type": "aws:cloudwatch/logGroup:LogGroup", "name": "g"}, extra)

test_warn_log_group_retention_finds_none if {
	warn_log_group_retention == {"the log group keeps its events for ever"} with input as a_log_group({"retentionInDays": 0})
	count(warn_log_group_retention) == 1 with input as a_log_group({})
}

test_warn_log_group_retention_finds_less_than_configured if {
	warn_log_group_retention == {"the log group keeps its events for 30 days, less than 365"} with input as a_log_group({"retentionInDays": 30})
		with data.config as {"warn_log_group_retention": {"minimumDays": 365}}
}

test_warn_log_group_retention_passes_a_day if count(warn_log_group_retention) == 0 with input as a_log_group({"retentionInDays": 1})

test_warn_log_group_retention_passes_what_is_configured if {
	count(warn_log_group_retention) == 0 with input as a_log_group({"retentionInDays": 365})
		with data.config as {"warn_log_group_retention": {"minimumDays": 365}}
}

test_warn_log_group_kms_finds_no_key if warn_log_group_kms == {"the log group is not encrypted with a KMS key"} with input as a_log_group({})

test_warn_log_group_kms_passes_a_key if count(warn_log_group_kms) == 0 with input as a_log_group({"kmsKeyId": "arn:aws:kms:us-east-1:1:key/k"})

an_alarm(kind, extra) := object.union({"__type": sprintf("aws:cloudwatch/%s:%s", kind), "alarmActions": ["arn:t"]}, extra)

kinds_of_alarms := [["metricAlarm", "MetricAlarm"], ["compositeAlarm", "CompositeAlarm"]]

test_warn_alarm_actions_finds_them_off if {
	every kind in kinds_of_alarms {
		warn_alarm_actions == {"the alarm's actions are turned off"} with input as an_alarm(kind, {"actionsEnabled": false})
	}
}

test_warn_alarm_actions_finds_what_is_not_said if count(warn_alarm_actions) == 1 with input as an_alarm(kinds_of_alarms[0], {})

test_warn_alarm_actions_passes_when_on if {
	every kind in kinds_of_alarms { count(warn_alarm_actions) == 0 with input as an_alarm(kind, {"actionsEnabled": true}) }
}

region_detectors(detectors) := {"__type": "insights:aws/regionDetectors:RegionDetectors", "region": "us-east-1", "detectors": detectors}

test_deny_guardduty_detector_finds_none if {
	deny_guardduty_detector == {"GuardDuty has no detector in the region"} with input as region_detectors([])
}

test_deny_guardduty_detector_finds_a_suspended_one if {
	deny_guardduty_detector == {"GuardDuty's detector in the region is suspended"} with input as region_detectors([{"id": "d", "enabled": false}])
}

test_deny_guardduty_detector_passes_one if count(deny_guardduty_detector) == 0 with input as region_detectors([{"id": "d", "enabled": true}])

a_detector(extra) := object.union({"__type": "aws:guardduty/detector:Detector", "enable": true}, extra)

test_deny_guardduty_s3_finds_it_off if {
	deny_guardduty_s3 == {"GuardDuty's S3 protection is off"} with input as a_detector({"datasources": {"s3Logs": {"enable": false}}})
}

test_deny_guardduty_s3_finds_what_is_not_said if count(deny_guardduty_s3) == 1 with input as a_detector({"datasources": {}})

test_deny_guardduty_s3_passes_when_on if count(deny_guardduty_s3) == 0 with input as a_detector({"datasources": {"s3Logs": {"enable": true}}})
