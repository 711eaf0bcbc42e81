package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// tailResource is a resource as Cloud Control returned it.
type tailResource struct {
	id  string
	doc map[string]any
}

func tailResourceOf(d *types.ResourceDescription) (tailResource, error) {
	out := tailResource{id: aws.ToString(d.Identifier)}
	if text := aws.ToString(d.Properties); text != "" {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&out.doc); err != nil {
			return out, fmt.Errorf("properties of %s: %w", out.id, err)
		}
		out.doc, _ = plainNumbers(out.doc).(map[string]any)
	}
	return out, nil
}

// plainNumbers keeps whole numbers whole.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for k, e := range v {
			v[k] = plainNumbers(e)
		}
	case []any:
		for i, e := range v {
			v[i] = plainNumbers(e)
		}
	}
	return v
}

// each calls fn for every resource of a type that lists give, concurrently. Its error is
// unlistable, a listError, or one of fn.
func (t *tailRun) each(ctx context.Context, o offer, fn func(context.Context, tailResource) error) error {
	s := t.r.session(o.name)
	known := t.r.registry.known(ctx, s, o)
	if known == nil {
		// Most types are listed as they are, and most have no resources: their schemas are not needed.
		err := t.list(ctx, o, nil, fn)
		if !wantsOther(err) {
			return err
		}
		if known, err = t.r.registry.describe(ctx, s, o); err != nil {
			return err
		}
		if known.Listable && len(known.Keys) == 0 {
			return err
		}
	}
	switch {
	case !known.Listable:
		return unlistable("CloudFormation has no list handler of the type")
	case len(known.Keys) == 0:
		return t.list(ctx, o, nil, fn)
	}
	return t.children(ctx, o, known.Keys, fn)
}

// wantsOther tells of a list that the type does not have, or has only for a parent.
func wantsOther(err error) bool {
	return isNotFound(err, "UnsupportedActionException", "InvalidRequestException") && !handlerRefused(err)
}

// list reads the pages of a list, for a parent if there is a model.
func (t *tailRun) list(ctx context.Context, o offer, model map[string]any, fn func(context.Context, tailResource) error) error {
	in := &cloudcontrol.ListResourcesInput{TypeName: &o.name}
	if model != nil {
		in.ResourceModel = aws.String(encode(model))
	}
	p := cloudcontrol.NewListResourcesPaginator(t.r.session(o.name).cloudcontrol(), in)
	return pages(ctx, p, func(out *cloudcontrol.ListResourcesOutput) error {
		return parallel(ctx, detailParallel, out.ResourceDescriptions, func(ctx context.Context, d types.ResourceDescription) error {
			found, err := tailResourceOf(&d)
			if err != nil {
				return listError{err: err}
			}
			return fn(ctx, found)
		})
	})
}

func (t *tailRun) get(ctx context.Context, name, id string) (tailResource, error) {
	out, err := t.r.session(name).cloudcontrol().GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: &name, Identifier: &id})
	if err != nil {
		return tailResource{id: id}, err
	}
	if out.ResourceDescription == nil {
		return tailResource{id: id}, errors.New(notInAnswer)
	}
	d, err := tailResourceOf(out.ResourceDescription)
	d.id = id // as the list has it, which is the key
	return d, err
}

// resource emits one that a list gave, with what a direct read says of it where the list
// does not say everything.
func (t *tailRun) resource(ctx context.Context, o offer, d tailResource) error {
	if ownedByAWS(d.id) {
		return nil
	}
	s, token := t.r.session(o.name), cfn.Token(o.name)
	known, err := t.r.registry.describe(ctx, s, o)
	if err != nil {
		return err
	}
	f := facet{state: schemas.FacetPresent, call: ccGet}
	if !t.r.registry.listed(s, o.name) {
		full, err := t.get(ctx, o.name, d.id)
		switch {
		case isNotFound(err, "ResourceNotFoundException"):
			return nil // deleted just now
		case err == nil:
			t.r.registry.compared(ctx, s, o.name, reflect.DeepEqual(full.doc, d.doc))
			d = full
		default:
			f = tailFacet(err)
		}
	}
	return t.emit(ctx, projectTail(t.r.unitRegion, token, cfn.Lookup(o.name), known, d, f))
}

// verify reads a key directly and emits what is there.
func (t *tailRun) verify(ctx context.Context, name string, k schemas.Key) (there bool, err error) {
	d, err := t.get(ctx, name, k.ID)
	if isNotFound(err, "ResourceNotFoundException") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s of %s: %w", ccGet, k, err)
	}
	known, err := t.r.registry.describe(ctx, t.r.session(name), offer{name: name})
	if err != nil {
		return false, err
	}
	return true, t.emit(ctx, projectTail(k.Region, k.Type, cfn.Lookup(name), known, d, facet{state: schemas.FacetPresent}))
}

// tailFacet is what a failed read leaves of what the list did not say.
func tailFacet(err error) facet {
	f := facetOf(ccGet, err)
	if action := refusedAction(err); action != "" {
		f.call = action
	}
	return f
}

// ownedByAWS tells the ARN of a thing of AWS's own, which no customer can change.
func ownedByAWS(id string) bool {
	p := strings.Split(id, ":")
	return len(p) > 5 && p[0] == "arn" && p[4] == "aws"
}

// unlistable is why a type cannot be listed.
type unlistable string

func (u unlistable) Error() string { return string(u) }
