package aws

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// apiARN is an ARN of API Gateway, which has no account.
func (s *session) apiARN(path string) string {
	return fmt.Sprintf("arn:%s:apigateway:%s::%s", s.partition, s.region, path)
}

// gatewayPolicy is a policy as API Gateway writes it: quoted like a text inside of JSON.
func gatewayPolicy(text *string) string {
	if plain, err := strconv.Unquote(`"` + aws.ToString(text) + `"`); err == nil {
		return canonicalPolicy(plain)
	}
	return canonicalPolicy(aws.ToString(text))
}

// endpoint has the one type that an API can have.
func endpoint(c *types.EndpointConfiguration) map[string]any {
	if c == nil {
		return nil
	}
	d := newDocument()
	d.set("types", first(c.Types))
	d.set("ipAddressType", string(c.IpAddressType))
	d.set("vpcEndpointIds", sortedStrings(c.VpcEndpointIds))
	return d.properties
}

func projectRestAPI(s *session, a types.RestApi) []discovery.Observation {
	d, id, policy := newDocument(), aws.ToString(a.Id), gatewayPolicy(a.Policy)
	d.set("region", s.region)
	d.set("arn", s.apiARN("/restapis/"+id))
	d.texts(map[string]*string{"name": a.Name, "description": a.Description})
	d.set("apiKeySource", string(a.ApiKeySource))
	d.set("binaryMediaTypes", sortedStrings(a.BinaryMediaTypes))
	d.set("disableExecuteApiEndpoint", a.DisableExecuteApiEndpoint)
	d.set("endpointAccessMode", string(a.EndpointAccessMode))
	d.told("endpointConfiguration", endpoint(a.EndpointConfiguration), a.EndpointConfiguration != nil, apigatewayGet)
	if a.MinimumCompressionSize != nil { // a text in Pulumi
		d.set("minimumCompressionSize", strconv.Itoa(int(*a.MinimumCompressionSize)))
	}
	d.set("policy", policy)
	d.set("securityPolicy", string(a.SecurityPolicy))
	d.set("tags", anyMap(a.Tags))
	list := []discovery.Observation{d.observe(s.region, typeRestAPI, id, aws.ToString(a.Name), apigatewayProjection)}
	if policy == "" {
		return list
	}
	split := newDocument()
	split.set("region", s.region)
	split.set("restApiId", id)
	split.set("policy", policy)
	return append(list, split.observe(s.region, typeRestAPIPolicy, id, aws.ToString(a.Name), apigatewayProjection))
}

// projectRestStage gives a stage and the settings of its methods, each a resource.
func projectRestStage(s *session, api string, v types.Stage) []discovery.Observation {
	d, name := newDocument(), aws.ToString(v.StageName)
	id := api + "/" + name
	d.set("region", s.region)
	d.set("arn", s.apiARN("/restapis/"+api+"/stages/"+name))
	d.set("restApi", api)
	d.texts(map[string]*string{
		"stageName": v.StageName, "deployment": v.DeploymentId, "description": v.Description,
		"clientCertificateId": v.ClientCertificateId, "documentationVersion": v.DocumentationVersion,
	})
	d.set("accessLogSettings", camel(v.AccessLogSettings, nil))
	d.set("cacheClusterEnabled", v.CacheClusterEnabled)
	if v.CacheClusterEnabled {
		d.set("cacheClusterSize", string(v.CacheClusterSize))
	}
	d.set("canarySettings", camelMap(v.CanarySettings, nil))
	d.set("variables", anyMap(v.Variables))
	d.set("xrayTracingEnabled", v.TracingEnabled)
	d.set("tags", anyMap(v.Tags))
	if name == "" {
		id = ""
	}
	list := []discovery.Observation{d.observe(s.region, typeRestStage, id, name, apigatewayProjection)}
	for path, settings := range v.MethodSettings {
		list = append(list, projectMethodSettings(s.region, id, path, settings))
	}
	return list
}

// projectMethodSettings has the path as Pulumi writes it: without the slash that it
// begins with, and with slashes that API Gateway writes as in a JSON pointer.
func projectMethodSettings(region, stage, path string, m types.MethodSetting) discovery.Observation {
	path = strings.TrimPrefix(strings.ReplaceAll(path, "~1", "/"), "/")
	api, name, _ := strings.Cut(stage, "/")
	d := newDocument()
	d.set("region", region)
	d.set("restApi", api)
	d.set("stageName", name)
	d.set("methodPath", path)
	d.set("settings", camelMap(m, nil))
	return d.observe(region, typeMethodSettings, stage+"/"+path, name+"/"+path, apigatewayProjection)
}

func projectRestDomain(s *session, v types.DomainName) discovery.Observation {
	d, name := newDocument(), aws.ToString(v.DomainName)
	id, path := name, "/domainnames/"+name
	if v.DomainNameId != nil {
		id += "/" + *v.DomainNameId
		path = "/domainnames/" + name + "+" + *v.DomainNameId
	}
	d.set("region", s.region)
	if d.set("arn", aws.ToString(v.DomainNameArn)); v.DomainNameArn == nil {
		d.set("arn", s.apiARN(path))
	}
	d.texts(map[string]*string{
		"domainName": v.DomainName, "certificateArn": v.CertificateArn, "certificateName": v.CertificateName,
		"ownershipVerificationCertificateArn": v.OwnershipVerificationCertificateArn, "regionalCertificateArn": v.RegionalCertificateArn,
		"regionalCertificateName": v.RegionalCertificateName,
	})
	d.set("endpointAccessMode", string(v.EndpointAccessMode))
	endpoints := endpoint(v.EndpointConfiguration)
	delete(endpoints, "vpcEndpointIds")
	d.set("endpointConfiguration", endpoints)
	d.set("mutualTlsAuthentication", camelMap(v.MutualTlsAuthentication, names{"TruststoreWarnings": ""}))
	d.set("policy", gatewayPolicy(v.Policy))
	d.set("routingMode", string(v.RoutingMode))
	// Every domain name has one; an answer without it says nothing.
	d.told("securityPolicy", string(v.SecurityPolicy), v.SecurityPolicy != "", apigatewayGet)
	d.set("tags", anyMap(v.Tags))
	if v.CertificateName != nil || v.RegionalCertificateName != nil { // an uploaded certificate
		d.unknown = append(d.unknown, schemas.UnknownPath{Path: "certificatePrivateKey", State: schemas.FacetNotReadable, Reason: "never returned"})
	}
	return d.observe(s.region, typeRestDomain, id, name, apigatewayProjection)
}
