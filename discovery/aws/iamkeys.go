package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	typeAccessKey    = "aws:iam/accessKey:AccessKey"
	typeLoginProfile = "aws:iam/userLoginProfile:UserLoginProfile"
)

// The credential report tells of keys without their ids, and up to four hours late: keys
// are asked for user by user.
var (
	listUsers      = listCall("iam:ListUsers", 1000)
	listAccessKeys = eachCall("iam:ListAccessKeys", "keys of a user")
)

// loginProfileReset is read on demand: the credential report says who has a password.
var loginProfileReset = eachCall("iam:GetLoginProfile", "reset of the password")

var accessKeys = list{listUsers.action, []string{typeAccessKey}, eachAccessKey}

// eachAccessKey reads the keys of all users, also for single ones: nothing that IAM answers
// leads from a key that is gone to its user.
func eachAccessKey(ctx context.Context, s *session, _ []string, emit observe) error {
	var refused troubles
	p := iam.NewListUsersPaginator(s.iam(), &iam.ListUsersInput{MaxItems: aws.Int32(1000)})
	err := pages(ctx, p, func(out *iam.ListUsersOutput) error {
		return parallel(ctx, detailParallel, out.Users, func(ctx context.Context, u types.User) error {
			return refused.keep(ctx, keysOf(ctx, s, u.UserName, emit), listAccessKeys.action, typeAccessKey)
		})
	})
	return refused.or(err)
}

func keysOf(ctx context.Context, s *session, user *string, emit observe) error {
	p := iam.NewListAccessKeysPaginator(s.iam(), &iam.ListAccessKeysInput{UserName: user})
	err := pages(ctx, p, func(out *iam.ListAccessKeysOutput) error {
		for _, k := range out.AccessKeyMetadata {
			if err := emit(ctx, projectAccessKey(k)); err != nil {
				return err
			}
		}
		return nil
	})
	if isNotFound(err, "NoSuchEntity") {
		return nil // the user was deleted since it was listed
	}
	return err
}

func projectAccessKey(k types.AccessKeyMetadata) discovery.Observation {
	d := newDocument()
	d.set("user", aws.ToString(k.UserName))
	d.told("status", string(k.Status), k.Status != "", listAccessKeys.action)
	d.set("createDate", camel(k.CreateDate, nil))
	d.notReadable("pgpKey")
	id := aws.ToString(k.AccessKeyId)
	return global(d, typeAccessKey, id, id)
}

// loginProfiles emits those of the users that have a password by the credential report.
func loginProfiles(ctx context.Context, s *session, report []discovery.Observation, emit observe) error {
	var users []string
	for _, o := range report {
		if o.Properties["passwordEnabled"] == true {
			users = append(users, o.ID)
		}
	}
	return parallel(ctx, detailParallel, users, func(ctx context.Context, user string) error {
		var out *iam.GetLoginProfileOutput
		var err error
		f := onDemand(ctx, loginProfileReset.action, func() facet {
			out, err = s.iam().GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &user})
			return facetOf(loginProfileReset.action, err)
		})
		if isNotFound(err, "NoSuchEntity") {
			return nil // deleted since the report was made
		}
		return emit(ctx, projectLoginProfile(user, f, out))
	})
}

func projectLoginProfile(user string, f facet, out *iam.GetLoginProfileOutput) discovery.Observation {
	d := newDocument()
	d.set("user", user)
	f = f.need(out != nil && out.LoginProfile != nil)
	d.facet("passwordResetRequired", f, func() any { return out.LoginProfile.PasswordResetRequired })
	d.notReadable("passwordLength", "pgpKey")
	return global(d, typeLoginProfile, user, user)
}

// verifyLoginProfiles asks for each, which the report may not know yet, or no longer.
func verifyLoginProfiles(ctx context.Context, s *session, r *run, keys []schemas.Key) (gone []schemas.Key, err error) {
	for _, k := range keys {
		out, err := s.iam().GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &k.ID})
		if isNotFound(err, "NoSuchEntity") {
			gone = append(gone, k)
			continue
		}
		if err != nil {
			return gone, err
		}
		f := onDemand(ctx, loginProfileReset.action, func() facet { return facetOf(loginProfileReset.action, nil) })
		if err := r.emit(ctx, projectLoginProfile(k.ID, f, out)); err != nil {
			return gone, err
		}
	}
	return gone, nil
}
