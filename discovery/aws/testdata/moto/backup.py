from compare import resource

VAULT, POLICY, PLAN, LOCK = (
    "aws:backup/vault:Vault", "aws:backup/vaultPolicy:VaultPolicy", "aws:backup/plan:Plan", "aws:backup/vaultLockConfiguration:VaultLockConfiguration")

EXPLAINED = {PLAN: {"tags": "moto's Tagging API knows vaults and no plans"}}


def seed(aws):
    backup = aws("backup")
    backup.create_backup_vault(BackupVaultName="vault", BackupVaultTags={"owner": "shop"}, EncryptionKeyArn="arn:aws:kms:us-east-1:123456789012:key/k")
    backup.create_backup_plan(BackupPlanTags={"owner": "shop"}, BackupPlan={"BackupPlanName": "nightly", "Rules": [{
        "RuleName": "night", "TargetBackupVaultName": "vault", "ScheduleExpression": "cron(0 5 ? * * *)", "StartWindowMinutes": 60, "CompletionWindowMinutes": 180,
        "EnableContinuousBackup": True, "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365}, "RecoveryPointTags": {"a": "b"},
        "CopyActions": [{"DestinationBackupVaultArn": "arn:aws:backup:us-west-2:123456789012:backup-vault:v", "Lifecycle": {"DeleteAfterDays": 90}}]}]})


def life(v):
    v = v or {}
    return {k: x for k, x in {
        "coldStorageAfter": v.get("MoveToColdStorageAfterDays"), "deleteAfter": v.get("DeleteAfterDays"),
        "optInToArchiveForSupportedResources": v.get("OptInToArchiveForSupportedResources")}.items() if x is not None}


def rule(r):
    return {k: x for k, x in {
        "ruleName": r["RuleName"], "targetVaultName": r["TargetBackupVaultName"], "schedule": r.get("ScheduleExpression"),
        "scheduleExpressionTimezone": r.get("ScheduleExpressionTimezone"), "startWindow": r.get("StartWindowMinutes"),
        "completionWindow": r.get("CompletionWindowMinutes"), "enableContinuousBackup": r.get("EnableContinuousBackup"), "lifecycle": life(r.get("Lifecycle")),
        "recoveryPointTags": r.get("RecoveryPointTags"),
        "copyActions": [{k: x for k, x in {"destinationVaultArn": c["DestinationBackupVaultArn"], "lifecycle": life(c.get("Lifecycle"))}.items() if x}
                        for c in r.get("CopyActions", [])]}.items() if x not in (None, [], {})}


def expected(aws):
    backup = aws("backup")
    for v in backup.list_backup_vaults()["BackupVaultList"]:
        name = v["BackupVaultName"]
        key = v.get("EncryptionKeyArn")
        yield resource(VAULT, name, name, {
            "region": "us-east-1", "name": name, "arn": v["BackupVaultArn"], "kmsKeyArn": key, "tags": backup.list_tags(ResourceArn=v["BackupVaultArn"]).get("Tags"),
        }, unknown=[] if key else ["kmsKeyArn"])
        if v.get("Locked"):
            yield resource(LOCK, name, name, {
                "region": "us-east-1", "backupVaultName": name, "minRetentionDays": v.get("MinRetentionDays"), "maxRetentionDays": v.get("MaxRetentionDays")},
                unknown=["changeableForDays"] if v.get("LockDate") else [])
        # moto does not know the call for policies: whether there is one cannot be read.
        yield resource(POLICY, name, name, {"region": "us-east-1", "backupVaultName": name}, unknown=["policy"])
    for p in backup.list_backup_plans()["BackupPlansList"]:
        ident = p["BackupPlanId"]
        v = backup.get_backup_plan(BackupPlanId=ident)
        yield resource(PLAN, ident, v["BackupPlan"]["BackupPlanName"], {
            "region": "us-east-1", "arn": v["BackupPlanArn"], "name": v["BackupPlan"]["BackupPlanName"], "rules": [rule(r) for r in v["BackupPlan"]["Rules"]],
            "tags": backup.list_tags(ResourceArn=v["BackupPlanArn"]).get("Tags")})
