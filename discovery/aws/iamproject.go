package aws

import (
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func iamTags(list []types.Tag) map[string]any {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}

// policyText is a policy document as the classic provider has it: JSON text.
// IAM returns it URL-encoded (RFC 3986).
func policyText(doc *string) string {
	text, err := url.PathUnescape(aws.ToString(doc))
	if err != nil {
		text = aws.ToString(doc)
	}
	return canonicalPolicy(text)
}

// policy sets a policy document; a principal or policy has one, so an answer
// without it does not say that nothing is allowed.
func (d *document) policy(name string, doc *string) {
	f := facet{state: schemas.FacetPresent, call: authorizationDetails}.need(aws.ToString(doc) != "")
	d.facet(name, f, func() any { return policyText(doc) })
}

func boundary(b *types.AttachedPermissionsBoundary) string {
	if b == nil {
		return ""
	}
	return aws.ToString(b.PermissionsBoundaryArn)
}

func global(d *document, token, id, name string) discovery.Observation {
	return d.observe(schemas.GlobalRegion, token, id, name, iamProjection)
}

// inline gives the inline policies of a principal; their provider id is owner:name.
func inline(token, property, owner string, list []types.PolicyDetail) []discovery.Observation {
	out := make([]discovery.Observation, len(list))
	for i, p := range list {
		name := aws.ToString(p.PolicyName)
		d := newDocument()
		d.set(property, owner)
		d.set("name", name)
		d.policy("policy", p.PolicyDocument)
		out[i] = global(d, token, owner+":"+name, name)
	}
	return out
}

// attached gives the attachments of a principal; their import id is owner/arn.
func attached(token, property, owner string, list []types.AttachedPolicy) []discovery.Observation {
	out := make([]discovery.Observation, len(list))
	for i, p := range list {
		d := newDocument()
		d.set(property, owner)
		d.set("policyArn", aws.ToString(p.PolicyArn))
		out[i] = global(d, token, owner+"/"+aws.ToString(p.PolicyArn), aws.ToString(p.PolicyName))
	}
	return out
}

func projectUser(u types.UserDetail) []discovery.Observation {
	name := aws.ToString(u.UserName)
	d := newDocument()
	d.set("name", name)
	d.set("path", aws.ToString(u.Path))
	d.set("permissionsBoundary", boundary(u.PermissionsBoundary))
	d.set("tags", iamTags(u.Tags))
	list := []discovery.Observation{global(d, typeUser, name, name)}
	list = append(list, inline(typeUserPolicy, "user", name, u.UserPolicyList)...)
	return append(list, attached(typeUserAttachment, "user", name, u.AttachedManagedPolicies)...)
}

func projectGroup(g types.GroupDetail) []discovery.Observation {
	name := aws.ToString(g.GroupName)
	d := newDocument()
	d.set("name", name)
	d.set("path", aws.ToString(g.Path))
	list := []discovery.Observation{global(d, typeGroup, name, name)}
	list = append(list, inline(typeGroupPolicy, "group", name, g.GroupPolicyList)...)
	return append(list, attached(typeGroupAttachment, "group", name, g.AttachedManagedPolicies)...)
}

func projectRole(r types.RoleDetail, more roleMore) []discovery.Observation {
	name := aws.ToString(r.RoleName)
	d := newDocument()
	d.set("name", name)
	d.set("path", aws.ToString(r.Path))
	d.policy("assumeRolePolicy", r.AssumeRolePolicyDocument)
	d.set("permissionsBoundary", boundary(r.PermissionsBoundary))
	d.set("tags", iamTags(r.Tags))
	d.set("managedPolicyArns", policyArns(r.AttachedManagedPolicies))
	d.set("inlinePolicies", inlinePolicies(r.RolePolicyList))
	more.set(d)
	list := []discovery.Observation{global(d, typeRole, name, name)}
	list = append(list, inline(typeRolePolicy, "role", name, r.RolePolicyList)...)
	return append(list, attached(typeRoleAttachment, "role", name, r.AttachedManagedPolicies)...)
}

func policyArns(list []types.AttachedPolicy) []any {
	arns := make([]string, len(list))
	for i, p := range list {
		arns[i] = aws.ToString(p.PolicyArn)
	}
	slices.Sort(arns)
	return anyStrings(arns)
}

func inlinePolicies(list []types.PolicyDetail) []any {
	out := make([]any, len(list))
	for i, p := range list {
		out[i] = map[string]any{"name": aws.ToString(p.PolicyName), "policy": policyText(p.PolicyDocument)}
	}
	sortByJSON(out)
	return out
}

// projectPolicy gives a customer managed policy with the document of its
// default version.
func projectPolicy(p types.ManagedPolicyDetail) discovery.Observation {
	d := newDocument()
	d.set("name", aws.ToString(p.PolicyName))
	d.set("path", aws.ToString(p.Path))
	d.set("description", aws.ToString(p.Description))
	var document *string
	for _, v := range p.PolicyVersionList {
		if v.IsDefaultVersion {
			document = v.Document
		}
	}
	d.policy("policy", document)
	return global(d, typePolicy, aws.ToString(p.Arn), aws.ToString(p.PolicyName))
}
