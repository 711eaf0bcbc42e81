package awsfake

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

var iamOperations = map[string]operation{
	"GetAccountAuthorizationDetails": authorizationDetails,
	"GetAccountPasswordPolicy": func(*request, url.Values, *bytes.Buffer) *fault {
		return noSuchEntity("The Password Policy cannot be found.")
	},
	"GetAccountSummary":        accountSummary,
	"GenerateCredentialReport": generateReport,
	"GetCredentialReport":      credentialReport,
	"ListRoles":                listRoles,
	"ListUsers":                listUsers,
	"GetRole":                  getRole,
	"GetUser":                  getUser,
	"GetLoginProfile":          loginProfile,
	"ListAccessKeys":           listAccessKeys,
	"GetPolicy":                getPolicy,
	"GetRolePolicy":            getRolePolicy,
	"ListAttachedRolePolicies": attachedPolicies("RoleName", "role-", func(p *Population) int { return p.Roles }),
	"ListAttachedUserPolicies": attachedPolicies("UserName", "user-", func(p *Population) int { return p.Users }),
	"GetUserPolicy":            noneOf("user policy"),
	// There are no groups.
	"GetGroup":                  noneOf("group"),
	"GetGroupPolicy":            noneOf("group policy"),
	"ListAttachedGroupPolicies": noneOf("group"),
}

func noneOf(what string) operation {
	return func(*request, url.Values, *bytes.Buffer) *fault {
		return noSuchEntity("The " + what + " cannot be found.")
	}
}

// attachedPolicies of a role or user: there are none.
func attachedPolicies(param, prefix string, count func(*Population) int) operation {
	return func(q *request, f url.Values, b *bytes.Buffer) *fault {
		if _, ok := q.index(f.Get(param), prefix, count(&q.pop)); !ok {
			return noSuchEntity(f.Get(param) + " cannot be found.")
		}
		b.WriteString("<AttachedPolicies/><IsTruncated>false</IsTruncated>")
		return nil
	}
}

func noSuchEntity(text string) *fault {
	return &fault{status: http.StatusNotFound, code: "NoSuchEntity", message: text}
}

const (
	document = `%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGetObject%22%2C%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Aapp%2F%2A%22%7D%5D%7D`
	trust    = `%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D`
)

func (q *request) iamArn(kind, name string) string {
	return "arn:aws:iam::" + q.pop.AccountID + ":" + kind + "/" + name
}

func userName(i int) string   { return fmt.Sprintf("user-%06d", i) }
func roleName(i int) string   { return fmt.Sprintf("role-%06d", i) }
func policyName(i int) string { return fmt.Sprintf("policy-%06d", i) }

// authorizationDetails pages through users, then roles, then customer managed
// policies, as one sequence; filters select among them.
func authorizationDetails(q *request, f url.Values, b *bytes.Buffer) *fault {
	kinds := map[string]bool{}
	for k, v := range f {
		if strings.HasPrefix(k, "Filter.member.") {
			kinds[v[0]] = true
		}
	}
	all := len(kinds) == 0
	count := func(kind string, n int) int {
		if all || kinds[kind] {
			return n
		}
		return 0
	}
	u, r, p := count("User", q.pop.Users), count("Role", q.pop.Roles), count("LocalManagedPolicy", q.pop.Policies)
	from, to, next := q.window(f.Get("Marker"), number(f.Get("MaxItems")), 1000, u+r+p)
	part := func(lo, n int) (int, int) { return max(from-lo, 0), min(max(to-lo, 0), n) }

	b.WriteString("<UserDetailList>")
	for i, end := part(0, u); i < end; i++ {
		q.userDetail(b, i)
	}
	b.WriteString("</UserDetailList><GroupDetailList/><RoleDetailList>")
	for i, end := part(u, r); i < end; i++ {
		q.roleDetail(b, i)
	}
	b.WriteString("</RoleDetailList><Policies>")
	for i, end := part(u+r, p); i < end; i++ {
		q.policyDetail(b, i)
	}
	b.WriteString("</Policies>")
	fmt.Fprintf(b, "<IsTruncated>%t</IsTruncated>", next != "")
	if next != "" {
		fmt.Fprintf(b, "<Marker>%s</Marker>", next)
	}
	return nil
}

