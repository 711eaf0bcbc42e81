import json

from compare import resource, tags

EXPLAINED = {}

IMAGE = "ami-0de0000000000001a"  # moto starts instances of any image


def seed(aws):
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "owner", "Value": "shop"}]}])["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    group = ec2.create_security_group(GroupName="web", Description="front", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0"}],
         "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.1.0.0/16", "Description": "office"}],
         "UserIdGroupPairs": [{"GroupId": group}]}])
    instance = ec2.run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=subnet, SecurityGroupIds=[group], EbsOptimized=True,
        Monitoring={"Enabled": True}, MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}])["Instances"][0]["InstanceId"]
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiStop={"Value": True})
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=10, Encrypted=True, VolumeType="gp3", Iops=3000, Throughput=125,
                               TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "owner", "Value": "shop"}]}])["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    snapshot = ec2.create_snapshot(VolumeId=volume, Description="nightly")["SnapshotId"]
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"])
    ec2.create_image(InstanceId=instance, Name="golden", Description="base")
    ec2.enable_ebs_encryption_by_default()
    ec2.create_launch_template(LaunchTemplateName="web", VersionDescription="first", TagSpecifications=[{
        "ResourceType": "launch-template", "Tags": [{"Key": "owner", "Value": "shop"}]}], LaunchTemplateData={
            "ImageId": IMAGE, "InstanceType": "t3.micro", "KeyName": "k", "EbsOptimized": True, "SecurityGroupIds": [group], "Monitoring": {"Enabled": True},
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}}],
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True, "SubnetId": subnet, "Groups": [group]}],
            "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"}, "IamInstanceProfile": {"Name": "p"},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]})
    ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", TrafficType="REJECT", LogDestinationType="s3", LogDestination="arn:aws:s3:::redshift-logs",
                         MaxAggregationInterval=60, TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "owner", "Value": "shop"}]}])


def expected(aws):
    ec2 = aws("ec2")
    yield from networks(ec2)
    yield from instances(ec2)
    yield from storage(ec2)
    yield from templates(ec2)
    yield from flows(ec2)
    yield from rules(ec2)


def one(kind, ident, properties, name=None, unknown=(), demand=None):
    return resource(kind, ident, name or ident, dict(properties, region="us-east-1"), unknown=unknown, demand=demand)


def networks(ec2):
    for v in ec2.describe_vpcs()["Vpcs"]:
        yield one("aws:ec2/vpc:Vpc", v["VpcId"], {
            "cidrBlock": v["CidrBlock"], "instanceTenancy": v.get("InstanceTenancy"), "tags": tags(v.get("Tags"))},
            demand={name: ec2.describe_vpc_attribute(VpcId=v["VpcId"], Attribute=name)[name[0].upper() + name[1:]]["Value"]
                    for name in ("enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics")})
    for s in ec2.describe_subnets()["Subnets"]:
        yield one("aws:ec2/subnet:Subnet", s["SubnetId"], {
            "vpcId": s["VpcId"], "cidrBlock": s["CidrBlock"], "availabilityZone": s["AvailabilityZone"],
            "mapPublicIpOnLaunch": s["MapPublicIpOnLaunch"], "assignIpv6AddressOnCreation": s["AssignIpv6AddressOnCreation"],
            "enableDns64": s.get("EnableDns64", False), "ipv6Native": s.get("Ipv6Native", False), "tags": tags(s.get("Tags"))})
    for g in ec2.describe_security_groups()["SecurityGroups"]:
        body = {"vpcId": g.get("VpcId"), "tags": tags(g.get("Tags"))}
        rules = {"ingress": group_rules(g, g["IpPermissions"]), "egress": group_rules(g, g["IpPermissionsEgress"])}
        r = one("aws:ec2/securityGroup:SecurityGroup", g["GroupId"], dict(body, name=g["GroupName"], description=g["Description"]), g["GroupName"])
        r["properties"].update(rules)  # also when there are none
        yield r
        if g["GroupName"] == "default":
            r = one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", g["GroupId"], body)
            r["properties"].update(rules)
            yield r


def group_rules(group, permissions):
    """One rule per protocol, ports and description, as the classic provider has them."""
    rules = []
    for p in permissions:
        by = {}
        for kind, field, list_ in (("cidrBlocks", "CidrIp", p.get("IpRanges", [])), ("ipv6CidrBlocks", "CidrIpv6", p.get("Ipv6Ranges", [])),
                                   ("prefixListIds", "PrefixListId", p.get("PrefixListIds", []))):
            for r in list_:
                by.setdefault(r.get("Description", ""), {}).setdefault(kind, []).append(r[field])
        own = set()
        for r in p.get("UserIdGroupPairs", []):
            of = by.setdefault(r.get("Description", ""), {})
            if r["GroupId"] == group["GroupId"]:
                own.add(r.get("Description", ""))
            else:
                of.setdefault("securityGroups", []).append(r["GroupId"])
        for description, sources in by.items():
            rule = {"protocol": p["IpProtocol"], "fromPort": p.get("FromPort", 0), "toPort": p.get("ToPort", 0), "self": description in own}
            if description:
                rule["description"] = description
            rule.update({k: sorted(v) for k, v in sources.items()})
            rules.append(rule)
    return sorted(rules, key=lambda r: json.dumps(r, sort_keys=True, separators=(",", ":")))


