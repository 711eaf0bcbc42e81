package awsfake

import (
	"fmt"
	"strconv"
	"strings"
)

// All services are in the first cluster; each family of task definitions has one
// revision.
var ecsOperations = map[string]jsonOperation{
	"ListClusters": func(q *request, in input) (any, *fault) {
		return q.ecsPage(in, "ecsCluster", "clusterArns", q.clusterARN)
	},
	"ListServices": func(q *request, in input) (any, *fault) {
		i, ok := q.ecsIndex(in.text("cluster"), "cluster-", "ecsCluster")
		switch {
		case !ok:
			return nil, &fault{status: 400, code: "ClusterNotFoundException", message: "Cluster not found."}
		case i != 0:
			return map[string]any{"serviceArns": []any{}}, nil
		}
		return q.ecsPage(in, "ecsService", "serviceArns", q.serviceARN)
	},
	"ListTaskDefinitions": func(q *request, in input) (any, *fault) {
		return q.ecsPage(in, "taskDefinition", "taskDefinitionArns", q.definitionARN)
	},
	"DescribeClusters": func(q *request, in input) (any, *fault) {
		return q.ecsDescribe(in.list("clusters"), 100, "cluster-", "ecsCluster", "clusters", q.ecsCluster)
	},
	"DescribeServices": func(q *request, in input) (any, *fault) {
		if i, ok := q.ecsIndex(in.text("cluster"), "cluster-", "ecsCluster"); !ok || i != 0 {
			return nil, &fault{status: 400, code: "ClusterNotFoundException", message: "Cluster not found."}
		}
		return q.ecsDescribe(in.list("services"), 10, "service-", "ecsService", "services", q.ecsService)
	},
	"DescribeTaskDefinition": func(q *request, in input) (any, *fault) {
		i, ok := q.ecsIndex(in.text("taskDefinition"), "family-", "taskDefinition")
		if !ok {
			return nil, &fault{status: 400, code: "ClientException", message: "Unable to describe task definition."}
		}
		return map[string]any{"taskDefinition": q.taskDefinition(i), "tags": ecsTags}, nil
	},
}

var ecsTags = []any{map[string]any{"key": "owner", "value": "team"}}

func (q *request) ecsARN(kind, name string) string {
	return "arn:aws:ecs:" + q.region + ":" + q.pop.AccountID + ":" + kind + "/" + name
}

func (q *request) clusterARN(i int) string {
	return q.ecsARN("cluster", fmt.Sprintf("cluster-%06d", i))
}

func (q *request) serviceARN(i int) string {
	return q.ecsARN("service", fmt.Sprintf("cluster-000000/service-%06d", i))
}

func (q *request) definitionARN(i int) string {
	return q.ecsARN("task-definition", fmt.Sprintf("family-%06d:1", i))
}

// ecsIndex is the index in a name or ARN; ok is false when there is none such.
func (q *request) ecsIndex(id, prefix, kind string) (i int, ok bool) {
	name := id[strings.LastIndexByte(id, '/')+1:]
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, prefix), ":1"))
	return n, err == nil && n < q.pop.more(kind) && !q.gone(name)
}

// ecsPage lists at most 100 ARNs.
func (q *request) ecsPage(in input, kind, field string, arn func(int) string) (any, *fault) {
	if in.number("maxResults") > 100 {
		return nil, &fault{status: 400, code: "InvalidParameterException", message: "maxResults is over 100"}
	}
	from, to, next := q.window(in.text("nextToken"), in.number("maxResults"), 100, q.pop.more(kind))
	arns := []any{}
	for i := from; i < to; i++ {
		if a := arn(i); !q.gone(a[strings.LastIndexByte(a, '/')+1:]) {
			arns = append(arns, a)
		}
	}
	return paged(map[string]any{field: arns}, "nextToken", next), nil
}

// ecsDescribe answers for what exists and says what is missing.
func (q *request) ecsDescribe(ids []string, most int, prefix, kind, field string, describe func(int) any) (any, *fault) {
	if len(ids) == 0 || len(ids) > most {
		return nil, &fault{status: 400, code: "InvalidParameterException", message: fmt.Sprintf("%d %s", len(ids), field)}
	}
	found, failures := []any{}, []any{}
	for _, id := range ids {
		if i, ok := q.ecsIndex(id, prefix, kind); ok {
			found = append(found, describe(i))
		} else {
			failures = append(failures, map[string]any{"arn": id, "reason": "MISSING"})
		}
	}
	return map[string]any{field: found, "failures": failures}, nil
}

func (q *request) ecsCluster(i int) any {
	insights := "enabled"
	if i%3 == 1 || q.touched(fmt.Sprintf("cluster-%06d", i)) {
		insights = "disabled"
	}
	return map[string]any{
		"clusterArn": q.clusterARN(i), "clusterName": fmt.Sprintf("cluster-%06d", i), "status": "ACTIVE", "tags": ecsTags,
		"settings": []any{map[string]any{"name": "containerInsights", "value": insights}},
	}
}

func (q *request) ecsService(i int) any {
	public, name := "DISABLED", fmt.Sprintf("service-%06d", i)
	if i%4 == 0 || q.touched(name) {
		public = "ENABLED"
	}
	return map[string]any{
		"serviceArn": q.serviceARN(i), "serviceName": name, "clusterArn": q.clusterARN(0), "status": "ACTIVE", "desiredCount": 1, "launchType": "FARGATE",
		"platformVersion": "LATEST", "schedulingStrategy": "REPLICA",
		"deploymentConfiguration": map[string]any{"strategy": "ROLLING", "maximumPercent": 200, "minimumHealthyPercent": 100},
		"deployments":             []any{map[string]any{"status": "PRIMARY", "taskDefinition": q.definitionARN(0)}},
		"taskDefinition":          q.definitionARN(0), "tags": ecsTags,
		"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{
			"subnets": []string{q.ec2ID(subnets, 0)}, "securityGroups": []string{q.ec2ID(securityGroups, 0)}, "assignPublicIp": public,
		}},
	}
}

func (q *request) taskDefinition(i int) any {
	name := fmt.Sprintf("family-%06d", i)
	memory := "512"
	if q.touched(name + ":1") {
		memory = "1024"
	}
	return map[string]any{
		"taskDefinitionArn": q.definitionARN(i), "family": name, "revision": 1, "status": "ACTIVE", "cpu": "256", "memory": memory, "networkMode": "awsvpc",
		"requiresCompatibilities": []string{"FARGATE"}, "compatibilities": []string{"EC2", "FARGATE"}, "executionRoleArn": q.iamArn("role", "app"),
		"containerDefinitions": []any{map[string]any{
			"name": "app", "image": "app:1", "cpu": 0, "essential": true, "privileged": i%5 == 4, "readonlyRootFilesystem": i%2 == 0,
			"environment": []any{map[string]any{"name": "TABLE", "value": "orders"}}, "portMappings": []any{}, "mountPoints": []any{}, "volumesFrom": []any{},
		}},
	}
}
