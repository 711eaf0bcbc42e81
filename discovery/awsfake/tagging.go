package awsfake

import "strings"

var taggingOperations = map[string]jsonOperation{"GetResources": taggedResources}

// taggedResources answers for the ARNs that are asked for, at most 100.
func taggedResources(q *request, in input) (any, *fault) {
	arns := in.list("ResourceARNList")
	if len(arns) > 100 {
		return nil, &fault{status: 400, code: "InvalidParameterException", message: "ResourceARNList has more than 100 items"}
	}
	list := []any{}
	for _, arn := range arns {
		owner := "team"
		if q.touched(arn[strings.LastIndexAny(arn, ":/")+1:]) {
			owner = "changed"
		}
		list = append(list, map[string]any{"ResourceARN": arn, "Tags": []any{map[string]any{"Key": "owner", "Value": owner}}})
	}
	return map[string]any{"ResourceTagMappingList": list, "PaginationToken": ""}, nil
}
