package aws_foundations

import rego.v1

# METADATA
# title: Certificates are valid
# description: >-
#   ACM does not say of the certificate that it expired, was revoked or could not be issued. One that ACM renews by
#   itself never gets there; renew those that were imported in time.
# custom:
#   severity: medium
#   remediation: Import or request a new certificate, use it where the old one is used, and delete the old one.
#   tags: [acm]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-17}
deny_certificate_status contains msg if {
	input.__type == "aws:acm/certificate:Certificate"
	not certificate_is_good
	msg := sprintf("the certificate's status is %v", [object.get(input, "status", "(none)")])
}

certificate_is_good if input.status in {"ISSUED", "PENDING_VALIDATION"}

# METADATA
# title: Certificates have strong keys
# description: The key of the certificate is an RSA key of 2,048 bits at least, or one of an elliptic curve.
# custom:
#   severity: high
#   remediation: Replace the certificate by one with a stronger key.
#   tags: [acm, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ACM.2}
deny_certificate_key contains msg if {
	input.__type == "aws:acm/certificate:Certificate"
	not strong_certificate_key
	msg := sprintf("the certificate's key is %v", [object.get(input, "keyAlgorithm", "(none)")])
}

strong_certificate_key if input.keyAlgorithm in {"RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}
