package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// tagCall reads the tags of a hundred resources of any service at once, where the
// service itself would take a call for each.
var tagCall = call{"tag:GetResources", "tags", tagPage}

// tagPage is how many ARNs one GetResources takes.
const tagPage = 100

// tagsByARN asks the Tagging API for the tags of resources in the session's
// region. A resource that is not in the map has none; nothing is known of any
// when the facet is not present.
func tagsByARN(ctx context.Context, s *session, arns []string) (map[string]map[string]any, facet) {
	return tagsIn(ctx, s, s.region, arns)
}

// tagsIn is tagsByARN for resources of another region.
func tagsIn(ctx context.Context, s *session, region string, arns []string) (map[string]map[string]any, facet) {
	c := client(s, "tagging/"+region, func(c aws.Config) *resourcegroupstaggingapi.Client {
		return resourcegroupstaggingapi.NewFromConfig(c, func(o *resourcegroupstaggingapi.Options) { o.Region = region })
	})
	tags := map[string]map[string]any{}
	for chunk := range slices.Chunk(arns, tagPage) {
		p := resourcegroupstaggingapi.NewGetResourcesPaginator(c, &resourcegroupstaggingapi.GetResourcesInput{ResourceARNList: chunk})
		err := pages(ctx, p, func(out *resourcegroupstaggingapi.GetResourcesOutput) error {
			for _, r := range out.ResourceTagMappingList {
				tags[aws.ToString(r.ResourceARN)] = tagMap(r.Tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
			}
			return nil
		})
		if err != nil {
			return nil, facetOf(tagCall.action, err)
		}
	}
	return tags, facet{state: schemas.FacetPresent, call: tagCall.action}
}

// tagMap makes Pulumi's tags of a service's list of them.
func tagMap[T any](list []T, of func(T) (key, value *string)) map[string]any {
	tags := make(map[string]any, len(list))
	for _, t := range list {
		k, v := of(t)
		tags[aws.ToString(k)] = aws.ToString(v)
	}
	return tags
}
