package awsfake

import (
	"fmt"
	"net/http"
)

var ssmOperations = map[string]jsonOperation{
	"DescribeParameters": describeParameters, "ListDocuments": listDocuments, "DescribeDocument": describeDocument, "DescribeDocumentPermission": documentPermission,
}

func parameterName(i int) string { return fmt.Sprintf("parameter-%06d", i) }
func documentName(i int) string  { return fmt.Sprintf("document-%06d", i) }

// Every second parameter is encrypted.
func (q *request) parameter(i int) any {
	name := parameterName(i)
	return map[string]any{
		"Name": name, "ARN": "arn:aws:ssm:" + q.region + ":" + q.pop.AccountID + ":parameter/" + name, "Type": []string{"SecureString", "String"}[i%2], "Tier": "Standard",
		"DataType": "text", "Description": q.described(name), "Version": 1, "LastModifiedDate": 1735689600,
	}
}

// describeParameters pages, or answers for the names of a filter.
func describeParameters(q *request, in input) (any, *fault) {
	list := []any{}
	if filters, _ := in["ParameterFilters"].([]any); len(filters) > 0 {
		filter, _ := filters[0].(map[string]any)
		for _, name := range input(filter).list("Values") {
			if i, ok := q.index(name, "parameter-", q.pop.more("parameter")); ok {
				list = append(list, q.parameter(i))
			}
		}
		return map[string]any{"Parameters": list}, nil
	}
	from, to, next := q.window(in.text("NextToken"), in.number("MaxResults"), 50, q.pop.more("parameter"))
	q.each(from, to, parameterName, func(i int) { list = append(list, q.parameter(i)) })
	return paged(map[string]any{"Parameters": list}, "NextToken", next), nil
}

func (q *request) ssmDocument(name string) map[string]any {
	target := "/AWS::EC2::Instance"
	if q.touched(name) {
		target = "/"
	}
	return map[string]any{
		"Name": name, "Owner": q.pop.AccountID, "DocumentType": "Command", "DocumentFormat": "JSON", "DocumentVersion": "1", "SchemaVersion": "2.2", "TargetType": target,
		"Tags": []any{map[string]any{"Key": "owner", "Value": "team"}},
	}
}

func listDocuments(q *request, in input) (any, *fault) {
	list := []any{}
	from, to, next := q.window(in.text("NextToken"), in.number("MaxResults"), 50, q.pop.more("document"))
	q.each(from, to, documentName, func(i int) { list = append(list, q.ssmDocument(documentName(i))) })
	return paged(map[string]any{"DocumentIdentifiers": list}, "NextToken", next), nil
}

func (q *request) documentNamed(in input) (i int, f *fault) {
	name := in.text("Name")
	i, ok := q.index(name, "document-", q.pop.more("document"))
	if !ok {
		return 0, &fault{status: http.StatusBadRequest, code: "InvalidDocument", message: "Document with name " + name + " does not exist."}
	}
	return i, nil
}

func describeDocument(q *request, in input) (any, *fault) {
	if _, f := q.documentNamed(in); f != nil {
		return nil, f
	}
	return map[string]any{"Document": q.ssmDocument(in.text("Name"))}, nil
}

// documentPermission shares every second document with everybody.
func documentPermission(q *request, in input) (any, *fault) {
	i, f := q.documentNamed(in)
	if f != nil {
		return nil, f
	}
	accounts := []any{}
	if i%2 == 0 {
		accounts = append(accounts, "all")
	}
	return map[string]any{"AccountIds": accounts}, nil
}
