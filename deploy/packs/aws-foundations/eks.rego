package aws_foundations

import rego.v1

# METADATA
# title: Kubernetes API servers are not open to the world
# description: >-
#   The cluster's endpoint is private, or its public one answers only the addresses that are listed. Kubernetes asks who
#   calls all the same; this is for the day when that has a hole.
# custom:
#   severity: high
#   remediation: Turn the public endpoint off, or list the addresses that need it under publicAccessCidrs.
#   tags: [eks, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EKS.1}
deny_kubernetes_endpoint contains "every address reaches the cluster's endpoint" if {
	input.__type == "aws:eks/cluster:Cluster"
	not endpoint_bounded
}

endpoint_bounded if input.vpcConfig.endpointPublicAccess == false

endpoint_bounded if {
	count(input.vpcConfig.publicAccessCidrs) > 0
	every cidr in input.vpcConfig.publicAccessCidrs { not boundless(cidr) }
}

# METADATA
# title: Kubernetes secrets are encrypted with a key of the account
# description: >-
#   The cluster encrypts secrets with a KMS key, whose use can be permitted and logged. Without one, EKS encrypts what
#   Kubernetes keeps with keys of its own.
# custom:
#   severity: medium
#   remediation: Run aws eks associate-encryption-config with a KMS key. It cannot be taken back.
#   tags: [eks, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EKS.3}
deny_kubernetes_secrets contains "the cluster does not encrypt secrets with a KMS key" if {
	input.__type == "aws:eks/cluster:Cluster"
	not secrets_encrypted
}

# EKS has deprecated the list of resources: the key is for all of them.
secrets_encrypted if startswith(input.encryptionConfig.provider.keyArn, "arn:")

# METADATA
# title: Kubernetes control planes log
# description: >-
#   The audit log tells who did what in the cluster. The setting "types" can ask for more: api, authenticator,
#   controllerManager, scheduler.
# custom:
#   severity: medium
#   remediation: Turn the logs on in the cluster's logging configuration. They go to CloudWatch Logs, at its price.
#   tags: [eks, logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EKS.8}
warn_kubernetes_logs contains msg if {
	input.__type == "aws:eks/cluster:Cluster"
	missing := {kind | some kind in setting("warn_kubernetes_logs", "types"); not logs_kind(kind)}
	count(missing) > 0
	msg := sprintf("the control plane does not log: %s", [concat(", ", sort(missing))])
}

logs_kind(kind) if kind in input.enabledClusterLogTypes
