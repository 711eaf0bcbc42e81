package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// backupProjection counts changes of the projections in this file.
const backupProjection = 1

const (
	typeVault       = "aws:backup/vault:Vault"
	typeVaultPolicy = "aws:backup/vaultPolicy:VaultPolicy"
	typeVaultLock   = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
	typeBackupPlan  = "aws:backup/plan:Plan"
)

var (
	listVaults      = listCall("backup:ListBackupVaults", 1000)
	vaultPolicy     = eachCall("backup:GetBackupVaultAccessPolicy", "policy")
	listBackupPlans = listCall("backup:ListBackupPlans", 1000)
	getBackupPlan   = eachCall("backup:GetBackupPlan", "rules")
)

// AWS Backup publishes no rates for these operations.
var backupService = &service{
	name: "backup",
	types: []typeSpec{
		{token: typeVault, calls: []call{listVaults, tagCall}},
		{token: typeVaultLock, calls: []call{listVaults}, with: typeVault},
		{token: typeVaultPolicy, calls: []call{listVaults, vaultPolicy}},
		{token: typeBackupPlan, calls: []call{listBackupPlans, getBackupPlan, tagCall}},
	},
	lists: []list{
		{listVaults.action, []string{typeVault, typeVaultLock, typeVaultPolicy}, eachVault},
		{listBackupPlans.action, []string{typeBackupPlan}, eachBackupPlan},
	},
}

const backupGone = "ResourceNotFoundException"

func (s *session) backup() *backup.Client {
	return client(s, "backup", func(c aws.Config) *backup.Client { return backup.NewFromConfig(c) })
}

func (s *session) backupARN(path string) string {
	return fmt.Sprintf("arn:%s:backup:%s:%s:%s", s.partition, s.region, s.awsAccount, path)
}

// eachVault lists vaults also to find some: of one that does not exist AWS says that it
// may not be asked for, which could be true as well. The other kinds of vaults are
// resources of their own in Pulumi.
func eachVault(ctx context.Context, s *session, ids []string, emit observe) error {
	p := backup.NewListBackupVaultsPaginator(s.backup(), &backup.ListBackupVaultsInput{MaxResults: aws.Int32(1000)})
	return pages(ctx, p, func(out *backup.ListBackupVaultsOutput) error {
		list := slices.DeleteFunc(out.BackupVaultList, func(v types.BackupVaultListMember) bool {
			return v.VaultType != "" && v.VaultType != types.VaultTypeBackupVault || ids != nil && !slices.Contains(ids, aws.ToString(v.BackupVaultName))
		})
		arns := make([]string, len(list))
		for i, v := range list {
			arns[i] = s.backupARN("backup-vault:" + aws.ToString(v.BackupVaultName))
		}
		tags, tagsF := tagsByARN(ctx, s, arns)
		return parallel(ctx, detailParallel, list, func(ctx context.Context, v types.BackupVaultListMember) error {
			got, err := s.backup().GetBackupVaultAccessPolicy(ctx, &backup.GetBackupVaultAccessPolicyInput{BackupVaultName: v.BackupVaultName})
			f, policy := facetOf(vaultPolicy.action, err, backupGone), ""
			if err == nil {
				policy = canonicalPolicy(aws.ToString(got.Policy))
				f = f.need(policy != "")
			}
			arn := s.backupARN("backup-vault:" + aws.ToString(v.BackupVaultName))
			return emit(ctx, projectVault(s.region, arn, v, f, policy, tagsF, tags[arn])...)
		})
	})
}

func projectVault(region, arn string, v types.BackupVaultListMember, f facet, policy string, tagsF facet, tags map[string]any) []discovery.Observation {
	d, name := newDocument(), aws.ToString(v.BackupVaultName)
	d.set("region", region)
	d.set("name", name)
	d.set("arn", arn)
	// Every vault has a key, be it AWS's own.
	d.told("kmsKeyArn", aws.ToString(v.EncryptionKeyArn), v.EncryptionKeyArn != nil, listVaults.action)
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	list := []discovery.Observation{d.observe(region, typeVault, name, name, backupProjection)}
	if aws.ToBool(v.Locked) {
		lock := newDocument()
		lock.set("region", region)
		lock.set("backupVaultName", name)
		lock.set("minRetentionDays", optional(v.MinRetentionDays))
		lock.set("maxRetentionDays", optional(v.MaxRetentionDays))
		if v.LockDate != nil { // of how many days before it tells no longer
			lock.notReadable("changeableForDays")
		}
		list = append(list, lock.observe(region, typeVaultLock, name, name, backupProjection))
	}
	split := newDocument()
	split.set("region", region)
	split.set("backupVaultName", name)
	split.facet("policy", f, func() any { return policy })
	return append(list, split.observeIf(f, region, typeVaultPolicy, name, name, backupProjection)...)
}

func eachBackupPlan(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids != nil {
		return backupPlans(ctx, s, ids).these(ctx, s, ids, emit)
	}
	p := backup.NewListBackupPlansPaginator(s.backup(), &backup.ListBackupPlansInput{MaxResults: aws.Int32(1000)})
	return pages(ctx, p, func(out *backup.ListBackupPlansOutput) error {
		ids := make([]string, 0, len(out.BackupPlansList))
		for _, v := range out.BackupPlansList {
			ids = append(ids, aws.ToString(v.BackupPlanId))
		}
		return backupPlans(ctx, s, ids).page(ctx, s, ids, emit)
	})
}

// planNames are the fields of a plan that Pulumi names otherwise.
var planNames = names{
	"BackupPlanName": "name", "TargetBackupVaultName": "targetVaultName", "ScheduleExpression": "schedule", "StartWindowMinutes": "startWindow",
	"CompletionWindowMinutes": "completionWindow", "DeleteAfterDays": "deleteAfter", "MoveToColdStorageAfterDays": "coldStorageAfter",
	"DestinationBackupVaultArn": "destinationVaultArn", "RuleId": "", "IndexActions": "", "DeleteAfterEvent": "",
}

// backupPlans knows the tags of some and describes them.
func backupPlans(ctx context.Context, s *session, ids []string) described {
	arns := make([]string, len(ids))
	for i, id := range ids {
		arns[i] = s.backupARN("backup-plan:" + id)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return described{gone: codes(backupGone), read: func(ctx context.Context, s *session, id string) ([]discovery.Observation, error) {
		out, err := s.backup().GetBackupPlan(ctx, &backup.GetBackupPlanInput{BackupPlanId: &id})
		if err == nil && out.BackupPlan == nil {
			err = errors.New(notInAnswer)
		}
		if err == nil && out.DeletionDate != nil { // deleted, and still shown for what it made
			return nil, nil
		}
		d, name := newDocument(), id
		d.set("region", s.region)
		d.set("arn", s.backupARN("backup-plan:"+id))
		if !d.unread(facetOf(getBackupPlan.action, err), "advancedBackupSettings", "name", "rules", "scanSettings") {
			d.camels(out.BackupPlan, planNames)
			name = aws.ToString(out.BackupPlan.BackupPlanName)
		}
		d.facet("tags", tagsF, func() any { return tags[s.backupARN("backup-plan:"+id)] })
		sortUnknown(d)
		return []discovery.Observation{d.observe(s.region, typeBackupPlan, id, name, backupProjection)}, err
	}}
}
