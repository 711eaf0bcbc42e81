package aws

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// recordedBuckets leave ownership controls and lifecycle to S3: Config records none of the
// first, and of the other not all that S3 says.
var recordedBuckets = &recordedType{name: "AWS::S3::Bucket", calls: []recordedCall{
	{call: bucketVersioningCall, operation: "S3:GetBucketVersioning", by: "Bucket", answer: recordedVersioning},
	{call: bucketPolicyCall, operation: "S3:GetBucketPolicy", by: "Bucket", answer: recordedBucketPolicy},
	{call: bucketEncryptionCall, operation: "S3:GetBucketEncryption", by: "Bucket", answer: recordedEncryption},
	{call: bucketLoggingCall, operation: "S3:GetBucketLogging", by: "Bucket", answer: recordedLogging},
	{call: bucketACLCall, operation: "S3:GetBucketAcl", by: "Bucket", answer: recordedACL},
	{call: bucketPABCall, operation: "S3:GetPublicAccessBlock", by: "Bucket", answer: recordedPublicAccessBlock},
}}

// recordBuckets asks for the items of buckets where they are.
func recordBuckets(ctx context.Context, s *session, list []bucket) context.Context {
	names := map[string][]string{}
	for _, b := range list {
		names[b.region] = append(names[b.region], b.name)
	}
	return s.recordedIn(ctx, recordedBuckets, names)
}

// recordedVersioning has "Off" for what S3 has no status for.
func recordedVersioning(i *recordedItem) (any, error) {
	var v struct {
		Status             *string
		IsMfaDeleteEnabled *bool
	}
	if !i.more("BucketVersioningConfiguration", &v) || v.Status == nil {
		return nil, nil
	}
	out := &s3.GetBucketVersioningOutput{}
	if *v.Status != "Off" {
		out.Status = types.BucketVersioningStatus(*v.Status)
	}
	if mfa := v.IsMfaDeleteEnabled; mfa != nil {
		out.MFADelete = types.MFADeleteStatusDisabled
		if *mfa {
			out.MFADelete = types.MFADeleteStatusEnabled
		}
	}
	return out, nil
}

// recordedBucketPolicy has a policy text for every bucket, null without a policy.
func recordedBucketPolicy(i *recordedItem) (any, error) {
	var v object
	switch {
	case !i.more("BucketPolicy", &v) || !v.has("policyText"):
		return nil, nil
	case string(v["policyText"]) == "null":
		return nil, saysNone("NoSuchBucketPolicy")
	case !json.Valid([]byte(v.text("policyText"))): // it could not be recorded
		return nil, nil
	}
	return &s3.GetBucketPolicyOutput{Policy: aws.String(v.text("policyText"))}, nil
}

func recordedEncryption(i *recordedItem) (any, error) {
	var v types.ServerSideEncryptionConfiguration
	if !i.more("ServerSideEncryptionConfiguration", &v) || len(v.Rules) == 0 {
		return nil, nil
	}
	return &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &v}, nil
}

// recordedLogging is that of buckets without any: of others Config does not have all.
func recordedLogging(i *recordedItem) (any, error) {
	var v object
	if !i.more("BucketLoggingConfiguration", &v) || string(v["destinationBucketName"]) != "null" {
		return nil, nil
	}
	return &s3.GetBucketLoggingOutput{}, nil
}

func recordedPublicAccessBlock(i *recordedItem) (any, error) {
	var v types.PublicAccessBlockConfiguration
	if !i.more("PublicAccessBlockConfiguration", &v) {
		return nil, nil
	}
	return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &v}, nil
}

// Config's names of permissions and of groups.
var (
	recordedPermissions = map[string]types.Permission{
		"FullControl": types.PermissionFullControl, "Read": types.PermissionRead, "ReadAcp": types.PermissionReadAcp,
		"Write": types.PermissionWrite, "WriteAcp": types.PermissionWriteAcp,
	}
	recordedGroups = map[string]string{"AllUsers": allUsers, "AuthenticatedUsers": authenticatedUsers, "LogDelivery": logDelivery}
)

// recordedACL leaves out display names, which S3 does not give any more.
func recordedACL(i *recordedItem) (any, error) {
	var v struct {
		Owner     struct{ ID string }
		GrantList []struct {
			Grantee    json.RawMessage
			Permission string
		}
	}
	if !i.more("AccessControlList", &v) || v.Owner.ID == "" || v.GrantList == nil {
		return nil, nil
	}
	out := &s3.GetBucketAclOutput{Owner: &types.Owner{ID: &v.Owner.ID}}
	for _, g := range v.GrantList {
		permission, who := recordedPermissions[g.Permission], recordedGrantee(g.Grantee)
		if permission == "" || who == nil {
			return nil, nil
		}
		out.Grants = append(out.Grants, types.Grant{Grantee: who, Permission: permission})
	}
	return out, nil
}

// recordedGrantee is a group by its name, or somebody by his id; nil for anything else.
func recordedGrantee(raw json.RawMessage) *types.Grantee {
	var group string
	if json.Unmarshal(raw, &group) == nil {
		if uri, known := recordedGroups[group]; known {
			return &types.Grantee{Type: types.TypeGroup, URI: &uri}
		}
		return nil
	}
	var user struct{ ID string }
	if json.Unmarshal(raw, &user) != nil || user.ID == "" {
		return nil
	}
	return &types.Grantee{Type: types.TypeCanonicalUser, ID: &user.ID}
}
