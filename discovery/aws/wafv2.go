package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// wafv2Projection counts changes of the projections in this file.
const wafv2Projection = 1

const (
	typeWebACL        = "aws:wafv2/webAcl:WebAcl"
	typeWebACLLogging = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
)

var (
	listWebACLs    = listCall("wafv2:ListWebACLs", 100)
	getWebACL      = eachCall("wafv2:GetWebACL", "rules")
	listWebLogging = listCall("wafv2:ListLoggingConfigurations", 100)
)

var wafv2Service = &service{
	name: "wafv2",
	types: []typeSpec{
		{token: typeWebACL, calls: []call{listWebACLs, getWebACL, tagCall}},
		{token: typeWebACLLogging, calls: []call{listWebLogging}, verify: []string{"wafv2:GetLoggingConfiguration"}},
	},
	// "AWS WAF quotas": five a second for calls to a single resource, and for lists.
	// Assumed: the page could not be read again.
	limits: map[string]limit{"WAFV2": {rate: 5, burst: 5, guess: true}},
	lists: []list{
		{listWebACLs.action, []string{typeWebACL}, eachWebACL},
		{listWebLogging.action, []string{typeWebACLLogging}, eachWebLogging},
	},
}

const wafGone = "WAFNonexistentItemException"

func (s *session) wafv2() *wafv2.Client {
	return client(s, "wafv2", func(c aws.Config) *wafv2.Client { return wafv2.NewFromConfig(c) })
}

// wafScopes are what a region has: CloudFront's ACLs are kept in the home region.
func (s *session) wafScopes() []types.Scope {
	if s.region == "us-east-1" {
		return []types.Scope{types.ScopeRegional, types.ScopeCloudfront}
	}
	return []types.Scope{types.ScopeRegional}
}