def instances(ec2):
    for r in ec2.describe_instances()["Reservations"]:
        for i in r["Instances"]:
            if i["State"]["Name"] == "terminated":
                continue
            options, devices, root = i.get("MetadataOptions", {}), [], None
            for m in i.get("BlockDeviceMappings", []):
                device = {"deviceName": m["DeviceName"], "volumeId": m["Ebs"]["VolumeId"], "deleteOnTermination": m["Ebs"]["DeleteOnTermination"]}
                if m["DeviceName"] == i.get("RootDeviceName"):
                    root = device
                else:
                    devices.append(device)
            volumes = {v["VolumeId"]: v for v in ec2.describe_volumes()["Volumes"]}
            demand = {name: ec2.describe_instance_attribute(InstanceId=i["InstanceId"], Attribute=name)[name[0].upper() + name[1:]]["Value"]
                      for name in ("disableApiTermination", "disableApiStop")}
            if root:
                demand["rootBlockDevice.encrypted"] = volumes[root["volumeId"]]["Encrypted"]
                demand["rootBlockDevice.kmsKeyId"] = volumes[root["volumeId"]].get("KmsKeyId")
            if devices:
                demand["ebsBlockDevices.encrypted"] = [volumes[d["volumeId"]]["Encrypted"] for d in devices]
                demand["ebsBlockDevices.kmsKeyId"] = [volumes[d["volumeId"]].get("KmsKeyId") for d in devices]
            yield one("aws:ec2/instance:Instance", i["InstanceId"], {
                "ami": i["ImageId"], "instanceType": i["InstanceType"], "subnetId": i.get("SubnetId"), "keyName": i.get("KeyName"),
                "privateIp": i.get("PrivateIpAddress"), "publicIp": i.get("PublicIpAddress"), "associatePublicIpAddress": "PublicIpAddress" in i,
                "ebsOptimized": i["EbsOptimized"], "sourceDestCheck": i["SourceDestCheck"], "monitoring": i["Monitoring"]["State"] == "enabled",
                "availabilityZone": i["Placement"]["AvailabilityZone"], "tenancy": i["Placement"].get("Tenancy"),
                "iamInstanceProfile": i["IamInstanceProfile"]["Arn"].rsplit("/", 1)[1] if "IamInstanceProfile" in i else None,
                "vpcSecurityGroupIds": sorted(g["GroupId"] for g in i["SecurityGroups"]),
                "metadataOptions": {k: options[v] for k, v in (
                    ("httpTokens", "HttpTokens"), ("httpEndpoint", "HttpEndpoint"), ("httpPutResponseHopLimit", "HttpPutResponseHopLimit"),
                    ("httpProtocolIpv6", "HttpProtocolIpv6"), ("instanceMetadataTags", "InstanceMetadataTags")) if options.get(v)},
                "rootBlockDevice": root, "ebsBlockDevices": devices, "tags": tags(i.get("Tags")),
            }, unknown=["userData", "userDataBase64"], demand=demand)


def storage(ec2):
    for v in ec2.describe_volumes()["Volumes"]:
        yield one("aws:ebs/volume:Volume", v["VolumeId"], {
            "availabilityZone": v["AvailabilityZone"], "encrypted": v["Encrypted"], "kmsKeyId": v.get("KmsKeyId"), "size": v["Size"],
            "type": v["VolumeType"], "snapshotId": v.get("SnapshotId"), "multiAttachEnabled": v.get("MultiAttachEnabled", False),
            "iops": v.get("Iops"), "throughput": v.get("Throughput"), "tags": tags(v.get("Tags"))})
    public = {s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"]}
    for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        yield one("aws:ebs/snapshot:Snapshot", s["SnapshotId"], {
            "volumeId": s["VolumeId"], "description": s.get("Description"), "encrypted": s["Encrypted"], "kmsKeyId": s.get("KmsKeyId"),
            "volumeSize": s["VolumeSize"], "storageTier": s.get("StorageTier"), "tags": tags(s.get("Tags"))})
        yield resource("insights:aws/snapshotExposure:SnapshotExposure", s["SnapshotId"], s["SnapshotId"],
                       {"snapshotId": s["SnapshotId"], "public": s["SnapshotId"] in public})
    for i in ec2.describe_images(Owners=["self"])["Images"]:
        devices = []
        for m in i.get("BlockDeviceMappings", []):
            if "Ebs" in m:
                device = {"deviceName": m["DeviceName"], "snapshotId": m["Ebs"].get("SnapshotId", ""), "volumeSize": m["Ebs"].get("VolumeSize", 0)}
                if "Encrypted" in m["Ebs"]:
                    device["encrypted"] = m["Ebs"]["Encrypted"]
                devices.append(device)
        yield one("aws:ec2/ami:Ami", i["ImageId"], {
            "name": i["Name"], "description": i.get("Description"), "architecture": i.get("Architecture"), "rootDeviceName": i.get("RootDeviceName"),
            "virtualizationType": i.get("VirtualizationType"), "enaSupport": i.get("EnaSupport", False), "imdsSupport": i.get("ImdsSupport"),
            "ebsBlockDevices": devices, "tags": tags(i.get("Tags"))}, i["Name"])
        yield resource("insights:aws/amiExposure:AmiExposure", i["ImageId"], i["ImageId"], {"imageId": i["ImageId"], "public": i["Public"]})
    yield one("aws:ebs/encryptionByDefault:EncryptionByDefault", "us-east-1", {"enabled": ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]})


