package aws

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/efs/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// efsProjection counts changes of the projections in this file.
const efsProjection = 1

const (
	typeFileSystem       = "aws:efs/fileSystem:FileSystem"
	typeFileSystemPolicy = "aws:efs/fileSystemPolicy:FileSystemPolicy"
	typeFileSystemBackup = "aws:efs/backupPolicy:BackupPolicy"
	typeAccessPoint      = "aws:efs/accessPoint:AccessPoint"
)

var (
	listFileSystems  = listCall("elasticfilesystem:DescribeFileSystems", 100)
	fileSystemPolicy = eachCall("elasticfilesystem:DescribeFileSystemPolicy", "policy")
	fileSystemBackup = eachCall("elasticfilesystem:DescribeBackupPolicy", "backup policy")
	// On demand.
	fileSystemLifecycle = eachCall("elasticfilesystem:DescribeLifecycleConfiguration", "lifecycle")
	listAccessPoints    = listCall("elasticfilesystem:DescribeAccessPoints", 100)
)

// EFS publishes no rates for these operations.
var efsService = &service{
	name: "efs",
	types: []typeSpec{
		{token: typeFileSystem, calls: []call{listFileSystems}, onDemand: []call{fileSystemLifecycle}},
		{token: typeFileSystemPolicy, calls: []call{listFileSystems, fileSystemPolicy}, recorded: recordedFileSystems},
		{token: typeFileSystemBackup, calls: []call{listFileSystems, fileSystemBackup}, recorded: recordedFileSystems},
		{token: typeAccessPoint, calls: []call{listAccessPoints}},
	},
	lists: efsLists,
}

var efsLists = []list{
	{listFileSystems.action, []string{typeFileSystem, typeFileSystemPolicy, typeFileSystemBackup}, eachFileSystem},
	{listAccessPoints.action, []string{typeAccessPoint}, eachAccessPoint},
}

// fileSystemGone is the code for a file system that does not exist.
const fileSystemGone = "FileSystemNotFound"

// recordedFileSystems have the policies of those that have any. That one has none, EFS says.
var recordedFileSystems = &recordedType{name: "AWS::EFS::FileSystem", calls: []recordedCall{
	{call: fileSystemPolicy, operation: "EFS:DescribeFileSystemPolicy", by: "FileSystemId", answer: func(i *recordedItem) (any, error) {
		var v object
		if json.Unmarshal(i.configuration["FileSystemPolicy"], &v) != nil || !v.has("Statement") {
			return nil, nil
		}
		return &efs.DescribeFileSystemPolicyOutput{Policy: aws.String(string(i.configuration["FileSystemPolicy"]))}, nil
	}},
	{call: fileSystemBackup, operation: "EFS:DescribeBackupPolicy", by: "FileSystemId", answer: func(i *recordedItem) (any, error) {
		var v types.BackupPolicy
		if json.Unmarshal(i.configuration["BackupPolicy"], &v) != nil || v.Status != types.StatusEnabled {
			return nil, nil
		}
		return &efs.DescribeBackupPolicyOutput{BackupPolicy: &v}, nil
	}},
}}

func (s *session) efs() *efs.Client {
	return client(s, "efs", func(c aws.Config) *efs.Client { return efs.NewFromConfig(c) })
}

func eachFileSystem(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids == nil {
		p := efs.NewDescribeFileSystemsPaginator(s.efs(), &efs.DescribeFileSystemsInput{MaxItems: aws.Int32(100)})
		return pages(ctx, p, func(out *efs.DescribeFileSystemsOutput) error { return readFileSystems(ctx, s, out.FileSystems, emit) })
	}
	for _, id := range ids {
		out, err := s.efs().DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{FileSystemId: &id})
		if isNotFound(err, fileSystemGone) {
			continue
		}
		if err != nil {
			return listError{err: err}
		}
		if err := readFileSystems(ctx, s, out.FileSystems, emit); err != nil {
			return err
		}
	}
	return nil
}

func readFileSystems(ctx context.Context, s *session, list []types.FileSystemDescription, emit observe) error {
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = aws.ToString(f.FileSystemId)
	}
	ctx = s.recorded(ctx, recordedFileSystems, s.region, ids)
	return parallel(ctx, detailParallel, list, func(ctx context.Context, f types.FileSystemDescription) error {
		policy, errPolicy := s.efs().DescribeFileSystemPolicy(ctx, &efs.DescribeFileSystemPolicyInput{FileSystemId: f.FileSystemId})
		backup, errBackup := s.efs().DescribeBackupPolicy(ctx, &efs.DescribeBackupPolicyInput{FileSystemId: f.FileSystemId})
		if f.LifeCycleState == types.LifeCycleStateDeleted || isNotFound(errPolicy, fileSystemGone) || isNotFound(errBackup, fileSystemGone) {
			return nil
		}
		var lifecycle []types.LifecyclePolicy
		lifecycleF := onDemand(ctx, fileSystemLifecycle.action, func() facet {
			out, err := s.efs().DescribeLifecycleConfiguration(ctx, &efs.DescribeLifecycleConfigurationInput{FileSystemId: f.FileSystemId})
			if err == nil {
				lifecycle = out.LifecyclePolicies
			}
			// Without any the list is there, and empty.
			return facetOf(fileSystemLifecycle.action, err).need(lifecycle != nil)
		})
		observed := []discovery.Observation{projectFileSystem(s.region, f, lifecycleF, lifecycle)}
		state, text := facetOf(fileSystemPolicy.action, errPolicy, "PolicyNotFound"), ""
		if errPolicy == nil {
			text = canonicalPolicy(aws.ToString(policy.Policy))
		}
		observed = append(observed, fileSystemPart(s.region, typeFileSystemPolicy, "policy", f, state.need(text != ""), text)...)
		state, status := facetOf(fileSystemBackup.action, errBackup, "PolicyNotFound"), ""
		if errBackup == nil && backup.BackupPolicy != nil {
			status = string(backup.BackupPolicy.Status)
		}
		part := map[string]any{"status": status}
		return emit(ctx, append(observed, fileSystemPart(s.region, typeFileSystemBackup, "backupPolicy", f, state.need(status != ""), part)...)...)
	})
}

