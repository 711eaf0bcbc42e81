package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What of a bucket is read on demand.
var (
	bucketObjectLock = eachCall("s3:GetBucketObjectLockConfiguration", "object lock")
	bucketWebsite    = eachCall("s3:GetBucketWebsite", "website")
	bucketCORS       = eachCall("s3:GetBucketCORS", "cors")
)

// bucketMore is what is read of a bucket when packs need it.
type bucketMore struct {
	objectLock *types.ObjectLockConfiguration
	website    *s3.GetBucketWebsiteOutput
	cors       *s3.GetBucketCorsOutput

	objectLockF, websiteF, corsF facet
}

func (b *bucketFacets) readMore(ctx context.Context, c *s3.Client) {
	n, m := &b.name, &b.more
	m.objectLockF = onDemand(ctx, bucketObjectLock.action, func() facet {
		out, err := c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: n})
		f := b.facet(bucketObjectLock.action, err, "ObjectLockConfigurationNotFoundError")
		if err == nil {
			m.objectLock = out.ObjectLockConfiguration
			f = f.need(m.objectLock != nil && m.objectLock.ObjectLockEnabled != "")
		}
		return f
	})
	m.websiteF = onDemand(ctx, bucketWebsite.action, func() (f facet) {
		var err error
		m.website, err = c.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: n})
		if f = b.facet(bucketWebsite.action, err, "NoSuchWebsiteConfiguration"); err == nil {
			f = f.need(m.website.IndexDocument != nil || m.website.RedirectAllRequestsTo != nil)
		}
		return f
	})
	m.corsF = onDemand(ctx, bucketCORS.action, func() (f facet) {
		var err error
		m.cors, err = c.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: n})
		if f = b.facet(bucketCORS.action, err, "NoSuchCORSConfiguration"); err == nil {
			f = f.need(len(m.cors.CORSRules) > 0)
		}
		return f
	})
}

// set puts it into the document of the bucket.
func (m *bucketMore) set(d *document) {
	d.facet("objectLockConfiguration", m.objectLockF, func() any { return objectLock(m.objectLock) })
	d.facet("website", m.websiteF, func() any { return website(m.website) })
	d.facet("corsRules", m.corsF, func() any { return corsRules(m.cors.CORSRules) })
}

func corsRules(rules []types.CORSRule) []any {
	out := make([]any, len(rules))
	for i, r := range rules {
		d := newDocument()
		d.set("allowedHeaders", anyStrings(r.AllowedHeaders))
		d.set("allowedMethods", anyStrings(r.AllowedMethods))
		d.set("allowedOrigins", anyStrings(r.AllowedOrigins))
		d.set("exposeHeaders", anyStrings(r.ExposeHeaders))
		if r.MaxAgeSeconds != nil {
			d.set("maxAgeSeconds", int(*r.MaxAgeSeconds))
		}
		out[i] = d.properties
	}
	return out
}

// website has the target of redirects as the classic provider writes it, protocol
// and host in one, and routing rules as a JSON text.
func website(w *s3.GetBucketWebsiteOutput) map[string]any {
	d := newDocument()
	if w.IndexDocument != nil {
		d.set("indexDocument", aws.ToString(w.IndexDocument.Suffix))
	}
	if w.ErrorDocument != nil {
		d.set("errorDocument", aws.ToString(w.ErrorDocument.Key))
	}
	if to := w.RedirectAllRequestsTo; to != nil {
		target := aws.ToString(to.HostName)
		if to.Protocol != "" {
			target = string(to.Protocol) + "://" + target
		}
		d.set("redirectAllRequestsTo", target)
	}
	if len(w.RoutingRules) > 0 {
		d.set("routingRules", routingRules(w.RoutingRules))
	}
	return d.properties
}

// routingRules writes the rules with the names of the API, without what is not set.
func routingRules(rules []types.RoutingRule) string {
	out := make([]any, len(rules))
	for i, r := range rules {
		d := newDocument()
		if c := r.Condition; c != nil {
			when := newDocument()
			when.set("HttpErrorCodeReturnedEquals", aws.ToString(c.HttpErrorCodeReturnedEquals))
			when.set("KeyPrefixEquals", aws.ToString(c.KeyPrefixEquals))
			d.set("Condition", when.properties)
		}
		if to := r.Redirect; to != nil {
			then := newDocument()
			then.set("HostName", aws.ToString(to.HostName))
			then.set("HttpRedirectCode", aws.ToString(to.HttpRedirectCode))
			then.set("Protocol", string(to.Protocol))
			then.set("ReplaceKeyPrefixWith", aws.ToString(to.ReplaceKeyPrefixWith))
			then.set("ReplaceKeyWith", aws.ToString(to.ReplaceKeyWith))
			d.set("Redirect", then.properties)
		}
		out[i] = d.properties
	}
	return encode(out)
}

func objectLock(c *types.ObjectLockConfiguration) map[string]any {
	d := newDocument()
	d.set("objectLockEnabled", string(c.ObjectLockEnabled))
	if c.Rule != nil && c.Rule.DefaultRetention != nil {
		r := newDocument()
		r.set("mode", string(c.Rule.DefaultRetention.Mode))
		if days := c.Rule.DefaultRetention.Days; days != nil {
			r.set("days", int(*days))
		}
		if years := c.Rule.DefaultRetention.Years; years != nil {
			r.set("years", int(*years))
		}
		d.set("rule", map[string]any{"defaultRetention": r.properties})
	}
	return d.properties
}
