package aws

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucketLifecycleRules are the rules as the bucket itself has them.
func bucketLifecycleRules(out *s3.GetBucketLifecycleConfigurationOutput) []any {
	rules := make([]any, len(out.Rules))
	for i, r := range out.Rules {
		d := newDocument()
		d.set("id", aws.ToString(r.ID))
		d.set("enabled", r.Status == types.ExpirationStatusEnabled)
		prefix, tags := ruleFilter(r)
		d.set("prefix", prefix)
		d.set("tags", tags)
		d.set("expiration", expiration(r.Expiration))
		if a := r.AbortIncompleteMultipartUpload; a != nil {
			d.set("abortIncompleteMultipartUploadDays", int(aws.ToInt32(a.DaysAfterInitiation)))
		}
		d.set("transitions", transitions(r.Transitions))
		if n := r.NoncurrentVersionExpiration; n != nil {
			d.set("noncurrentVersionExpiration", map[string]any{"days": int(aws.ToInt32(n.NoncurrentDays))})
		}
		var later []any
		for _, t := range r.NoncurrentVersionTransitions {
			later = append(later, map[string]any{"days": int(aws.ToInt32(t.NoncurrentDays)), "storageClass": string(t.StorageClass)})
		}
		d.set("noncurrentVersionTransitions", later)
		rules[i] = d.properties
	}
	return rules
}

// ruleFilter is what the bucket's own rules can say of a filter: a prefix and tags.
func ruleFilter(r types.LifecycleRule) (prefix string, tags map[string]any) {
	prefix = aws.ToString(r.Prefix)
	f := r.Filter
	if f == nil {
		return prefix, nil
	}
	if f.Prefix != nil {
		prefix = *f.Prefix
	}
	if f.Tag != nil {
		tags = s3Tags([]types.Tag{*f.Tag})
	}
	if f.And != nil {
		prefix, tags = aws.ToString(f.And.Prefix), s3Tags(f.And.Tags)
	}
	return prefix, tags
}

// lifecycleRules are the rules of the resource of its own.
func lifecycleRules(out *s3.GetBucketLifecycleConfigurationOutput) []any {
	rules := make([]any, len(out.Rules))
	for i, r := range out.Rules {
		d := newDocument()
		d.set("id", aws.ToString(r.ID))
		d.set("status", string(r.Status))
		d.set("prefix", aws.ToString(r.Prefix))
		d.set("filter", lifecycleFilter(r.Filter))
		d.set("expiration", expiration(r.Expiration))
		if a := r.AbortIncompleteMultipartUpload; a != nil {
			d.set("abortIncompleteMultipartUpload", map[string]any{"daysAfterInitiation": int(aws.ToInt32(a.DaysAfterInitiation))})
		}
		d.set("transitions", transitions(r.Transitions))
		if n := r.NoncurrentVersionExpiration; n != nil {
			d.set("noncurrentVersionExpiration", noncurrent(n.NoncurrentDays, n.NewerNoncurrentVersions, ""))
		}
		var later []any
		for _, t := range r.NoncurrentVersionTransitions {
			later = append(later, noncurrent(t.NoncurrentDays, t.NewerNoncurrentVersions, t.StorageClass))
		}
		d.set("noncurrentVersionTransitions", later)
		rules[i] = d.properties
	}
	return rules
}

func lifecycleFilter(f *types.LifecycleRuleFilter) map[string]any {
	if f == nil {
		return nil
	}
	d := newDocument()
	d.set("prefix", aws.ToString(f.Prefix))
	setSizes(d, f.ObjectSizeGreaterThan, f.ObjectSizeLessThan)
	if f.Tag != nil {
		d.set("tag", map[string]any{"key": aws.ToString(f.Tag.Key), "value": aws.ToString(f.Tag.Value)})
	}
	if f.And != nil {
		and := newDocument()
		and.set("prefix", aws.ToString(f.And.Prefix))
		setSizes(and, f.And.ObjectSizeGreaterThan, f.And.ObjectSizeLessThan)
		and.set("tags", s3Tags(f.And.Tags))
		d.set("and", and.properties)
	}
	return d.properties
}

func setSizes(d *document, greater, less *int64) {
	if greater != nil {
		d.set("objectSizeGreaterThan", int(*greater))
	}
	if less != nil {
		d.set("objectSizeLessThan", int(*less))
	}
}

func noncurrent(days, newer *int32, class types.TransitionStorageClass) map[string]any {
	m := map[string]any{"noncurrentDays": int(aws.ToInt32(days))}
	if newer != nil {
		m["newerNoncurrentVersions"] = int(*newer)
	}
	if class != "" {
		m["storageClass"] = string(class)
	}
	return m
}

func expiration(e *types.LifecycleExpiration) map[string]any {
	if e == nil {
		return nil
	}
	m := when(e.Date, e.Days)
	if e.ExpiredObjectDeleteMarker != nil {
		m["expiredObjectDeleteMarker"] = *e.ExpiredObjectDeleteMarker
	}
	return m
}

func transitions(list []types.Transition) []any {
	var out []any
	for _, t := range list {
		m := when(t.Date, t.Days)
		m["storageClass"] = string(t.StorageClass)
		out = append(out, m)
	}
	return out
}

func when(date *time.Time, days *int32) map[string]any {
	m := map[string]any{}
	if date != nil {
		m["date"] = date.UTC().Format(time.RFC3339)
	}
	if days != nil {
		m["days"] = int(*days)
	}
	return m
}

func s3Tags(list []types.Tag) map[string]any {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}
