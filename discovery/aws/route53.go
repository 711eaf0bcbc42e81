package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// route53Projection counts changes of the projections in this file.
const route53Projection = 1

const (
	typeZone     = "aws:route53/zone:Zone"
	typeRecord   = "aws:route53/record:Record"
	typeQueryLog = "aws:route53/queryLog:QueryLog"
)

var (
	listZones     = listCall("route53:ListHostedZones", 100)
	listRecords   = listCall("route53:ListResourceRecordSets", 300)
	listQueryLogs = listCall("route53:ListQueryLoggingConfigs", 100)
)

var route53Service = &service{
	name: "route53", global: true,
	types: []typeSpec{
		{token: typeZone, calls: []call{listZones, tagCall}, verify: []string{"route53:GetHostedZone"}},
		{token: typeRecord, calls: []call{onceCall(listZones.action, "zones"), listRecords}},
		{token: typeQueryLog, calls: []call{listQueryLogs}, verify: []string{"route53:GetQueryLoggingConfig"}},
	},
	// "Quotas" of Route 53: five a second for an account, all operations together.
	limits: map[string]limit{"Route 53": {rate: 5, burst: 5}},
	lists: []list{
		{listZones.action, []string{typeZone, typeRecord}, everyZone},
		{listQueryLogs.action, []string{typeQueryLog}, eachQueryLog},
	},
	direct: []list{
		{"route53:GetHostedZone", []string{typeZone}, theseZones},
		{listRecords.action, []string{typeRecord}, theseRecords},
		{"route53:GetQueryLoggingConfig", []string{typeQueryLog}, eachQueryLog},
	},
}

const zoneGone = "NoSuchHostedZone"

func (s *session) route53() *route53.Client {
	return client(s, "route53", func(c aws.Config) *route53.Client { return route53.NewFromConfig(c) })
}

func (s *session) zoneARN(id string) string {
	return fmt.Sprintf("arn:%s:route53:::hostedzone/%s", s.partition, id)
}

// zoneID is an id without the path that answers have before it.
func zoneID(id *string) string { return afterSlash(aws.ToString(id)) }

// everyZone lists zones, and the records of each.
func everyZone(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	p := route53.NewListHostedZonesPaginator(s.route53(), &route53.ListHostedZonesInput{MaxItems: aws.Int32(100)})
	err := pages(ctx, p, func(out *route53.ListHostedZonesOutput) error {
		arns := make([]string, len(out.HostedZones))
		for i, z := range out.HostedZones {
			arns[i] = s.zoneARN(zoneID(z.Id))
		}
		tags, tagsF := tagsByARN(ctx, s, arns)
		return parallel(ctx, detailParallel, out.HostedZones, func(ctx context.Context, z types.HostedZone) error {
			id := zoneID(z.Id)
			if err := emit(ctx, projectZone(s, z, tagsF, tags[s.zoneARN(id)])); err != nil {
				return err
			}
			return some.keep(ctx, eachRecord(ctx, s, id, nil, emit), listRecords.action, typeRecord)
		})
	})
	return some.or(err)
}

// eachRecord reads the records of a zone; with ids only these.
func eachRecord(ctx context.Context, s *session, zone string, ids []string, emit observe) error {
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: aws.Int32(300)}
	err := turned(func(*string) (*string, error) { // pages go on behind a record
		out, err := s.route53().ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, listError{err: err}
		}
		for _, r := range out.ResourceRecordSets {
			o := projectRecord(zone, r)
			if ids != nil && !slices.Contains(ids, o.ID) {
				continue
			}
			if err := emit(ctx, o); err != nil {
				return nil, err
			}
		}
		if !out.IsTruncated {
			return nil, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
		next := strings.Join([]string{aws.ToString(in.StartRecordName), string(in.StartRecordType), aws.ToString(in.StartRecordIdentifier)}, " ")
		return &next, nil
	})
	if isNotFound(err, zoneGone) {
		return nil
	}
	return err
}

func theseZones(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		out, err := s.route53().GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &id})
		switch {
		case isNotFound(err, zoneGone):
			return nil
		case err != nil:
			return listError{err: err}
		case out.HostedZone == nil:
			return listError{err: errNoID}
		}
		tags, tagsF := tagsByARN(ctx, s, []string{s.zoneARN(id)})
		return emit(ctx, projectZone(s, *out.HostedZone, tagsF, tags[s.zoneARN(id)]))
	})
}

// theseRecords reads the zones of some records.
func theseRecords(ctx context.Context, s *session, ids []string, emit observe) error {
	byZone := map[string][]string{}
	for _, id := range ids {
		byZone[before(id, "_")] = append(byZone[before(id, "_")], id)
	}
	for zone, some := range byZone {
		if err := eachRecord(ctx, s, zone, some, emit); err != nil {
			return err
		}
	}
	return nil
}

