package aws

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// iamProjection counts changes of the projections in iamproject.go and iamreport.go.
const iamProjection = 1

const (
	typeUser                  = "aws:iam/user:User"
	typeGroup                 = "aws:iam/group:Group"
	typeRole                  = "aws:iam/role:Role"
	typePolicy                = "aws:iam/policy:Policy"
	typeUserPolicy            = "aws:iam/userPolicy:UserPolicy"
	typeGroupPolicy           = "aws:iam/groupPolicy:GroupPolicy"
	typeRolePolicy            = "aws:iam/rolePolicy:RolePolicy"
	typeUserAttachment        = "aws:iam/userPolicyAttachment:UserPolicyAttachment"
	typeGroupAttachment       = "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"
	typeRoleAttachment        = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	typeAccountPasswordPolicy = "aws:iam/accountPasswordPolicy:AccountPasswordPolicy"
	typePasswordPolicy        = "insights:aws/passwordPolicy:PasswordPolicy"
	typeRootAccount           = "insights:aws/rootAccount:RootAccount"
	typeCredentialReportUser  = "insights:aws/credentialReportUser:CredentialReportUser"
)

const authorizationDetails = "iam:GetAccountAuthorizationDetails"

// detailTypes are made from GetAccountAuthorizationDetails, one paged call for
// all of IAM.
var detailTypes = []string{
	typeUser, typeGroup, typeRole, typePolicy, typeUserPolicy, typeGroupPolicy, typeRolePolicy,
	typeUserAttachment, typeGroupAttachment, typeRoleAttachment,
}

var iamService = &service{
	name: "iam", global: true,
	types: append(detailSpecs(),
		typeSpec{token: typeAccountPasswordPolicy, calls: []call{onceCall("iam:GetAccountPasswordPolicy", "setting")}},
		typeSpec{token: typePasswordPolicy, calls: []call{onceCall("iam:GetAccountPasswordPolicy", "setting")}, with: typeAccountPasswordPolicy},
		typeSpec{token: typeRootAccount, calls: []call{onceCall("iam:GetAccountSummary", "summary")}},
		typeSpec{token: typeCredentialReportUser, calls: []call{
			onceCall("iam:GenerateCredentialReport", "generate"), onceCall("iam:GetCredentialReport", "list"),
		}},
		typeSpec{token: typeLoginProfile, calls: []call{
			onceCall("iam:GenerateCredentialReport", "generate"), onceCall("iam:GetCredentialReport", "list"),
		}, onDemand: []call{loginProfileReset}, verify: []string{loginProfileReset.action}, with: typeCredentialReportUser},
		typeSpec{token: typeAccessKey, calls: []call{listUsers, listAccessKeys}},
	),
	limits: map[string]limit{"IAM": {rate: 20, burst: 40, guess: true}},
	lists:  []list{accessKeys},
	read:   readIAM,
	verify: verifyIAM,
}

// detailReads are the IAM actions by which iamExists reads one thing directly.
var detailReads = map[string]string{
	typeUser: "iam:GetUser", typeGroup: "iam:GetGroup", typeRole: "iam:GetRole", typePolicy: "iam:GetPolicy",
	typeUserPolicy: "iam:GetUserPolicy", typeGroupPolicy: "iam:GetGroupPolicy", typeRolePolicy: "iam:GetRolePolicy",
	typeUserAttachment:  "iam:ListAttachedUserPolicies",
	typeGroupAttachment: "iam:ListAttachedGroupPolicies",
	typeRoleAttachment:  "iam:ListAttachedRolePolicies",
}

func detailSpecs() []typeSpec {
	specs := make([]typeSpec, len(detailTypes))
	for i, t := range detailTypes {
		specs[i] = typeSpec{token: t, calls: []call{listCall(authorizationDetails, 1000)}, verify: []string{detailReads[t]}}
		if t == typeRole {
			specs[i].onDemand = []call{roleDescription}
		}
	}
	return specs
}

