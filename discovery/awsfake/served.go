package awsfake

import (
	"cmp"
	"slices"
	"strings"
)

// Served is an operation that the endpoint answers.
type Served struct {
	API       string `json:"api"`     // as botocore and the AWS CLI call the service, "cloudwatch"
	Service   string `json:"service"` // as it signs, "monitoring"; S3 Control, which signs as S3, is "s3control"
	Operation string `json:"operation"`
	// Protocol is "ec2", "query", "json", "rest-json" or "rest-xml".
	Protocol string `json:"protocol"`
}

// apiNames are the services that sign with another name.
var apiNames = map[string]string{"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi", "elasticfilesystem": "efs", "es": "opensearch", "states": "stepfunctions", "cloudcontrolapi": "cloudcontrol"}

// Operations are all that are answered, sorted.
func Operations() []Served {
	var list []Served
	add := func(service, protocol, operation string) {
		api, ok := apiNames[service]
		if !ok {
			api = service
		}
		list = append(list, Served{api, service, operation, protocol})
	}
	for service, svc := range queryServices {
		protocol := "query"
		if service == "ec2" {
			protocol = "ec2"
		}
		for name := range svc.operations {
			if service != "elasticloadbalancing" {
				add(service, protocol, name)
			}
		}
	}
	for api, operations := range map[string]map[string]operation{"elb": classicOperations, "elbv2": elbv2Operations} {
		for name := range operations {
			list = append(list, Served{api, "elasticloadbalancing", name, "query"})
		}
	}
	for service, svc := range jsonServices {
		for name := range svc.operations {
			add(service, "json", name)
		}
	}
	for service, svc := range restServices {
		protocol := "rest-json"
		if svc.xml {
			protocol = "rest-xml"
		}
		for _, r := range svc.routes {
			if service == "apigateway" && strings.Contains(r.pattern, "/v2/") {
				list = append(list, Served{"apigatewayv2", service, r.operation, protocol})
				continue
			}
			add(service, protocol, r.operation)
		}
	}
	add("s3", "rest-xml", "ListBuckets")
	for _, c := range bucketCalls {
		add("s3", "rest-xml", c.operation)
	}
	add("s3control", "rest-xml", "GetPublicAccessBlock")
	slices.SortFunc(list, func(a, b Served) int { return cmp.Or(cmp.Compare(a.API, b.API), cmp.Compare(a.Operation, b.Operation)) })
	return slices.Compact(list) // some are asked for in two ways
}
