package aws_foundations

import rego.v1

test_setting_is_the_default_without_a_configuration if {
	setting("deny_access_key_age", "maxDays") == 90
	setting("deny_access_key_age", "maxDays") == 90 with data.config as {"deny_access_key_age": {}}
}

test_setting_is_what_is_configured if {
	setting("deny_access_key_age", "maxDays") == 30 with data.config as {"deny_access_key_age": {"maxDays": 30}}
}

test_setting_may_be_false if {
	setting("deny_config_recorder", "allTypes") == false with data.config as {"deny_config_recorder": {"allTypes": false}}
}

test_texts_are_no_numbers if not at_least("99", 14)

test_at_least_includes_the_limit if at_least(14, 14)
