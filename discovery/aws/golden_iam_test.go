package aws

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// encoded is a policy document as IAM returns it.
func encoded(doc string) *string { return aws.String(url.PathEscape(doc)) }

func fullRole() types.RoleDetail {
	return types.RoleDetail{
		RoleName: aws.String("role"), Path: aws.String("/team/"), Tags: []types.Tag{{Key: aws.String("owner"), Value: aws.String("team")}, {Key: aws.String("empty")}},
		AssumeRolePolicyDocument: encoded("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Principal\": {\"AWS\": [\"arn:b\", \"arn:a+b\"]}}]\n}"),
		PermissionsBoundary:      &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String("arn:boundary")},
		RolePolicyList: []types.PolicyDetail{
			{PolicyName: aws.String("two"), PolicyDocument: encoded(`{"Statement":[]}`)}, {PolicyName: aws.String("one"), PolicyDocument: encoded(`{"Version":"x"}`)},
		},
		AttachedManagedPolicies: []types.AttachedPolicy{
			{PolicyName: aws.String("ReadOnlyAccess"), PolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")},
			{PolicyName: aws.String("mine"), PolicyArn: aws.String("arn:aws:iam::123456789012:policy/mine")},
		},
	}
}

func TestGoldenPrincipals(t *testing.T) {
	t.Parallel()
	inline := []types.PolicyDetail{{PolicyName: aws.String("inline"), PolicyDocument: encoded(`{"Statement":[{"Action":["s3:Put*","s3:Get*"]}]}`)}}
	attached := []types.AttachedPolicy{{PolicyName: aws.String("mine"), PolicyArn: aws.String("arn:aws:iam::123456789012:policy/mine")}}
	list := projectUser(types.UserDetail{
		UserName: aws.String("user"), Path: aws.String("/"), UserPolicyList: inline, AttachedManagedPolicies: attached,
		PermissionsBoundary: &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String("arn:boundary")},
	})
	list = append(list, projectUser(types.UserDetail{UserName: aws.String("bare")})...)
	list = append(list, projectGroup(types.GroupDetail{GroupName: aws.String("group"), Path: aws.String("/"), GroupPolicyList: inline, AttachedManagedPolicies: attached})...)
	list = append(list, projectGroup(types.GroupDetail{GroupName: aws.String("bare")})...)
	read := roleMore{role: types.Role{Description: aws.String("runs apps"), MaxSessionDuration: aws.Int32(7200)}, facet: facetOf(roleDescription.action, nil)}
	list = append(list, projectRole(fullRole(), read)...)
	golden(t, "iam-principals", append(list, projectRole(types.RoleDetail{RoleName: aws.String("bare")}, unreadRole(t))...))
}