func readIAM(ctx context.Context, s *session, r *run) error {
	emit := func(ctx context.Context, list ...discovery.Observation) error {
		for _, o := range list {
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	}
	if err := emit(ctx, passwordPolicy(ctx, s)...); err != nil {
		return err
	}
	if err := emit(ctx, rootAccount(ctx, s)); err != nil {
		return err
	}
	users, failed, err := credentialReport(ctx, s)
	if err != nil {
		r.incomplete(failed, err, typeCredentialReportUser, typeLoginProfile)
	}
	if err := emit(ctx, users...); err != nil {
		return err
	}
	if err := loginProfiles(ctx, s, users, emit); err != nil {
		return err
	}
	err = eachDetail(ctx, s, func(string) bool { return true }, emit)
	if call, ok := errors.AsType[listError](err); ok {
		r.incomplete(authorizationDetails, call.err, detailTypes...)
		return nil
	}
	return err
}

// eachDetail emits everything that the authorization details hold, without what
// belongs to AWS. More is read on demand of those roles that are wanted.
func eachDetail(ctx context.Context, s *session, wanted func(role string) bool, emit observe) error {
	p := iam.NewGetAccountAuthorizationDetailsPaginator(s.iam(), &iam.GetAccountAuthorizationDetailsInput{
		MaxItems: aws.Int32(1000),
		Filter:   []types.EntityType{types.EntityTypeUser, types.EntityTypeGroup, types.EntityTypeRole, types.EntityTypeLocalManagedPolicy},
	})
	return pages(ctx, p, func(out *iam.GetAccountAuthorizationDetailsOutput) error {
		for _, u := range out.UserDetailList {
			if err := emit(ctx, projectUser(u)...); err != nil {
				return err
			}
		}
		for _, g := range out.GroupDetailList {
			if err := emit(ctx, projectGroup(g)...); err != nil {
				return err
			}
		}
		roles := slices.DeleteFunc(out.RoleDetailList, func(r types.RoleDetail) bool {
			return strings.HasPrefix(aws.ToString(r.Path), "/aws-service-role/") // the customer cannot change it
		})
		more, err := moreOfRoles(ctx, s, roles, wanted)
		if err != nil {
			return err
		}
		for i, r := range roles {
			if more[i].gone {
				continue
			}
			if err := emit(ctx, projectRole(r, more[i])...); err != nil {
				return err
			}
		}
		for _, p := range out.Policies {
			if !strings.HasPrefix(aws.ToString(p.Arn), "arn:"+s.partition+":iam::aws:") {
				if err := emit(ctx, projectPolicy(p)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// verifyIAM asks for the principal or policy of a key. What hangs off one that
// exists (inline policies, attachments) is asked for by its own call.
func verifyIAM(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) (gone []schemas.Key, err error) {
	switch token {
	case typeAccountPasswordPolicy, typePasswordPolicy, typeRootAccount, typeCredentialReportUser:
		return verifyIAMFacts(ctx, s, r, token, keys)
	case typeLoginProfile:
		return verifyLoginProfiles(ctx, s, r, keys)
	case typeAccessKey:
		return accessKeys.verify(ctx, s, r, keys)
	}
	var there []schemas.Key
	for _, k := range keys {
		exists, err := iamExists(ctx, s.iam(), token, k.ID)
		if err != nil {
			return gone, err
		}
		if exists {
			there = append(there, k)
		} else {
			gone = append(gone, k)
		}
	}
	if len(there) == 0 {
		return gone, nil
	}
	// Lists lag behind: read once more, now for what is known to exist.
	found := map[schemas.Key]bool{}
	wanted := func(role string) bool {
		return slices.ContainsFunc(there, func(k schemas.Key) bool { return k.Type == typeRole && k.ID == role })
	}
	err = eachDetail(ctx, s, wanted, func(ctx context.Context, list ...discovery.Observation) error {
		for _, o := range list {
			if slices.Contains(there, o.Key) && !found[o.Key] {
				found[o.Key] = true
				if err := r.emit(ctx, o); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil && len(found) < len(there) {
		err = schemas.Errorf(schemas.CodeUnavailable, "%s exists, but %s does not list it", there[0].ID, authorizationDetails)
	}
	return gone, err
}

// iamExists reads one thing directly by its provider id.
func iamExists(ctx context.Context, c *iam.Client, token, id string) (bool, error) {
	owner, rest, _ := strings.Cut(id, ":") // inline policies: owner:name
	attached, arn, _ := strings.Cut(id, "/")
	var err error
	switch token {
	case typeUser:
		_, err = c.GetUser(ctx, &iam.GetUserInput{UserName: &id})
	case typeGroup:
		_, err = c.GetGroup(ctx, &iam.GetGroupInput{GroupName: &id, MaxItems: aws.Int32(1)})
	case typeRole:
		_, err = c.GetRole(ctx, &iam.GetRoleInput{RoleName: &id})
	case typePolicy:
		_, err = c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &id})
	case typeUserPolicy:
		_, err = c.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &owner, PolicyName: &rest})
	case typeGroupPolicy:
		_, err = c.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: &owner, PolicyName: &rest})
	case typeRolePolicy:
		_, err = c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &owner, PolicyName: &rest})
	case typeUserAttachment:
		return attachedTo(arn, pages1(ctx, iam.NewListAttachedUserPoliciesPaginator(c, &iam.ListAttachedUserPoliciesInput{UserName: &attached}),
			func(out *iam.ListAttachedUserPoliciesOutput) []types.AttachedPolicy { return out.AttachedPolicies }))
	case typeGroupAttachment:
		return attachedTo(arn, pages1(ctx, iam.NewListAttachedGroupPoliciesPaginator(c, &iam.ListAttachedGroupPoliciesInput{GroupName: &attached}),
			func(out *iam.ListAttachedGroupPoliciesOutput) []types.AttachedPolicy { return out.AttachedPolicies }))
	case typeRoleAttachment:
		return attachedTo(arn, pages1(ctx, iam.NewListAttachedRolePoliciesPaginator(c, &iam.ListAttachedRolePoliciesInput{RoleName: &attached}),
			func(out *iam.ListAttachedRolePoliciesOutput) []types.AttachedPolicy { return out.AttachedPolicies }))
	default:
		return false, schemas.Errorf(schemas.CodeInternal, "no direct read for %s", token)
	}
	if isNotFound(err, "NoSuchEntity") {
		return false, nil
	}
	return err == nil, err
}

// attachments is the outcome of listing what is attached to a principal.
type attachments struct {
	arns []string
	err  error
}

func pages1[Out, Options any](ctx context.Context, p pager[Out, Options], of func(Out) []types.AttachedPolicy) attachments {
	var a attachments
	a.err = pages(ctx, p, func(out Out) error {
		for _, policy := range of(out) {
			a.arns = append(a.arns, aws.ToString(policy.PolicyArn))
		}
		return nil
	})
	return a
}

func attachedTo(arn string, a attachments) (bool, error) {
	if isNotFound(a.err, "NoSuchEntity") {
		return false, nil
	}
	return a.err == nil && slices.Contains(a.arns, arn), a.err
}

// verifyIAMFacts reads the account's facts again.
func verifyIAMFacts(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) (gone []schemas.Key, err error) {
	var list []discovery.Observation
	switch token {
	case typeRootAccount:
		list = append(list, rootAccount(ctx, s))
	case typeCredentialReportUser:
		if list, _, err = credentialReport(ctx, s); err != nil {
			return nil, err
		}
	default:
		list = passwordPolicy(ctx, s)
	}
	return compare(ctx, r, list, keys)
}
