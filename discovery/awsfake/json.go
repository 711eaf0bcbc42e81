package awsfake

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// jsonService is a service of the json 1.0 or 1.1 protocol.
type jsonService struct {
	version    string
	operations map[string]jsonOperation
}

// jsonOperation answers one operation with a value to encode.
type jsonOperation func(q *request, in input) (any, *fault)

// input is the decoded request.
type input map[string]any

// text is a string of the request, "" when it is not there.
func (in input) text(name string) string {
	s, _ := in[name].(string)
	return s
}

// number is an integer of the request, 0 when it is not there.
func (in input) number(name string) int {
	n, _ := in[name].(float64)
	return int(n)
}

// list is a list of strings of the request.
func (in input) list(name string) []string {
	values, _ := in[name].([]any)
	out := make([]string, 0, len(values))
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// jsonServices are known by the name that they sign with.
var jsonServices = map[string]jsonService{
	"cloudtrail":      {"1.1", cloudtrailOperations},
	"config":          {"1.1", configOperations},
	"dynamodb":        {"1.0", dynamodbOperations},
	"kms":             {"1.1", kmsOperations},
	"secretsmanager":  {"1.1", secretsmanagerOperations},
	"sqs":             {"1.0", sqsOperations},
	"tagging":         {"1.1", taggingOperations},
	"logs":            {"1.1", logsOperations},
	"acm":             {"1.1", acmOperations},
	"ecr":             {"1.1", ecrOperations},
	"ecs":             {"1.1", ecsOperations},
	"athena":          {"1.1", athenaOperations},
	"kinesis":         {"1.1", kinesisOperations},
	"ssm":             {"1.1", ssmOperations},
	"states":          {"1.0", sfnOperations},
	"wafv2":           {"1.1", wafv2Operations},
	"cloudcontrolapi": {"1.0", cloudcontrolOperations},
}

// says always gives the same answer.
func says(answer any) jsonOperation {
	return func(*request, input) (any, *fault) { return answer, nil }
}

// target is the operation that a json request names, "" for other protocols.
func target(r *http.Request) string {
	name := r.Header.Get("X-Amz-Target")
	return name[strings.LastIndexByte(name, '.')+1:]
}

func (q *request) json(svc jsonService) {
	name := target(q.r)
	q.w.Header().Set("Content-Type", "application/x-amz-json-"+svc.version)
	op, ok := svc.operations[name]
	if !ok {
		q.fail(&fault{status: http.StatusBadRequest, code: "UnknownOperationException", message: "awsfake does not know " + name})
		return
	}
	in := input{}
	if err := json.NewDecoder(q.r.Body).Decode(&in); err != nil && err != io.EOF {
		q.fail(&fault{status: http.StatusBadRequest, code: "SerializationException", message: err.Error()})
		return
	}
	if len(q.faults.Denials) > 0 {
		q.r.PostForm = url.Values{"body": in.texts()}
	}
	if f := q.admit(name); f != nil {
		q.fail(f)
		return
	}
	answer, f := op(q, in)
	if f != nil {
		q.fail(f)
		return
	}
	_ = json.NewEncoder(q.w).Encode(answer)
}

// texts are the request's strings, and those of its lists.
func (in input) texts() (list []string) {
	for name := range in {
		if text := in.text(name); text != "" {
			list = append(list, text)
		}
		list = append(list, in.list(name)...)
	}
	return list
}

// messageMember is what the services that write it unlike the others call the
// text of an error.
var messageMember = map[string]string{
	"elasticfilesystem": "Message", "lambda": "Message", "secretsmanager": "Message", "tagging": "Message", "cloudtrail": "Message", "athena": "Message", "wafv2": "Message",
	"ssm": "Message", "backup": "Message", "cloudcontrolapi": "Message",
}

// jsonFault is an error of the json protocols and of rest-json.
func (q *request) jsonFault(f *fault) {
	member, ok := messageMember[q.service]
	switch {
	case q.service == "acm" && f.code == "AccessDeniedException":
		member = "Message"
	case !ok || q.service == "lambda" && f.code == "TooManyRequestsException":
		member = "message"
	}
	body := map[string]string{member: f.message}
	maps.Copy(body, f.members)
	switch _, rest := restServices[q.service]; {
	case q.service == "elasticfilesystem":
		body["ErrorCode"] = f.code
	case q.service == "lambda":
		body["Type"] = "User"
	case !rest:
		body["__type"] = f.code
	}
	q.w.Header().Set("X-Amzn-Errortype", f.code)
	q.w.WriteHeader(f.status)
	_ = json.NewEncoder(q.w).Encode(body)
}
