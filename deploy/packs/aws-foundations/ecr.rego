package aws_foundations

import rego.v1

# METADATA
# title: Images are scanned when they are pushed
# description: >-
#   The repository's own setting is judged. Where the registry scans by rules of its own, as Amazon Inspector does, the
#   setting has no effect: disable this policy there.
# custom:
#   severity: medium
#   remediation: Turn scan on push on for the repository, or enhanced scanning for the registry.
#   tags: [ecr]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECR.1}
deny_repository_scan contains "the repository does not scan images when they are pushed" if {
	input.__type == "aws:ecr/repository:Repository"
	not input.imageScanningConfiguration.scanOnPush == true
}

# METADATA
# title: Image tags do not move
# description: What was tested under a tag is what runs under it. With exclusions, tags that match a pattern may still move.
# custom:
#   severity: medium
#   remediation: Set the repository's tag mutability to immutable, and deploy by tags that are used once.
#   tags: [ecr]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ECR.2}
deny_repository_mutable_tags contains "the repository's tags can be moved to other images" if {
	input.__type == "aws:ecr/repository:Repository"
	not tags_immutable
}

tags_immutable if input.imageTagMutability in {"IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"}

# METADATA
# title: Repositories are not public
# description: >-
#   No statement of the repository's policy allows something to everyone without a condition that fixes where requests
#   come from.
# custom:
#   severity: critical
#   remediation: Name the accounts that may pull, or add a condition such as aws:PrincipalOrgID.
#   tags: [ecr, public]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: AC-3}
deny_repository_public_policy contains msg if {
	input.__type == "aws:ecr/repositoryPolicy:RepositoryPolicy"
	some n, statement in statements(input.policy)
	opens(statement)
	msg := sprintf("%s of the repository policy allows %s to everyone", [named(n, statement), actions(statement)])
}
