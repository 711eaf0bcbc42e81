package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func projectDistribution(s types.DistributionSummary, f facet, config *types.DistributionConfig, tagsF facet, tags map[string]any) discovery.Observation {
	id := aws.ToString(s.Id)
	listed := facetOf(listDistributions.action, nil)
	d := newDocument()
	d.set("arn", aws.ToString(s.ARN))
	d.set("comment", aws.ToString(s.Comment))
	d.flag("enabled", s.Enabled, listDistributions.action)
	d.set("httpVersion", strings.ToLower(string(s.HttpVersion))) // in the list in capitals
	d.set("isIpv6Enabled", optional(s.IsIPV6Enabled))
	d.set("priceClass", string(s.PriceClass))
	d.set("staging", optional(s.Staging))
	d.set("anycastIpListId", aws.ToString(s.AnycastIpListId))
	d.facet("webAclId", listed.need(s.WebACLId != nil), func() any { return *s.WebACLId }) // without one it is empty
	name := aws.ToString(s.DomainName)
	if a := s.Aliases; a != nil && len(a.Items) > 0 {
		d.set("aliases", sortedStrings(a.Items))
		name = slices.Min(a.Items)
	}
	d.facet("viewerCertificate", listed.need(s.ViewerCertificate != nil), func() any { return viewerCertificate(s.ViewerCertificate) })
	d.facet("origins", listed.need(s.Origins != nil && len(s.Origins.Items) > 0), func() any { return distributionOrigins(s.Origins) })
	d.facet("defaultCacheBehavior", listed.need(s.DefaultCacheBehavior != nil), func() any { return defaultBehavior(s.DefaultCacheBehavior) })
	d.facet("orderedCacheBehaviors", listed.need(s.CacheBehaviors != nil), func() any {
		behaviors := make([]any, len(s.CacheBehaviors.Items)) // the first that matches is used
		for i, b := range s.CacheBehaviors.Items {
			behaviors[i] = cacheBehavior(b)
		}
		return behaviors
	})
	setDistributionParts(d, s)
	d.facet("loggingConfig", f.need(config.Logging != nil && config.Logging.Enabled != nil), func() any { return distributionLogging(config.Logging) })
	d.facet("defaultRootObject", f.need(config.DefaultRootObject != nil), func() any { return *config.DefaultRootObject })
	d.facet("continuousDeploymentPolicyId", f, func() any { return aws.ToString(config.ContinuousDeploymentPolicyId) })
	d.facet("cacheTagConfig", f, func() any {
		if config.CacheTagConfig == nil {
			return nil
		}
		return texts(map[string]string{"headerName": aws.ToString(config.CacheTagConfig.HeaderName)})
	})
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(schemas.GlobalRegion, typeDistribution, id, name, cloudfrontProjection)
}

// distributionLogging is nothing when standard logging is off.
func distributionLogging(l *types.LoggingConfig) any {
	if !aws.ToBool(l.Enabled) {
		return nil
	}
	d := newDocument()
	d.set("bucket", aws.ToString(l.Bucket))
	d.set("prefix", aws.ToString(l.Prefix))
	d.set("includeCookies", optional(l.IncludeCookies))
	return d.properties
}

func viewerCertificate(c *types.ViewerCertificate) any {
	d := newDocument()
	d.set("cloudfrontDefaultCertificate", optional(c.CloudFrontDefaultCertificate))
	d.set("acmCertificateArn", aws.ToString(c.ACMCertificateArn))
	d.set("iamCertificateId", aws.ToString(c.IAMCertificateId))
	d.set("minimumProtocolVersion", string(c.MinimumProtocolVersion))
	d.set("sslSupportMethod", string(c.SSLSupportMethod))
	return d.properties
}

func distributionOrigins(o *types.Origins) []any {
	origins := make([]any, len(o.Items))
	for i, o := range o.Items {
		origins[i] = distributionOrigin(o)
	}
	sortByJSON(origins)
	return origins
}