// unreadRole is what is told of a role when no pack needs more.
func unreadRole(t *testing.T) roleMore {
	t.Helper()
	more, err := moreOfRoles(t.Context(), nil, make([]types.RoleDetail, 1), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return more[0]
}

func TestGoldenPolicies(t *testing.T) {
	t.Parallel()
	version := func(id, doc string, isDefault bool) types.PolicyVersion {
		return types.PolicyVersion{VersionId: aws.String(id), Document: encoded(doc), IsDefaultVersion: isDefault}
	}
	golden(t, "iam-policies", []discovery.Observation{
		projectPolicy(types.ManagedPolicyDetail{
			Arn: aws.String("arn:p"), PolicyName: aws.String("p"), Path: aws.String("/"), Description: aws.String("d"),
			PolicyVersionList: []types.PolicyVersion{version("v2", `{"Version":"old"}`, false), version("v3", `{"Version":"new"}`, true), version("v1", `{}`, false)},
		}),
		// Without its default version a policy is unknown, not empty.
		projectPolicy(types.ManagedPolicyDetail{Arn: aws.String("arn:q"), PolicyName: aws.String("q"), PolicyVersionList: []types.PolicyVersion{version("v1", `{}`, false)}}),
		projectPolicy(types.ManagedPolicyDetail{Arn: aws.String("arn:r")}),
	})
}

func TestOrderOfAttachmentsDoesNotMatter(t *testing.T) {
	t.Parallel()
	a, b := fullRole(), fullRole()
	slices.Reverse(b.RolePolicyList)
	slices.Reverse(b.AttachedManagedPolicies)
	x, y := projectRole(a, unreadRole(t))[0], projectRole(b, unreadRole(t))[0]
	for _, name := range []string{"managedPolicyArns", "inlinePolicies"} {
		if encode(x.Properties[name]) != encode(y.Properties[name]) || x.Properties[name] == nil {
			t.Errorf("%s: %v, %v", name, x.Properties[name], y.Properties[name])
		}
	}
}

const passwordRulesXML = `<PasswordPolicy><MinimumPasswordLength>14</MinimumPasswordLength><RequireSymbols>true</RequireSymbols><RequireNumbers>true</RequireNumbers>` +
	`<RequireUppercaseCharacters>true</RequireUppercaseCharacters><RequireLowercaseCharacters>false</RequireLowercaseCharacters>` +
	`<AllowUsersToChangePassword>true</AllowUsersToChangePassword><ExpirePasswords>true</ExpirePasswords><MaxPasswordAge>90</MaxPasswordAge><HardExpiry>true</HardExpiry></PasswordPolicy>`

// The password policy in each state of its facet, as fact and as resource.
func TestGoldenPasswordPolicy(t *testing.T) {
	t.Parallel()
	var list []discovery.Observation
	for _, c := range []answer{
		{http.StatusOK, iamAnswer("GetAccountPasswordPolicy", passwordRulesXML)},
		{http.StatusNotFound, iamError("NoSuchEntity")},
		{http.StatusForbidden, iamError("AccessDenied")},
		{http.StatusServiceUnavailable, iamError("ServiceUnavailable")},
		{http.StatusOK, iamAnswer("GetAccountPasswordPolicy", "")},
	} {
		a := newAccount(awsfake.Population{}).fails("iam:GetAccountPasswordPolicy", c.status, c.body)
		list = append(list, passwordPolicy(t.Context(), a.in(home))...)
	}
	golden(t, "iam-password-policy", list)
}

func TestGoldenRootAccount(t *testing.T) {
	t.Parallel()
	entry := func(key, n string) string { return "<entry><key>" + key + "</key><value>" + n + "</value></entry>" }
	var list []discovery.Observation
	for _, c := range []answer{
		{http.StatusOK, iamAnswer("GetAccountSummary", "<SummaryMap>"+entry("AccountMFAEnabled", "1")+entry("AccountAccessKeysPresent", "0")+"</SummaryMap>")},
		{http.StatusOK, iamAnswer("GetAccountSummary", "<SummaryMap>"+entry("AccountMFAEnabled", "0")+entry("AccountAccessKeysPresent", "2")+"</SummaryMap>")},
		{http.StatusOK, iamAnswer("GetAccountSummary", "<SummaryMap>"+entry("Users", "1")+entry("AccountMFAEnabled", "1")+"</SummaryMap>")},
		{http.StatusOK, iamAnswer("GetAccountSummary", "")},
		{http.StatusForbidden, iamError("AccessDenied")},
	} {
		a := newAccount(awsfake.Population{}).fails("iam:GetAccountSummary", c.status, c.body)
		list = append(list, rootAccount(t.Context(), a.in(home)))
	}
	golden(t, "iam-root-account", list)
}

// What the customer cannot change is not judged: roles of services, AWS's own
// policies.
func TestAWSOwnThingsAreLeftOut(t *testing.T) {
	t.Parallel()
	role := func(name, path string) string {
		return "<member><Path>" + path + "</Path><RoleName>" + name + "</RoleName></member>"
	}
	policy := func(arn string) string { return "<member><PolicyName>p</PolicyName><Arn>" + arn + "</Arn></member>" }
	a := newAccount(awsfake.Population{}).says("iam:GetAccountAuthorizationDetails", iamAnswer("GetAccountAuthorizationDetails",
		"<RoleDetailList>"+role("AWSServiceRoleForX", "/aws-service-role/x.amazonaws.com/")+role("mine", "/")+role("service", "/service-role/")+"</RoleDetailList>"+
			"<Policies>"+policy("arn:aws:iam::aws:policy/ReadOnlyAccess")+policy("arn:aws:iam::123456789012:policy/p")+"</Policies>"))
	s := a.read(t, iamService, schemas.GlobalRegion)
	if s.count(typeRole) != 2 || s.count(typePolicy) != 1 {
		t.Errorf("%d roles, %d policies", s.count(typeRole), s.count(typePolicy))
	}
	if _, ok := s.one(typePolicy, "arn:aws:iam::123456789012:policy/p"); !ok {
		t.Error("the customer's policy is missing")
	}
}
