package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const fullWebACL = `{"WebACL":{"Name":"a","Id":"i","ARN":"arn:a","Description":"d","DefaultAction":{"Block":{"CustomResponse":{"ResponseCode":403,"CustomResponseBodyKey":"k"}}},` +
	`"VisibilityConfig":{"SampledRequestsEnabled":true,"CloudWatchMetricsEnabled":false,"MetricName":"m"},"CaptchaConfig":{"ImmunityTimeProperty":{"ImmunityTime":60}},` +
	`"ChallengeConfig":{"ImmunityTimeProperty":{"ImmunityTime":61}},"TokenDomains":["b.test","a.test"],"CustomResponseBodies":{"k":{"ContentType":"TEXT_PLAIN","Content":"no"}},` +
	`"AssociationConfig":{"RequestBody":{}},"Rules":[{"Name":"managed","Priority":2,"OverrideAction":{"None":{}},"Statement":{},"VisibilityConfig":{"MetricName":"m"},"RuleLabels":[{"Name":"l"}]},` +
	`{"Name":"own","Priority":1,"Action":{"Count":{}},"Statement":{}}]}}`

func TestGoldenWebACLs(t *testing.T) {
	t.Parallel()
	const get, logging = "wafv2:GetWebACL", "wafv2:ListLoggingConfigurations"
	golden(t, "wafv2", newAccount(several(2, "webAcl")).read(t, wafv2Service, home).sorted())
	golden(t, "wafv2-full", single("webAcl").says(get, fullWebACL).
		says(logging, `{"LoggingConfigurations":[{"ResourceArn":"arn:aws:wafv2:us-east-1:1:regional/webacl/a/i","LogDestinationConfigs":["b","a"],"LoggingFilter":{"DefaultBehavior":"KEEP","Filters":[]},"RedactedFields":[{"Method":{}}]}]}`).
		read(t, wafv2Service, home).sorted())
	golden(t, "wafv2-denied", single("webAcl").fails(get, http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, wafv2Service, home).sorted())
	golden(t, "wafv2-silent", single("webAcl").says(get, `{"WebACL":{}}`).read(t, wafv2Service, home).sorted())
	verifies(t, wafv2Service, several(3, "webAcl"), "acl-000000", map[string]string{typeWebACL: get, typeWebACLLogging: "wafv2:GetLoggingConfiguration"})
}

const fullZones = `<ListHostedZonesResponse><HostedZones><HostedZone><Id>/hostedzone/ZONE000000</Id><Name>example.com.</Name><Config><Comment>c</Comment><PrivateZone>true</PrivateZone></Config></HostedZone></HostedZones></ListHostedZonesResponse>`

const fullRecords = `<ListResourceRecordSetsResponse><ResourceRecordSets>` +
	`<ResourceRecordSet><Name>\052.example.com.</Name><Type>A</Type><SetIdentifier>blue</SetIdentifier><Weight>0</Weight><HealthCheckId>h</HealthCheckId><AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>lb.test.</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>` +
	`<ResourceRecordSet><Name>example.com.</Name><Type>TXT</Type><TTL>5</TTL><ResourceRecords><ResourceRecord><Value>"b"</Value></ResourceRecord><ResourceRecord><Value>"a"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>` +
	`<ResourceRecordSet><Name>f.example.com.</Name><Type>A</Type><Failover>PRIMARY</Failover><Region>eu-west-1</Region><MultiValueAnswer>true</MultiValueAnswer><GeoLocation><CountryCode>US</CountryCode></GeoLocation>` +
	`<CidrRoutingConfig><CollectionId>c</CollectionId><LocationName>l</LocationName></CidrRoutingConfig><GeoProximityLocation><AWSRegion>eu-west-1</AWSRegion><Bias>1</Bias></GeoProximityLocation></ResourceRecordSet>` +
	`</ResourceRecordSets><IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>`

func TestGoldenZones(t *testing.T) {
	t.Parallel()
	const zones, records = "route53:ListHostedZones", "route53:ListResourceRecordSets"
	kinds := []string{"zone", "record", "queryLog"}
	golden(t, "route53", newAccount(several(2, kinds...)).read(t, route53Service, schemas.GlobalRegion).sorted())
	golden(t, "route53-full", single("zone").says(zones, fullZones).says(records, fullRecords).read(t, route53Service, schemas.GlobalRegion).sorted())
	golden(t, "route53-denied", single(kinds...).fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, route53Service, schemas.GlobalRegion).sorted())
	p := several(3, kinds...)
	verifies(t, route53Service, p, "ZONE000000", map[string]string{typeZone: "route53:GetHostedZone"})
	verifies(t, route53Service, p, "querylog-000000", map[string]string{typeQueryLog: "route53:GetQueryLoggingConfig"})
	verifies(t, route53Service, p, "record-00000000.example.com", map[string]string{typeRecord: records})
}

// A zone that is gone when its records are asked for has none, and leaves nothing open.
func TestZoneDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newAccount(several(2, "zone", "record")).fails("route53:ListResourceRecordSets", http.StatusNotFound, iamError(zoneGone)).read(t, route53Service, schemas.GlobalRegion)
	if s.count(typeZone) != 2 || s.count(typeRecord) != 0 || s.scopes[typeRecord].State != schemas.ScopeComplete {
		t.Errorf("%v", s.scopes)
	}
}