func distributionOrigin(o types.Origin) map[string]any {
	d := newDocument()
	d.set("originId", aws.ToString(o.Id))
	d.set("domainName", aws.ToString(o.DomainName))
	d.set("originPath", aws.ToString(o.OriginPath))
	d.set("originAccessControlId", aws.ToString(o.OriginAccessControlId))
	d.set("connectionAttempts", optional(o.ConnectionAttempts))
	d.set("connectionTimeout", optional(o.ConnectionTimeout))
	d.set("responseCompletionTimeout", optional(o.ResponseCompletionTimeout))
	if h := o.CustomHeaders; h != nil {
		headers := make([]any, len(h.Items))
		for i, h := range h.Items {
			headers[i] = map[string]any{"name": aws.ToString(h.HeaderName), "value": aws.ToString(h.HeaderValue)}
		}
		sortByJSON(headers)
		d.set("customHeaders", headers)
	}
	if c := o.CustomOriginConfig; c != nil {
		custom := newDocument()
		custom.set("httpPort", optional(c.HTTPPort))
		custom.set("httpsPort", optional(c.HTTPSPort))
		custom.set("originProtocolPolicy", string(c.OriginProtocolPolicy))
		custom.set("originReadTimeout", optional(c.OriginReadTimeout))
		custom.set("originKeepaliveTimeout", optional(c.OriginKeepaliveTimeout))
		custom.set("ipAddressType", string(c.IpAddressType))
		if p := c.OriginSslProtocols; p != nil {
			custom.set("originSslProtocols", sortedStrings(p.Items))
		}
		if m := c.OriginMtlsConfig; m != nil {
			custom.set("originMtlsConfig", texts(map[string]string{"clientCertificateArn": aws.ToString(m.ClientCertificateArn)}))
		}
		d.set("customOriginConfig", custom.properties)
	}
	if c := o.S3OriginConfig; c != nil {
		d.set("s3OriginConfig", texts(map[string]string{"originAccessIdentity": aws.ToString(c.OriginAccessIdentity)}))
	}
	if c := o.VpcOriginConfig; c != nil {
		vpc := newDocument()
		vpc.set("vpcOriginId", aws.ToString(c.VpcOriginId))
		vpc.set("ownerAccountId", aws.ToString(c.OwnerAccountId))
		vpc.set("originReadTimeout", optional(c.OriginReadTimeout))
		vpc.set("originKeepaliveTimeout", optional(c.OriginKeepaliveTimeout))
		d.set("vpcOriginConfig", vpc.properties)
	}
	if c := o.OriginShield; c != nil {
		shield := newDocument()
		shield.set("enabled", optional(c.Enabled))
		shield.set("originShieldRegion", aws.ToString(c.OriginShieldRegion))
		d.set("originShield", shield.properties)
	}
	return d.properties
}

// defaultBehavior is a behavior without a pattern.
func defaultBehavior(b *types.DefaultCacheBehavior) map[string]any {
	return cacheBehavior(types.CacheBehavior{
		TargetOriginId: b.TargetOriginId, ViewerProtocolPolicy: b.ViewerProtocolPolicy, AllowedMethods: b.AllowedMethods, CachePolicyId: b.CachePolicyId,
		Compress: b.Compress, DefaultTTL: b.DefaultTTL, FieldLevelEncryptionId: b.FieldLevelEncryptionId, ForwardedValues: b.ForwardedValues,
		FunctionAssociations: b.FunctionAssociations, GrpcConfig: b.GrpcConfig, LambdaFunctionAssociations: b.LambdaFunctionAssociations,
		MaxTTL: b.MaxTTL, MinTTL: b.MinTTL, OriginRequestPolicyId: b.OriginRequestPolicyId, RealtimeLogConfigArn: b.RealtimeLogConfigArn,
		ResponseHeadersPolicyId: b.ResponseHeadersPolicyId, SmoothStreaming: b.SmoothStreaming, TrustedKeyGroups: b.TrustedKeyGroups, TrustedSigners: b.TrustedSigners,
	})
}

func cacheBehavior(b types.CacheBehavior) map[string]any {
	d := newDocument()
	d.set("pathPattern", aws.ToString(b.PathPattern))
	d.set("targetOriginId", aws.ToString(b.TargetOriginId))
	d.set("viewerProtocolPolicy", string(b.ViewerProtocolPolicy))
	d.set("cachePolicyId", aws.ToString(b.CachePolicyId))
	d.set("originRequestPolicyId", aws.ToString(b.OriginRequestPolicyId))
	d.set("responseHeadersPolicyId", aws.ToString(b.ResponseHeadersPolicyId))
	d.set("realtimeLogConfigArn", aws.ToString(b.RealtimeLogConfigArn))
	d.set("fieldLevelEncryptionId", aws.ToString(b.FieldLevelEncryptionId))
	d.set("compress", optional(b.Compress))
	d.set("smoothStreaming", optional(b.SmoothStreaming))
	d.set("minTtl", optional(b.MinTTL))
	d.set("maxTtl", optional(b.MaxTTL))
	d.set("defaultTtl", optional(b.DefaultTTL))
	if m := b.AllowedMethods; m != nil {
		d.set("allowedMethods", sortedStrings(m.Items))
		if m.CachedMethods != nil {
			d.set("cachedMethods", sortedStrings(m.CachedMethods.Items))
		}
	}
	if b.TrustedKeyGroups != nil {
		d.set("trustedKeyGroups", sortedStrings(b.TrustedKeyGroups.Items))
	}
	if b.TrustedSigners != nil {
		d.set("trustedSigners", sortedStrings(b.TrustedSigners.Items))
	}
	if b.GrpcConfig != nil {
		d.set("grpcConfig", map[string]any{"enabled": aws.ToBool(b.GrpcConfig.Enabled)})
	}
	d.set("forwardedValues", forwardedValues(b.ForwardedValues))
	setBehaviorFunctions(d, b)
	return d.properties
}

