package awsfake

import (
	"encoding/json"
	"fmt"
	"net/http"
)

var appflowRoutes = []restRoute{
	{"POST /list-flows", "ListFlows", listFlows},
	{"POST /describe-flow", "DescribeFlow", describeFlow},
	{"POST /describe-connector-profiles", "DescribeConnectorProfiles", describeConnectorProfiles},
}

func flowName(i int) string             { return fmt.Sprintf("flow-%06d", i) }
func connectorProfileName(i int) string { return fmt.Sprintf("profile-%06d", i) }

// body is the JSON of a rest-json request.
func (q *request) body() input {
	in := input{}
	_ = json.NewDecoder(q.r.Body).Decode(&in) // without one there is nothing
	return in
}

func (q *request) flowARN(kind, name string) string {
	return "arn:aws:appflow:" + q.region + ":" + q.pop.AccountID + ":" + kind + "/" + name
}

func listFlows(q *request) *fault {
	in, list := q.body(), []any{}
	from, to, next := q.window(in.text("nextToken"), in.number("maxResults"), 100, q.pop.more("flow"))
	q.each(from, to, flowName, func(i int) {
		list = append(list, map[string]any{"flowName": flowName(i), "flowArn": q.flowARN("flow", flowName(i)), "flowStatus": "Active"})
	})
	return q.reply(paged(map[string]any{"flows": list}, "nextToken", next))
}

func describeFlow(q *request) *fault {
	name := q.body().text("flowName")
	if _, ok := q.index(name, "flow-", q.pop.more("flow")); !ok {
		return &fault{status: http.StatusNotFound, code: "ResourceNotFoundException", message: "The request failed because the flow " + name + " does not exist."}
	}
	return q.reply(map[string]any{
		"flowName": name, "flowArn": q.flowARN("flow", name), "description": q.described(name), "flowStatus": "Active",
		"kmsArn": "arn:aws:kms:" + q.region + ":" + q.pop.AccountID + ":key/k", "tags": map[string]any{"owner": "team"}, "triggerConfig": map[string]any{"triggerType": "OnDemand"},
		"sourceFlowConfig":          map[string]any{"connectorType": "S3", "sourceConnectorProperties": map[string]any{"S3": map[string]any{"bucketName": "source"}}},
		"destinationFlowConfigList": []any{map[string]any{"connectorType": "S3", "destinationConnectorProperties": map[string]any{"S3": map[string]any{"bucketName": "target"}}}},
		"tasks":                     []any{map[string]any{"sourceFields": []any{"a"}, "taskType": "Map", "destinationField": "b", "connectorOperator": map[string]any{"S3": "NO_OP"}}},
	})
}

func describeConnectorProfiles(q *request) *fault {
	in, list := q.body(), []any{}
	item := func(i int) {
		name := connectorProfileName(i)
		label := "label"
		if q.touched(name) {
			label = "changed"
		}
		list = append(list, map[string]any{
			"connectorProfileName": name, "connectorProfileArn": q.flowARN("connectorprofile", name), "connectorType": "CustomConnector", "connectionMode": "Public",
			"connectorLabel": label, "credentialsArn": "arn:aws:secretsmanager:" + q.region + ":" + q.pop.AccountID + ":secret:s",
		})
	}
	if names := in.list("connectorProfileNames"); len(names) > 0 {
		for _, name := range names {
			if i, ok := q.index(name, "profile-", q.pop.more("connectorProfile")); ok {
				item(i)
			}
		}
		return q.reply(map[string]any{"connectorProfileDetails": list})
	}
	from, to, next := q.window(in.text("nextToken"), in.number("maxResults"), 100, q.pop.more("connectorProfile"))
	q.each(from, to, connectorProfileName, item)
	return q.reply(paged(map[string]any{"connectorProfileDetails": list}, "nextToken", next))
}