func projectFileSystem(region string, f types.FileSystemDescription, lifecycleF facet, lifecycle []types.LifecyclePolicy) discovery.Observation {
	id := aws.ToString(f.FileSystemId)
	d := newDocument()
	d.set("region", region)
	d.set("arn", aws.ToString(f.FileSystemArn))
	d.set("creationToken", aws.ToString(f.CreationToken))
	d.set("availabilityZoneName", aws.ToString(f.AvailabilityZoneName))
	d.flag("encrypted", f.Encrypted, listFileSystems.action)
	d.set("kmsKeyId", aws.ToString(f.KmsKeyId))
	d.set("performanceMode", string(f.PerformanceMode))
	d.set("throughputMode", string(f.ThroughputMode))
	if f.ProvisionedThroughputInMibps != nil {
		d.set("provisionedThroughputInMibps", *f.ProvisionedThroughputInMibps)
	}
	if p := f.FileSystemProtection; p != nil {
		d.set("protection", map[string]any{"replicationOverwrite": string(p.ReplicationOverwriteProtection)})
	}
	d.set("tags", efsTags(f.Tags))
	d.facet("lifecyclePolicies", lifecycleF, func() any { return lifecyclePolicies(lifecycle) })
	sortUnknown(d)
	name := aws.ToString(f.Name)
	if name == "" {
		name = id
	}
	return d.observe(region, typeFileSystem, id, name, efsProjection)
}

func lifecyclePolicies(list []types.LifecyclePolicy) []any {
	out := make([]any, len(list))
	for i, p := range list {
		d := newDocument()
		d.set("transitionToIa", string(p.TransitionToIA))
		d.set("transitionToArchive", string(p.TransitionToArchive))
		d.set("transitionToPrimaryStorageClass", string(p.TransitionToPrimaryStorageClass))
		out[i] = d.properties
	}
	sortByJSON(out)
	return out
}

func efsTags(list []types.Tag) map[string]any {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}

// fileSystemPart is a policy of a file system, nothing where there is none.
func fileSystemPart(region, token, property string, f types.FileSystemDescription, state facet, value any) []discovery.Observation {
	id := aws.ToString(f.FileSystemId)
	d := newDocument()
	d.set("region", region)
	d.set("fileSystemId", id)
	d.facet(property, state, func() any { return value })
	return d.observeIf(state, region, token, id, id, efsProjection)
}

func eachAccessPoint(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids == nil {
		p := efs.NewDescribeAccessPointsPaginator(s.efs(), &efs.DescribeAccessPointsInput{MaxResults: aws.Int32(100)})
		return pages(ctx, p, func(out *efs.DescribeAccessPointsOutput) error {
			return emitAccessPoints(ctx, s, out.AccessPoints, emit)
		})
	}
	for _, id := range ids {
		out, err := s.efs().DescribeAccessPoints(ctx, &efs.DescribeAccessPointsInput{AccessPointId: &id})
		if isNotFound(err, "AccessPointNotFound") {
			continue
		}
		if err != nil {
			return listError{err: err}
		}
		if err := emitAccessPoints(ctx, s, out.AccessPoints, emit); err != nil {
			return err
		}
	}
	return nil
}

func emitAccessPoints(ctx context.Context, s *session, list []types.AccessPointDescription, emit observe) error {
	for _, a := range list {
		if a.LifeCycleState == types.LifeCycleStateDeleted {
			continue
		}
		if err := emit(ctx, projectAccessPoint(s.region, a)); err != nil {
			return err
		}
	}
	return nil
}

// projectAccessPoint has a POSIX user only where the access point enforces one.
func projectAccessPoint(region string, a types.AccessPointDescription) discovery.Observation {
	id := aws.ToString(a.AccessPointId)
	d := newDocument()
	d.set("region", region)
	d.set("arn", aws.ToString(a.AccessPointArn))
	d.set("fileSystemId", aws.ToString(a.FileSystemId))
	if u := a.PosixUser; u != nil {
		user := map[string]any{"uid": int(aws.ToInt64(u.Uid)), "gid": int(aws.ToInt64(u.Gid))}
		if len(u.SecondaryGids) > 0 {
			user["secondaryGids"] = numbers(u.SecondaryGids)
		}
		d.set("posixUser", user)
	}
	root := newDocument()
	if r := a.RootDirectory; r != nil {
		root.set("path", aws.ToString(r.Path))
		if c := r.CreationInfo; c != nil {
			root.set("creationInfo", map[string]any{
				"ownerUid": int(aws.ToInt64(c.OwnerUid)), "ownerGid": int(aws.ToInt64(c.OwnerGid)), "permissions": aws.ToString(c.Permissions),
			})
		}
	}
	d.told("rootDirectory", root.properties, root.properties["path"] != nil, listAccessPoints.action)
	d.set("tags", efsTags(a.Tags))
	name := aws.ToString(a.Name)
	if name == "" {
		name = id
	}
	return d.observe(region, typeAccessPoint, id, name, efsProjection)
}

// numbers is a list without order.
func numbers(list []int64) []any {
	out := make([]any, len(list))
	for i, n := range slices.Sorted(slices.Values(list)) {
		out[i] = int(n)
	}
	return out
}
