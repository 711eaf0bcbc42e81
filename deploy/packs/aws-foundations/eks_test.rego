package aws_foundations

import rego.v1

an_eks_cluster(extra) := object.union({"__type": "aws:eks/cluster:Cluster", "name": "c"}, extra)

eks_endpoint(public, cidrs) := an_eks_cluster({"vpcConfig": {"endpointPublicAccess": public, "publicAccessCidrs": cidrs}})

test_deny_kubernetes_endpoint_finds_the_world if {
	deny_kubernetes_endpoint == {"every address reaches the cluster's endpoint"} with input as eks_endpoint(true, ["10.0.0.0/8", "0.0.0.0/0"])
}

test_deny_kubernetes_endpoint_finds_no_list if count(deny_kubernetes_endpoint) == 1 with input as eks_endpoint(true, [])

test_deny_kubernetes_endpoint_finds_what_is_not_said if count(deny_kubernetes_endpoint) == 1 with input as an_eks_cluster({})

test_deny_kubernetes_endpoint_passes_a_private_one if count(deny_kubernetes_endpoint) == 0 with input as eks_endpoint(false, ["0.0.0.0/0"])

test_deny_kubernetes_endpoint_passes_a_list if count(deny_kubernetes_endpoint) == 0 with input as eks_endpoint(true, ["203.0.113.0/24"])

eks_encryption(provider) := an_eks_cluster({"encryptionConfig": {"resources": ["secrets"], "provider": provider}})

test_deny_kubernetes_secrets_finds_none if {
	deny_kubernetes_secrets == {"the cluster does not encrypt secrets with a KMS key"} with input as an_eks_cluster({})
}

test_deny_kubernetes_secrets_finds_one_without_a_key if count(deny_kubernetes_secrets) == 1 with input as eks_encryption({})

test_deny_kubernetes_secrets_passes_with_a_key if count(deny_kubernetes_secrets) == 0 with input as eks_encryption({"keyArn": "arn:k"})

test_warn_kubernetes_logs_finds_none if {
	warn_kubernetes_logs == {"the control plane does not log: audit"} with input as an_eks_cluster({})
}

test_warn_kubernetes_logs_finds_what_is_configured if {
	warn_kubernetes_logs == {"the control plane does not log: api, scheduler"} with input as an_eks_cluster({"enabledClusterLogTypes": ["audit"]})
		with data.config as {"warn_kubernetes_logs": {"types": ["scheduler", "audit", "api"]}}
}

test_warn_kubernetes_logs_passes_audit if count(warn_kubernetes_logs) == 0 with input as an_eks_cluster({"enabledClusterLogTypes": ["api", "audit"]})
