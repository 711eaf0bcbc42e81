import json

from compare import resource, tags

CLUSTER, SERVICE, DEFINITION = "aws:ecs/cluster:Cluster", "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"

EXPLAINED = {}


def seed(aws):
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="plain", settings=[{"name": "containerInsights", "value": "disabled"}])
    ecs.create_cluster(
        clusterName="shop", settings=[{"name": "containerInsights", "value": "enabled"}], tags=[{"key": "owner", "value": "shop"}],
        configuration={"executeCommandConfiguration": {"kmsKeyId": "k", "logging": "OVERRIDE", "logConfiguration": {
            "cloudWatchLogGroupName": "g", "cloudWatchEncryptionEnabled": True, "s3BucketName": "b", "s3EncryptionEnabled": True}}},
        serviceConnectDefaults={"namespace": "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-1"})
    ecs.register_task_definition(
        family="web", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512", executionRoleArn="arn:aws:iam::123456789012:role/e",
        taskRoleArn="arn:aws:iam::123456789012:role/t", tags=[{"key": "owner", "value": "shop"}],
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, ephemeralStorage={"sizeInGiB": 30},
        volumes=[{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "transitEncryption": "ENABLED"}}],
        containerDefinitions=[{
            "name": "web", "image": "web:1", "essential": True, "privileged": False, "readonlyRootFilesystem": True, "user": "1000", "command": ["serve"],
            "environment": [{"name": "TABLE", "value": "orders"}, {"name": "MODE", "value": ""}], "secrets": [{"name": "PASSWORD", "valueFrom": "arn:s"}],
            "portMappings": [{"containerPort": 80, "protocol": "tcp"}], "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": True}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "web", "awslogs-region": "us-east-1"}}}])
    ecs.register_task_definition(family="host", networkMode="host", pidMode="host", ipcMode="host", volumes=[{"name": "socket", "host": {"sourcePath": "/var/run"}}],
                                 containerDefinitions=[{"name": "agent", "image": "agent:1", "memory": 64, "privileged": True}])
    vpc = aws("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnets = [aws("ec2").create_subnet(VpcId=vpc, CidrBlock=f"10.8.{n}.0/24")["Subnet"]["SubnetId"] for n in range(2)]
    group = aws("ec2").create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    ecs.create_service(
        cluster="shop", serviceName="web", taskDefinition="web", desiredCount=2, launchType="FARGATE", platformVersion="1.4.0", propagateTags="SERVICE",
        loadBalancers=[{"containerName": "web", "containerPort": 80, "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group], "assignPublicIp": "ENABLED"}},
        tags=[{"key": "owner", "value": "shop"}])
    ecs.create_service(cluster="shop", serviceName="host", taskDefinition="host", desiredCount=1)


def full(value):
    """A value without what is empty in it; "" is a value."""
    if isinstance(value, dict):
        return {k: full(v) for k, v in value.items() if v is not None and v != [] and v != {}}
    return [full(v) for v in value] if isinstance(value, list) else value


def text(containers):
    for c in containers:
        for field in ("environment", "secrets"):
            c[field] = sorted(c.get(field, []), key=lambda e: e["name"])
    return json.dumps(full(containers), sort_keys=True, separators=(",", ":"))


def clusters(ecs, arns):
    for c in ecs.describe_clusters(clusters=arns, include=["TAGS", "SETTINGS", "CONFIGURATIONS"])["clusters"]:
        name, configuration = c["clusterName"], c.get("configuration", {})
        log = configuration.get("executeCommandConfiguration", {}).get("logConfiguration", {})
        if "s3EncryptionEnabled" in log:
            log["s3BucketEncryptionEnabled"] = log.pop("s3EncryptionEnabled")
        yield resource(CLUSTER, name, name, {
            "region": "us-east-1", "name": name, "arn": c["clusterArn"], "settings": c.get("settings"), "configuration": configuration,
            "serviceConnectDefaults": c.get("serviceConnectDefaults"), "tags": tags(c.get("tags"), "key", "value"),
        })


def services(ecs, cluster):
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    for s in ecs.describe_services(cluster=cluster, services=arns, include=["TAGS"])["services"] if arns else []:
        name = s["serviceName"]
        network = s.get("networkConfiguration", {}).get("awsvpcConfiguration")
        deployment = s.get("deploymentConfiguration", {})
        yield resource(SERVICE, f"{cluster.rsplit('/', 1)[1]}/{name}", name, {
            "region": "us-east-1", "name": name, "arn": s["serviceArn"], "cluster": s["clusterArn"], "taskDefinition": s["taskDefinition"],
            "desiredCount": s["desiredCount"], "launchType": s.get("launchType"), "platformVersion": s.get("platformVersion"),
            "schedulingStrategy": s.get("schedulingStrategy"), "propagateTags": s.get("propagateTags"), "iamRole": s.get("roleArn"),
            "enableEcsManagedTags": s.get("enableECSManagedTags", False), "enableExecuteCommand": s.get("enableExecuteCommand", False),
            "deploymentController": s.get("deploymentController"), "loadBalancers": s["loadBalancers"],
            "deploymentConfiguration": {"strategy": deployment["strategy"]} if "strategy" in deployment else None,
            "deploymentMaximumPercent": deployment.get("maximumPercent"), "deploymentMinimumHealthyPercent": deployment.get("minimumHealthyPercent"),
            "networkConfiguration": {
                "subnets": sorted(network["subnets"]), "securityGroups": sorted(network["securityGroups"]),
                "assignPublicIp": network["assignPublicIp"] == "ENABLED"} if network else None,
            "tags": tags(s.get("tags"), "key", "value"),
        }, unknown=[] if "deploymentConfiguration" in s else ["deploymentConfiguration"])  # moto leaves out what was not given


def definitions(ecs):
    for arn in ecs.list_task_definitions()["taskDefinitionArns"]:
        answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        d = answer["taskDefinition"]
        storage = d.get("ephemeralStorage")
        yield resource(DEFINITION, arn, arn.rsplit("/", 1)[1], {
            "region": "us-east-1", "arn": arn, "family": d["family"], "revision": d["revision"], "containerDefinitions": text(d["containerDefinitions"]),
            "cpu": d.get("cpu"), "memory": d.get("memory"), "networkMode": d.get("networkMode"), "pidMode": d.get("pidMode"), "ipcMode": d.get("ipcMode"),
            "executionRoleArn": d.get("executionRoleArn"), "taskRoleArn": d.get("taskRoleArn"), "requiresCompatibilities": sorted(d.get("requiresCompatibilities") or []),
            "runtimePlatform": d.get("runtimePlatform"), "ephemeralStorage": {"sizeInGib": storage["sizeInGiB"]} if storage else None,
            "volumes": [{"hostPath" if k == "host" else k: v["sourcePath"] if k == "host" else v for k, v in volume.items()} for volume in d["volumes"]],
            "tags": tags(answer.get("tags"), "key", "value"),
        })


def expected(aws):
    ecs = aws("ecs")
    arns = ecs.list_clusters()["clusterArns"]
    yield from clusters(ecs, arns)
    for arn in arns:
        yield from services(ecs, arn)
    yield from definitions(ecs)