func (q *request) userDetail(b *bytes.Buffer, i int) {
	name := userName(i)
	if q.gone(name) {
		return
	}
	fmt.Fprintf(b, `<member><Path>/</Path><UserName>%s</UserName><UserId>AIDA%012d</UserId><Arn>%s</Arn><CreateDate>2025-01-01T00:00:00Z</CreateDate><GroupList/><AttachedManagedPolicies/><Tags>%s</Tags></member>`, name, i, q.iamArn("user", name), q.iamTags(name, i))
}

func (q *request) iamTags(name string, i int) string {
	owner := fmt.Sprintf("team-%d", i%17)
	if q.touched(name) {
		owner = "changed"
	}
	return "<member><Key>owner</Key><Value>" + owner + "</Value></member>"
}

func (q *request) roleDetail(b *bytes.Buffer, i int) {
	name := roleName(i)
	if q.gone(name) {
		return
	}
	fmt.Fprintf(b, `<member><Path>/</Path><RoleName>%s</RoleName><RoleId>AROA%012d</RoleId><Arn>%s</Arn><CreateDate>2025-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%s</AssumeRolePolicyDocument><InstanceProfileList/><RolePolicyList><member><PolicyName>inline</PolicyName><PolicyDocument>%s</PolicyDocument></member></RolePolicyList><AttachedManagedPolicies/><Tags>%s</Tags></member>`,
		name, i, q.iamArn("role", name), trust, document, q.iamTags(name, i))
}

func (q *request) policyDetail(b *bytes.Buffer, i int) {
	name := policyName(i)
	if q.gone(name) {
		return
	}
	fmt.Fprintf(b, `<member><PolicyName>%s</PolicyName><PolicyId>ANPA%012d</PolicyId><Arn>%s</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>1</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><CreateDate>2025-01-01T00:00:00Z</CreateDate><UpdateDate>2025-01-01T00:00:00Z</UpdateDate><PolicyVersionList><member><Document>%s</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>2025-01-01T00:00:00Z</CreateDate></member></PolicyVersionList></member>`,
		name, i, q.iamArn("policy", name), document)
}

func accountSummary(q *request, _ url.Values, b *bytes.Buffer) *fault {
	fmt.Fprintf(b, `<SummaryMap><entry><key>AccountMFAEnabled</key><value>1</value></entry><entry><key>AccountAccessKeysPresent</key><value>0</value></entry><entry><key>Users</key><value>%d</value></entry></SummaryMap>`, q.pop.Users)
	return nil
}

func generateReport(_ *request, _ url.Values, b *bytes.Buffer) *fault {
	b.WriteString("<State>COMPLETE</State>")
	return nil
}

func credentialReport(q *request, _ url.Values, b *bytes.Buffer) *fault {
	var csv strings.Builder
	csv.WriteString("user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n")
	tail := ",2024-01-01T00:00:00+00:00,%s,no_information,N/A,N/A,%t,false,%s,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
	fmt.Fprintf(&csv, "<root_account>,arn:aws:iam::%s:root"+tail, q.pop.AccountID, "not_supported", true, "N/A")
	for i := range q.pop.Users {
		if name := userName(i); !q.gone(name) {
			fmt.Fprintf(&csv, "%s,%s"+tail, name, q.iamArn("user", name), "true", i%3 != 0, "2024-01-01T00:00:00+00:00")
		}
	}
	fmt.Fprintf(b, "<Content>%s</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>2026-01-01T00:00:00Z</GeneratedTime>", base64.StdEncoding.EncodeToString([]byte(csv.String())))
	return nil
}

// listRoles and listUsers give what the authorization details leave out.
func listRoles(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.page(f, b, "Roles", q.pop.Roles, func(i int) { q.role(b, "member", i) })
}

func listUsers(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.page(f, b, "Users", q.pop.Users, func(i int) { q.user(b, "member", i) })
}

