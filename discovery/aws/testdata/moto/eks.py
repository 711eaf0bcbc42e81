from compare import resource

CLUSTER, GROUP = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"

EXPLAINED = {}


def seed(aws):
    eks = aws("eks")
    role = "arn:aws:iam::123456789012:role/cluster"
    eks.create_cluster(name="plain", roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-2", "subnet-1"]})
    eks.create_cluster(
        name="shop", roleArn=role, version="1.33", tags={"owner": "shop"}, logging={"clusterLogging": [{"types": ["audit", "api"], "enabled": True}]},
        resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"], "endpointPublicAccess": True, "endpointPrivateAccess": True,
                            "publicAccessCidrs": ["10.0.0.0/8"]},
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:us-east-1:123456789012:key/k"}}])
    eks.create_nodegroup(
        clusterName="shop", nodegroupName="workers", nodeRole="arn:aws:iam::123456789012:role/node", subnets=["subnet-1"], instanceTypes=["m7i.large"],
        scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2}, diskSize=50, labels={"team": "shop"}, tags={"owner": "shop"},
        taints=[{"key": "only", "value": "shop", "effect": "NO_SCHEDULE"}], remoteAccess={"ec2SshKey": "k"}, updateConfig={"maxUnavailable": 1})


def log_types(cluster):
    return sorted(t for setup in cluster["logging"]["clusterLogging"] if setup["enabled"] for t in setup["types"])


def encryption(cluster):
    for e in cluster.get("encryptionConfig", []):
        return {"resources": e["resources"], "provider": {"keyArn": e["provider"]["keyArn"]}}


def groups(eks, cluster):
    for name in eks.list_nodegroups(clusterName=cluster)["nodegroups"]:
        g = eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
        remote = g.get("remoteAccess", {})
        yield resource(GROUP, f"{cluster}:{name}", name, {
            "region": "us-east-1", "clusterName": cluster, "nodeGroupName": name, "arn": g["nodegroupArn"], "nodeRoleArn": g["nodeRole"], "amiType": g["amiType"],
            "capacityType": g["capacityType"], "version": g["version"], "releaseVersion": g["releaseVersion"], "instanceTypes": g["instanceTypes"],
            "subnetIds": sorted(g["subnets"]), "labels": g.get("labels"), "diskSize": g["diskSize"], "scalingConfig": g["scalingConfig"],
            "updateConfig": g.get("updateConfig"), "taints": g.get("taints"), "tags": g.get("tags"),
            "remoteAccess": {k: v for k, v in {
                "ec2SshKey": remote.get("ec2SshKey"), "sourceSecurityGroupIds": sorted(remote.get("sourceSecurityGroups", []))}.items() if v},
        })


def expected(aws):
    eks = aws("eks")
    for name in eks.list_clusters()["clusters"]:
        c = eks.describe_cluster(name=name)["cluster"]
        v = c["resourcesVpcConfig"]
        yield resource(CLUSTER, name, name, {
            "region": "us-east-1", "name": name, "arn": c["arn"], "roleArn": c["roleArn"], "version": c["version"], "tags": c.get("tags"),
            "enabledClusterLogTypes": log_types(c), "encryptionConfig": encryption(c), "kubernetesNetworkConfig": c.get("kubernetesNetworkConfig"),
            "vpcConfig": {k: x for k, x in {
                "vpcId": v.get("vpcId"), "subnetIds": sorted(v["subnetIds"]), "securityGroupIds": sorted(v.get("securityGroupIds", [])),
                "clusterSecurityGroupId": v.get("clusterSecurityGroupId"), "endpointPublicAccess": v.get("endpointPublicAccess", False),
                "endpointPrivateAccess": v.get("endpointPrivateAccess", False), "publicAccessCidrs": sorted(v.get("publicAccessCidrs", []))}.items() if x not in (None, "", [])},
        })
        yield from groups(eks, name)
