package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// apigatewayProjection counts changes of the projections in apigatewayproject.go
// and apigatewayv2.go.
const apigatewayProjection = 1

const (
	typeRestAPI        = "aws:apigateway/restApi:RestApi"
	typeRestAPIPolicy  = "aws:apigateway/restApiPolicy:RestApiPolicy"
	typeRestStage      = "aws:apigateway/stage:Stage"
	typeMethodSettings = "aws:apigateway/methodSettings:MethodSettings"
	typeRestDomain     = "aws:apigateway/domainName:DomainName"
)

// API Gateway has no action but the method of HTTP.
const apigatewayGet = "apigateway:GET"

var (
	listRestAPIs    = listCall(apigatewayGet, 500)
	restStages      = eachCall(apigatewayGet, "stages")
	listRestDomains = listCall(apigatewayGet, 500)
)

// apigatewayService has both generations, which share the quota.
var apigatewayService = &service{
	name: "apigateway",
	types: []typeSpec{
		{token: typeRestAPI, calls: []call{listRestAPIs}},
		{token: typeRestAPIPolicy, calls: []call{listRestAPIs}, with: typeRestAPI},
		{token: typeRestStage, calls: []call{listRestAPIs, restStages}},
		{token: typeMethodSettings, calls: []call{listRestAPIs, restStages}, with: typeRestStage},
		{token: typeRestDomain, calls: []call{listRestDomains}},
		{token: typeHTTPAPI, calls: []call{listHTTPAPIs}},
		{token: typeHTTPStage, calls: []call{listHTTPAPIs, httpStages}},
		{token: typeHTTPDomain, calls: []call{listHTTPDomains}},
	},
	// "Quotas for creating, deploying and managing an API": ten a second, bursts of 40,
	// for all management operations of an account and region together.
	limits: map[string]limit{"API Gateway": {rate: 5, burst: 20}, "ApiGatewayV2": {rate: 5, burst: 20}},
	lists: []list{
		{apigatewayGet, []string{typeRestAPI, typeRestAPIPolicy, typeRestStage, typeMethodSettings}, everyRestAPI},
		{apigatewayGet, []string{typeRestDomain}, eachRestDomain},
		{apigatewayGet, []string{typeHTTPAPI, typeHTTPStage}, everyHTTPAPI},
		{apigatewayGet, []string{typeHTTPDomain}, eachHTTPDomain},
	},
	direct: []list{
		{apigatewayGet, []string{typeRestAPI, typeRestAPIPolicy}, theseRestAPIs},
		{apigatewayGet, []string{typeRestStage, typeMethodSettings}, theseRestStages},
		{apigatewayGet, []string{typeRestDomain}, eachRestDomain},
		{apigatewayGet, []string{typeHTTPAPI}, theseHTTPAPIs},
		{apigatewayGet, []string{typeHTTPStage}, theseHTTPStages},
		{apigatewayGet, []string{typeHTTPDomain}, eachHTTPDomain},
	},
}

const apiGone = "NotFoundException"

func (s *session) apigateway() *apigateway.Client {
	return client(s, "apigateway", func(c aws.Config) *apigateway.Client { return apigateway.NewFromConfig(c) })
}

// everyRestAPI lists APIs and the stages of each, which come without pages.
func everyRestAPI(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	p := apigateway.NewGetRestApisPaginator(s.apigateway(), &apigateway.GetRestApisInput{Limit: aws.Int32(500)})
	err := pages(ctx, p, func(out *apigateway.GetRestApisOutput) error {
		return parallel(ctx, detailParallel, out.Items, func(ctx context.Context, a types.RestApi) error {
			if err := emit(ctx, projectRestAPI(s, a)...); err != nil {
				return err
			}
			return some.keep(ctx, eachRestStage(ctx, s, aws.ToString(a.Id), emit), apigatewayGet, typeRestStage, typeMethodSettings)
		})
	})
	return some.or(err)
}

func eachRestStage(ctx context.Context, s *session, api string, emit observe) error {
	out, err := s.apigateway().GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api})
	if isNotFound(err, apiGone) {
		return nil
	}
	if err != nil {
		return listError{err: err}
	}
	for _, v := range out.Item {
		if err := emit(ctx, projectRestStage(s, api, v)...); err != nil {
			return err
		}
	}
	return nil
}

func theseRestAPIs(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		out, err := s.apigateway().GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &id})
		switch {
		case isNotFound(err, apiGone):
			return nil
		case err != nil:
			return listError{err: err}
		}
		return emit(ctx, projectRestAPI(s, like[types.RestApi](out))...)
	})
}

// theseRestStages reads stages by "api/stage", and by the ids of method settings,
// which begin so.
func theseRestStages(ctx context.Context, s *session, ids []string, emit observe) error {
	var stages []string
	for _, id := range ids {
		api, rest, _ := strings.Cut(id, "/")
		stages = append(stages, api+"/"+before(rest, "/"))
	}
	slices.Sort(stages)
	return parallel(ctx, detailParallel, slices.Compact(stages), func(ctx context.Context, id string) error {
		api, name, _ := strings.Cut(id, "/")
		out, err := s.apigateway().GetStage(ctx, &apigateway.GetStageInput{RestApiId: &api, StageName: &name})
		switch {
		case isNotFound(err, apiGone):
			return nil
		case err != nil:
			return listError{err: err}
		}
		return emit(ctx, projectRestStage(s, api, like[types.Stage](out))...)
	})
}

// eachRestDomain reads domain names; those of private APIs are told apart by an id
// behind the name.
func eachRestDomain(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids == nil {
		p := apigateway.NewGetDomainNamesPaginator(s.apigateway(), &apigateway.GetDomainNamesInput{Limit: aws.Int32(500)})
		return pages(ctx, p, func(out *apigateway.GetDomainNamesOutput) error {
			for _, v := range out.Items {
				if err := emit(ctx, projectRestDomain(s, v)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		name, private, _ := strings.Cut(id, "/")
		in := &apigateway.GetDomainNameInput{DomainName: &name}
		if private != "" {
			in.DomainNameId = &private
		}
		out, err := s.apigateway().GetDomainName(ctx, in)
		switch {
		case isNotFound(err, apiGone):
			return nil
		case err != nil:
			return listError{err: err}
		}
		return emit(ctx, projectRestDomain(s, like[types.DomainName](out)))
	})
}
