import csv
import datetime
import json

from compare import ACCOUNT, policy, resource, tags

EXPLAINED = {"aws:iam/policy:Policy": {"name": "moto's GetAccountAuthorizationDetails leaves it out"}}

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
RULES = {
    "allowUsersToChangePassword": "AllowUsersToChangePassword", "hardExpiry": "HardExpiry", "maxPasswordAge": "MaxPasswordAge",
    "minimumPasswordLength": "MinimumPasswordLength", "passwordReusePrevention": "PasswordReusePrevention",
    "requireLowercaseCharacters": "RequireLowercaseCharacters", "requireNumbers": "RequireNumbers", "requireSymbols": "RequireSymbols",
    "requireUppercaseCharacters": "RequireUppercaseCharacters",
}


def seed(aws):
    iam = aws("iam")
    arn = iam.create_policy(PolicyName="compare", Path="/app/", Description="reads", PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
    iam.create_user(UserName="compare", Path="/people/", PermissionsBoundary=arn, Tags=[{"Key": "owner", "Value": "shop"}])
    iam.put_user_policy(UserName="compare", PolicyName="own", PolicyDocument=json.dumps(READ))
    iam.attach_user_policy(UserName="compare", PolicyArn=arn)
    iam.create_login_profile(UserName="compare", Password="Compare-1234")
    iam.create_access_key(UserName="compare")
    iam.create_group(GroupName="compare")
    iam.put_group_policy(GroupName="compare", PolicyName="own", PolicyDocument=json.dumps(READ))
    iam.attach_group_policy(GroupName="compare", PolicyArn=arn)
    iam.create_role(RoleName="compare", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "owner", "Value": "shop"}])
    iam.put_role_policy(RoleName="compare", PolicyName="own", PolicyDocument=json.dumps(READ))
    iam.attach_role_policy(RoleName="compare", PolicyArn=arn)
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True, MaxPasswordAge=90, PasswordReusePrevention=24)


def thing(kind, ident, name, properties, demand=None):
    return resource(kind, ident, name, properties, region="global", demand=demand)


def all_of(iam, operation, key, **kw):
    return [x for page in iam.get_paginator(operation).paginate(**kw) for x in page[key]]


def expected(aws):
    iam = aws("iam")
    for owner, list_ in (("user", all_of(iam, "list_users", "Users")), ("group", all_of(iam, "list_groups", "Groups")),
                         ("role", all_of(iam, "list_roles", "Roles"))):
        for x in list_:
            if not x["Path"].startswith("/aws-service-role/"):
                yield from principal(iam, owner, x)
    yield from credentials(iam)
    for p in all_of(iam, "list_policies", "Policies", Scope="Local"):
        shown = iam.get_policy(PolicyArn=p["Arn"])["Policy"]
        document = iam.get_policy_version(PolicyArn=p["Arn"], VersionId=p["DefaultVersionId"])["PolicyVersion"]["Document"]
        yield thing("aws:iam/policy:Policy", p["Arn"], p["PolicyName"], {
            "name": p["PolicyName"], "path": p["Path"], "description": shown.get("Description"), "policy": policy(json.dumps(document))})
    yield from account(iam)


def credentials(iam):
    """Keys and passwords of users, each asked for by its own call."""
    for user in all_of(iam, "list_users", "Users"):
        for key in all_of(iam, "list_access_keys", "AccessKeyMetadata", UserName=user["UserName"]):
            yield resource("aws:iam/accessKey:AccessKey", key["AccessKeyId"], key["AccessKeyId"], {
                "user": user["UserName"], "status": key["Status"], "createDate": key["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")},
                region="global", unknown=["pgpKey"])
        try:
            profile = iam.get_login_profile(UserName=user["UserName"])["LoginProfile"]
        except iam.exceptions.NoSuchEntityException:
            continue
        yield resource("aws:iam/userLoginProfile:UserLoginProfile", user["UserName"], user["UserName"], {"user": user["UserName"]}, region="global",
                       unknown=["passwordLength", "pgpKey"], demand={"passwordResetRequired": profile.get("PasswordResetRequired", False)})


