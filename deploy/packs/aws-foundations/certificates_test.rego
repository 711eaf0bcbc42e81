package aws_foundations

import rego.v1

a_certificate(extra) := object.union({"__type": "aws:acm/certificate:Certificate", "domainName": "example.com"}, extra)

test_deny_certificate_status_finds_an_expired_one if {
	deny_certificate_status == {"the certificate's status is EXPIRED"} with input as a_certificate({"status": "EXPIRED"})
}

test_deny_certificate_status_finds_others if {
	every status in ["FAILED", "INACTIVE", "REVOKED", "VALIDATION_TIMED_OUT"] {
		count(deny_certificate_status) == 1 with input as a_certificate({"status": status})
	}
}

test_deny_certificate_status_finds_what_is_not_said if count(deny_certificate_status) == 1 with input as a_certificate({})

test_deny_certificate_status_passes_issued_and_pending if {
	every status in ["ISSUED", "PENDING_VALIDATION"] { count(deny_certificate_status) == 0 with input as a_certificate({"status": status}) }
}

test_deny_certificate_key_finds_a_short_one if {
	deny_certificate_key == {"the certificate's key is RSA_1024"} with input as a_certificate({"keyAlgorithm": "RSA_1024"})
}

test_deny_certificate_key_finds_what_is_not_said if count(deny_certificate_key) == 1 with input as a_certificate({})

test_deny_certificate_key_passes_strong_ones if {
	every key in ["RSA_2048", "EC_prime256v1"] { count(deny_certificate_key) == 0 with input as a_certificate({"keyAlgorithm": key}) }
}
