package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

func searchDomains(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"searchDomain": n}})
}

const domainBody = `"DomainName":"d","ARN":"arn:aws:es:us-east-1:123456789012:domain/d","AccessPolicies":"{ \"Statement\" : [] }","AdvancedOptions":{"a":"b"},"IPAddressType":"ipv4",` +
	`"AdvancedSecurityOptions":{"Enabled":true,"InternalUserDatabaseEnabled":true,"AnonymousAuthEnabled":true},"AutoTuneOptions":{"State":"DISABLED","UseOffPeakWindow":true},` +
	`"CognitoOptions":{"Enabled":true,"IdentityPoolId":"i","RoleArn":"arn:r","UserPoolId":"u"},"DomainEndpointOptions":{"EnforceHTTPS":true,"TLSSecurityPolicy":"Policy-Min-TLS-1-0-2019-07",` +
	`"CustomEndpointEnabled":true,"CustomEndpoint":"c","CustomEndpointCertificateArn":"arn:c"},"EBSOptions":{"EBSEnabled":true,"Iops":3000,"Throughput":125,"VolumeSize":10,"VolumeType":"gp3"},` +
	`"EncryptionAtRestOptions":{"Enabled":true,"KmsKeyId":"k"},"LogPublishingOptions":{"AUDIT_LOGS":{"CloudWatchLogsLogGroupArn":"arn:l","Enabled":true},"ES_APPLICATION_LOGS":{"Enabled":false}},` +
	`"NodeToNodeEncryptionOptions":{"Enabled":true},"OffPeakWindowOptions":{"Enabled":true,"OffPeakWindow":{"WindowStartTime":{"Hours":3,"Minutes":5}}},"SnapshotOptions":{"AutomatedSnapshotStartHour":0},` +
	`"SoftwareUpdateOptions":{"AutoSoftwareUpdateEnabled":true},"VPCOptions":{"VPCId":"vpc-1","AvailabilityZones":["b","a"],"SecurityGroupIds":["sg-1"],"SubnetIds":["s-2","s-1"]},` +
	`"ClusterConfig":{"InstanceType":"m5.large.search","InstanceCount":2,"DedicatedMasterEnabled":true,"DedicatedMasterCount":3,"DedicatedMasterType":"m5.large.search","MultiAZWithStandbyEnabled":true,` +
	`"WarmEnabled":true,"WarmCount":2,"WarmType":"ultrawarm1.medium.search","ColdStorageOptions":{"Enabled":true},"ZoneAwarenessEnabled":true,"ZoneAwarenessConfig":{"AvailabilityZoneCount":3}}`

func TestGoldenDomains(t *testing.T) {
	t.Parallel()
	golden(t, "opensearch", searchDomains(2).read(t, opensearchService, home).sorted())
	golden(t, "opensearch-full", searchDomains(2).says("es:DescribeDomains", `{"DomainStatusList":[{"EngineVersion":"OpenSearch_2.11",`+domainBody+
		`},{"EngineVersion":"Elasticsearch_7.10",`+domainBody+`},{"DomainName":"x","Deleted":true}]}`).read(t, opensearchService, home).sorted())
	for name, code := range map[string]string{"opensearch-denied": "AccessDeniedException", "opensearch-failed": "InternalException"} {
		golden(t, name, searchDomains(2).fails("es:DescribeDomains", http.StatusForbidden, jsonError(code)).read(t, opensearchService, home).sorted())
	}
	golden(t, "opensearch-silent", searchDomains(1).says("es:DescribeDomains", `{"DomainStatusList":[{"DomainName":"d"}]}`).read(t, opensearchService, home).sorted())
}

func TestVerifyDomains(t *testing.T) {
	t.Parallel()
	const one = "es:DescribeDomain"
	verifies(t, opensearchService, awsfake.Population{More: map[string]int{"searchDomain": 6}}, "search-000000", map[string]string{typeElasticsearchDomain: one, typeElasticsearchPolicy: one})
	verifies(t, opensearchService, awsfake.Population{More: map[string]int{"searchDomain": 6}}, "search-000001", map[string]string{typeOpenSearchDomain: one, typeOpenSearchPolicy: one})
}