OWN = "arn:aws:ec2:us-east-1:123456789012:"


def lower(of):
    return {k[0].lower() + k[1:]: lower(v) if isinstance(v, dict) else v for k, v in (of or {}).items()}


def said(of, *names):
    """Truth values that Pulumi has as texts."""
    return {k: str(v).lower() if k in names else v for k, v in of.items()}


def templates(ec2):
    latest = {v["LaunchTemplateId"]: v for v in ec2.describe_launch_template_versions(Versions=["$Latest"])["LaunchTemplateVersions"]}
    for t in ec2.describe_launch_templates()["LaunchTemplates"]:
        ident, data = t["LaunchTemplateId"], latest[t["LaunchTemplateId"]]["LaunchTemplateData"]
        devices = [{"deviceName": m["DeviceName"], "ebs": said(lower(m["Ebs"]), "encrypted", "deleteOnTermination")} for m in data.get("BlockDeviceMappings", [])]
        interfaces = []
        for n in data.get("NetworkInterfaces", []):
            n = said(lower(n), "associatePublicIpAddress", "deleteOnTermination")
            n["securityGroups"] = n.pop("groups", [])
            interfaces.append(n)
        yield one("aws:ec2/launchTemplate:LaunchTemplate", ident, {
            "arn": OWN + "launch-template/" + ident, "name": t["LaunchTemplateName"], "defaultVersion": t["DefaultVersionNumber"],
            "description": latest[ident].get("VersionDescription"), "tags": tags(t.get("Tags")), "imageId": data.get("ImageId"), "instanceType": data.get("InstanceType"),
            "keyName": data.get("KeyName"), "ebsOptimized": str(data["EbsOptimized"]).lower() if "EbsOptimized" in data else None,
            "vpcSecurityGroupIds": data.get("SecurityGroupIds"), "monitoring": lower(data.get("Monitoring")), "blockDeviceMappings": devices,
            "networkInterfaces": interfaces, "metadataOptions": lower(data.get("MetadataOptions")), "iamInstanceProfile": lower(data.get("IamInstanceProfile")),
            "tagSpecifications": [{"resourceType": s["ResourceType"], "tags": tags(s["Tags"])} for s in data.get("TagSpecifications", [])]}, t["LaunchTemplateName"])


def flows(ec2):
    for f in ec2.describe_flow_logs()["FlowLogs"]:
        kind = {"vpc": "vpcId", "subnet": "subnetId", "eni": "eniId"}[f["ResourceId"].split("-")[0]]
        yield one("aws:ec2/flowLog:FlowLog", f["FlowLogId"], {
            "arn": OWN + "vpc-flow-log/" + f["FlowLogId"], kind: f["ResourceId"], "trafficType": f["TrafficType"], "logDestination": f.get("LogDestination"),
            "logDestinationType": f.get("LogDestinationType"), "logFormat": f.get("LogFormat"), "iamRoleArn": f.get("DeliverLogsPermissionArn"),
            "maxAggregationInterval": f.get("MaxAggregationInterval"), "tags": tags(f.get("Tags"))})


def rules(ec2):
    for r in ec2.describe_security_group_rules()["SecurityGroupRules"]:
        ident, kind, any_ = r["SecurityGroupRuleId"], "Egress" if r["IsEgress"] else "Ingress", r["IpProtocol"] == "-1"
        of = r.get("ReferencedGroupInfo")
        yield one(f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule", ident, {
            "arn": r.get("SecurityGroupRuleArn") or OWN + "security-group-rule/" + ident, "securityGroupId": r["GroupId"], "ipProtocol": r["IpProtocol"],
            "fromPort": None if any_ else r.get("FromPort"), "toPort": None if any_ else r.get("ToPort"), "cidrIpv4": r.get("CidrIpv4"),
            "cidrIpv6": r.get("CidrIpv6"), "prefixListId": r.get("PrefixListId"), "description": r.get("Description"),
            "referencedSecurityGroupId": of["GroupId"] if of else None, "tags": tags(r.get("Tags"))})