func (q *request) page(f url.Values, b *bytes.Buffer, set string, n int, item func(i int)) *fault {
	from, to, next := q.window(f.Get("Marker"), number(f.Get("MaxItems")), 1000, n)
	fmt.Fprintf(b, "<%s>", set)
	for i := from; i < to; i++ {
		item(i)
	}
	fmt.Fprintf(b, "</%s><IsTruncated>%t</IsTruncated>", set, next != "")
	if next != "" {
		fmt.Fprintf(b, "<Marker>%s</Marker>", next)
	}
	return nil
}

func (q *request) role(b *bytes.Buffer, element string, i int) {
	name := roleName(i)
	if q.gone(name) {
		return
	}
	fmt.Fprintf(b, `<%s><Path>/</Path><RoleName>%s</RoleName><RoleId>AROA%012d</RoleId><Arn>%s</Arn><CreateDate>2025-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%s</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></%s>`, element, name, i, q.iamArn("role", name), trust, element)
}

func (q *request) user(b *bytes.Buffer, element string, i int) {
	name := userName(i)
	if q.gone(name) {
		return
	}
	fmt.Fprintf(b, `<%s><Path>/</Path><UserName>%s</UserName><UserId>AIDA%012d</UserId><Arn>%s</Arn><CreateDate>2025-01-01T00:00:00Z</CreateDate></%s>`, element, name, i, q.iamArn("user", name), element)
}

func getRole(q *request, f url.Values, b *bytes.Buffer) *fault {
	i, ok := q.index(f.Get("RoleName"), "role-", q.pop.Roles)
	if !ok {
		return noSuchEntity("The role cannot be found.")
	}
	q.role(b, "Role", i)
	return nil
}

func getRolePolicy(q *request, f url.Values, b *bytes.Buffer) *fault {
	role := f.Get("RoleName")
	if _, ok := q.index(role, "role-", q.pop.Roles); !ok || f.Get("PolicyName") != "inline" {
		return noSuchEntity("The role policy cannot be found.")
	}
	fmt.Fprintf(b, `<RoleName>%s</RoleName><PolicyName>inline</PolicyName><PolicyDocument>%s</PolicyDocument>`, role, document)
	return nil
}

func getUser(q *request, f url.Values, b *bytes.Buffer) *fault {
	i, ok := q.index(f.Get("UserName"), "user-", q.pop.Users)
	if !ok {
		return noSuchEntity("The user cannot be found.")
	}
	q.user(b, "User", i)
	return nil
}

// listAccessKeys of a user: one, which is not active.
func listAccessKeys(q *request, f url.Values, b *bytes.Buffer) *fault {
	name := f.Get("UserName")
	i, ok := q.index(name, "user-", q.pop.Users)
	if !ok {
		return noSuchEntity("The user with name " + name + " cannot be found.")
	}
	b.WriteString("<AccessKeyMetadata>")
	if key := fmt.Sprintf("AKIA%016d", i); !q.gone(key) {
		fmt.Fprintf(b, "<member><UserName>%s</UserName><AccessKeyId>%s</AccessKeyId><Status>Inactive</Status><CreateDate>2024-01-01T00:00:00Z</CreateDate></member>", name, key)
	}
	b.WriteString("</AccessKeyMetadata><IsTruncated>false</IsTruncated>")
	return nil
}

func loginProfile(q *request, f url.Values, b *bytes.Buffer) *fault {
	name := f.Get("UserName")
	if _, ok := q.index(name, "user-", q.pop.Users); !ok {
		return noSuchEntity("Login Profile for User " + name + " cannot be found.")
	}
	fmt.Fprintf(b, "<LoginProfile><UserName>%s</UserName><CreateDate>2024-01-01T00:00:00Z</CreateDate><PasswordResetRequired>false</PasswordResetRequired></LoginProfile>", name)
	return nil
}

func getPolicy(q *request, f url.Values, b *bytes.Buffer) *fault {
	arn := f.Get("PolicyArn")
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	i, ok := q.index(name, "policy-", q.pop.Policies)
	if !ok {
		return noSuchEntity("The policy cannot be found.")
	}
	fmt.Fprintf(b, `<Policy><PolicyName>%s</PolicyName><PolicyId>ANPA%012d</PolicyId><Arn>%s</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><IsAttachable>true</IsAttachable></Policy>`, name, i, arn)
	return nil
}
