"""Puts secrets of every kind into an emulated account, at places that a scan reads.

    python plant.py --endpoint http://127.0.0.1:PORT

Prints one JSON document: a list of {"number", "kind", "core", "read"}. core is what
must be found nowhere afterwards; it holds "plant" and the number, by which a policy
tells that it has seen it. read is false where a scan reads the thing but not the
secret. Numbers are written in digits that AWS's key ids may have.

No example stands here as a whole: what looks for secrets in code would find it.
"""

import argparse
import base64
import io
import json
import zipfile

import boto3
from botocore.config import Config

REGION = "us-east-1"
planted = []


def plant(number, kind, form="{}", core="Plant{}Zk9QwX7vT3mB8s", read=True):
    """A secret: its core, put into the form that its kind has."""
    core = core.format(number)
    planted.append({"number": str(number), "kind": kind, "core": core, "read": read})
    return form.replace("{}", core)


def padded(number, length):
    """A core of letters and digits that is as long as a token has to be."""
    return ("Plant%d" % number + "Zk9QwX7vT3mB8sR4nY6hJ2gF5dC1aE0iU" * 3)[:length]


def token(number, kind, prefix, length, suffix=""):
    core = padded(number, length)
    planted.append({"number": str(number), "kind": kind, "core": core, "read": True})
    return prefix + core + suffix


def b64(text):
    return base64.b64encode(text.encode()).decode()


def pem(number):
    body = "\n".join(padded(number, 64) for _ in range(3))
    planted.append({"number": str(number), "kind": "private key", "core": padded(number, 64), "read": True})
    return "-----BEGIN RSA " + "PRIVATE KEY-----\n" + body + "\n-----END RSA " + "PRIVATE KEY-----\n"


def code():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("index.py", "")
    return out.getvalue()


def functions(aws, role):
    aws("lambda").create_function(
        FunctionName="fn", Runtime="python3.12", Role=role, Handler="index.handler", Code={"ZipFile": code()},
        Description="deploys with " + token(22, "GitHub token in a description", "ghp" + "_", 36),
        Environment={"Variables": {
            "DB_PASSWORD": plant(23, "password in a function's environment"),
            "DATABASE_URL": plant(24, "database URL in a function's environment", "postgres://app:{}@db.internal:5432/app"),
            "SETTINGS": json.dumps({"region": "eu", "nested": {"key": plant(25, "JSON in a function's environment")}}),
            "BLOB": b64(plant(26, "base64 in a function's environment", "user=app\npassword={}\n")),
        }},
        Tags={"billing": token(27, "Stripe key in a tag", "sk" + "_live_", 24)},
    )


def containers(aws):
    aws("ecs").register_task_definition(family="web", containerDefinitions=[{
        "name": "web", "image": "web:1", "memory": 128, "cpu": 10,
        "command": ["serve", plant(32, "a container's command line", "--api-key={}")],
        "environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": token(33, "AWS secret key in a container's environment", "", 40)}],
        "dockerLabels": {"auth": plant(34, "docker label")},
        "logConfiguration": {"logDriver": "splunk", "options": {"splunk-url": "https://splunk", "splunk-token": plant(35, "option of a log driver")}},
    }])


def machines(aws):
    ec2 = aws("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="sg", VpcId=vpc, Description="bot " + token(36, "Slack token in a description", "xoxb" + "-1234567890-", 24))["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{
        "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "opened by " + plant(37, "AWS access key id in a rule's description", core="AKIA" + "PLANT{}ABCDEFGHI")}],
    }])
    ec2.run_instances(
        ImageId="ami-0de0000000000001a", MinCount=1, MaxCount=1, UserData="#!/bin/sh\nexport PASSWORD=" + plant(42, "user data", read=False),
        TagSpecifications=[{"ResourceType": "instance", "Tags": [
            {"Key": "connection", "Value": plant(43, "database URL in a tag", "mysql://root:{}@db/app")},
            {"Key": token(44, "token as the key of a tag", "glpat" + "-", 20), "Value": ""},
            {"Key": "db-password", "Value": plant(45, "password in a tag")},
            {"Key": "session", "Value": token(47, "JSON web token in a tag", b64('{"alg":"HS256"}').rstrip("=") + "." + b64('{"sub":"1234567890"}').rstrip("=") + ".", 43)},
            {"Key": "hub", "Value": token(77, "Docker token in a tag", "dckr" + "_pat_", 27)},
        ]}])
    aws("autoscaling").create_launch_configuration(
        LaunchConfigurationName="lc", ImageId="ami-0de0000000000001a", InstanceType="t3.micro",
        UserData=plant(46, "user data of a launch configuration", read=False))


