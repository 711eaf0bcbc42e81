package aws_foundations

import rego.v1

a_repository(extra) := object.union({"__type": "aws:ecr/repository:Repository", "name": "r"}, extra)

test_deny_repository_scan_finds_it_off if {
	deny_repository_scan == {"the repository does not scan images when they are pushed"} with input as a_repository({"imageScanningConfiguration": {"scanOnPush": false}})
}

test_deny_repository_scan_finds_what_is_not_said if count(deny_repository_scan) == 1 with input as a_repository({})

test_deny_repository_scan_passes_when_on if {
	count(deny_repository_scan) == 0 with input as a_repository({"imageScanningConfiguration": {"scanOnPush": true}})
}

test_deny_repository_mutable_tags_finds_mutable_ones if {
	deny_repository_mutable_tags == {"the repository's tags can be moved to other images"} with input as a_repository({"imageTagMutability": "MUTABLE"})
}

test_deny_repository_mutable_tags_finds_mutable_ones_with_exclusions if {
	count(deny_repository_mutable_tags) == 1 with input as a_repository({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"})
}

test_deny_repository_mutable_tags_finds_what_is_not_said if count(deny_repository_mutable_tags) == 1 with input as a_repository({})

test_deny_repository_mutable_tags_passes_immutable_ones if {
	every mutability in ["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"] {
		count(deny_repository_mutable_tags) == 0 with input as a_repository({"imageTagMutability": mutability})
	}
}

a_repository_policy(list_of_statements) := {
	"__type": "aws:ecr/repositoryPolicy:RepositoryPolicy",
	"repository": "r", "policy": policy_text(list_of_statements),
}

test_deny_repository_public_policy_finds_everyone if {
	deny_repository_public_policy == {`statement "pull" of the repository policy allows ecr:BatchGetImage to everyone`} with input as a_repository_policy([{
		"Sid": "pull", "Effect": "Allow", "Principal": "*",
		"Action": "ecr:BatchGetImage",
	}])
}

test_deny_repository_public_policy_passes_an_account if {
	count(deny_repository_public_policy) == 0 with input as a_repository_policy([{
		"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"},
		"Action": "ecr:BatchGetImage",
	}])
}
