package awsfake

import (
	"encoding/json"
	"strconv"
	"strings"
)

// recordedQueue has the attributes of GetQueueAttributes, numbers as such.
func recordedQueue(q *request, url string) *recordedItem {
	answer, f := queueAttributes(q, input{"QueueUrl": url})
	if f != nil {
		return nil
	}
	attributes := map[string]any{}
	for name, v := range answer.(map[string]any)["Attributes"].(map[string]string) {
		attributes[name] = v
		if n, err := strconv.Atoi(v); err == nil {
			attributes[name] = n
		}
	}
	return &recordedItem{name: url[strings.LastIndexByte(url, '/')+1:], arn: attributes["QueueArn"].(string), configuration: attributes}
}

func recordedTopic(q *request, arn string) *recordedItem {
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	i, ok := q.index(name, "topic-", q.pop.more("topic"))
	if !ok || arn != q.topicARN(name) {
		return nil
	}
	attributes := map[string]any{}
	for _, e := range q.topic(i, name, arn) {
		attributes[e[0]] = e[1]
	}
	return &recordedItem{name: name, arn: arn, configuration: attributes}
}

func recordedKey(q *request, id string) *recordedItem {
	in := input{"KeyId": id}
	metadata := q.describe(describeKey, in, "KeyMetadata")
	if metadata == nil {
		return nil
	}
	policy, _ := keyPolicy(q, in)
	rotation, _ := keyRotation(q, in)
	return &recordedItem{name: id, arn: q.keyARN(id), configuration: metadata, supplementary: map[string]any{
		"Policy": policy.(map[string]any)["Policy"], "KeyRotationStatus": rotation.(map[string]any)["KeyRotationEnabled"],
	}}
}

// recordedTable lacks what Config does not record of tables.
func recordedTable(q *request, name string) *recordedItem {
	in := input{"TableName": name}
	table := q.describe(describeTable, in, "Table")
	if table == nil {
		return nil
	}
	delete(table, "deletionProtectionEnabled")
	backups := q.describe(continuousBackups, in, "ContinuousBackupsDescription")
	recovery := backups["pointInTimeRecoveryDescription"].(map[string]any)
	delete(recovery, "recoveryPeriodInDays")
	return &recordedItem{name: name, arn: q.tableARN(name), configuration: table, supplementary: map[string]any{"ContinuousBackupsDescription": backups}}
}

// recordedFunction has a concurrency where some is reserved.
func recordedFunction(q *request, name string) *recordedItem {
	i, ok := q.index(name, "function-", q.pop.more("function"))
	if !ok {
		return nil
	}
	more := map[string]any{"Policy": encode(q.functionPolicy(i))} // a text, encoded once more
	if n, reserved := reservedConcurrency(i); reserved {
		more["Concurrency"] = map[string]any{"reservedConcurrentExecutions": n}
	}
	return &recordedItem{name: name, arn: q.functionARN(i), configuration: small(q.function(i).(map[string]any)), supplementary: more}
}

// recordedRepository is built like CloudFormation's.
func recordedRepository(q *request, name string) *recordedItem {
	i, f := q.aRepository(name)
	if f != nil {
		return nil
	}
	r := q.repository(i).(map[string]any)
	c := map[string]any{
		"Arn": r["repositoryArn"], "RepositoryName": name, "RepositoryUri": r["repositoryUri"], "ImageTagMutability": r["imageTagMutability"],
		"ImageScanningConfiguration": map[string]any{"ScanOnPush": i%2 == 0}, "EncryptionConfiguration": map[string]any{"EncryptionType": "AES256"},
		"RepositoryPolicyText": map[string]any{}, "LifecyclePolicy": map[string]any{}, "Tags": []any{},
	}
	in := input{"repositoryName": name}
	if answer, f := ecrOperations["GetRepositoryPolicy"](q, in); f == nil {
		c["RepositoryPolicyText"] = answer.(map[string]any)["policyText"]
	}
	if answer, f := ecrOperations["GetLifecyclePolicy"](q, in); f == nil {
		c["LifecyclePolicy"] = map[string]any{"LifecyclePolicyText": answer.(map[string]any)["lifecyclePolicyText"], "RegistryId": q.pop.AccountID}
	}
	return &recordedItem{name: name, arn: r["repositoryArn"].(string), configuration: c}
}

