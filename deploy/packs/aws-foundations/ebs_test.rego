package aws_foundations

import rego.v1

# As the engine makes it: a volume's own property hides input.type.
a_volume(extra) := object.union({"__type": "aws:ebs/volume:Volume", "type": "gp3", "size": 8}, extra)

test_deny_volume_encryption_finds_a_plain_one if {
	deny_volume_encryption == {"the volume is not encrypted"} with input as a_volume({"encrypted": false})
}

test_deny_volume_encryption_finds_what_is_not_said if count(deny_volume_encryption) == 1 with input as a_volume({})

test_deny_volume_encryption_passes_an_encrypted_one if count(deny_volume_encryption) == 0 with input as a_volume({"encrypted": true})

a_snapshot(extra) := object.union({"__type": "aws:ebs/snapshot:Snapshot", "volumeId": "vol-1"}, extra)

test_deny_snapshot_encryption_finds_a_plain_one if {
	deny_snapshot_encryption == {"the snapshot is not encrypted"} with input as a_snapshot({"encrypted": false})
}

test_deny_snapshot_encryption_passes_an_encrypted_one if count(deny_snapshot_encryption) == 0 with input as a_snapshot({"encrypted": true})

snapshot_exposure(extra) := object.union({"__type": "insights:aws/snapshotExposure:SnapshotExposure", "snapshotId": "snap-1"}, extra)

test_deny_snapshot_public_finds_a_public_one if {
	deny_snapshot_public == {"everyone may restore the snapshot"} with input as snapshot_exposure({"public": true})
}

test_deny_snapshot_public_finds_what_is_not_said if count(deny_snapshot_public) == 1 with input as snapshot_exposure({})

test_deny_snapshot_public_passes_a_private_one if count(deny_snapshot_public) == 0 with input as snapshot_exposure({"public": false})

encryption_default(extra) := object.union({"__type": "aws:ebs/encryptionByDefault:EncryptionByDefault", "region": "us-east-1"}, extra)

test_deny_ebs_encryption_default_finds_it_off if {
	deny_ebs_encryption_default == {"new volumes of the region are not encrypted by default"} with input as encryption_default({"enabled": false})
}

test_deny_ebs_encryption_default_passes_when_on if count(deny_ebs_encryption_default) == 0 with input as encryption_default({"enabled": true})
