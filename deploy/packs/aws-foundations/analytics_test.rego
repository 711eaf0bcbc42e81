package aws_foundations

import rego.v1

search_domains(extra) := [object.union({"__type": kind, "domainName": "d"}, extra) | some kind in ["aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"]]

test_deny_search_encryption_finds_none if {
	every domain in array.concat(search_domains({}), search_domains({"encryptAtRest": {"enabled": false}})) {
		deny_search_encryption == {"the domain is not encrypted at rest"} with input as domain
	}
}

test_deny_search_encryption_passes_it if {
	every domain in search_domains({"encryptAtRest": {"enabled": true}}) { count(deny_search_encryption) == 0 with input as domain }
}

test_deny_search_node_encryption_finds_none if {
	every domain in array.concat(search_domains({}), search_domains({"nodeToNodeEncryption": {"enabled": false}})) {
		deny_search_node_encryption == {"the domain's nodes do not encrypt what they send each other"} with input as domain
	}
}

test_deny_search_node_encryption_passes_it if {
	every domain in search_domains({"nodeToNodeEncryption": {"enabled": true}}) { count(deny_search_node_encryption) == 0 with input as domain }
}

test_deny_search_tls_finds_plain_http if {
	every domain in search_domains({"domainEndpointOptions": {"enforceHttps": false, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"}}) {
		deny_search_tls == {"the domain answers plain HTTP"} with input as domain
	}
}

test_deny_search_tls_finds_old_versions if {
	every domain in search_domains({"domainEndpointOptions": {"enforceHttps": true, "tlsSecurityPolicy": "Policy-Min-TLS-1-0-2019-07"}}) {
		deny_search_tls == {"the domain takes versions of TLS before 1.2"} with input as domain
	}
}

test_deny_search_tls_finds_what_is_not_said if {
	every domain in search_domains({}) { count(deny_search_tls) == 2 with input as domain }
}

test_deny_search_tls_passes_later_versions if {
	every domain in search_domains({"domainEndpointOptions": {"enforceHttps": true, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"}}) {
		count(deny_search_tls) == 0 with input as domain
	}
}

a_warehouse(extra) := object.union({"__type": "aws:redshift/cluster:Cluster", "clusterIdentifier": "c"}, extra)

test_deny_warehouse_encryption_finds_none if {
	deny_warehouse_encryption == {"the cluster is not encrypted"} with input as a_warehouse({"encrypted": false})
	count(deny_warehouse_encryption) == 1 with input as a_warehouse({})
}

test_deny_warehouse_encryption_passes_it if count(deny_warehouse_encryption) == 0 with input as a_warehouse({"encrypted": true})

test_deny_warehouse_public_finds_one if {
	deny_warehouse_public == {"the cluster is publicly accessible"} with input as a_warehouse({"publiclyAccessible": true})
	count(deny_warehouse_public) == 1 with input as a_warehouse({})
}

test_deny_warehouse_public_passes_a_private_one if count(deny_warehouse_public) == 0 with input as a_warehouse({"publiclyAccessible": false})

a_stream(extra) := object.union({"__type": "aws:kinesis/stream:Stream", "name": "s"}, extra)

test_deny_stream_encryption_finds_none if {
	deny_stream_encryption == {"the stream is not encrypted"} with input as a_stream({"encryptionType": "NONE"})
	count(deny_stream_encryption) == 1 with input as a_stream({})
}

test_deny_stream_encryption_passes_a_key if count(deny_stream_encryption) == 0 with input as a_stream({"encryptionType": "KMS"})
