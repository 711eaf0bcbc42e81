package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func grantee(g *types.Grantee) map[string]any {
	m := map[string]any{}
	if g == nil {
		return m
	}
	m["type"] = string(g.Type)
	for name, v := range map[string]*string{"id": g.ID, "uri": g.URI, "displayName": g.DisplayName, "emailAddress": g.EmailAddress} {
		if aws.ToString(v) != "" {
			m[name] = *v
		}
	}
	return m
}

// accessControlPolicy is the body of a bucketAcl; S3 gives grants no order.
func accessControlPolicy(out *s3.GetBucketAclOutput) any {
	grants := make([]any, len(out.Grants))
	for i, g := range out.Grants {
		grants[i] = map[string]any{"grantee": grantee(g.Grantee), "permission": string(g.Permission)}
	}
	sortByJSON(grants)
	policy := map[string]any{"grants": grants}
	if out.Owner != nil {
		policy["owner"] = map[string]any{"id": aws.ToString(out.Owner.ID)}
	}
	return policy
}

// bucketGrants are the grants as the bucket itself has them: one per grantee
// with all its permissions.
func bucketGrants(out *s3.GetBucketAclOutput) []any {
	permissions := map[string][]string{}
	who := map[string]map[string]any{}
	for _, g := range out.Grants {
		m := grantee(g.Grantee)
		delete(m, "displayName")
		delete(m, "emailAddress")
		key := strings.Join([]string{text(m["type"]), text(m["id"]), text(m["uri"])}, "|")
		who[key] = m
		permissions[key] = append(permissions[key], string(g.Permission))
	}
	grants := make([]any, 0, len(who))
	for _, key := range sortedKeys(who) {
		slices.Sort(permissions[key])
		who[key]["permissions"] = anyStrings(permissions[key])
		grants = append(grants, who[key])
	}
	return grants
}

func text(v any) string { s, _ := v.(string); return s }

// Groups that canned ACLs name.
const (
	allUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	logDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// cannedACLs are the grants that S3 makes of a canned ACL. It keeps only them, so
// the name that packs ask for ("public-read") is read off.
var cannedACLs = map[string][]string{
	"private":            {"owner FULL_CONTROL"},
	"public-read":        {"owner FULL_CONTROL", allUsers + " READ"},
	"public-read-write":  {"owner FULL_CONTROL", allUsers + " READ", allUsers + " WRITE"},
	"authenticated-read": {"owner FULL_CONTROL", authenticatedUsers + " READ"},
	"log-delivery-write": {"owner FULL_CONTROL", logDelivery + " READ_ACP", logDelivery + " WRITE"},
}

// cannedACL is the canned ACL that grants amount to; nil when they are none's.
func cannedACL(out *s3.GetBucketAclOutput) any {
	var grants []string
	for _, g := range out.Grants {
		who := grantee(g.Grantee)
		name := text(who["uri"])
		if out.Owner != nil && who["id"] != nil && who["id"] == aws.ToString(out.Owner.ID) {
			name = "owner"
		}
		grants = append(grants, name+" "+string(g.Permission))
	}
	slices.Sort(grants)
	for name, canned := range cannedACLs {
		if slices.Equal(grants, slices.Sorted(slices.Values(canned))) {
			return name
		}
	}
	return nil
}

// targetGrants are who may read the logs that a bucket delivers.
func targetGrants(list []types.TargetGrant) []any {
	grants := make([]any, len(list))
	for i, g := range list {
		grants[i] = map[string]any{"grantee": grantee(g.Grantee), "permission": string(g.Permission)}
	}
	sortByJSON(grants)
	return grants
}

func keyFormat(f *types.TargetObjectKeyFormat) map[string]any {
	switch {
	case f == nil:
		return nil
	case f.PartitionedPrefix != nil:
		return map[string]any{"partitionedPrefix": map[string]any{"partitionDateSource": string(f.PartitionedPrefix.PartitionDateSource)}}
	case f.SimplePrefix != nil:
		return map[string]any{"simplePrefix": map[string]any{}}
	}
	return nil
}
