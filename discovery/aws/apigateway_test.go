package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

const fullRestAPIs = `{"item":[{"id":"a1","name":"orders","description":"d","apiKeySource":"AUTHORIZER","binaryMediaTypes":["b","a"],"disableExecuteApiEndpoint":true,` +
	`"endpointAccessMode":"STRICT","endpointConfiguration":{"types":["PRIVATE"],"vpcEndpointIds":["vpce-2","vpce-1"],"ipAddressType":"dualstack"},` +
	`"minimumCompressionSize":0,"policy":"{\\\"Statement\\\":[]}","securityPolicy":"TLS_1_2","tags":{"owner":"shop","aws:x":"y"}}]}`

const fullRestStages = `{"item":[{"stageName":"prod","deploymentId":"d1","description":"d","clientCertificateId":"c1","documentationVersion":"1","cacheClusterEnabled":true,` +
	`"cacheClusterSize":"1.6","accessLogSettings":{"destinationArn":"arn:l","format":"f"},"canarySettings":{"deploymentId":"d2","percentTraffic":12.5,` +
	`"stageVariableOverrides":{"a":"b"},"useStageCache":true},"variables":{"v":"1"},"tracingEnabled":true,"tags":{"a":"b"},` +
	`"methodSettings":{"~1pets~1{id}/GET":{"cachingEnabled":true,"cacheDataEncrypted":true,"loggingLevel":"ERROR","throttlingRateLimit":1.5}}}]}`

const fullRestDomains = `{"item":[{"domainName":"api.test","domainNameArn":"arn:aws:apigateway:us-east-1:1:/domainnames/api.test+x1","domainNameId":"x1","certificateArn":"arn:c",` +
	`"certificateName":"n","ownershipVerificationCertificateArn":"arn:o","regionalCertificateArn":"arn:r","regionalCertificateName":"rn","endpointAccessMode":"BASIC",` +
	`"endpointConfiguration":{"types":["EDGE"],"ipAddressType":"ipv4"},"mutualTlsAuthentication":{"truststoreUri":"s3://t","truststoreVersion":"2","truststoreWarnings":["w"]},` +
	`"policy":"{\\\"Statement\\\":[]}","routingMode":"BASE_PATH_MAPPING_ONLY","securityPolicy":"TLS_1_0","tags":{"a":"b"}}]}`

func apis(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"restApi": n, "domainName": n}})
}

func TestGoldenAPIs(t *testing.T) {
	t.Parallel()
	golden(t, "apigateway", newAccount(awsfake.Population{More: map[string]int{"restApi": 2, "domainName": 2, "httpApi": 2}}).read(t, apigatewayService, home).sorted())
	golden(t, "apigateway-full", apis(0).says("apigateway:GetRestApis", fullRestAPIs).says("apigateway:GetStages", fullRestStages).
		says("apigateway:GetDomainNames", fullRestDomains).read(t, apigatewayService, home).sorted())
	// What is not in the answer is not "none".
	golden(t, "apigateway-silent", apis(0).says("apigateway:GetRestApis", `{"item":[{"id":"a1"}]}`).says("apigateway:GetStages", `{"item":[{"stageName":"s"}]}`).
		says("apigateway:GetDomainNames", `{"item":[{"domainName":"d"}],"items":[{"domainName":"d"}]}`).read(t, apigatewayService, home).sorted())
}

const fullHTTPAPIs = `{"items":[{"apiId":"a1","name":"orders","description":"d","version":"1","protocolType":"WEBSOCKET","ipAddressType":"ipv4","disableExecuteApiEndpoint":true,` +
	`"apiKeySelectionExpression":"k","routeSelectionExpression":"r","corsConfiguration":{"allowCredentials":true,"maxAge":5,"allowHeaders":["b","a"],"allowMethods":["GET"],` +
	`"allowOrigins":["*"],"exposeHeaders":["x"]},"tags":{"a":"b"}}]}`

const fullHTTPStages = `{"items":[{"stageName":"prod","description":"d","clientCertificateId":"c","deploymentId":"d1","autoDeploy":false,"accessLogSettings":{"destinationArn":"arn:l"},` +
	`"defaultRouteSettings":{"dataTraceEnabled":true,"loggingLevel":"INFO","throttlingBurstLimit":5,"throttlingRateLimit":2.5},` +
	`"routeSettings":{"POST /b":{"detailedMetricsEnabled":true},"GET /a":{"detailedMetricsEnabled":false}},"stageVariables":{"v":"1"},"tags":{"a":"b"}}]}`

const fullHTTPDomains = `{"items":[{"domainName":"api.test","domainNameConfigurations":[{"apiGatewayDomainName":"t","certificateArn":"arn:c","certificateName":"n",` +
	`"domainNameStatus":"AVAILABLE","endpointType":"REGIONAL","hostedZoneId":"Z","ipAddressType":"ipv4","ownershipVerificationCertificateArn":"arn:o","securityPolicy":"TLS_1_0"}],` +
	`"mutualTlsAuthentication":{"truststoreUri":"s3://t"},"routingMode":"ROUTING_RULE_ONLY","tags":{"a":"b"}}]}`

func TestGoldenHTTPAPIs(t *testing.T) {
	t.Parallel()
	golden(t, "apigatewayv2-full", apis(0).says("apigateway:GetApis", fullHTTPAPIs).says("apigateway:GetStages", fullHTTPStages).
		says("apigateway:GetDomainNames", fullHTTPDomains).read(t, apigatewayService, home).sorted())
	golden(t, "apigatewayv2-silent", apis(0).says("apigateway:GetApis", `{"items":[{"apiId":"a1"}]}`).says("apigateway:GetStages", `{"items":[{"stageName":"s"}]}`).
		read(t, apigatewayService, home).sorted())
}

func TestVerifyAPIs(t *testing.T) {
	t.Parallel()
	p := awsfake.Population{More: map[string]int{"restApi": 4, "domainName": 4, "httpApi": 4}}
	verifies(t, apigatewayService, p, restAPIName, map[string]string{
		typeRestAPI: "apigateway:GetRestApi", typeRestAPIPolicy: "apigateway:GetRestApi", typeRestStage: "apigateway:GetStage", typeMethodSettings: "apigateway:GetStage",
	})
	verifies(t, apigatewayService, p, "domain-000000", map[string]string{typeRestDomain: "apigateway:GetDomainName", typeHTTPDomain: "apigateway:GetDomainName"})
	verifies(t, apigatewayService, p, "httpapi-000000", map[string]string{typeHTTPAPI: "apigateway:GetApi", typeHTTPStage: "apigateway:GetStage"})
}

const restAPIName = "restapi-000000"

// An API that is gone when its stages are asked for has none, and leaves nothing open.
func TestAPIDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	s := apis(2).asked("apigateway:GetStages", naming(restAPIName, answer{http.StatusNotFound, jsonError(apiGone)})).read(t, apigatewayService, home)
	if s.count(typeRestStage) != 1 || s.scopes[typeRestStage].State != "complete" {
		t.Errorf("%d stages, %+v", s.count(typeRestStage), s.scopes[typeRestStage])
	}
}