// projectZone does not ask which networks a private zone is for.
func projectZone(s *session, z types.HostedZone, tagsF facet, tags map[string]any) discovery.Observation {
	d, id, name := newDocument(), zoneID(z.Id), strings.TrimSuffix(aws.ToString(z.Name), ".")
	d.set("arn", s.zoneARN(id))
	d.set("name", name)
	if z.Config != nil {
		d.set("comment", aws.ToString(z.Config.Comment))
		if z.Config.PrivateZone {
			d.notRead("route53:GetHostedZone", "vpcs")
		}
	}
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(schemas.GlobalRegion, typeZone, id, name, route53Projection)
}

// projectRecord has a name as it is written: AWS writes "*" as "\052".
func projectRecord(zone string, r types.ResourceRecordSet) discovery.Observation {
	d := newDocument()
	name := strings.ReplaceAll(strings.TrimSuffix(aws.ToString(r.Name), "."), `\052`, "*")
	id := zone + "_" + name + "_" + string(r.Type)
	if r.SetIdentifier != nil {
		id += "_" + *r.SetIdentifier
	}
	d.set("zoneId", zone)
	d.set("name", name)
	d.set("type", string(r.Type))
	d.set("ttl", optional(r.TTL))
	d.texts(map[string]*string{"healthCheckId": r.HealthCheckId, "setIdentifier": r.SetIdentifier})
	records := make([]string, len(r.ResourceRecords))
	for i, v := range r.ResourceRecords {
		records[i] = aws.ToString(v.Value)
		if r.Type == types.RRTypeTxt || r.Type == types.RRTypeSpf { // without the quotes around it
			records[i] = strings.TrimSuffix(strings.TrimPrefix(records[i], `"`), `"`)
		}
	}
	d.set("records", sortedStrings(records))
	if a := r.AliasTarget; a != nil {
		d.set("aliases", []any{map[string]any{
			"name": strings.TrimSuffix(aws.ToString(a.DNSName), "."), "zoneId": aws.ToString(a.HostedZoneId), "evaluateTargetHealth": a.EvaluateTargetHealth,
		}})
	}
	d.set("multivalueAnswerRoutingPolicy", optional(r.MultiValueAnswer))
	if r.Weight != nil {
		d.set("weightedRoutingPolicies", []any{map[string]any{"weight": int(*r.Weight)}})
	}
	if r.Failover != "" {
		d.set("failoverRoutingPolicies", []any{map[string]any{"type": string(r.Failover)}})
	}
	if r.Region != "" {
		d.set("latencyRoutingPolicies", []any{map[string]any{"region": string(r.Region)}})
	}
	if g := r.GeoLocation; g != nil {
		d.set("geolocationRoutingPolicies", []any{camelMap(g, names{"ContinentCode": "continent", "CountryCode": "country", "SubdivisionCode": "subdivision"})})
	}
	if c := r.CidrRoutingConfig; c != nil {
		d.set("cidrRoutingPolicy", camelMap(c, nil))
	}
	d.set("geoproximityRoutingPolicy", camelMap(r.GeoProximityLocation, names{"AWSRegion": "awsRegion"}))
	return d.observe(schemas.GlobalRegion, typeRecord, id, name, route53Projection)
}

func eachQueryLog(ctx context.Context, s *session, ids []string, emit observe) error {
	project := func(c types.QueryLoggingConfig) discovery.Observation {
		d, id := newDocument(), aws.ToString(c.Id)
		d.set("arn", fmt.Sprintf("arn:%s:route53:::queryloggingconfig/%s", s.partition, id))
		d.set("cloudwatchLogGroupArn", aws.ToString(c.CloudWatchLogsLogGroupArn))
		d.set("zoneId", zoneID(c.HostedZoneId))
		return d.observe(schemas.GlobalRegion, typeQueryLog, id, id, route53Projection)
	}
	if ids != nil {
		return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
			out, err := s.route53().GetQueryLoggingConfig(ctx, &route53.GetQueryLoggingConfigInput{Id: &id})
			switch {
			case isNotFound(err, "NoSuchQueryLoggingConfig"):
				return nil
			case err != nil:
				return listError{err: err}
			case out.QueryLoggingConfig == nil:
				return listError{err: errNoID}
			}
			return emit(ctx, project(*out.QueryLoggingConfig))
		})
	}
	p := route53.NewListQueryLoggingConfigsPaginator(s.route53(), &route53.ListQueryLoggingConfigsInput{MaxResults: aws.Int32(100)})
	return pages(ctx, p, func(out *route53.ListQueryLoggingConfigsOutput) error {
		for _, c := range out.QueryLoggingConfigs {
			if err := emit(ctx, project(c)); err != nil {
				return err
			}
		}
		return nil
	})
}
