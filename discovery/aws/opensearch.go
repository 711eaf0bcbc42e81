package aws

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// opensearchProjection counts changes of the projections in opensearchproject.go.
const opensearchProjection = 1

const (
	typeOpenSearchDomain    = "aws:opensearch/domain:Domain"
	typeOpenSearchPolicy    = "aws:opensearch/domainPolicy:DomainPolicy"
	typeElasticsearchDomain = "aws:elasticsearch/domain:Domain"
	typeElasticsearchPolicy = "aws:elasticsearch/domainPolicy:DomainPolicy"
)

var (
	listDomains     = onceCall("es:ListDomainNames", "list")
	describeDomains = call{"es:DescribeDomains", "settings", 5}
	domainCalls     = []call{listDomains, describeDomains, tagCall}
	domainTypes     = []string{typeOpenSearchDomain, typeOpenSearchPolicy, typeElasticsearchDomain, typeElasticsearchPolicy}
	describeDomain  = []string{"es:DescribeDomain"}
)

// opensearchService reads the domains of both engines, which one API describes. It
// publishes no rates.
var opensearchService = &service{
	name: "opensearch",
	types: []typeSpec{
		{token: typeOpenSearchDomain, calls: domainCalls, verify: describeDomain},
		{token: typeOpenSearchPolicy, calls: domainCalls[:2], with: typeOpenSearchDomain, verify: describeDomain},
		{token: typeElasticsearchDomain, calls: domainCalls, with: typeOpenSearchDomain, verify: describeDomain},
		{token: typeElasticsearchPolicy, calls: domainCalls[:2], with: typeOpenSearchDomain, verify: describeDomain},
	},
	lists: []list{{listDomains.action, domainTypes, eachDomain}},
}

func (s *session) opensearch() *opensearch.Client {
	return client(s, "opensearch", func(c aws.Config) *opensearch.Client { return opensearch.NewFromConfig(c) })
}

// eachDomain lists all domains at once, and describes them by five.
func eachDomain(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids != nil {
		return parallel(ctx, detailParallel, ids, func(ctx context.Context, name string) error {
			out, err := s.opensearch().DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: &name})
			switch {
			case isNotFound(err, "ResourceNotFoundException"):
				return nil
			case err != nil:
				return listError{err: err}
			case out.DomainStatus == nil:
				return listError{err: errNoID}
			}
			tags, tagsF := domainTags(ctx, s, []string{name})
			return emitDomains(ctx, s, []types.DomainStatus{*out.DomainStatus}, tagsF, tags, emit)
		})
	}
	out, err := s.opensearch().ListDomainNames(ctx, nil)
	if err != nil {
		return listError{err: err}
	}
	tags, tagsF := domainTags(ctx, s, domainNames(out.DomainNames))
	fives := slices.Collect(slices.Chunk(out.DomainNames, describeDomains.per))
	return parallel(ctx, detailParallel, fives, func(ctx context.Context, some []types.DomainInfo) error {
		out, err := s.opensearch().DescribeDomains(ctx, &opensearch.DescribeDomainsInput{DomainNames: domainNames(some)})
		if err != nil {
			f := facetOf(describeDomains.action, err)
			for _, v := range some {
				if err := emit(ctx, unreadDomain(s.region, v, f)...); err != nil {
					return err
				}
			}
			return nil
		}
		return emitDomains(ctx, s, out.DomainStatusList, tagsF, tags, emit)
	})
}

func domainNames(list []types.DomainInfo) []string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = aws.ToString(v.DomainName)
	}
	return names
}

func (s *session) domainARN(name string) string {
	return fmt.Sprintf("arn:%s:es:%s:%s:domain/%s", s.partition, s.region, s.awsAccount, name)
}

// domainTags are those of all domains, by ARN.
func domainTags(ctx context.Context, s *session, names []string) (map[string]map[string]any, facet) {
	arns := make([]string, len(names))
	for i, n := range names {
		arns[i] = s.domainARN(n)
	}
	return tagsByARN(ctx, s, arns)
}

// emitDomains leaves out domains that are being deleted.
func emitDomains(ctx context.Context, s *session, list []types.DomainStatus, tagsF facet, tags map[string]map[string]any, emit observe) error {
	for _, v := range list {
		if aws.ToBool(v.Deleted) {
			continue
		}
		if err := emit(ctx, projectDomain(s.region, v, tagsF, tags[s.domainARN(aws.ToString(v.DomainName))])...); err != nil {
			return err
		}
	}
	return nil
}

// unreadDomain is a domain of which only the list told.
func unreadDomain(region string, v types.DomainInfo, f facet) []discovery.Observation {
	token, policy, name := typeOpenSearchDomain, typeOpenSearchPolicy, aws.ToString(v.DomainName)
	unread := opensearchProperties
	if v.EngineType == types.EngineTypeElasticsearch {
		token, policy, unread = typeElasticsearchDomain, typeElasticsearchPolicy, elasticsearchProperties
	}
	d, p := newDocument(), newDocument()
	d.set("region", region)
	d.set("domainName", name)
	d.unread(f, unread...)
	p.set("region", region)
	p.set("domainName", name)
	p.unread(f, "accessPolicies")
	return []discovery.Observation{
		d.observe(region, token, name, name, opensearchProjection), p.observe(region, policy, name, name, opensearchProjection),
	}
}
