package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// custodian runs the policies of custodian.yml in one process, one after the
// other, as 'custodian run' does.
type custodian struct{ program string }

func (c custodian) name() string { return "Cloud Custodian" }

func (c custodian) prepare(*bench, string) error { return nil }

func (c custodian) command(b *bench, dir string) []string {
	// Its cache lies in the home directory, which every run has of its own.
	args := []string{c.program, "run", "--output-dir", dir}
	for _, r := range b.truth.Regions {
		args = append(args, "--region", r)
	}
	return append(args, filepath.Join(b.here, "custodian.yml"))
}

// kinds are the resources that the checks are about, by the policies that list them all.
var kinds = map[string]string{
	"bucket public access block": "all-bucket", "bucket refuses plain HTTP": "all-bucket", "bucket versioning": "all-bucket", "bucket encryption": "all-bucket",
	"no SSH from everywhere": "all-security-group", "instance asks for IMDSv2": "all-instance", "volume encryption": "all-volume",
	"console user has MFA": "all-user", "key rotation": "all-key", "table recovery": "all-table", "database encryption": "all-database",
	"queue encryption": "all-queue", "topic encryption": "all-topic", "function runtime": "all-function",
}

var every = []string{
	"all-bucket", "all-security-group", "all-instance", "all-volume", "all-user", "all-role", "all-key", "all-table", "all-database", "all-queue",
	"all-topic", "all-function", "all-trail",
}

func (c custodian) read(b *bench, dir string) (answers, error) {
	a := newAnswers()
	for _, policy := range every {
		for _, r := range b.truth.Regions {
			ids, _, err := listed(dir, r, policy)
			if err != nil {
				return a, err
			}
			for id := range ids {
				a.seen[id] = true
			}
		}
	}
	for _, f := range b.truth.Facts {
		v, err := c.of(b, dir, f.Check, f.ID)
		if err != nil {
			return a, err
		}
		if v != "" {
			a.say(f.Check, f.ID, v)
		}
	}
	return a, nil
}

// of is what the policy of a check says of a resource: fail when it lists it, pass
// when only the policy that lists everything does, unknown when a policy failed.
func (c custodian) of(b *bench, dir, name, id string) (verdict, error) {
	policy := ""
	for _, k := range checks {
		if k.name == name {
			policy = k.custodian
		}
	}
	if name == ofRegion || name == ofAccount {
		return ofNobody(dir, b.truth.Regions[0], policy)
	}
	v := verdict("")
	for _, region := range where(b, kinds[name]) {
		all, found, err := listed(dir, region, kinds[name])
		if err != nil {
			return "", err
		}
		failing, judged, err := listed(dir, region, policy)
		switch {
		case err != nil:
			return "", err
		case failing[id]:
			return fail, nil
		case all[id] && judged:
			return pass, nil
		case all[id], !found:
			v = unknown
		}
	}
	return v, nil
}

// ofNobody is the verdict of a policy about an account, which Custodian runs in the
// first region alone.
func ofNobody(dir, region, policy string) (verdict, error) {
	failing, judged, err := listed(dir, region, policy)
	switch {
	case err != nil:
		return "", err
	case !judged:
		return unknown, nil
	case len(failing) > 0:
		return fail, nil
	}
	return pass, nil
}

// where are the regions in which Custodian runs a policy: one for what has none.
func where(b *bench, policy string) []string {
	if policy == "all-bucket" || policy == "all-user" {
		return b.truth.Regions[:1]
	}
	return b.truth.Regions
}

// listed are the ids in a policy's result; ran is false when there is none, because
// the policy failed or does not apply to the region.
func listed(dir, region, policy string) (ids map[string]bool, ran bool, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, region, policy, "resources.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var rows []map[string]any
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, false, err
	}
	ids = map[string]bool{}
	for _, r := range rows {
		for _, key := range idKeys {
			if id, ok := r[key].(string); ok && id != "" {
				ids[short(id)] = true
				break
			}
		}
	}
	return ids, true, nil
}

// idKeys are the properties that hold ids, the most telling first: an instance has
// a VpcId, too.
var idKeys = []string{
	"InstanceId", "VolumeId", "GroupId", "KeyId", "DBInstanceIdentifier", "TableName", "QueueUrl", "TopicArn", "FunctionName", "UserName", "RoleName", "TrailARN", "Name", "account_id",
}
