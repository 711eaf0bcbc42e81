package awsfake

import (
	"fmt"
	"net/http"
	"strings"
)

// Both generations sign with one name; the second is below /v2.
var apigatewayRoutes = []restRoute{
	{"GET /restapis", "GetRestApis", func(q *request) *fault {
		return q.apiPage("restApi", "item", "position", "limit", restAPIID, q.restAPI)
	}},
	{"GET /restapis/{id}", "GetRestApi", func(q *request) *fault { return q.apiItem("restApi", "restapi", restAPIID, q.restAPI) }},
	{"GET /restapis/{id}/stages", "GetStages", func(q *request) *fault {
		return q.apiItem("restApi", "restapi", restAPIID, func(i int) map[string]any { return map[string]any{"item": []any{q.restStage(i)}} })
	}},
	{"GET /restapis/{id}/stages/{name}", "GetStage", func(q *request) *fault {
		if q.r.PathValue("name") != "prod" {
			return noAPI("stage")
		}
		return q.apiItem("restApi", "restapi", restAPIID, q.restStage)
	}},
	{"GET /domainnames", "GetDomainNames", func(q *request) *fault {
		return q.apiPage("domainName", "item", "position", "limit", apiDomain, q.restDomain)
	}},
	{"GET /domainnames/{id}", "GetDomainName", func(q *request) *fault { return q.apiItem("domainName", "domain", apiDomain, q.restDomain) }},
	{"GET /v2/apis", "GetApis", func(q *request) *fault {
		return q.apiPage("httpApi", "items", "nextToken", "maxResults", httpAPIID, q.httpAPI)
	}},
	{"GET /v2/apis/{id}", "GetApi", func(q *request) *fault { return q.apiItem("httpApi", "httpapi", httpAPIID, q.httpAPI) }},
	{"GET /v2/apis/{id}/stages", "GetStages", func(q *request) *fault {
		return q.apiItem("httpApi", "httpapi", httpAPIID, func(i int) map[string]any { return map[string]any{"items": []any{q.httpStage(i)}} })
	}},
	{"GET /v2/apis/{id}/stages/{name}", "GetStage", func(q *request) *fault {
		if q.r.PathValue("name") != "$default" {
			return noAPI("stage")
		}
		return q.apiItem("httpApi", "httpapi", httpAPIID, q.httpStage)
	}},
	{"GET /v2/domainnames", "GetDomainNames", func(q *request) *fault {
		return q.apiPage("domainName", "items", "nextToken", "maxResults", apiDomain, q.httpDomain)
	}},
	{"GET /v2/domainnames/{id}", "GetDomainName", func(q *request) *fault { return q.apiItem("domainName", "domain", apiDomain, q.httpDomain) }},
}

func restAPIID(i int) string { return fmt.Sprintf("restapi-%06d", i) }
func httpAPIID(i int) string { return fmt.Sprintf("httpapi-%06d", i) }
func apiDomain(i int) string { return fmt.Sprintf("domain-%06d", i) }

func noAPI(what string) *fault {
	return &fault{status: http.StatusNotFound, code: "NotFoundException", message: "Invalid " + what + " identifier specified"}
}

func (q *request) apiPage(kind, items, token, size string, id func(int) string, item func(int) map[string]any) *fault {
	form, list, most := q.r.URL.Query(), []any{}, 500
	if size == "maxResults" { // the second generation publishes none
		most = 100
	}
	if number(form.Get(size)) > most {
		return &fault{status: http.StatusBadRequest, code: "BadRequestException", message: "Invalid limit"}
	}
	from, to, next := q.window(form.Get(token), number(form.Get(size)), most, q.pop.more(kind))
	q.each(from, to, id, func(i int) { list = append(list, item(i)) })
	return q.reply(paged(map[string]any{items: list}, token, next))
}

func (q *request) apiItem(kind, prefix string, id func(int) string, item func(int) map[string]any) *fault {
	name := q.r.PathValue("id")
	i, ok := q.index(name, prefix+"-", q.pop.more(kind))
	if !ok || id(i) != name {
		return noAPI(kind)
	}
	return q.reply(item(i))
}

// described is how a changed resource differs.
func (q *request) described(id string) string {
	if q.touched(id) {
		return "changed"
	}
	return "made by awsfake"
}

