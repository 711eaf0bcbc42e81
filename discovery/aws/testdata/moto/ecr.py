import json

from compare import policy, resource, tags

REPOSITORY, POLICY, LIFECYCLE = "aws:ecr/repository:Repository", "aws:ecr/repositoryPolicy:RepositoryPolicy", "aws:ecr/lifecyclePolicy:LifecyclePolicy"

EXPLAINED = {
    REPOSITORY: {"tags": "moto's GetResources does not know of repositories"},
}

PULL = {"Version": "2012-10-17", "Statement": [{"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}]}
EXPIRE = {"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3}, "action": {"type": "expire"}}]}


def seed(aws):
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="plain")
    ecr.create_repository(
        repositoryName="team/app", imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "arn:aws:kms:us-east-1:123456789012:key/k"}, tags=[{"Key": "owner", "Value": "shop"}])
    ecr.set_repository_policy(repositoryName="team/app", policyText=json.dumps(PULL))
    ecr.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=json.dumps(EXPIRE))


def expected(aws):
    ecr = aws("ecr")
    for r in ecr.describe_repositories()["repositories"]:
        name = r["repositoryName"]
        encryption = r["encryptionConfiguration"]
        yield resource(REPOSITORY, name, name, {
            "region": "us-east-1", "name": name, "arn": r["repositoryArn"], "registryId": r["registryId"], "repositoryUrl": r["repositoryUri"],
            "imageTagMutability": r["imageTagMutability"], "imageScanningConfiguration": {"scanOnPush": r["imageScanningConfiguration"]["scanOnPush"]},
            "encryptionConfigurations": [{k: encryption[k] for k in ("encryptionType", "kmsKey") if k in encryption}],
            "tags": tags(ecr.list_tags_for_resource(resourceArn=r["repositoryArn"])["tags"]),
        })
        about = {"region": "us-east-1", "repository": name, "registryId": r["registryId"]}
        try:
            text = ecr.get_repository_policy(repositoryName=name)["policyText"]
            yield resource(POLICY, name, name, about | {"policy": policy(text)})
        except ecr.exceptions.RepositoryPolicyNotFoundException:
            pass
        try:
            text = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
            yield resource(LIFECYCLE, name, name, about | {"policy": text})
        except ecr.exceptions.LifecyclePolicyNotFoundException:
            pass
