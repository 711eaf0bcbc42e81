package awsfake

import (
	"fmt"
	"net/http"
)

// A function has one permission; every second has a URL.
var lambdaRoutes = []restRoute{
	{"GET /2015-03-31/functions", "ListFunctions", listFunctions},
	{"GET /2015-03-31/functions/{name}/configuration", "GetFunctionConfiguration", func(q *request) *fault {
		return q.aFunction(func(i int) any { return q.function(i) })
	}},
	{"GET /2015-03-31/functions/{name}", "GetFunction", func(q *request) *fault {
		return q.aFunction(func(i int) any {
			return map[string]any{"Configuration": q.function(i), "Code": map[string]any{"RepositoryType": "S3", "Location": "https://example.com/code"}}
		})
	}},
	{"GET /2020-06-30/functions/{name}/code-signing-config", "GetFunctionCodeSigningConfig", func(q *request) *fault {
		return q.aFunction(func(i int) any {
			answer := map[string]any{"FunctionName": functionName(i)}
			if i%2 == 0 {
				answer["CodeSigningConfigArn"] = "arn:aws:lambda:" + q.region + ":" + q.pop.AccountID + ":code-signing-config:csc-0123456789abcdef0"
			}
			return answer
		})
	}},
	{"GET /2019-09-30/functions/{name}/concurrency", "GetFunctionConcurrency", func(q *request) *fault {
		return q.aFunction(func(i int) any {
			if n, reserved := reservedConcurrency(i); reserved {
				return map[string]any{"ReservedConcurrentExecutions": n}
			}
			return map[string]any{}
		})
	}},
	{"GET /2015-03-31/functions/{name}/policy", "GetPolicy", func(q *request) *fault {
		return q.aFunction(func(i int) any { return map[string]any{"Policy": q.functionPolicy(i), "RevisionId": "1"} })
	}},
	{"GET /2021-10-31/functions/{name}/urls", "ListFunctionUrlConfigs", func(q *request) *fault {
		return q.aFunction(func(i int) any { return map[string]any{"FunctionUrlConfigs": q.functionURLs(i)} })
	}},
}

func reservedConcurrency(i int) (n int, reserved bool) { return 10, i%2 != 0 }

func functionName(i int) string { return fmt.Sprintf("function-%06d", i) }

func (q *request) functionARN(i int) string {
	return "arn:aws:lambda:" + q.region + ":" + q.pop.AccountID + ":function:" + functionName(i)
}

// listFunctions gives at most 50 at once.
func listFunctions(q *request) *fault {
	form := q.r.URL.Query()
	from, to, next := q.window(form.Get("Marker"), number(form.Get("MaxItems")), 50, q.pop.more("function"))
	list := []any{}
	q.each(from, to, functionName, func(i int) { list = append(list, q.function(i)) })
	return q.reply(paged(map[string]any{"Functions": list}, "NextMarker", next))
}

// aFunction answers for the function that the path names.
func (q *request) aFunction(answer func(i int) any) *fault {
	name := q.r.PathValue("name")
	i, ok := q.index(name, "function-", q.pop.more("function"))
	if !ok {
		return &fault{status: http.StatusNotFound, code: "ResourceNotFoundException", message: "Function not found: " + name}
	}
	return q.reply(answer(i))
}

func (q *request) function(i int) any {
	timeout := 3
	if q.touched(functionName(i)) {
		timeout = 30
	}
	runtime, mode := "python3.13", "Active"
	if i%4 == 0 {
		runtime, mode = "nodejs16.x", "PassThrough"
	}
	return map[string]any{
		"FunctionName": functionName(i), "FunctionArn": q.functionARN(i), "Runtime": runtime, "Handler": "main.handler", "PackageType": "Zip",
		"Role": q.iamArn("role", "app"), "Timeout": timeout, "MemorySize": 128, "CodeSha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "CodeSize": 1,
		"Version": "$LATEST", "Architectures": []string{"arm64"}, "TracingConfig": map[string]any{"Mode": mode}, "EphemeralStorage": map[string]any{"Size": 512},
		"Environment": map[string]any{"Variables": map[string]string{"TABLE": "orders"}}, "LastModified": "2025-01-01T00:00:00.000+0000",
	}
}

func (q *request) functionPolicy(i int) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"events","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},`+
		`"Action":"lambda:InvokeFunction","Resource":%q,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:%s:%s:rule/tick"}}}]}`, q.functionARN(i), q.region, q.pop.AccountID)
}

func (q *request) functionURLs(i int) []any {
	if i%2 != 0 {
		return []any{}
	}
	auth := "AWS_IAM"
	if i%4 == 0 {
		auth = "NONE"
	}
	return []any{map[string]any{
		"FunctionArn": q.functionARN(i), "FunctionUrl": fmt.Sprintf("https://url%06d.lambda-url.%s.on.aws/", i, q.region), "AuthType": auth, "InvokeMode": "BUFFERED",
		"CreationTime": "2025-01-01T00:00:00.000000Z", "LastModifiedTime": "2025-01-01T00:00:00.000000Z",
	}}
}
