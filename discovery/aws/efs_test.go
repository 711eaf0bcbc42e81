package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	efsPolicy = "elasticfilesystem:DescribeFileSystemPolicy"
	efsBackup = "elasticfilesystem:DescribeBackupPolicy"

	firstFileSystem = "fs-00000000000000000"
)

const fullFileSystem = `{"FileSystems":[{"FileSystemId":"fs-1","FileSystemArn":"arn:fs","CreationToken":"t","Name":"data","LifeCycleState":"available","Encrypted":true,"KmsKeyId":"arn:k",` +
	`"PerformanceMode":"maxIO","ThroughputMode":"provisioned","ProvisionedThroughputInMibps":1.5,"AvailabilityZoneName":"us-east-1a",` +
	`"FileSystemProtection":{"ReplicationOverwriteProtection":"DISABLED"},"Tags":[{"Key":"Name","Value":"data"}]},{"FileSystemId":"fs-2","LifeCycleState":"deleted"}]}`

const fullAccessPoint = `{"AccessPoints":[{"AccessPointId":"fsap-1","AccessPointArn":"arn:ap","FileSystemId":"fs-1","Name":"app","LifeCycleState":"available",` +
	`"PosixUser":{"Uid":1,"Gid":2,"SecondaryGids":[4,3]},"RootDirectory":{"Path":"/a","CreationInfo":{"OwnerUid":1,"OwnerGid":2,"Permissions":"0755"}},` +
	`"Tags":[{"Key":"Name","Value":"app"}]},{"AccessPointId":"fsap-2","LifeCycleState":"deleted"}]}`

func fileSystems(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"fileSystem": n, "accessPoint": n}})
}

func TestGoldenFileSystems(t *testing.T) {
	t.Parallel()
	const systems, points = "elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeAccessPoints"
	golden(t, "efs", fileSystems(2).read(t, efsService, home).sorted())
	golden(t, "efs-full", fileSystems(1).says(systems, fullFileSystem).says(points, fullAccessPoint).says(efsPolicy, `{"Policy":"{ \"Statement\" : [] }"}`).
		says(efsBackup, `{"BackupPolicy":{"Status":"DISABLED"}}`).read(t, efsService, home).sorted())
	for name, code := range map[string]string{"efs-denied": "AccessDeniedException", "efs-failed": "InternalServerError"} {
		golden(t, name, fileSystems(1).fails(efsPolicy, http.StatusForbidden, jsonError(code)).fails(efsBackup, http.StatusForbidden, jsonError(code)).
			read(t, efsService, home).sorted())
	}
	// What is not in the answer is not "off", and an answer without a policy not "none".
	golden(t, "efs-silent", fileSystems(1).says(systems, `{"FileSystems":[{"FileSystemId":"fs-1"}]}`).says(points, `{"AccessPoints":[{"AccessPointId":"fsap-1"}]}`).
		says(efsPolicy, `{}`).says(efsBackup, `{}`).read(t, efsService, home).sorted())
}

// A file system that is gone when its policies are asked for is not one without them.
func TestFileSystemDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{efsPolicy, efsBackup} {
		s := fileSystems(2).asked(operation, naming(firstFileSystem, answer{http.StatusNotFound, jsonError(fileSystemGone)})).read(t, efsService, home)
		if s.count(typeFileSystem) != 1 || s.count(typeFileSystemPolicy)+s.count(typeFileSystemBackup) != 0 || s.scopes[typeFileSystemPolicy].State != schemas.ScopeComplete {
			t.Errorf("%s: %v, %+v", operation, s.list, s.scopes)
		}
	}
}

func TestVerifyFileSystems(t *testing.T) {
	t.Parallel()
	p := awsfake.Population{More: map[string]int{"fileSystem": 4, "accessPoint": 3}}
	const list = "elasticfilesystem:DescribeFileSystems"
	verifies(t, efsService, p, firstFileSystem, map[string]string{typeFileSystem: list, typeFileSystemPolicy: list, typeFileSystemBackup: list})
	verifies(t, efsService, p, "fsap-00000000000000000", map[string]string{typeAccessPoint: "elasticfilesystem:DescribeAccessPoints"})
}