// recordedFileSystem is built like CloudFormation's.
func recordedFileSystem(q *request, id string) *recordedItem {
	i, ok := q.counted(id, "fs-", "fileSystem")
	if !ok {
		return nil
	}
	f := q.fileSystem(i).(map[string]any)
	c := map[string]any{
		"Arn": f["FileSystemArn"], "FileSystemId": id, "Encrypted": f["Encrypted"], "PerformanceMode": f["PerformanceMode"], "ThroughputMode": f["ThroughputMode"],
		"BackupPolicy": map[string]any{"Status": "DISABLED"},
	}
	if i%2 == 0 {
		c["BackupPolicy"] = map[string]any{"Status": "ENABLED"}
		c["FileSystemPolicy"] = json.RawMessage(fileSystemPolicyText)
	}
	return &recordedItem{name: id, arn: f["FileSystemArn"].(string), configuration: c}
}

func recordedLoadBalancer(q *request, arn string) *recordedItem {
	i, f := q.loadBalancer(arn)
	if f != nil {
		return nil
	}
	attributes := []any{}
	for _, a := range q.loadBalancerAttributes(i, arn) {
		attributes = append(attributes, map[string]any{"key": a[0], "value": a[1]})
	}
	name := strings.Split(arn, "/")[2]
	return &recordedItem{
		name: name, arn: arn, configuration: map[string]any{"loadBalancerArn": arn, "loadBalancerName": name, "type": "application", "scheme": "internet-facing"},
		supplementary: map[string]any{"LoadBalancerAttributes": attributes},
	}
}

func recordedSnapshot(q *request, name string) *recordedItem {
	return q.recordedSharing(dbSnapshots, name, "snapshot", "dBSnapshotIdentifier", "DBSnapshotAttributes")
}

func recordedClusterSnapshot(q *request, name string) *recordedItem {
	return q.recordedSharing(dbClusterSnapshots, name, "cluster-snapshot", "dbclusterSnapshotIdentifier", "DBClusterSnapshotAttributes")
}

// recordedSharing is that of a snapshot, which is shared with nobody.
func (q *request) recordedSharing(k rdsKind, name, arn, id, attributes string) *recordedItem {
	if _, f := k.named(q, name); f != nil {
		return nil
	}
	return &recordedItem{
		name: name, arn: q.rdsARN(arn, name), configuration: map[string]any{id: name, "snapshotType": "manual"},
		supplementary: map[string]any{attributes: []any{map[string]any{"attributeName": "restore", "attributeValues": []string{}}}},
	}
}

// recordedBucket has no public access block, lifecycle or website where there is none; an ACL is encoded twice.
func recordedBucket(q *request, name string) *recordedItem {
	i, ok := q.index(name, "bucket-", q.pop.Buckets)
	if !ok || q.bucketRegion(i) != q.region {
		return nil
	}
	status := "Off"
	if q.versioned(i) {
		status = "Enabled"
	}
	owner := map[string]any{"id": "owner", "displayName": nil}
	more := map[string]any{
		"BucketVersioningConfiguration": map[string]any{"status": status, "isMfaDeleteEnabled": nil},
		"BucketLoggingConfiguration":    map[string]any{"destinationBucketName": nil, "logFilePrefix": nil},
		"BucketPolicy":                  map[string]any{"policyText": nil},
		"ServerSideEncryptionConfiguration": map[string]any{"rules": []any{map[string]any{
			"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256", "kmsMasterKeyID": nil}, "bucketKeyEnabled": false,
		}}},
		"AccessControlList": encode(encode(map[string]any{
			"grantSet": nil, "grantList": []any{map[string]any{"grantee": owner, "permission": "FullControl"}}, "owner": owner, "isRequesterCharged": false,
		})),
		"IsRequesterPaysEnabled": false,
	}
	if i%3 == 0 {
		more["BucketPolicy"] = map[string]any{"policyText": bucketPolicyText(i)}
	}
	if i%5 != 0 {
		more["PublicAccessBlockConfiguration"] = map[string]any{"blockPublicAcls": true, "ignorePublicAcls": true, "blockPublicPolicy": true, "restrictPublicBuckets": true}
	}
	return &recordedItem{
		name: name, arn: "arn:aws:s3:::" + name, supplementary: more,
		configuration: map[string]any{"name": name, "owner": owner, "creationDate": "2025-01-01T00:00:00.000Z"},
	}
}
