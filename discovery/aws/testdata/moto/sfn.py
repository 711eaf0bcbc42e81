import json

from compare import resource, tags

MACHINE = "aws:sfn/stateMachine:StateMachine"

EXPLAINED = {}

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def seed(aws):
    sfn = aws("stepfunctions")
    role = "arn:aws:iam::123456789012:role/machine"
    sfn.create_state_machine(
        name="orders", definition=json.dumps(PASS), roleArn=role, type="EXPRESS", tracingConfiguration={"enabled": True}, tags=[{"key": "owner", "value": "shop"}],
        loggingConfiguration={"level": "ALL", "includeExecutionData": True, "destinations": [
            {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:sfn:*"}}]},
        encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/k", "kmsDataKeyReusePeriodSeconds": 300})
    sfn.create_state_machine(name="plain", definition=json.dumps(PASS), roleArn=role)


def expected(aws):
    sfn = aws("stepfunctions")
    for m in sfn.list_state_machines()["stateMachines"]:
        arn = m["stateMachineArn"]
        v = sfn.describe_state_machine(stateMachineArn=arn)
        log, trace, unknown = v.get("loggingConfiguration"), v.get("tracingConfiguration"), []
        if log is not None:
            to = log.get("destinations") or []
            log = {k: x for k, x in {
                "level": log.get("level"), "includeExecutionData": log.get("includeExecutionData", False),
                "logDestination": to[0]["cloudWatchLogsLogGroup"]["logGroupArn"] if to else None}.items() if x is not None}
        else:
            unknown.append("loggingConfiguration")
        if trace is not None:
            trace = {"enabled": trace.get("enabled", False)}
        else:
            unknown.append("tracingConfiguration")
        yield resource(MACHINE, arn, v["name"], {
            "region": "us-east-1", "arn": arn, "name": v["name"], "definition": v["definition"], "roleArn": v["roleArn"], "type": v["type"],
            "loggingConfiguration": log, "tracingConfiguration": trace, "encryptionConfiguration": v.get("encryptionConfiguration"),
            "tags": tags(sfn.list_tags_for_resource(resourceArn=arn)["tags"], "key", "value"),
        }, unknown=unknown)
