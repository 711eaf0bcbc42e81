import json

from compare import policy, resource, tags

SYSTEM, POLICY, BACKUP = "aws:efs/fileSystem:FileSystem", "aws:efs/fileSystemPolicy:FileSystemPolicy", "aws:efs/backupPolicy:BackupPolicy"
POINT = "aws:efs/accessPoint:AccessPoint"

EXPLAINED = {}

MOUNT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}]}


LIFECYCLE = {"TransitionToIA": "transitionToIa", "TransitionToPrimaryStorageClass": "transitionToPrimaryStorageClass", "TransitionToArchive": "transitionToArchive"}


def seed(aws):
    efs = aws("efs")
    efs.create_file_system(CreationToken="plain")
    system = efs.create_file_system(
        CreationToken="data", PerformanceMode="maxIO", Encrypted=True, KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/k", ThroughputMode="provisioned",
        ProvisionedThroughputInMibps=16.0, Backup=True, Tags=[{"Key": "Name", "Value": "data"}, {"Key": "owner", "Value": "shop"}])["FileSystemId"]
    efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=[{"TransitionToIA": "AFTER_30_DAYS"}])
    efs.put_file_system_policy(FileSystemId=system, Policy=json.dumps(MOUNT))
    efs.create_access_point(ClientToken="root", FileSystemId=system)
    efs.create_access_point(
        ClientToken="app", FileSystemId=system, PosixUser={"Uid": 1000, "Gid": 1001, "SecondaryGids": [1002]}, Tags=[{"Key": "Name", "Value": "app"}],
        RootDirectory={"Path": "/app", "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1001, "Permissions": "0755"}})


def expected(aws):
    efs = aws("efs")
    for s in efs.describe_file_systems()["FileSystems"]:
        ident = s["FileSystemId"]
        yield resource(SYSTEM, ident, s.get("Name") or ident, {
            "region": "us-east-1", "arn": s["FileSystemArn"], "creationToken": s["CreationToken"], "encrypted": s["Encrypted"], "kmsKeyId": s.get("KmsKeyId"),
            "performanceMode": s["PerformanceMode"], "throughputMode": s["ThroughputMode"], "provisionedThroughputInMibps": s.get("ProvisionedThroughputInMibps"),
            "availabilityZoneName": s.get("AvailabilityZoneName"), "tags": tags(s["Tags"]),
        }, demand={"lifecyclePolicies": [{LIFECYCLE[k]: v for k, v in p.items()} for p in efs.describe_lifecycle_configuration(FileSystemId=ident)["LifecyclePolicies"]]})
        about = {"region": "us-east-1", "fileSystemId": ident}
        try:
            yield resource(POLICY, ident, ident, about | {"policy": policy(efs.describe_file_system_policy(FileSystemId=ident)["Policy"])})
        except efs.exceptions.PolicyNotFound:
            pass
        try:
            yield resource(BACKUP, ident, ident, about | {"backupPolicy": {"status": efs.describe_backup_policy(FileSystemId=ident)["BackupPolicy"]["Status"]}})
        except efs.exceptions.PolicyNotFound:
            pass
    for p in efs.describe_access_points()["AccessPoints"]:
        ident, user, root = p["AccessPointId"], p.get("PosixUser"), p.get("RootDirectory", {})
        made = root.get("CreationInfo")
        yield resource(POINT, ident, p.get("Name") or ident, {
            "region": "us-east-1", "arn": p["AccessPointArn"], "fileSystemId": p["FileSystemId"], "tags": tags(p["Tags"]),
            "posixUser": {"uid": user["Uid"], "gid": user["Gid"], "secondaryGids": user["SecondaryGids"]} if user else None,
            "rootDirectory": {k: v for k, v in {
                "path": root.get("Path"),
                "creationInfo": {"ownerUid": made["OwnerUid"], "ownerGid": made["OwnerGid"], "permissions": made["Permissions"]} if made else None,
            }.items() if v},
        })
