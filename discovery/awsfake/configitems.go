package awsfake

import (
	"encoding/json"
	"strings"
	"unicode"
)

// recordedItem is what AWS Config has of a resource: its configuration, in Describe's names with a
// small initial, and the parts that Describe does not give, each encoded by itself. Of those it has
// what the published schema lists (awslabs/aws-config-resource-schema), and the policies that
// recorded items show (cloud-custodian/cloud-custodian, tests/data).
type recordedItem struct {
	name, arn     string
	configuration any
	supplementary map[string]any
}

// recordedTypes make items by id; nil for what does not exist.
var recordedTypes = map[string]func(q *request, id string) *recordedItem{
	"AWS::DynamoDB::Table": recordedTable, "AWS::ECR::Repository": recordedRepository, "AWS::EFS::FileSystem": recordedFileSystem,
	"AWS::ElasticLoadBalancingV2::LoadBalancer": recordedLoadBalancer, "AWS::KMS::Key": recordedKey, "AWS::Lambda::Function": recordedFunction,
	"AWS::RDS::DBClusterSnapshot": recordedClusterSnapshot, "AWS::RDS::DBSnapshot": recordedSnapshot, "AWS::S3::Bucket": recordedBucket,
	"AWS::SNS::Topic": recordedTopic, "AWS::SQS::Queue": recordedQueue,
}

// batchGetResourceConfig answers for at most 100 resources. Those that it does not know, or that
// are not recorded, are unprocessed.
func batchGetResourceConfig(q *request, in input) (any, *fault) {
	keys, _ := in["resourceKeys"].([]any)
	if len(keys) < 1 || len(keys) > 100 {
		return nil, &fault{status: 400, code: "ValidationException", message: "resourceKeys must have 1 to 100 members"}
	}
	if len(q.eachRecorder(func(string) any { return nil })) == 0 {
		return nil, &fault{status: 400, code: "NoAvailableConfigurationRecorderException", message: "Configuration recorder is not available"}
	}
	q.recorded = true
	items, rest := []any{}, []any{}
	for _, k := range keys {
		key, _ := k.(map[string]any)
		kind, id := input(key).text("resourceType"), input(key).text("resourceId")
		if item := q.item(kind, id); item != nil {
			items = append(items, item)
		} else {
			rest = append(rest, k)
		}
	}
	return map[string]any{"baseConfigurationItems": items, "unprocessedResourceKeys": rest}, nil
}

func (q *request) item(kind, id string) any {
	of := recordedTypes[kind]
	if of == nil {
		return nil
	}
	i := of(q, id)
	if i == nil {
		return nil
	}
	more := map[string]string{}
	for name, v := range i.supplementary {
		if text, ok := v.(string); ok { // a document is as it is
			more[name] = text
		} else {
			more[name] = encode(v)
		}
	}
	return map[string]any{
		"version": "1.3", "accountId": q.pop.AccountID, "configurationItemCaptureTime": q.faults.since.Unix() - 60, "configurationItemStatus": "OK",
		"configurationStateId": "1735689600000", "arn": i.arn, "resourceType": kind, "resourceId": id, "resourceName": i.name, "awsRegion": q.region,
		"availabilityZone": "Regional", "configuration": encode(i.configuration), "supplementaryConfiguration": more,
	}
}

func encode(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // of maps and texts only
	}
	return string(raw)
}

// describe is the answer of an operation as items have it; nil for an error.
func (q *request) describe(op jsonOperation, in input, member string) map[string]any {
	answer, f := op(q, in)
	if f != nil {
		return nil
	}
	v, _ := answer.(map[string]any)[member].(map[string]any)
	return small(v)
}

// small has the initials of names small, and those of abbreviations: "awsaccountId", "functionName".
func small(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		if strings.HasPrefix(name, "AWS") {
			name = "aws" + strings.ToLower(name[3:4]) + name[4:]
		}
		r := []rune(name)
		r[0] = unicode.ToLower(r[0])
		if child, ok := v.(map[string]any); ok {
			v = small(child)
		}
		out[string(r)] = v
	}
	return out
}
