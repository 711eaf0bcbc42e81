package awsfake

import (
	"fmt"
	"net/http"
)

// Every second vault has a policy, and all are locked.
var backupRoutes = []restRoute{
	{"GET /backup-vaults", "ListBackupVaults", listBackupVaults},
	{"GET /backup-vaults/{$}", "ListBackupVaults", listBackupVaults}, // as botocore has it
	{"GET /backup-vaults/{name}/access-policy", "GetBackupVaultAccessPolicy", vaultAccessPolicy},
	{"GET /backup/plans", "ListBackupPlans", listBackupPlans},
	{"GET /backup/plans/{$}", "ListBackupPlans", listBackupPlans},
	{"GET /backup/plans/{id}", "GetBackupPlan", getBackupPlan},
	{"GET /backup/plans/{id}/{$}", "GetBackupPlan", getBackupPlan},
}

func listBackupVaults(q *request) *fault {
	form, list := q.r.URL.Query(), []any{}
	from, to, next := q.window(form.Get("nextToken"), number(form.Get("maxResults")), 1000, q.pop.more("backupVault"))
	q.each(from, to, backupVaultName, func(i int) { list = append(list, q.backupVault(i)) })
	return q.reply(paged(map[string]any{"BackupVaultList": list}, "NextToken", next))
}

func vaultAccessPolicy(q *request) *fault {
	name := q.r.PathValue("name")
	i, ok := q.index(name, "vault-", q.pop.more("backupVault"))
	if !ok || i%2 != 0 {
		return noBackup("Access policy of " + name)
	}
	return q.reply(map[string]any{
		"BackupVaultName": name, "BackupVaultArn": q.backupARN("backup-vault", name),
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*"}]}`,
	})
}

func listBackupPlans(q *request) *fault {
	form, list := q.r.URL.Query(), []any{}
	from, to, next := q.window(form.Get("nextToken"), number(form.Get("maxResults")), 1000, q.pop.more("backupPlan"))
	q.each(from, to, backupPlanID, func(i int) {
		list = append(list, map[string]any{"BackupPlanId": backupPlanID(i), "BackupPlanArn": q.backupARN("backup-plan", backupPlanID(i)), "BackupPlanName": "nightly"})
	})
	return q.reply(paged(map[string]any{"BackupPlansList": list}, "NextToken", next))
}

func getBackupPlan(q *request) *fault {
	id := q.r.PathValue("id")
	if _, ok := q.index(id, "plan-", q.pop.more("backupPlan")); !ok {
		return noBackup("Backup plan " + id)
	}
	name := "nightly"
	if q.touched(id) {
		name = "changed"
	}
	return q.reply(map[string]any{"BackupPlanId": id, "BackupPlanArn": q.backupARN("backup-plan", id), "BackupPlan": map[string]any{
		"BackupPlanName": name, "Rules": []any{map[string]any{"RuleName": "night", "TargetBackupVaultName": "vault-000000", "ScheduleExpression": "cron(0 5 ? * * *)"}},
	}})
}

func backupVaultName(i int) string { return fmt.Sprintf("vault-%06d", i) }
func backupPlanID(i int) string    { return fmt.Sprintf("plan-%06d", i) }

func (q *request) backupARN(kind, name string) string {
	return "arn:aws:backup:" + q.region + ":" + q.pop.AccountID + ":" + kind + ":" + name
}

func noBackup(what string) *fault {
	return &fault{status: http.StatusBadRequest, code: "ResourceNotFoundException", message: what + " not found"}
}

func (q *request) backupVault(i int) any {
	name, key := backupVaultName(i), "k"
	if q.touched(name) {
		key = "changed"
	}
	v := map[string]any{
		"BackupVaultName": name, "BackupVaultArn": q.backupARN("backup-vault", name), "VaultType": "BACKUP_VAULT", "NumberOfRecoveryPoints": 0, "CreationDate": 1735689600,
		"EncryptionKeyArn": "arn:aws:kms:" + q.region + ":" + q.pop.AccountID + ":key/" + key, "Locked": true, "MinRetentionDays": 7,
	}
	return v
}
