package awsfake

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Every second file system has a policy and one for backups.
var efsRoutes = []restRoute{
	{"GET /2015-02-01/file-systems", "DescribeFileSystems", describeFileSystems},
	{"GET /2015-02-01/file-systems/{id}/policy", "DescribeFileSystemPolicy", func(q *request) *fault {
		return q.fileSystemPart(func(i int) any {
			return map[string]any{"FileSystemId": fileSystemID(i), "Policy": fileSystemPolicyText}
		})
	}},
	{"GET /2015-02-01/file-systems/{id}/backup-policy", "DescribeBackupPolicy", func(q *request) *fault {
		return q.fileSystemPart(func(int) any { return map[string]any{"BackupPolicy": map[string]any{"Status": "ENABLED"}} })
	}},
	{"GET /2015-02-01/file-systems/{id}/lifecycle-configuration", "DescribeLifecycleConfiguration", func(q *request) *fault {
		id, list := q.r.PathValue("id"), []any{}
		i, ok := q.counted(id, "fs-", "fileSystem")
		if !ok {
			return noFileSystem(id)
		}
		if i%2 == 0 {
			list = append(list, map[string]any{"TransitionToIA": "AFTER_30_DAYS"}, map[string]any{"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"})
		}
		return q.reply(map[string]any{"LifecyclePolicies": list})
	}},
	{"GET /2015-02-01/access-points", "DescribeAccessPoints", describeAccessPoints},
}

const fileSystemPolicyText = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},` +
	`"Action":"elasticfilesystem:ClientMount","Condition":{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}}}]}`

func fileSystemID(i int) string  { return fmt.Sprintf("fs-%017x", i) }
func accessPointID(i int) string { return fmt.Sprintf("fsap-%017x", i) }

// counted is the index in an id of a kind; ok is false when there is none such.
func (q *request) counted(id, prefix, kind string) (i int, ok bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, prefix), 16, 64)
	return int(n), err == nil && int(n) < q.pop.more(kind) && !q.gone(id)
}

func noFileSystem(id string) *fault {
	return &fault{status: http.StatusNotFound, code: "FileSystemNotFound", message: "File system '" + id + "' does not exist."}
}

func describeFileSystems(q *request) *fault {
	form := q.r.URL.Query()
	list := []any{}
	if id := form.Get("FileSystemId"); id != "" {
		i, ok := q.counted(id, "fs-", "fileSystem")
		if !ok {
			return noFileSystem(id)
		}
		return q.reply(map[string]any{"FileSystems": append(list, q.fileSystem(i))})
	}
	from, to, next := q.window(form.Get("Marker"), number(form.Get("MaxItems")), 100, q.pop.more("fileSystem"))
	q.each(from, to, fileSystemID, func(i int) { list = append(list, q.fileSystem(i)) })
	return q.reply(paged(map[string]any{"FileSystems": list}, "NextMarker", next))
}

func (q *request) fileSystem(i int) any {
	id, mode := fileSystemID(i), "elastic"
	if q.touched(id) {
		mode = "bursting"
	}
	return map[string]any{
		"FileSystemId": id, "FileSystemArn": "arn:aws:elasticfilesystem:" + q.region + ":" + q.pop.AccountID + ":file-system/" + id, "CreationToken": "token-" + id,
		"CreationTime": 1735689600, "LifeCycleState": "available", "NumberOfMountTargets": 1, "OwnerId": q.pop.AccountID, "PerformanceMode": "generalPurpose",
		"SizeInBytes": map[string]any{"Value": 6144}, "ThroughputMode": mode, "Encrypted": i%3 != 0, "Tags": []any{map[string]any{"Key": "owner", "Value": "team"}},
		"FileSystemProtection": map[string]any{"ReplicationOverwriteProtection": "ENABLED"},
	}
}

func (q *request) fileSystemPart(answer func(i int) any) *fault {
	id := q.r.PathValue("id")
	i, ok := q.counted(id, "fs-", "fileSystem")
	if !ok {
		return noFileSystem(id)
	}
	if i%2 != 0 {
		return &fault{status: http.StatusNotFound, code: "PolicyNotFound", message: "There is no policy."}
	}
	return q.reply(answer(i))
}

func describeAccessPoints(q *request) *fault {
	form := q.r.URL.Query()
	list := []any{}
	if id := form.Get("AccessPointId"); id != "" {
		i, ok := q.counted(id, "fsap-", "accessPoint")
		if !ok {
			return &fault{status: http.StatusNotFound, code: "AccessPointNotFound", message: "Access point '" + id + "' does not exist."}
		}
		return q.reply(map[string]any{"AccessPoints": append(list, q.accessPoint(i))})
	}
	from, to, next := q.window(form.Get("NextToken"), number(form.Get("MaxResults")), 100, q.pop.more("accessPoint"))
	q.each(from, to, accessPointID, func(i int) { list = append(list, q.accessPoint(i)) })
	return q.reply(paged(map[string]any{"AccessPoints": list}, "NextToken", next))
}

func (q *request) accessPoint(i int) any {
	id, path := accessPointID(i), "/data"
	if q.touched(id) {
		path = "/"
	}
	a := map[string]any{
		"AccessPointId": id, "AccessPointArn": "arn:aws:elasticfilesystem:" + q.region + ":" + q.pop.AccountID + ":access-point/" + id, "LifeCycleState": "available",
		"FileSystemId": fileSystemID(0), "OwnerId": q.pop.AccountID, "RootDirectory": map[string]any{"Path": path}, "Tags": []any{},
	}
	if i%2 == 0 {
		a["PosixUser"] = map[string]any{"Uid": 1000, "Gid": 1000}
	}
	return a
}
