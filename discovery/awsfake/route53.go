package awsfake

import (
	"fmt"
	"net/http"
	"strings"
)

const route53NS = `xmlns="https://route53.amazonaws.com/doc/2013-04-01/"`

// The first zone has all the records.
var route53Routes = []restRoute{
	{"GET /2013-04-01/hostedzone", "ListHostedZones", func(q *request) *fault {
		v, b := q.r.URL.Query(), strings.Builder{}
		from, to, next := q.window(v.Get("marker"), number(v.Get("maxitems")), 100, q.pop.more("zone"))
		q.each(from, to, zoneID, func(i int) { b.WriteString(q.zone(i)) })
		return q.xml(fmt.Sprintf(`<ListHostedZonesResponse %s><HostedZones>%s</HostedZones><Marker>%s</Marker><IsTruncated>%t</IsTruncated>%s<MaxItems>100</MaxItems></ListHostedZonesResponse>`,
			route53NS, b.String(), v.Get("marker"), next != "", element("NextMarker", next)))
	}},
	{"GET /2013-04-01/hostedzone/{id}", "GetHostedZone", func(q *request) *fault {
		i, f := q.zoneNamed()
		if f != nil {
			return f
		}
		return q.xml(fmt.Sprintf(`<GetHostedZoneResponse %s>%s</GetHostedZoneResponse>`, route53NS, q.zone(i)))
	}},
	{"GET /2013-04-01/hostedzone/{id}/rrset", "ListResourceRecordSets", func(q *request) *fault {
		i, f := q.zoneNamed()
		if f != nil {
			return f
		}
		n, v, b := 0, q.r.URL.Query(), strings.Builder{}
		if i == 0 {
			n = q.pop.more("record")
		}
		token := strings.TrimSuffix(strings.TrimPrefix(v.Get("name"), "record-"), ".example.com.")
		from, to, next := q.window(token, number(v.Get("maxitems")), 300, n)
		q.each(from, to, recordKey, func(i int) { b.WriteString(q.record(i)) })
		if next != "" {
			next = element("NextRecordName", recordName(to)) + element("NextRecordType", "A")
		}
		return q.xml(fmt.Sprintf(`<ListResourceRecordSetsResponse %s><ResourceRecordSets>%s</ResourceRecordSets><IsTruncated>%t</IsTruncated>%s<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`,
			route53NS, b.String(), next != "", next))
	}},
	{"GET /2013-04-01/queryloggingconfig", "ListQueryLoggingConfigs", func(q *request) *fault {
		v, b := q.r.URL.Query(), strings.Builder{}
		from, to, next := q.window(v.Get("nexttoken"), number(v.Get("maxresults")), 100, q.pop.more("queryLog"))
		q.each(from, to, queryLogID, func(i int) { b.WriteString(q.queryLog(i)) })
		return q.xml(fmt.Sprintf(`<ListQueryLoggingConfigsResponse %s><QueryLoggingConfigs>%s</QueryLoggingConfigs>%s</ListQueryLoggingConfigsResponse>`, route53NS, b.String(), element("NextToken", next)))
	}},
	{"GET /2013-04-01/queryloggingconfig/{id}", "GetQueryLoggingConfig", func(q *request) *fault {
		i, ok := q.index(q.r.PathValue("id"), "querylog-", q.pop.more("queryLog"))
		if !ok {
			return &fault{status: http.StatusNotFound, code: "NoSuchQueryLoggingConfig", message: "There is no DNS query logging configuration with the specified ID."}
		}
		return q.xml(fmt.Sprintf(`<GetQueryLoggingConfigResponse %s>%s</GetQueryLoggingConfigResponse>`, route53NS, q.queryLog(i)))
	}},
}

func zoneID(i int) string     { return fmt.Sprintf("ZONE%06d", i) }
func recordName(i int) string { return fmt.Sprintf("record-%08d.example.com.", i) }
func recordKey(i int) string  { return strings.TrimSuffix(recordName(i), ".") }
func queryLogID(i int) string { return fmt.Sprintf("querylog-%06d", i) }

// element is nothing without a text.
func element(name, text string) string {
	if text == "" {
		return ""
	}
	return "<" + name + ">" + text + "</" + name + ">"
}

func (q *request) zoneNamed() (i int, f *fault) {
	i, ok := q.index(q.r.PathValue("id"), "ZONE", q.pop.more("zone"))
	if !ok {
		return 0, &fault{status: http.StatusNotFound, code: "NoSuchHostedZone", message: "No hosted zone found with ID: " + q.r.PathValue("id")}
	}
	return i, nil
}

func (q *request) zone(i int) string {
	return fmt.Sprintf(`<HostedZone><Id>/hostedzone/%s</Id><Name>zone-%06d.example.com.</Name><CallerReference>r</CallerReference><Config><Comment>%s</Comment><PrivateZone>false</PrivateZone></Config>`+
		`<ResourceRecordSetCount>2</ResourceRecordSetCount></HostedZone>`, zoneID(i), i, q.described(zoneID(i)))
}

func (q *request) record(i int) string {
	ttl := 300
	if q.touched(recordKey(i)) {
		ttl = 60
	}
	return fmt.Sprintf(`<ResourceRecordSet><Name>%s</Name><Type>A</Type><TTL>%d</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`, recordName(i), ttl)
}

func (q *request) queryLog(i int) string {
	return fmt.Sprintf(`<QueryLoggingConfig><Id>%s</Id><HostedZoneId>%s</HostedZoneId><CloudWatchLogsLogGroupArn>arn:aws:logs:us-east-1:%s:log-group:/aws/route53/zone</CloudWatchLogsLogGroupArn></QueryLoggingConfig>`,
		queryLogID(i), zoneID(0), q.pop.AccountID)
}
