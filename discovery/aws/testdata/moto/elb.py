from compare import resource

BALANCER = "aws:elb/loadBalancer:LoadBalancer"

EXPLAINED = {}


def seed(aws):
    ec2, elb = aws("ec2"), aws("elb")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="classic", Description="classic", VpcId=vpc)["GroupId"]
    plain = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 8080}
    cert = aws("iam").upload_server_certificate(ServerCertificateName="classic", CertificateBody="b", PrivateKey="k")["ServerCertificateMetadata"]["Arn"]
    elb.create_load_balancer(LoadBalancerName="zones", AvailabilityZones=["us-east-1b", "us-east-1a"], Listeners=[plain], Tags=[{"Key": "owner", "Value": "shop"}])
    elb.create_load_balancer(LoadBalancerName="inside", Scheme="internal", Subnets=[subnet], SecurityGroups=[group], Listeners=[
        plain, {"Protocol": "HTTPS", "LoadBalancerPort": 443, "InstanceProtocol": "HTTP", "InstancePort": 8080, "SSLCertificateId": cert}])
    elb.configure_health_check(LoadBalancerName="zones", HealthCheck={
        "Target": "HTTP:8080/health", "Interval": 20, "Timeout": 10, "UnhealthyThreshold": 4, "HealthyThreshold": 3})
    aws("s3").create_bucket(Bucket="classic-logs")
    elb.modify_load_balancer_attributes(LoadBalancerName="zones", LoadBalancerAttributes={
        "CrossZoneLoadBalancing": {"Enabled": True}, "ConnectionDraining": {"Enabled": True, "Timeout": 60}, "ConnectionSettings": {"IdleTimeout": 90},
        "AccessLog": {"Enabled": True, "S3BucketName": "classic-logs", "S3BucketPrefix": "p", "EmitInterval": 5}})


def expected(aws):
    elb = aws("elb")
    for lb in elb.describe_load_balancers()["LoadBalancerDescriptions"]:
        name = lb["LoadBalancerName"]
        a = elb.describe_load_balancer_attributes(LoadBalancerName=name)["LoadBalancerAttributes"]
        more = {x["Key"]: x["Value"] for x in a.get("AdditionalAttributes", [])}
        h, log, source = lb.get("HealthCheck", {}), a["AccessLog"], lb.get("SourceSecurityGroup", {})
        listeners = [{k: v for k, v in {
            "lbPort": li["LoadBalancerPort"], "lbProtocol": li["Protocol"].lower(), "instancePort": li["InstancePort"],
            "instanceProtocol": li["InstanceProtocol"].lower(), "sslCertificateId": li.get("SSLCertificateId")}.items() if v}
            for li in (x["Listener"] for x in lb["ListenerDescriptions"])]
        yield resource(BALANCER, name, name, {
            "region": "us-east-1", "name": name, "arn": f"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/{name}",
            "internal": lb["Scheme"] == "internal", "availabilityZones": sorted(lb["AvailabilityZones"]), "subnets": sorted(lb["Subnets"]),
            "securityGroups": sorted(lb["SecurityGroups"]), "instances": sorted(i["InstanceId"] for i in lb["Instances"]),
            "sourceSecurityGroup": "/".join(filter(None, [source.get("OwnerAlias"), source.get("GroupName")])),
            "listeners": sorted(listeners, key=lambda x: x["lbPort"]),
            "healthCheck": {k[0].lower() + k[1:]: v for k, v in h.items()},
            "tags": {t["Key"]: t["Value"] for t in elb.describe_tags(LoadBalancerNames=[name])["TagDescriptions"][0]["Tags"]},
            "crossZoneLoadBalancing": a["CrossZoneLoadBalancing"]["Enabled"],
            "connectionDraining": a["ConnectionDraining"]["Enabled"], "connectionDrainingTimeout": a["ConnectionDraining"].get("Timeout"),
            "idleTimeout": a["ConnectionSettings"]["IdleTimeout"], "desyncMitigationMode": more.get("elb.http.desyncmitigationmode"),
            "accessLogs": {k: v for k, v in {"enabled": log["Enabled"], "bucket": log.get("S3BucketName"), "bucketPrefix": log.get("S3BucketPrefix"),
                                             "interval": log.get("EmitInterval")}.items() if v not in (None, "")},
        }, unknown=[] if "elb.http.desyncmitigationmode" in more else ["desyncMitigationMode"])