// eachWebACL lists the ACLs of each scope. The ids are "id/name/scope".
func eachWebACL(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids != nil {
		return described{gone: codes(wafGone), read: readWebACL}.these(ctx, s, ids, emit)
	}
	for _, scope := range s.wafScopes() {
		err := turned(func(marker *string) (*string, error) {
			out, err := s.wafv2().ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: scope, Limit: aws.Int32(100), NextMarker: marker})
			if err != nil {
				return nil, listError{err: err}
			}
			arns := make([]string, len(out.WebACLs))
			for i, v := range out.WebACLs {
				arns[i] = aws.ToString(v.ARN)
			}
			tags, tagsF := tagsByARN(ctx, s, arns)
			return out.NextMarker, parallel(ctx, detailParallel, out.WebACLs, func(ctx context.Context, v types.WebACLSummary) error {
				id := aws.ToString(v.Id) + "/" + aws.ToString(v.Name) + "/" + string(scope)
				o, err := webACL(ctx, s, id, aws.ToString(v.ARN), tagsF, tags[aws.ToString(v.ARN)])
				if isNotFound(err, wafGone) {
					return nil
				}
				return emit(ctx, o)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readWebACL reads an ACL by its id, and its tags.
func readWebACL(ctx context.Context, s *session, id string) ([]discovery.Observation, error) {
	o, err := webACL(ctx, s, id, "", facet{}, nil)
	if err != nil {
		return nil, err
	}
	arn, _ := o.Properties["arn"].(string)
	tags, tagsF := tagsByARN(ctx, s, []string{arn})
	o, err = webACL(ctx, s, id, arn, tagsF, tags[arn])
	return []discovery.Observation{o}, err
}

var webACLProperties = []string{"associationConfig", "captchaConfig", "challengeConfig", "customResponseBodies", "defaultAction", "description", "rules", "tokenDomains", "visibilityConfig"}

func webACL(ctx context.Context, s *session, id, arn string, tagsF facet, tags map[string]any) (discovery.Observation, error) {
	p := strings.SplitN(id, "/", 3)
	if len(p) != 3 {
		return discovery.Observation{}, listError{err: errNoID}
	}
	out, err := s.wafv2().GetWebACL(ctx, &wafv2.GetWebACLInput{Id: &p[0], Name: &p[1], Scope: types.Scope(p[2])})
	if err == nil && out.WebACL == nil {
		err = listError{err: errNoID}
	}
	d := newDocument()
	d.set("region", s.region)
	d.set("name", p[1])
	d.set("scope", p[2])
	d.set("arn", arn)
	if !d.unread(facetOf(getWebACL.action, err), webACLProperties...) {
		d.set("arn", aws.ToString(out.WebACL.ARN))
		projectWebACL(d, *out.WebACL)
	}
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(s.region, typeWebACL, id, p[1], wafv2Projection), err
}

// metrics is how a web ACL, or a rule of it, is watched.
func metrics(c *types.VisibilityConfig) map[string]any {
	return camelMap(c, names{"CloudWatchMetricsEnabled": "cloudwatchMetricsEnabled"})
}

func projectWebACL(d *document, v types.WebACL) {
	d.set("description", aws.ToString(v.Description))
	switch a := v.DefaultAction; {
	case a != nil && a.Allow != nil:
		d.set("defaultAction", map[string]any{"allow": camelMap(a.Allow, nil)})
	case a != nil && a.Block != nil:
		d.set("defaultAction", map[string]any{"block": camelMap(a.Block, nil)})
	default:
		d.told("defaultAction", nil, false, getWebACL.action)
	}
	d.told("visibilityConfig", metrics(v.VisibilityConfig), v.VisibilityConfig != nil, getWebACL.action)
	d.set("captchaConfig", camelMap(v.CaptchaConfig, nil))
	d.set("challengeConfig", camelMap(v.ChallengeConfig, nil))
	d.set("tokenDomains", sortedStrings(v.TokenDomains))
	bodies := []any{}
	for key, b := range v.CustomResponseBodies {
		m := camelMap(b, nil)
		m["key"] = key
		bodies = append(bodies, m)
	}
	sortByJSON(bodies)
	d.set("customResponseBodies", bodies)
	rules := make([]any, len(v.Rules))
	for i, r := range v.Rules {
		rules[i] = webRule(r)
	}
	sortByJSON(rules)
	d.set("rules", rules)
	if len(rules) > 0 { // what a rule looks for is a tree without end
		d.notRead(getWebACL.action, "rules.statement")
	}
	if v.AssociationConfig != nil {
		d.notRead(getWebACL.action, "associationConfig")
	}
}

func webRule(r types.Rule) map[string]any {
	d := newDocument()
	d.set("name", aws.ToString(r.Name))
	d.set("priority", int(r.Priority))
	d.set("visibilityConfig", metrics(r.VisibilityConfig))
	d.set("captchaConfig", camelMap(r.CaptchaConfig, nil))
	d.set("challengeConfig", camelMap(r.ChallengeConfig, nil))
	d.set("ruleLabels", camel(r.RuleLabels, nil))
	if a := r.OverrideAction; a != nil {
		d.set("overrideAction", map[string]any{map[bool]string{true: "count", false: "none"}[a.Count != nil]: map[string]any{}})
	}
	if a := r.Action; a != nil {
		for name, is := range map[string]bool{"allow": a.Allow != nil, "block": a.Block != nil, "captcha": a.Captcha != nil, "challenge": a.Challenge != nil, "count": a.Count != nil} {
			if is {
				d.properties["action"] = map[string]any{name: asMap(camelMap(a, nil)[name])}
			}
		}
	}
	return d.properties
}

func eachWebLogging(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return described{gone: codes(wafGone), read: func(ctx context.Context, s *session, arn string) ([]discovery.Observation, error) {
			out, err := s.wafv2().GetLoggingConfiguration(ctx, &wafv2.GetLoggingConfigurationInput{ResourceArn: &arn})
			if err != nil {
				return nil, err
			}
			if out.LoggingConfiguration == nil {
				return nil, listError{err: errNoID}
			}
			return []discovery.Observation{projectWebLogging(s.region, *out.LoggingConfiguration)}, nil
		}}.these(ctx, s, arns, emit)
	}
	for _, scope := range s.wafScopes() {
		err := turned(func(marker *string) (*string, error) {
			out, err := s.wafv2().ListLoggingConfigurations(ctx, &wafv2.ListLoggingConfigurationsInput{Scope: scope, Limit: aws.Int32(100), NextMarker: marker})
			if err != nil {
				return nil, listError{err: err}
			}
			for _, v := range out.LoggingConfigurations {
				if err := emit(ctx, projectWebLogging(s.region, v)); err != nil {
					return nil, err
				}
			}
			return out.NextMarker, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func projectWebLogging(region string, v types.LoggingConfiguration) discovery.Observation {
	d, arn := newDocument(), aws.ToString(v.ResourceArn)
	d.set("region", region)
	d.set("resourceArn", arn)
	d.set("logDestinationConfigs", sortedStrings(v.LogDestinationConfigs))
	if v.LoggingFilter != nil {
		d.notRead(listWebLogging.action, "loggingFilter")
	}
	if len(v.RedactedFields) > 0 {
		d.notRead(listWebLogging.action, "redactedFields")
	}
	return d.observe(region, typeWebACLLogging, arn, before(strings.TrimPrefix(arn[strings.LastIndexByte(arn, ':')+1:], "regional/webacl/"), "/"), wafv2Projection)
}
