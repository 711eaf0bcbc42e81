package aws_foundations

import rego.v1

region_trails(trails) := {"__type": "insights:aws/regionTrails:RegionTrails", "region": "us-east-1", "trails": trails}

test_deny_region_trail_finds_no_trail if {
	deny_region_trail == {"no trail records the region"} with input as region_trails([])
}

test_deny_region_trail_finds_none_that_does_both if {
	deny_region_trail == {"no multi-region trail is logging; there is all (multi-region, stopped), here (one region, logging)"} with input as region_trails([
		{"name": "all", "isMultiRegionTrail": true, "isLogging": false},
		{"name": "here", "isMultiRegionTrail": false, "isLogging": true},
	])
}

test_deny_region_trail_passes_a_multi_region_trail if {
	count(deny_region_trail) == 0 with input as region_trails([
		{"name": "all", "isMultiRegionTrail": true, "isLogging": true, "homeRegion": "eu-west-1"},
		{"name": "here", "isMultiRegionTrail": false, "isLogging": false},
	])
}

a_trail(extra) := object.union({"__type": "aws:cloudtrail/trail:Trail", "name": "t"}, extra)

test_warn_trail_stopped_finds_a_stopped_one if warn_trail_stopped == {"the trail does not log"} with input as a_trail({"enableLogging": false})

test_warn_trail_stopped_passes_a_logging_one if count(warn_trail_stopped) == 0 with input as a_trail({"enableLogging": true})

test_deny_trail_validation_finds_it_off if {
	deny_trail_validation == {"the trail does not validate its log files"} with input as a_trail({"enableLogFileValidation": false})
}

test_deny_trail_validation_passes_when_on if count(deny_trail_validation) == 0 with input as a_trail({"enableLogFileValidation": true})

test_warn_trail_kms_finds_no_key if {
	warn_trail_kms == {"the trail's log files are not encrypted with a KMS key"} with input as a_trail({})
}

test_warn_trail_kms_passes_with_a_key if {
	count(warn_trail_kms) == 0 with input as a_trail({"kmsKeyId": "arn:aws:kms:us-east-1:1:key/k"})
}

recorders(list_of_recorders, extra) := object.union({"__type": "insights:aws/regionRecorders:RegionRecorders", "recorders": list_of_recorders}, extra)

channel := {"deliveryChannels": ["default"]}

test_deny_config_recorder_finds_nothing_set_up if {
	deny_config_recorder == {
		"AWS Config has no recorder that is recording in the region",
		"AWS Config has no delivery channel in the region",
	} with input as recorders([], {})
}

test_deny_config_recorder_finds_a_stopped_one if {
	deny_config_recorder == {"AWS Config has no recorder that is recording in the region"} with input as recorders([{"name": "default", "recording": false, "allSupported": true}], channel)
}

test_deny_config_recorder_finds_one_for_some_types if {
	deny_config_recorder == {"AWS Config does not record every supported type in the region"} with input as recorders([{"name": "default", "recording": true, "allSupported": false}], channel)
}

test_deny_config_recorder_passes_one_for_all_types if {
	count(deny_config_recorder) == 0 with input as recorders([{"name": "default", "recording": true, "allSupported": true}], channel)
}

test_deny_config_recorder_passes_some_types_where_configured if {
	count(deny_config_recorder) == 0 with input as recorders([{"name": "default", "recording": true, "allSupported": false}], channel)
		with data.config as {"deny_config_recorder": {"allTypes": false}}
}

test_warn_trail_log_group_finds_none if {
	warn_trail_log_group == {"the trail does not deliver to CloudWatch Logs"} with input as a_trail({})
}

test_warn_trail_log_group_passes_one if count(warn_trail_log_group) == 0 with input as a_trail({"cloudWatchLogsGroupArn": "arn:aws:logs:us-east-1:1:log-group:t:*"})

an_event_store(extra) := object.union({"__type": "aws:cloudtrail/eventDataStore:EventDataStore", "name": "lake"}, extra)

test_warn_event_store_kms_finds_no_key if {
	warn_event_store_kms == {"the event data store is not encrypted with a KMS key"} with input as an_event_store({})
}

test_warn_event_store_kms_passes_a_key if count(warn_event_store_kms) == 0 with input as an_event_store({"kmsKeyId": "arn:aws:kms:us-east-1:1:key/k"})

a_recorder(region, group) := {"__type": "aws:cfg/recorder:Recorder", "name": "default", "region": region, "recordingGroup": group}

test_warn_config_global_types_finds_them_left_out if {
	warn_config_global_types == {"AWS Config does not record global types in us-east-1"} with input as a_recorder("us-east-1", {"allSupported": true, "includeGlobalResourceTypes": false})
}

test_warn_config_global_types_finds_some_types_only if {
	count(warn_config_global_types) == 1 with input as a_recorder("us-east-1", {"allSupported": false, "includeGlobalResourceTypes": true})
}

test_warn_config_global_types_finds_the_configured_region if {
	count(warn_config_global_types) == 1 with input as a_recorder("eu-west-1", {"allSupported": true, "includeGlobalResourceTypes": false})
		with data.config as {"warn_config_global_types": {"regions": ["eu-west-1"]}}
}

test_warn_config_global_types_passes_when_included if {
	count(warn_config_global_types) == 0 with input as a_recorder("us-east-1", {"allSupported": true, "includeGlobalResourceTypes": true})
}

test_warn_config_global_types_passes_other_regions if {
	count(warn_config_global_types) == 0 with input as a_recorder("eu-west-1", {"allSupported": true, "includeGlobalResourceTypes": false})
}
