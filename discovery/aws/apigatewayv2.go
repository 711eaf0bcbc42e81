package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

const (
	typeHTTPAPI    = "aws:apigatewayv2/api:Api"
	typeHTTPStage  = "aws:apigatewayv2/stage:Stage"
	typeHTTPDomain = "aws:apigatewayv2/domainName:DomainName"
)

var (
	listHTTPAPIs    = listCall(apigatewayGet, 100)
	httpStages      = eachCall(apigatewayGet, "stages")
	listHTTPDomains = listCall(apigatewayGet, 100)
)

// httpPage is a page of the second generation, which takes it as text. Its model says of no
// list how large a page may be but of newer ones, whose pages are of 100.
var httpPage = aws.String("100")

func (s *session) apigatewayv2() *apigatewayv2.Client {
	return client(s, "apigatewayv2", func(c aws.Config) *apigatewayv2.Client { return apigatewayv2.NewFromConfig(c) })
}

// everyHTTPAPI lists the APIs of HTTP and WebSocket, and the stages of each.
func everyHTTPAPI(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	err := turned(func(token *string) (*string, error) {
		out, err := s.apigatewayv2().GetApis(ctx, &apigatewayv2.GetApisInput{MaxResults: httpPage, NextToken: token})
		if err != nil {
			return nil, listError{err: err}
		}
		return out.NextToken, parallel(ctx, detailParallel, out.Items, func(ctx context.Context, a types.Api) error {
			if err := emit(ctx, projectHTTPAPI(s, a)); err != nil {
				return err
			}
			return some.keep(ctx, eachHTTPStage(ctx, s, aws.ToString(a.ApiId), emit), apigatewayGet, typeHTTPStage)
		})
	})
	return some.or(err)
}

func eachHTTPStage(ctx context.Context, s *session, api string, emit observe) error {
	return turned(func(token *string) (*string, error) {
		out, err := s.apigatewayv2().GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: &api, MaxResults: httpPage, NextToken: token})
		if isNotFound(err, apiGone) {
			return nil, nil
		}
		if err != nil {
			return nil, listError{err: err}
		}
		for _, v := range out.Items {
			if err := emit(ctx, projectHTTPStage(s, api, v)); err != nil {
				return nil, err
			}
		}
		return out.NextToken, nil
	})
}

func theseHTTPAPIs(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		out, err := s.apigatewayv2().GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &id})
		switch {
		case isNotFound(err, apiGone):
			return nil
		case err != nil:
			return listError{err: err}
		}
		return emit(ctx, projectHTTPAPI(s, like[types.Api](out)))
	})
}

func theseHTTPStages(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		api, name, _ := strings.Cut(id, "/")
		out, err := s.apigatewayv2().GetStage(ctx, &apigatewayv2.GetStageInput{ApiId: &api, StageName: &name})
		switch {
		case isNotFound(err, apiGone):
			return nil
		case err != nil:
			return listError{err: err}
		}
		return emit(ctx, projectHTTPStage(s, api, like[types.Stage](out)))
	})
}

func eachHTTPDomain(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids == nil {
		return turned(func(token *string) (*string, error) {
			out, err := s.apigatewayv2().GetDomainNames(ctx, &apigatewayv2.GetDomainNamesInput{MaxResults: httpPage, NextToken: token})
			if err != nil {
				return nil, listError{err: err}
			}
			for _, v := range out.Items {
				if err := emit(ctx, projectHTTPDomain(s, v)); err != nil {
					return nil, err
				}
			}
			return out.NextToken, nil
		})
	}
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, name string) error {
		out, err := s.apigatewayv2().GetDomainName(ctx, &apigatewayv2.GetDomainNameInput{DomainName: &name})
		switch {
		case isNotFound(err, apiGone):
			return nil
		case err != nil:
			return listError{err: err}
		}
		return emit(ctx, projectHTTPDomain(s, like[types.DomainName](out)))
	})
}

func projectHTTPAPI(s *session, a types.Api) discovery.Observation {
	d, id := newDocument(), aws.ToString(a.ApiId)
	d.set("region", s.region)
	d.set("arn", s.apiARN("/apis/"+id))
	d.texts(map[string]*string{
		"name": a.Name, "description": a.Description, "version": a.Version, "apiKeySelectionExpression": a.ApiKeySelectionExpression,
		"routeSelectionExpression": a.RouteSelectionExpression,
	})
	d.set("protocolType", string(a.ProtocolType))
	d.set("ipAddressType", string(a.IpAddressType))
	d.set("disableExecuteApiEndpoint", optional(a.DisableExecuteApiEndpoint))
	if c := a.CorsConfiguration; c != nil {
		cors := newDocument()
		cors.set("allowCredentials", optional(c.AllowCredentials))
		cors.set("maxAge", optional(c.MaxAge))
		for name, list := range map[string][]string{
			"allowHeaders": c.AllowHeaders, "allowMethods": c.AllowMethods, "allowOrigins": c.AllowOrigins, "exposeHeaders": c.ExposeHeaders,
		} {
			cors.set(name, sortedStrings(list))
		}
		d.set("corsConfiguration", cors.properties)
	}
	d.set("tags", anyMap(a.Tags))
	return d.observe(s.region, typeHTTPAPI, id, aws.ToString(a.Name), apigatewayProjection)
}

func projectHTTPStage(s *session, api string, v types.Stage) discovery.Observation {
	d, name := newDocument(), aws.ToString(v.StageName)
	d.set("region", s.region)
	d.set("arn", s.apiARN("/apis/"+api+"/stages/"+name))
	d.set("apiId", api)
	d.texts(map[string]*string{"name": v.StageName, "clientCertificateId": v.ClientCertificateId, "deploymentId": v.DeploymentId, "description": v.Description})
	d.set("accessLogSettings", camelMap(v.AccessLogSettings, nil))
	d.set("autoDeploy", optional(v.AutoDeploy))
	d.set("defaultRouteSettings", camelMap(v.DefaultRouteSettings, nil))
	routes := []any{}
	for key, r := range v.RouteSettings {
		m := camelMap(r, nil)
		m["routeKey"] = key
		routes = append(routes, m)
	}
	sortByJSON(routes)
	d.set("routeSettings", routes)
	d.set("stageVariables", anyMap(v.StageVariables))
	d.set("tags", anyMap(v.Tags))
	id := api + "/" + name
	if name == "" {
		id = ""
	}
	return d.observe(s.region, typeHTTPStage, id, name, apigatewayProjection)
}

func projectHTTPDomain(s *session, v types.DomainName) discovery.Observation {
	d, name := newDocument(), aws.ToString(v.DomainName)
	d.set("region", s.region)
	d.set("arn", s.apiARN("/domainnames/"+name))
	d.set("domainName", name)
	var configuration map[string]any
	if len(v.DomainNameConfigurations) > 0 { // of which there is one
		c := v.DomainNameConfigurations[0]
		configuration = camelMap(c, names{
			"ApiGatewayDomainName": "targetDomainName", "CertificateName": "", "CertificateUploadDate": "", "DomainNameStatus": "", "DomainNameStatusMessage": "",
		})
	}
	d.told("domainNameConfiguration", configuration, configuration != nil, apigatewayGet)
	d.set("mutualTlsAuthentication", camelMap(v.MutualTlsAuthentication, names{"TruststoreWarnings": ""}))
	d.set("routingMode", string(v.RoutingMode))
	d.set("tags", anyMap(v.Tags))
	return d.observe(s.region, typeHTTPDomain, name, name, apigatewayProjection)
}
