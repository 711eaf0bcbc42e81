package awsfake

import (
	"fmt"
	"net/http"
)

// The domains of both engines; every third is of Elasticsearch.
var opensearchRoutes = []restRoute{
	{"GET /2021-01-01/domain", "ListDomainNames", func(q *request) *fault {
		list := []any{}
		q.each(0, q.pop.more("searchDomain"), searchDomainName, func(i int) {
			list = append(list, map[string]any{"DomainName": searchDomainName(i), "EngineType": []string{"Elasticsearch", "OpenSearch", "OpenSearch"}[i%3]})
		})
		return q.reply(map[string]any{"DomainNames": list})
	}},
	{"POST /2021-01-01/opensearch/domain-info", "DescribeDomains", func(q *request) *fault {
		names, list := q.body().list("DomainNames"), []any{}
		if len(names) > 5 {
			return &fault{status: http.StatusBadRequest, code: "ValidationException", message: "Please provide a maximum of 5 Domain names to describe."}
		}
		for _, name := range names {
			if i, ok := q.index(name, "search-", q.pop.more("searchDomain")); ok {
				list = append(list, q.searchDomain(i))
			}
		}
		return q.reply(map[string]any{"DomainStatusList": list})
	}},
	{"GET /2021-01-01/opensearch/domain/{name}", "DescribeDomain", func(q *request) *fault {
		name := q.r.PathValue("name")
		i, ok := q.index(name, "search-", q.pop.more("searchDomain"))
		if !ok {
			return &fault{status: http.StatusConflict, code: "ResourceNotFoundException", message: "Domain not found: " + name}
		}
		return q.reply(map[string]any{"DomainStatus": q.searchDomain(i)})
	}},
}

func searchDomainName(i int) string { return fmt.Sprintf("search-%06d", i) }

func (q *request) searchDomain(i int) any {
	name, hour := searchDomainName(i), 0
	if q.touched(name) {
		hour = 3
	}
	v := map[string]any{
		"DomainId": q.pop.AccountID + "/" + name, "DomainName": name, "ARN": "arn:aws:es:" + q.region + ":" + q.pop.AccountID + ":domain/" + name, "Created": true, "Deleted": false,
		"EngineVersion": []string{"Elasticsearch_7.10", "OpenSearch_2.11", "OpenSearch_2.11"}[i%3],
		"ClusterConfig": map[string]any{"InstanceType": "m5.large.search", "InstanceCount": 2, "ZoneAwarenessEnabled": true},
		"EBSOptions":    map[string]any{"EBSEnabled": true, "VolumeType": "gp3", "VolumeSize": 10}, "EncryptionAtRestOptions": map[string]any{"Enabled": i%2 == 0},
		"NodeToNodeEncryptionOptions": map[string]any{"Enabled": i%2 == 0}, "SnapshotOptions": map[string]any{"AutomatedSnapshotStartHour": hour},
		"DomainEndpointOptions":   map[string]any{"EnforceHTTPS": i%2 == 0, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07", "CustomEndpointEnabled": false},
		"AdvancedSecurityOptions": map[string]any{"Enabled": false, "InternalUserDatabaseEnabled": false},
	}
	v["AccessPolicies"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"es:ESHttpGet","Resource":"*"}]}`
	return v
}
