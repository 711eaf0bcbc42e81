"""Makes an organization in moto, and changes it. Prints names and numbers of its accounts."""
import json
import sys

import boto3

endpoint, phase = sys.argv[1:3]
keys = {"aws_access_key_id": "AKIAFAKE", "aws_secret_access_key": "fake", "region_name": "us-east-1", "endpoint_url": endpoint}
org = boto3.client("organizations", **keys)


def unit(parent, name):
    return org.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]


def account(name, parent, **tags):
    number = org.create_account(AccountName=name, Email=name + "@example.org")["CreateAccountStatus"]["AccountId"]
    org.move_account(AccountId=number, SourceParentId=root, DestinationParentId=parent)
    org.tag_resource(ResourceId=number, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    credentials = boto3.client("sts", **keys).assume_role(
        RoleArn=f"arn:aws:iam::{number}:role/insights-reader", RoleSessionName="seed")["Credentials"]
    boto3.client("sqs", aws_access_key_id=credentials["AccessKeyId"], aws_secret_access_key=credentials["SecretAccessKey"],
                 aws_session_token=credentials["SessionToken"], region_name="us-east-1", endpoint_url=endpoint).create_queue(QueueName="of-" + name.lower().replace(" ", "-"))
    return number


if phase == "create":
    org.create_organization(FeatureSet="ALL")
    root = org.list_roots()["Roots"][0]["Id"]
    workloads = unit(root, "Workloads")
    prod, test, _ = unit(workloads, "Prod"), unit(workloads, "Test"), unit(workloads, "Empty")
    account("Shop", prod, env="prod", team="Web Shop")
    account("Data Lake", prod, env="prod")
    account("Shop test", test, env="test")
    account("Sandbox", root)
    for n in range(25):  # more than a page
        account(f"more-{n:02}", test, env="test")
else:
    root = org.list_roots()["Roots"][0]["Id"]
    workloads = org.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"][0]["Id"]
    units = {u["Name"]: u["Id"] for u in org.list_organizational_units_for_parent(ParentId=workloads)["OrganizationalUnits"]}
    numbers = {a["Name"]: a["Id"] for p in org.get_paginator("list_accounts").paginate() for a in p["Accounts"]}
    org.close_account(AccountId=numbers["Data Lake"])
    org.move_account(AccountId=numbers["Shop"], SourceParentId=units["Prod"], DestinationParentId=units["Test"])
    account("Newcomer", units["Prod"], env="prod")
print(json.dumps({a["Name"]: a["Id"] for p in org.get_paginator("list_accounts").paginate() for a in p["Accounts"]}))
