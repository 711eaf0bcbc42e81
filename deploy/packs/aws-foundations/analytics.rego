package aws_foundations

import rego.v1

# METADATA
# title: Search domains are encrypted
# description: What OpenSearch and Elasticsearch keep on disk, snapshots and logs included, is encrypted at rest.
# custom:
#   severity: medium
#   remediation: Turn encryption at rest on. Domains of Elasticsearch below 6.7 cannot, and are to be made anew.
#   tags: [opensearch, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Opensearch.1}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ES.1}
deny_search_encryption contains "the domain is not encrypted at rest" if {
	input.__type in {"aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"}
	not input.encryptAtRest.enabled == true
}

# METADATA
# title: Nodes of search domains talk encrypted
# description: What the nodes of a domain of OpenSearch or Elasticsearch send each other is encrypted.
# custom:
#   severity: medium
#   remediation: Turn node-to-node encryption on; it cannot be turned off again.
#   tags: [opensearch, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Opensearch.3}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ES.3}
deny_search_node_encryption contains "the domain's nodes do not encrypt what they send each other" if {
	input.__type in {"aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"}
	not input.nodeToNodeEncryption.enabled == true
}

# METADATA
# title: Search domains ask for TLS 1.2
# description: A domain of OpenSearch or Elasticsearch answers HTTPS alone, and refuses versions of TLS before 1.2.
# custom:
#   severity: medium
#   remediation: Require HTTPS and choose a TLS policy of 1.2 or later, when no client needs older ones.
#   tags: [opensearch, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Opensearch.8}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ES.8}
deny_search_tls contains "the domain answers plain HTTP" if {
	input.__type in {"aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"}
	not input.domainEndpointOptions.enforceHttps == true
}

deny_search_tls contains "the domain takes versions of TLS before 1.2" if {
	input.__type in {"aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"}
	not asks_for_tls12
}

asks_for_tls12 if startswith(input.domainEndpointOptions.tlsSecurityPolicy, "Policy-Min-TLS-1-2-")

# METADATA
# title: Warehouses are encrypted
# description: What a Redshift cluster keeps, its snapshots included, is encrypted at rest.
# custom:
#   severity: medium
#   remediation: Turn encryption on; the cluster can be read meanwhile.
#   tags: [redshift, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Redshift.10}
deny_warehouse_encryption contains "the cluster is not encrypted" if {
	input.__type == "aws:redshift/cluster:Cluster"
	not input.encrypted == true
}

# METADATA
# title: Warehouses are not public
# description: A Redshift cluster that is publicly accessible has a public address, behind its security groups alone.
# custom:
#   severity: critical
#   remediation: Turn public accessibility off, and reach the cluster from its VPC.
#   tags: [redshift, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Redshift.1}
deny_warehouse_public contains "the cluster is publicly accessible" if {
	input.__type == "aws:redshift/cluster:Cluster"
	not input.publiclyAccessible == false
}

# METADATA
# title: Streams are encrypted
# description: What a Kinesis stream holds is encrypted at rest with a KMS key.
# custom:
#   severity: medium
#   remediation: Start encryption of the stream. Producers and consumers need the permission to use a key of your own.
#   tags: [kinesis, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Kinesis.1}
deny_stream_encryption contains "the stream is not encrypted" if {
	input.__type == "aws:kinesis/stream:Stream"
	not input.encryptionType == "KMS"
}
