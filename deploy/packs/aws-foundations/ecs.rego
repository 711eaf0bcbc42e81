package aws_foundations

import rego.v1

# containers are those of a task definition, which has them as JSON text.
containers := list(json.unmarshal(input.containerDefinitions))

container_name(c) := object.get(c, "name", "without a name")

# METADATA
# title: Containers are not privileged
# description: A privileged container has the rights of root on the host, and the host's other containers with it.
# custom:
#   severity: high
#   remediation: Register a revision without "privileged"; add the capabilities that are needed under linuxParameters.
#   tags: [ecs]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECS.4}
deny_container_privileged contains msg if {
	input.__type == "aws:ecs/taskDefinition:TaskDefinition"
	some c in containers
	not object.get(c, "privileged", false) == false
	msg := sprintf("container %s is privileged", [container_name(c)])
}

# METADATA
# title: Tasks do not share the host's processes and network
# description: >-
#   With the host's process namespace a task sees and signals what else runs there; with its network it reaches what
#   listens on the host alone, such as the instance metadata service.
# custom:
#   severity: high
#   remediation: Register a revision with network mode awsvpc and without pidMode.
#   tags: [ecs]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECS.3}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECS.17}
deny_task_host_namespaces contains "the task shares the host's processes" if {
	input.__type == "aws:ecs/taskDefinition:TaskDefinition"
	input.pidMode
	not input.pidMode == "task"
}

deny_task_host_namespaces contains "the task shares the host's network" if {
	input.__type == "aws:ecs/taskDefinition:TaskDefinition"
	input.networkMode
	not input.networkMode in {"awsvpc", "bridge", "default", "none"}
}

# METADATA
# title: Containers do not get credentials as variables
# description: >-
#   Everybody who may describe the task definition reads its variables, and so does whatever logs them. Variables are
#   judged by name: those in the setting "names", and those that end as in "endings". Empty ones are left out.
# custom:
#   severity: high
#   remediation: >-
#     Keep the value in Secrets Manager or the Parameter Store and name it under "secrets" of the container. Replace the
#     credential: older revisions keep it.
#   tags: [ecs, secrets]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECS.8}
deny_container_credentials contains msg if {
	input.__type == "aws:ecs/taskDefinition:TaskDefinition"
	some c in containers
	suspicious := {v.name |
		some v in list(object.get(c, "environment", []))
		not object.get(v, "value", "") == ""
		names_credential(upper(v.name))
	}
	count(suspicious) > 0
	msg := sprintf("container %s gets credentials as variables: %s", [container_name(c), concat(", ", sort(suspicious))])
}

names_credential(name) if name in setting("deny_container_credentials", "names")

names_credential(name) if {
	some ending in setting("deny_container_credentials", "endings")
	endswith(name, ending)
}

# METADATA
# title: Containers cannot write to their root file system
# description: Who breaks into a container with a read-only root cannot change what runs in it. Volumes are for data.
# custom:
#   severity: medium
#   remediation: Register a revision with readonlyRootFilesystem true, and a volume for what has to be written.
#   tags: [ecs]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECS.5}
warn_container_root_filesystem contains msg if {
	input.__type == "aws:ecs/taskDefinition:TaskDefinition"
	some c in containers
	not object.get(c, "readonlyRootFilesystem", false) == true
	msg := sprintf("container %s can write to its root file system", [container_name(c)])
}

# METADATA
# title: Services give their tasks no public addresses
# description: A task with a public address can be reached from the internet as soon as a security group lets it.
# custom:
#   severity: high
#   remediation: Set assignPublicIp to DISABLED, with a NAT gateway or VPC endpoints for the way out.
#   tags: [ecs, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECS.2}
deny_service_public_address contains "the service gives its tasks public addresses" if {
	input.__type == "aws:ecs/service:Service"
	input.networkConfiguration
	not input.networkConfiguration.assignPublicIp == false
}

# METADATA
# title: Clusters use Container Insights
# description: Container Insights keeps numbers and events of tasks and services, which tell when something went wrong.
# custom:
#   severity: low
#   remediation: Run aws ecs update-cluster-settings with containerInsights=enhanced, or enabled.
#   tags: [ecs, logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECS.12}
warn_cluster_insights contains "the cluster does not use Container Insights" if {
	input.__type == "aws:ecs/cluster:Cluster"
	not has_insights
}

has_insights if {
	some s in input.settings
	s.name == "containerInsights"
	s.value in {"enabled", "enhanced"}
}
