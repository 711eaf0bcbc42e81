# METADATA
# title: AWS foundations
# scope: package
package aws_foundations

import rego.v1

# Policies ask for input.__type, never for input.type: that may be a property of
# the resource, as it is of volumes.

# What config-schema.json has as defaults, for an engine that does not fill them in.
defaults := {
	"deny_access_key_age": {"maxDays": 90},
	"deny_bucket_encryption": {"requireKms": false},
	"deny_config_recorder": {"allTypes": true},
	"deny_database_backups": {"minimumDays": 7},
	"deny_container_credentials": {
		"names": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"],
		"endings": ["PASSWORD", "PASSWD", "_SECRET", "_TOKEN", "API_KEY", "PRIVATE_KEY", "SECRET_KEY"],
	},
	"deny_function_runtime": {"supported": [
		"dotnet10", "java11", "java11.al2023", "java17", "java17.al2023", "java21", "java25", "java8.al2",
		"java8.al2023", "nodejs22.x", "nodejs24.x", "nodejs26.x", "provided.al2", "provided.al2023",
		"python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "python3.15", "ruby3.3",
		"ruby3.4", "ruby4.0",
	]},
	"deny_password_length": {"minimumLength": 14},
	"deny_password_reuse": {"remembered": 24},
	"deny_security_group_admin_ipv4": {"ports": [22, 3389]},
	"deny_security_group_admin_ipv6": {"ports": [22, 3389]},
	"deny_security_group_sensitive_ports": {"ports": [
		20, 21, 23, 25, 110, 111, 135, 139, 143, 445, 1433, 1434, 1521, 2049, 2375, 2376, 3306, 5432, 5601,
		5900, 6379, 9092, 9200, 9300, 11211, 27017,
	]},
	"deny_unused_credentials": {"unusedDays": 45},
	"warn_kubernetes_logs": {"types": ["audit"]},
	"warn_config_global_types": {"regions": ["us-east-1", "us-gov-west-1", "cn-north-1"]},
	"warn_log_group_retention": {"minimumDays": 1},
}

# setting is a policy's setting: as configured, else the default.
setting(policy, name) := data.config[policy][name]

setting(policy, name) := defaults[policy][name] if not configured(policy, name)

# Also a setting that is false is configured.
configured(policy, name) if _ = data.config[policy][name]

# list is x itself and breaks the policy when x is no list: walking through
# anything else would find nothing, and the resource would pass unjudged.
list(x) := array.concat(x, [])

# listed is a list of what may be written as one value or as a list of them.
listed(x) := x if is_array(x)

listed(x) := [x] if not is_array(x)

# at_least is false for what is no number: in Rego every text is greater than
# every number. Give it rules or variables when it is negated: a negated call on
# a property that is missing is undefined, not true.
at_least(x, least) if {
	is_number(x)
	x >= least
}
