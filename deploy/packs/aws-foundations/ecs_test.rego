package aws_foundations

import rego.v1

a_task(extra, list_of_containers) := object.union(
	{"__type": "aws:ecs/taskDefinition:TaskDefinition", "family": "f", "containerDefinitions": json.marshal(list_of_containers)},
	extra,
)

safe_container := {"name": "web", "image": "web:1", "privileged": false, "readonlyRootFilesystem": true, "environment": [{"name": "TABLE", "value": "orders"}]}

container(extra) := object.union(safe_container, extra)

test_deny_container_privileged_finds_one_of_two if {
	deny_container_privileged == {"container agent is privileged"} with input as a_task({}, [safe_container, container({"name": "agent", "privileged": true})])
}

test_deny_container_privileged_finds_one_without_a_name if {
	deny_container_privileged == {"container without a name is privileged"} with input as a_task({}, [{"privileged": true}])
}

test_deny_container_privileged_passes_others if count(deny_container_privileged) == 0 with input as a_task({}, [safe_container, {"name": "plain"}])

test_deny_task_host_namespaces_finds_both if {
	deny_task_host_namespaces == {"the task shares the host's network", "the task shares the host's processes"} with input as a_task({"pidMode": "host", "networkMode": "host"}, [])
}

test_deny_task_host_namespaces_passes_own_ones if {
	every mode in ["awsvpc", "bridge", "none"] {
		count(deny_task_host_namespaces) == 0 with input as a_task({"pidMode": "task", "networkMode": mode}, [])
	}
}

test_deny_task_host_namespaces_passes_the_default if count(deny_task_host_namespaces) == 0 with input as a_task({}, [])

variables(list_of_names) := container({"environment": [{"name": name, "value": "x"} | some name in list_of_names]})

test_deny_container_credentials_finds_names_and_endings if {
	deny_container_credentials == {"container web gets credentials as variables: AWS_SECRET_ACCESS_KEY, dbPassword"} with input as a_task({}, [variables(["AWS_SECRET_ACCESS_KEY", "dbPassword", "TABLE"])])
}

test_deny_container_credentials_finds_what_is_configured if {
	count(deny_container_credentials) == 1 with input as a_task({}, [variables(["LICENSE"])])
		with data.config as {"deny_container_credentials": {"names": ["LICENSE"], "endings": []}}
}

test_deny_container_credentials_passes_others if {
	count(deny_container_credentials) == 0 with input as a_task({}, [variables(["TABLE", "PASSWORD_FILE", "TOKEN_URL"]), {"name": "none"}])
}

test_deny_container_credentials_passes_empty_ones if {
	count(deny_container_credentials) == 0 with input as a_task({}, [container({"environment": [{"name": "PASSWORD", "value": ""}, {"name": "API_KEY"}]})])
}

test_warn_container_root_filesystem_finds_what_is_not_said if {
	warn_container_root_filesystem == {"container plain can write to its root file system"} with input as a_task({}, [safe_container, {"name": "plain"}])
}

test_warn_container_root_filesystem_passes_a_read_only_one if count(warn_container_root_filesystem) == 0 with input as a_task({}, [safe_container])

an_ecs_service(extra) := object.union({"__type": "aws:ecs/service:Service", "name": "s"}, extra)

test_deny_service_public_address_finds_it_on if {
	deny_service_public_address == {"the service gives its tasks public addresses"} with input as an_ecs_service({"networkConfiguration": {"assignPublicIp": true}})
}

test_deny_service_public_address_finds_what_is_not_said if {
	count(deny_service_public_address) == 1 with input as an_ecs_service({"networkConfiguration": {"subnets": ["s"]}})
}

test_deny_service_public_address_passes_when_off if {
	count(deny_service_public_address) == 0 with input as an_ecs_service({"networkConfiguration": {"assignPublicIp": false}})
}

test_deny_service_public_address_passes_the_host_network if count(deny_service_public_address) == 0 with input as an_ecs_service({})

an_ecs_cluster(list_of_settings) := {"__type": "aws:ecs/cluster:Cluster", "name": "c", "settings": list_of_settings}

test_warn_cluster_insights_finds_it_off if {
	warn_cluster_insights == {"the cluster does not use Container Insights"} with input as an_ecs_cluster([{"name": "containerInsights", "value": "disabled"}])
}

test_warn_cluster_insights_finds_no_settings if count(warn_cluster_insights) == 1 with input as an_ecs_cluster([])

test_warn_cluster_insights_passes_when_on if {
	every value in ["enabled", "enhanced"] {
		count(warn_cluster_insights) == 0 with input as an_ecs_cluster([{"name": "containerInsights", "value": value}])
	}
}