// Every second API has a policy, with the quotes as API Gateway writes them.
func (q *request) restAPI(i int) map[string]any {
	a := map[string]any{
		"id": restAPIID(i), "name": "api-" + restAPIID(i), "description": q.described(restAPIID(i)), "createdDate": 1735689600, "apiKeySource": "HEADER",
		"disableExecuteApiEndpoint": i%3 == 0, "endpointConfiguration": map[string]any{"types": []any{"REGIONAL"}, "ipAddressType": "ipv4"},
		"tags": map[string]any{"owner": "team"}, "rootResourceId": "root",
	}
	if i%2 == 0 {
		const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}]}`
		a["policy"] = strings.ReplaceAll(policy, `"`, `\"`)
	}
	return a
}

func (q *request) restStage(i int) map[string]any {
	return map[string]any{
		"stageName": "prod", "deploymentId": "dep", "description": q.described(restAPIID(i)), "createdDate": 1735689600, "cacheClusterEnabled": i%2 == 0,
		"cacheClusterSize": "0.5", "cacheClusterStatus": "AVAILABLE", "tracingEnabled": i%2 == 0, "tags": map[string]any{"owner": "team"},
		"methodSettings": map[string]any{"*/*": map[string]any{
			"cachingEnabled": true, "cacheDataEncrypted": i%2 == 0, "cacheTtlInSeconds": 300, "metricsEnabled": true, "dataTraceEnabled": false,
			"loggingLevel": "INFO", "throttlingBurstLimit": 5000, "throttlingRateLimit": 10000.0, "requireAuthorizationForCacheControl": true,
			"unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
		}},
	}
}

func (q *request) restDomain(i int) map[string]any {
	policy := []string{"TLS_1_2", "TLS_1_0"}[i%2]
	return map[string]any{
		"domainName": apiDomain(i), "domainNameArn": "arn:aws:apigateway:" + q.region + "::/domainnames/" + apiDomain(i), "domainNameStatus": "AVAILABLE",
		"securityPolicy": policy, "endpointConfiguration": map[string]any{"types": []any{"REGIONAL"}, "ipAddressType": "ipv4"},
		"regionalCertificateArn": "arn:aws:acm:" + q.region + ":" + q.pop.AccountID + ":certificate/1", "regionalDomainName": "d.execute-api.test",
		"tags": map[string]any{"owner": q.described(apiDomain(i))},
	}
}

func (q *request) httpAPI(i int) map[string]any {
	return map[string]any{
		"apiId": httpAPIID(i), "name": "api-" + httpAPIID(i), "description": q.described(httpAPIID(i)), "createdDate": "2025-01-01T00:00:00Z",
		"protocolType": "HTTP", "routeSelectionExpression": "$request.method $request.path", "disableExecuteApiEndpoint": false, "ipAddressType": "ipv4",
		"apiEndpoint": "https://" + httpAPIID(i) + ".execute-api.test", "apiKeySelectionExpression": "$request.header.x-api-key", "tags": map[string]any{"owner": "team"},
	}
}

// Every second stage logs its accesses.
func (q *request) httpStage(i int) map[string]any {
	v := map[string]any{
		"stageName": "$default", "description": q.described(httpAPIID(i)), "createdDate": "2025-01-01T00:00:00Z", "autoDeploy": true,
		"defaultRouteSettings": map[string]any{"detailedMetricsEnabled": false}, "tags": map[string]any{"owner": "team"},
	}
	if i%2 == 0 {
		v["accessLogSettings"] = map[string]any{"destinationArn": "arn:aws:logs:" + q.region + ":" + q.pop.AccountID + ":log-group:api", "format": "$context.requestId"}
	}
	return v
}

func (q *request) httpDomain(i int) map[string]any {
	policy := []string{"TLS_1_2", "TLS_1_0"}[i%2]
	return map[string]any{
		"domainName": apiDomain(i), "domainNameArn": "arn:aws:apigateway:" + q.region + "::/domainnames/" + apiDomain(i),
		"domainNameConfigurations": []any{map[string]any{
			"apiGatewayDomainName": "d.execute-api.test", "certificateArn": "arn:aws:acm:" + q.region + ":" + q.pop.AccountID + ":certificate/1",
			"domainNameStatus": "AVAILABLE", "endpointType": "REGIONAL", "hostedZoneId": "Z1", "securityPolicy": policy, "ipAddressType": "ipv4",
		}},
		"tags": map[string]any{"owner": q.described(apiDomain(i))},
	}
}
