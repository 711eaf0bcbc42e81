package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// What one call gives of a domain, of either engine.
var (
	domainProperties = []string{
		"accessPolicies", "advancedOptions", "advancedSecurityOptions", "arn", "autoTuneOptions", "clusterConfig", "cognitoOptions", "domainEndpointOptions",
		"ebsOptions", "encryptAtRest", "logPublishingOptions", "nodeToNodeEncryption", "snapshotOptions", "tags", "vpcOptions",
	}
	opensearchProperties    = slices.Concat(domainProperties, []string{"engineVersion", "ipAddressType", "offPeakWindowOptions", "softwareUpdateOptions"})
	elasticsearchProperties = slices.Concat(domainProperties, []string{"elasticsearchVersion"})
)

const elasticsearchEngine = "Elasticsearch_"

// projectDomain gives a domain as the type of its engine, and its access policy.
func projectDomain(region string, v types.DomainStatus, tagsF facet, tags map[string]any) []discovery.Observation {
	d, name, call := newDocument(), aws.ToString(v.DomainName), describeDomains.action
	token, policyToken := typeOpenSearchDomain, typeOpenSearchPolicy
	d.set("region", region)
	d.set("arn", aws.ToString(v.ARN))
	d.set("domainName", name)
	if version, old := strings.CutPrefix(aws.ToString(v.EngineVersion), elasticsearchEngine); old {
		token, policyToken = typeElasticsearchDomain, typeElasticsearchPolicy
		d.set("elasticsearchVersion", version)
	} else {
		d.set("engineVersion", version)
		d.set("ipAddressType", string(v.IPAddressType))
		d.set("softwareUpdateOptions", camelMap(v.SoftwareUpdateOptions, names{"UseLatestServiceSoftwareForBlueGreen": ""}))
		d.set("offPeakWindowOptions", camelMap(v.OffPeakWindowOptions, nil))
	}
	policy := canonicalPolicy(aws.ToString(v.AccessPolicies))
	d.set("accessPolicies", policy)
	d.set("advancedOptions", anyMap(v.AdvancedOptions))
	d.set("advancedSecurityOptions", camelMap(v.AdvancedSecurityOptions, names{"AnonymousAuthDisableDate": "", "IAMFederationOptions": "", "JWTOptions": "", "SAMLOptions": ""}))
	if token == typeElasticsearchDomain {
		delete(asMap(d.properties["advancedSecurityOptions"]), "anonymousAuthEnabled")
	}
	domainTuning(d, v, token)
	d.told("encryptAtRest", camel(v.EncryptionAtRestOptions, nil), v.EncryptionAtRestOptions != nil, call)
	d.told("nodeToNodeEncryption", camel(v.NodeToNodeEncryptionOptions, nil), v.NodeToNodeEncryptionOptions != nil, call)
	d.told("domainEndpointOptions", camel(v.DomainEndpointOptions, names{"EnforceHTTPS": "enforceHttps"}), v.DomainEndpointOptions != nil, call)
	d.set("ebsOptions", camelMap(v.EBSOptions, nil))
	if v.CognitoOptions != nil && aws.ToBool(v.CognitoOptions.Enabled) {
		d.set("cognitoOptions", camelMap(v.CognitoOptions, nil))
	}
	if v.VPCOptions != nil && aws.ToString(v.VPCOptions.VPCId) != "" {
		d.set("vpcOptions", map[string]any{
			"availabilityZones": sortedStrings(v.VPCOptions.AvailabilityZones), "securityGroupIds": sortedStrings(v.VPCOptions.SecurityGroupIds),
			"subnetIds": sortedStrings(v.VPCOptions.SubnetIds), "vpcId": aws.ToString(v.VPCOptions.VPCId),
		})
	}
	d.set("logPublishingOptions", domainLogs(v.LogPublishingOptions))
	if v.SnapshotOptions != nil && v.SnapshotOptions.AutomatedSnapshotStartHour != nil {
		d.set("snapshotOptions", camelMap(v.SnapshotOptions, nil))
	}
	d.facet("tags", tagsF, func() any { return tags })
	if aws.ToBool(internalUsers(v)) {
		d.notReadable("advancedSecurityOptions.masterUserOptions")
	}
	sortUnknown(d)
	list := []discovery.Observation{d.observe(region, token, name, name, opensearchProjection)}
	if policy == "" {
		return list
	}
	p := newDocument()
	p.set("region", region)
	p.set("domainName", name)
	p.set("accessPolicies", policy)
	return append(list, p.observe(region, policyToken, name, name, opensearchProjection))
}

func internalUsers(v types.DomainStatus) *bool {
	if v.AdvancedSecurityOptions == nil {
		return nil
	}
	return v.AdvancedSecurityOptions.Enabled
}

// asMap is a structure, empty when there is none.
func asMap(v any) map[string]any {
	if m, ok := v.(map[string]any); ok {
		return m
	}
	return map[string]any{}
}

// domainTuning is the cluster, and what AWS tunes by itself.
func domainTuning(d *document, v types.DomainStatus, token string) {
	cluster := camelMap(v.ClusterConfig, names{"MultiAZWithStandbyEnabled": "multiAzWithStandbyEnabled"})
	if token == typeElasticsearchDomain {
		delete(cluster, "multiAzWithStandbyEnabled")
		delete(cluster, "nodeOptions")
		for _, kind := range []string{"instanceType", "dedicatedMasterType", "warmType"} {
			if text, ok := cluster[kind].(string); ok { // as Pulumi's type has them
				cluster[kind] = strings.Replace(text, ".search", ".elasticsearch", 1)
			}
		}
	}
	d.set("clusterConfig", cluster)
	t := v.AutoTuneOptions
	if t == nil {
		return
	}
	tune := newDocument()
	switch t.State {
	case types.AutoTuneStateEnabled, types.AutoTuneStateEnableInProgress:
		tune.set("desiredState", "ENABLED")
	case types.AutoTuneStateDisabled, types.AutoTuneStateDisableInProgress, types.AutoTuneStateDisabledAndRollbackScheduled,
		types.AutoTuneStateDisabledAndRollbackInProgress, types.AutoTuneStateDisabledAndRollbackComplete, types.AutoTuneStateDisabledAndRollbackError:
		tune.set("desiredState", "DISABLED")
	}
	if token == typeOpenSearchDomain {
		tune.set("useOffPeakWindow", optional(t.UseOffPeakWindow))
	}
	d.set("autoTuneOptions", tune.properties)
}

func domainLogs(options map[string]types.LogPublishingOption) []any {
	list := []any{}
	for kind, o := range options {
		m := camelMap(o, names{"CloudWatchLogsLogGroupArn": "cloudwatchLogGroupArn"})
		m["logType"] = kind
		list = append(list, m)
	}
	sortByJSON(list)
	return list
}