func setBehaviorFunctions(d *document, b types.CacheBehavior) {
	functions, lambdas := []any{}, []any{}
	if a := b.FunctionAssociations; a != nil {
		for _, f := range a.Items {
			functions = append(functions, texts(map[string]string{"eventType": string(f.EventType), "functionArn": aws.ToString(f.FunctionARN)}))
		}
	}
	if a := b.LambdaFunctionAssociations; a != nil {
		for _, f := range a.Items {
			lambdas = append(lambdas, map[string]any{"eventType": string(f.EventType), "lambdaArn": aws.ToString(f.LambdaFunctionARN), "includeBody": aws.ToBool(f.IncludeBody)})
		}
	}
	sortByJSON(functions)
	sortByJSON(lambdas)
	d.set("functionAssociations", functions)
	d.set("lambdaFunctionAssociations", lambdas)
}

func forwardedValues(v *types.ForwardedValues) any {
	if v == nil {
		return nil
	}
	d := newDocument()
	d.set("queryString", optional(v.QueryString))
	if v.Headers != nil {
		d.set("headers", sortedStrings(v.Headers.Items))
	}
	if v.QueryStringCacheKeys != nil {
		d.set("queryStringCacheKeys", sortedStrings(v.QueryStringCacheKeys.Items))
	}
	if c := v.Cookies; c != nil {
		cookies := newDocument()
		cookies.set("forward", string(c.Forward))
		if c.WhitelistedNames != nil {
			cookies.set("whitelistedNames", sortedStrings(c.WhitelistedNames.Items))
		}
		d.set("cookies", cookies.properties)
	}
	return d.properties
}

// setDistributionParts sets what is there or not, and asked for by few.
func setDistributionParts(d *document, s types.DistributionSummary) {
	if r := s.Restrictions; r != nil && r.GeoRestriction != nil {
		geo := newDocument()
		geo.set("restrictionType", string(r.GeoRestriction.RestrictionType))
		geo.set("locations", sortedStrings(r.GeoRestriction.Items))
		d.set("restrictions", map[string]any{"geoRestriction": geo.properties})
	}
	if e := s.CustomErrorResponses; e != nil {
		responses := make([]any, len(e.Items))
		for i, e := range e.Items {
			response := newDocument()
			response.set("errorCode", optional(e.ErrorCode))
			response.set("errorCachingMinTtl", optional(e.ErrorCachingMinTTL))
			response.set("responseCode", number(aws.ToString(e.ResponseCode)))
			response.set("responsePagePath", aws.ToString(e.ResponsePagePath))
			responses[i] = response.properties
		}
		sortByJSON(responses)
		d.set("customErrorResponses", responses)
	}
	if g := s.OriginGroups; g != nil {
		groups := make([]any, len(g.Items))
		for i, g := range g.Items {
			groups[i] = originGroup(g)
		}
		sortByJSON(groups)
		d.set("originGroups", groups)
	}
	if m := s.ViewerMtlsConfig; m != nil {
		mtls := newDocument()
		mtls.set("mode", string(m.Mode))
		if t := m.TrustStoreConfig; t != nil {
			store := newDocument()
			store.set("trustStoreId", aws.ToString(t.TrustStoreId))
			store.set("advertiseTrustStoreCaNames", optional(t.AdvertiseTrustStoreCaNames))
			store.set("ignoreCertificateExpiry", optional(t.IgnoreCertificateExpiry))
			mtls.set("trustStoreConfig", store.properties)
		}
		d.set("viewerMtlsConfig", mtls.properties)
	}
	if a := s.ConnectionFunctionAssociation; a != nil {
		d.set("connectionFunctionAssociation", texts(map[string]string{"id": aws.ToString(a.Id)}))
	}
}

// originGroup has its members in the order of their use.
func originGroup(g types.OriginGroup) map[string]any {
	d := newDocument()
	d.set("originId", aws.ToString(g.Id))
	if f := g.FailoverCriteria; f != nil && f.StatusCodes != nil {
		codes := make([]any, len(f.StatusCodes.Items))
		for i, c := range slices.Sorted(slices.Values(f.StatusCodes.Items)) {
			codes[i] = int(c)
		}
		d.set("failoverCriteria", map[string]any{"statusCodes": codes})
	}
	if m := g.Members; m != nil {
		members := make([]any, len(m.Items))
		for i, m := range m.Items {
			members[i] = texts(map[string]string{"originId": aws.ToString(m.OriginId)})
		}
		d.set("members", members)
	}
	return d.properties
}