def principal(iam, owner, x):
    """A user, group or role with what hangs off it, each asked for by its own call."""
    title = owner[0].upper() + owner[1:]
    name = x[title + "Name"]
    who = {title + "Name": name}
    inline = []
    for policy_name in all_of(iam, "list_%s_policies" % owner, "PolicyNames", **who):
        document = getattr(iam, "get_%s_policy" % owner)(PolicyName=policy_name, **who)["PolicyDocument"]
        inline.append((policy_name, policy(json.dumps(document))))
    attached = all_of(iam, "list_attached_%s_policies" % owner, "AttachedPolicies", **who)
    properties, demand = {"name": name, "path": x["Path"]}, None
    if owner != "group":
        shown = getattr(iam, "get_" + owner)(**who)[title]
        properties["tags"] = tags(shown.get("Tags"))
        properties["permissionsBoundary"] = shown.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if owner == "role":
        properties["assumeRolePolicy"] = policy(json.dumps(x["AssumeRolePolicyDocument"]))
        properties["managedPolicyArns"] = sorted(a["PolicyArn"] for a in attached)
        properties["inlinePolicies"] = [{"name": n, "policy": p} for n, p in inline]
        demand = {"description": shown.get("Description"), "maxSessionDuration": shown["MaxSessionDuration"]}
    yield thing("aws:iam/%s:%s" % (owner, title), name, name, properties, demand)
    for n, p in inline:
        yield thing("aws:iam/%sPolicy:%sPolicy" % (owner, title), name + ":" + n, n, {owner: name, "name": n, "policy": p})
    for a in attached:
        yield thing("aws:iam/%sPolicyAttachment:%sPolicyAttachment" % (owner, title), name + "/" + a["PolicyArn"], a["PolicyName"],
                    {owner: name, "policyArn": a["PolicyArn"]})


def account(iam):
    rules = iam.get_account_password_policy()["PasswordPolicy"]
    values = {k: rules.get(v, 0) for k, v in RULES.items()}
    values["hardExpiry"] = bool(values["hardExpiry"])
    yield thing("insights:aws/passwordPolicy:PasswordPolicy", ACCOUNT, ACCOUNT, dict(values, accountId=ACCOUNT, configured=True))
    yield thing("aws:iam/accountPasswordPolicy:AccountPasswordPolicy", "iam-account-password-policy", "iam-account-password-policy", values)
    summary = iam.get_account_summary()["SummaryMap"]
    yield thing("insights:aws/rootAccount:RootAccount", ACCOUNT, "root", {
        "accountId": ACCOUNT, "mfaActive": summary["AccountMFAEnabled"] > 0, "accessKeysPresent": summary["AccountAccessKeysPresent"] > 0})
    iam.generate_credential_report()
    report = iam.get_credential_report()
    for row in csv.DictReader(report["Content"].decode().splitlines()):
        if row["user"] != "<root_account>":
            yield report_user(row, report["GeneratedTime"])


def days(text, made):
    try:
        at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int((made - at).total_seconds() / 86400)  # moto's report is older than what it tells of


def report_user(row, made):
    keys = []
    for n in (1, 2):
        field = "access_key_%d_" % n
        rotated, used = row[field + "last_rotated"], row[field + "last_used_date"]
        if rotated == "N/A" and row[field + "active"] != "true":
            continue
        key = {"number": n, "active": row[field + "active"] == "true", "ageDays": days(rotated, made)}
        unused = days(used, made)
        key["unusedDays"] = days(rotated, made) if unused is None else unused
        keys.append({k: v for k, v in key.items() if v is not None})
    properties = {"user": row["user"], "arn": row["arn"], "passwordEnabled": row["password_enabled"] == "true", "mfaActive": row["mfa_active"] == "true"}
    if properties["passwordEnabled"]:
        unused = days(row["password_last_used"], made)
        properties["passwordUnusedDays"] = days(row["password_last_changed"], made) if unused is None else unused
        properties["passwordAgeDays"] = days(row["password_last_changed"], made)
    r = thing("insights:aws/credentialReportUser:CredentialReportUser", row["user"], row["user"], properties)
    r["properties"]["accessKeys"] = keys  # also when there are none
    return r
