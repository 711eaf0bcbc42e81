package aws

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

func projectWorkgroup(region, name, arn string, f facet, w *types.WorkGroup, tagsF facet, tags map[string]any) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", arn)
	if !d.unread(f, "configuration", "description", "state") {
		d.set("description", aws.ToString(w.Description))
		d.set("state", string(w.State))
		d.facet("configuration", f.need(w.Configuration != nil), func() any { return workgroupConfiguration(w.Configuration) })
	}
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(region, typeWorkgroup, name, name, athenaProjection)
}

func workgroupConfiguration(c *types.WorkGroupConfiguration) map[string]any {
	m := camelMap(c, names{
		"EnforceWorkGroupConfiguration": "enforceWorkgroupConfiguration", "PublishCloudWatchMetricsEnabled": "publishCloudwatchMetricsEnabled",
		"ResultConfiguration": "", "MonitoringConfiguration": "", // below
		"AdditionalConfiguration": "", "EngineConfiguration": "", "SystemTableStatuses": "", // which Pulumi does not have
	})
	d := &document{properties: m}
	d.set("resultConfiguration", camelMap(c.ResultConfiguration, names{"KmsKey": "kmsKeyArn"}))
	d.set("monitoringConfiguration", workgroupMonitoring(c.MonitoringConfiguration))
	return m
}

// workgroupMonitoring has the types of logs as a list, for the map in the answer.
func workgroupMonitoring(c *types.MonitoringConfiguration) map[string]any {
	m := camelMap(c, names{"LogTypes": ""})
	if c == nil || c.CloudWatchLoggingConfiguration == nil || len(c.CloudWatchLoggingConfiguration.LogTypes) == 0 {
		return m
	}
	list := []any{}
	for key, values := range c.CloudWatchLoggingConfiguration.LogTypes {
		list = append(list, map[string]any{"key": key, "values": sortedStrings(values)})
	}
	sortByJSON(list)
	cloudwatch := camelMap(c.CloudWatchLoggingConfiguration, names{"LogTypes": ""})
	cloudwatch["logTypes"] = list
	m["cloudWatchLoggingConfiguration"] = cloudwatch
	return m
}

func projectNamedQuery(region, id, workgroup string, f facet, q types.NamedQuery) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("workgroup", workgroup)
	for name, v := range map[string]*string{"database": q.Database, "description": q.Description, "name": q.Name, "query": q.QueryString} {
		d.facet(name, f, func() any { return aws.ToString(v) })
	}
	sortUnknown(d)
	name := aws.ToString(q.Name)
	if name == "" {
		name = id
	}
	return d.observe(region, typeNamedQuery, id, name, athenaProjection)
}

func projectDataCatalog(region, name, arn string, f facet, c types.DataCatalog, tagsF facet, tags map[string]any) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", arn)
	d.facet("description", f, func() any { return aws.ToString(c.Description) })
	d.facet("parameters", f, func() any { return anyMap(c.Parameters) })
	d.facet("type", f, func() any { return string(c.Type) })
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(region, typeDataCatalog, name, name, athenaProjection)
}

// projectDatabase cannot tell where query results went when the database was made,
// nor how they were encrypted: that was of the one query.
func projectDatabase(region string, v types.Database) discovery.Observation {
	d, name := newDocument(), aws.ToString(v.Name)
	d.set("region", region)
	d.set("name", name)
	d.set("comment", aws.ToString(v.Description))
	d.set("properties", anyMap(v.Parameters))
	d.notReadable("bucket", "encryptionConfiguration")
	return d.observe(region, typeDatabase, name, name, athenaProjection)
}
