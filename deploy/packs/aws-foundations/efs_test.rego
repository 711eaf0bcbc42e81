package aws_foundations

import rego.v1

a_file_system(extra) := object.union({"__type": "aws:efs/fileSystem:FileSystem"}, extra)

test_deny_file_system_encryption_finds_a_plain_one if {
	deny_file_system_encryption == {"the file system is not encrypted"} with input as a_file_system({"encrypted": false})
}

test_deny_file_system_encryption_finds_what_is_not_said if count(deny_file_system_encryption) == 1 with input as a_file_system({})

test_deny_file_system_encryption_passes_an_encrypted_one if count(deny_file_system_encryption) == 0 with input as a_file_system({"encrypted": true})

an_access_point(extra) := object.union({"__type": "aws:efs/accessPoint:AccessPoint", "rootDirectory": {"path": "/"}}, extra)

test_deny_access_point_user_finds_none if {
	deny_access_point_user == {"the access point enforces no user"} with input as an_access_point({})
}

test_deny_access_point_user_passes_one if count(deny_access_point_user) == 0 with input as an_access_point({"posixUser": {"uid": 0, "gid": 0}})
