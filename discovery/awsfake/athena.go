package awsfake

import (
	"fmt"
	"net/http"
	"strings"
)

var athenaOperations = map[string]jsonOperation{
	"ListWorkGroups": listWorkgroups, "GetWorkGroup": getWorkgroup, "ListNamedQueries": listNamedQueries, "BatchGetNamedQuery": batchNamedQueries, "GetNamedQuery": getNamedQuery,
	"ListDataCatalogs": listDataCatalogs, "GetDataCatalog": getDataCatalog, "ListDatabases": listDatabases, "GetDatabase": getDatabase,
}

func workgroupName(i int) string   { return fmt.Sprintf("workgroup-%06d", i) }
func dataCatalogName(i int) string { return fmt.Sprintf("catalog-%06d", i) }
func databaseName(i int) string    { return fmt.Sprintf("database-%06d", i) }
func namedQueryID(i int) string    { return fmt.Sprintf("query-%06d", i) }

func badAthena(format string, args ...any) *fault {
	return &fault{status: http.StatusBadRequest, code: "InvalidRequestException", message: fmt.Sprintf(format, args...)}
}

// athenaPage is a page of at most 50.
func (q *request) athenaPage(in input, kind, items string, id func(int) string, item func(int) any) (any, *fault) {
	if in.number("MaxResults") > 50 {
		return nil, badAthena("MaxResults is not within the allowed range [1, 50]")
	}
	list := []any{}
	from, to, next := q.window(in.text("NextToken"), in.number("MaxResults"), 50, q.pop.more(kind))
	q.each(from, to, id, func(i int) { list = append(list, item(i)) })
	return paged(map[string]any{items: list}, "NextToken", next), nil
}

func listWorkgroups(q *request, in input) (any, *fault) {
	return q.athenaPage(in, "workgroup", "WorkGroups", workgroupName, func(i int) any { return map[string]any{"Name": workgroupName(i), "State": "ENABLED"} })
}

// Every second workgroup enforces its configuration and encrypts.
func getWorkgroup(q *request, in input) (any, *fault) {
	name := in.text("WorkGroup")
	i, ok := q.index(name, "workgroup-", q.pop.more("workgroup"))
	if !ok {
		return nil, badAthena("WorkGroup %s is not found.", name)
	}
	result := map[string]any{"OutputLocation": "s3://results/"}
	if i%2 == 0 {
		result["EncryptionConfiguration"] = map[string]any{"EncryptionOption": "SSE_KMS", "KmsKey": "arn:aws:kms:us-east-1:123456789012:key/k"}
	}
	return map[string]any{"WorkGroup": map[string]any{
		"Name": name, "State": "ENABLED", "Description": q.described(name), "Configuration": map[string]any{
			"EnforceWorkGroupConfiguration": i%2 == 0, "PublishCloudWatchMetricsEnabled": true, "ResultConfiguration": result,
		},
	}}, nil
}

// The first workgroup has all the queries.
func listNamedQueries(q *request, in input) (any, *fault) {
	name := in.text("WorkGroup")
	if _, ok := q.index(name, "workgroup-", q.pop.more("workgroup")); !ok {
		return nil, badAthena("WorkGroup %s is not found.", name)
	}
	if name != workgroupName(0) {
		return map[string]any{"NamedQueryIds": []any{}}, nil
	}
	return q.athenaPage(in, "namedQuery", "NamedQueryIds", namedQueryID, func(i int) any { return namedQueryID(i) })
}

func (q *request) namedQuery(id string) any {
	return map[string]any{
		"NamedQueryId": id, "Name": "name-" + id, "Database": "d", "QueryString": "SELECT 1", "Description": q.described(id), "WorkGroup": workgroupName(0),
	}
}

func batchNamedQueries(q *request, in input) (any, *fault) {
	found, missing := []any{}, []any{}
	for _, id := range in.list("NamedQueryIds") {
		if _, ok := q.index(id, "query-", q.pop.more("namedQuery")); ok {
			found = append(found, q.namedQuery(id))
		} else {
			missing = append(missing, map[string]any{"NamedQueryId": id, "ErrorCode": "INTERNAL_FAILURE"})
		}
	}
	return map[string]any{"NamedQueries": found, "UnprocessedNamedQueryIds": missing}, nil
}

func getNamedQuery(q *request, in input) (any, *fault) {
	id := in.text("NamedQueryId")
	if _, ok := q.index(id, "query-", q.pop.more("namedQuery")); !ok {
		return nil, badAthena("NamedQuery %s was not found", id)
	}
	return map[string]any{"NamedQuery": q.namedQuery(id)}, nil
}

// listDataCatalogs has the one that every account has on the first page.
func listDataCatalogs(q *request, in input) (any, *fault) {
	answer, f := q.athenaPage(in, "dataCatalog", "DataCatalogsSummary", dataCatalogName, func(i int) any {
		return map[string]any{"CatalogName": dataCatalogName(i), "Type": "LAMBDA"}
	})
	if f == nil && in.text("NextToken") == "" {
		m := answer.(map[string]any)
		m["DataCatalogsSummary"] = append(m["DataCatalogsSummary"].([]any), map[string]any{"CatalogName": "AwsDataCatalog", "Type": "GLUE"})
	}
	return answer, f
}

func getDataCatalog(q *request, in input) (any, *fault) {
	name := in.text("Name")
	if _, ok := q.index(name, "catalog-", q.pop.more("dataCatalog")); !ok {
		return nil, badAthena("DataCatalog %s was not found", name)
	}
	return map[string]any{"DataCatalog": map[string]any{
		"Name": name, "Type": "LAMBDA", "Description": q.described(name), "Parameters": map[string]any{"function": "arn:aws:lambda:us-east-1:123456789012:function:f"},
	}}, nil
}

func (q *request) database(name string) any {
	return map[string]any{"Name": name, "Description": q.described(name), "Parameters": map[string]any{"k": "v"}}
}

func listDatabases(q *request, in input) (any, *fault) {
	return q.athenaPage(in, "database", "DatabaseList", databaseName, func(i int) any { return q.database(databaseName(i)) })
}

func getDatabase(q *request, in input) (any, *fault) {
	name := in.text("DatabaseName")
	if _, ok := q.index(name, "database-", q.pop.more("database")); !ok || !strings.EqualFold(in.text("CatalogName"), "AwsDataCatalog") {
		return nil, &fault{status: http.StatusBadRequest, code: "MetadataException", message: "Database " + name + " not found."}
	}
	return map[string]any{"Database": q.database(name)}, nil
}
