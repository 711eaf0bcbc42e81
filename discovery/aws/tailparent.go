package aws

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// tailDepth is how many parents a list may have one above the other.
const tailDepth = 3

// children lists a type for each of its parents.
func (t *tailRun) children(ctx context.Context, o offer, keys []string, fn func(context.Context, tailResource) error) error {
	if models := t.models(o.name, keys); models != nil {
		return t.listEach(ctx, o, models, fn)
	}
	depth, _ := ctx.Value(depthKey{}).(int)
	parent, ok := t.parentOf(o.name, keys)
	if !ok || depth == tailDepth {
		return unlistable("needs ResourceModel " + strings.Join(keys, ", "))
	}
	// A parent's list that fails leaves the children unknown; one child's list only its own.
	var kept firstError
	err := t.each(context.WithValue(ctx, depthKey{}, depth+1), parent.offer, func(ctx context.Context, d tailResource) error {
		model, err := t.model(ctx, parent, keys, d)
		if err != nil || model == nil {
			return kept.keep(ctx, err)
		}
		err = t.list(ctx, o, model, fn)
		if isNotFound(err, "ResourceNotFoundException") {
			return nil // the parent was deleted just now
		}
		return kept.keep(ctx, err)
	})
	if _, not := errors.AsType[unlistable](err); not {
		return unlistable("needs ResourceModel " + strings.Join(keys, ", ") + " of " + parent.name + ", which cannot be listed")
	}
	return kept.or(err)
}

type depthKey struct{}

// firstError is that of the first of several lists that failed.
type firstError struct {
	mu  sync.Mutex
	err error
}

// keep notes a listError and gives back any other error, among them that of the context:
// what it cut off looks failed.
func (f *firstError) keep(ctx context.Context, err error) error {
	if _, ok := errors.AsType[listError](err); !ok {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
	return nil
}

func (f *firstError) or(err error) error {
	if err != nil {
		return err
	}
	return f.err
}

// listEach lists a type for models that are known.
func (t *tailRun) listEach(ctx context.Context, o offer, models []map[string]any, fn func(context.Context, tailResource) error) error {
	var kept firstError
	for _, m := range models {
		if err := kept.keep(ctx, t.list(ctx, o, m, fn)); err != nil {
			return err
		}
	}
	return kept.or(nil)
}

// chosen are keys of lists whose values are few and known.
var chosen = map[string][]string{
	"AWS::OpenSearchServerless::AccessPolicy.Type":                {"data"},
	"AWS::OpenSearchServerless::LifecyclePolicy.Type":             {"retention"},
	"AWS::OpenSearchServerless::SecurityConfig.Type":              {"saml", "iamidentitycenter", "iamfederation"},
	"AWS::OpenSearchServerless::SecurityPolicy.Type":              {"encryption", "network"},
	"AWS::Organizations::Policy.Type":                             {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY", "AISERVICES_OPT_OUT_POLICY"},
	"AWS::Logs::AccountPolicy.PolicyType":                         {"DATA_PROTECTION_POLICY", "SUBSCRIPTION_FILTER_POLICY", "FIELD_INDEX_POLICY", "TRANSFORMER_POLICY"},
	"AWS::Rbin::Rule.ResourceType":                                {"EBS_SNAPSHOT", "EC2_IMAGE", "EBS_VOLUME"},
	"AWS::ApplicationAutoScaling::ScalingPolicy.ServiceNamespace": {"ecs", "elasticmapreduce", "ec2", "appstream", "dynamodb", "rds", "sagemaker", "custom-resource", "comprehend", "lambda", "cassandra", "kafka", "elasticache", "neptune", "workspaces"},
}

// models are those of lists that need no parent; nil for others.
func (t *tailRun) models(name string, keys []string) (list []map[string]any) {
	if len(keys) != 1 {
		return nil
	}
	key := keys[0]
	values := chosen[name+"."+key]
	switch {
	case cfn.Service(name) == "WAFv2" && key == "Scope":
		values = []string{"REGIONAL"}
		if t.r.region == homeRegion(t.r.in(t.r.region).partition) {
			values = append(values, "CLOUDFRONT") // which only this region has
		}
	case key == "AwsAccountId":
		values = []string{t.r.in(t.r.region).awsAccount}
	}
	for _, v := range values {
		list = append(list, map[string]any{key: v})
	}
	return list
}

// parent is a type whose resources give the keys of a list: by their identifier, or by
// a property.
type parent struct {
	offer

	property string // "" for the identifier
}

// parentOf finds the parent among the types of the same service that the region offers: one
// that is identified by the keys, or, for "ClusterName", one that is called Cluster.
func (t *tailRun) parentOf(name string, keys []string) (parent, bool) {
	var found []parent
	for _, o := range t.r.registry.siblings(t.r.session(name), cfn.Service(name)) {
		typ := cfn.Lookup(o.name)
		if o.name == name || typ == nil || o.unprovisionable {
			continue
		}
		if property, ok := gives(typ, keys); ok {
			found = append(found, parent{o, property})
		}
	}
	if len(found) == 0 {
		return parent{}, false
	}
	// A key may identify what hangs off the parent, too: that has a longer name.
	return slices.MinFunc(found, func(a, b parent) int { return len(a.name) - len(b.name) }), true
}

// gives tells how a type gives the keys, if it does.
func gives(typ *cfn.Type, keys []string) (property string, ok bool) {
	plain := []string{"Id", "Arn", "Name", "Identifier"}
	if len(keys) == 1 && slices.Contains(plain, keys[0]) {
		return "", false // of anything
	}
	if len(typ.ID) == len(keys) && !slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(typ.ID, k) }) {
		return "", true
	}
	kind := typ.Name[strings.LastIndexByte(typ.Name, ':')+1:]
	if len(keys) != 1 || len(typ.ID) != 1 {
		return "", false
	}
	suffix, named := strings.CutPrefix(keys[0], kind)
	has := func(p string) bool { return slices.Contains(typ.Properties, p) || slices.Contains(typ.Attributes, p) }
	switch {
	case !named || suffix != "" && !slices.Contains(plain, suffix):
		return "", false
	case suffix == "" || suffix == "Identifier" || typ.ID[0] == suffix:
		return "", true
	case has(keys[0]):
		return keys[0], true
	case has(suffix):
		return suffix, true
	}
	return "", false
}

// model is what a list is given of a parent; nil for one that does not exist any more.
func (t *tailRun) model(ctx context.Context, p parent, keys []string, d tailResource) (map[string]any, error) {
	if p.property == "" {
		typ, parts := cfn.Lookup(p.name), strings.Split(d.id, "|")
		if len(keys) == 1 {
			return map[string]any{keys[0]: d.id}, nil
		}
		model := map[string]any{}
		for i, name := range typ.ID {
			if i < len(parts) {
				model[name] = parts[i]
			}
		}
		return model, nil
	}
	if _, ok := d.doc[p.property]; !ok {
		full, err := t.get(ctx, p.name, d.id)
		if isNotFound(err, "ResourceNotFoundException") {
			return nil, nil
		}
		if err != nil {
			return nil, listError{ccGet, err}
		}
		d = full
	}
	v, ok := d.doc[p.property].(string)
	if !ok {
		return nil, listError{ccGet, schemas.Errorf(schemas.CodeInternal, "%s of %s is %s", p.property, d.id, notInAnswer)}
	}
	return map[string]any{keys[0]: v}, nil
}