def identities(aws):
    iam = aws("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.create_policy(PolicyName="policy", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringEquals": {"aws:UserAgent": token(52, "npm token in a policy", "npm" + "_", 36)}},
    }]}))
    return role


def storage(aws):
    s3 = aws("s3")
    s3.create_bucket(Bucket="plants")
    s3.put_bucket_tagging(Bucket="plants", Tagging={"TagSet": [{"Key": "maps", "Value": token(53, "Google key in a tag", "AI" + "za", 35)}]})
    s3.put_bucket_policy(Bucket="plants", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Sid": "x", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::plants/*",
        "Condition": {"StringEquals": {"aws:Referer": plant(54, "AWS secret key in a bucket's policy", "aws_secret_access_key=" + "{}", core="Plant{}Zk9QwX7vT3mB8sR4nY6hJ2gF5dC1aE0iU")}},
    }]}))
    aws("efs").create_file_system(CreationToken="fs", Tags=[{"Key": "Name", "Value": token(55, "token in the tag that gives the name", "glsa" + "_", 41)}])
    aws("dynamodb").create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        Tags=[{"Key": "settings", "Value": b64(plant(56, "base64 in a tag", "api_key: {}"))}])


def messaging(aws):
    topic = aws("sns").create_topic(Name="topic")["TopicArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="https", Endpoint=plant(57, "credentials in an address that SNS delivers to", "https://user:{}@hooks.example.com/x"))
    aws("sqs").create_queue(QueueName="queue", tags={"mail": "SG" + "." + padded(62, 22) + "." + token(62, "SendGrid key in a tag", "", 43)})
    aws("cloudwatch").put_metric_alarm(
        AlarmName="alarm", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
        AlarmDescription="posts to " + token(63, "Slack webhook in a description", "https://hooks.slack" + ".com/services/T0AB/B0CD/", 24))
    aws("logs").create_log_group(logGroupName="logs", tags={"caller": "Authorization: Bearer " + plant(64, "bearer token in a tag")})


def secrets(aws):
    sm = aws("secretsmanager")
    sm.create_secret(Name="secret", SecretString=plant(65, "value of a secret", read=False), Description=pem(66))
    aws("kms").create_key(Description="unseals with " + token(67, "Vault token in a description", "hv" + "s.", 30))
    aws("ssm").put_parameter(Name="parameter", Type="SecureString", Value=plant(72, "parameter", read=False))
    aws("rds").create_db_instance(
        DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres", MasterUsername="app", MasterUserPassword=plant(73, "master password of a database", read=False),
        AllocatedStorage=20, Tags=[{"Key": "store", "Value": plant(74, "Azure connection string in a tag", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==", core=padded(74, 86))}])
    aws("cloudfront").create_distribution(DistributionConfig={
        "CallerReference": "x", "Enabled": True, "Comment": "Authorization: Basic " + b64(plant(75, "Basic authorization in a comment", "user:{}")),
        "Origins": {"Quantity": 1, "Items": [{
            "Id": "o", "DomainName": "origin.example.com", "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
            "CustomHeaders": {"Quantity": 1, "Items": [{"HeaderName": "X-Origin-Verify", "HeaderValue": plant(76, "custom header of an origin")}]},
        }]},
        "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only", "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                                 "TrustedSigners": {"Enabled": False, "Quantity": 0}, "MinTTL": 0},
    })


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    endpoint = parser.parse_args().endpoint
    made = {}

    def aws(service):
        if service not in made:
            made[service] = boto3.client(
                service, region_name=REGION, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x", config=Config(retries={"total_max_attempts": 1}))
        return made[service]

    functions(aws, identities(aws))
    for step in (containers, machines, storage, messaging, secrets):
        step(aws)
    print(json.dumps(planted))


main()
