package awsfake

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// jsonService is a service of the json 1.0 or 1.1 protocol.
type jsonService struct {
	prefix     string // of its IAM actions
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
	"cloudtrail":     {"cloudtrail", cloudtrailOperations},
	"config":         {"config", configOperations},
	"dynamodb":       {"dynamodb", dynamodbOperations},
	"kms":            {"kms", kmsOperations},
	"secretsmanager": {"secretsmanager", secretsmanagerOperations},
	"sqs":            {"sqs", sqsOperations},
	"tagging":        {"tag", taggingOperations},
	"logs":           {"logs", logsOperations},
	"acm":            {"acm", acmOperations},
	"ecr":            {"ecr", ecrOperations},
	"ecs":            {"ecs", ecsOperations},
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

func (q *request) json(service string, svc jsonService) {
	name := target(q.r)
	q.w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if f := q.admit(service, name, svc.prefix+":"+name); f != nil {
		q.jsonFault(f)
		return
	}
	op, ok := svc.operations[name]
	if !ok {
		q.jsonFault(&fault{http.StatusBadRequest, "UnknownOperationException", "awsfake does not know " + name})
		return
	}
	in := input{}
	if err := json.NewDecoder(q.r.Body).Decode(&in); err != nil && err != io.EOF {
		q.jsonFault(&fault{http.StatusBadRequest, "SerializationException", err.Error()})
		return
	}
	answer, f := op(q, in)
	if f != nil {
		q.jsonFault(f)
		return
	}
	_ = json.NewEncoder(q.w).Encode(answer)
}

func (q *request) jsonFault(f *fault) {
	q.w.Header().Set("X-Amzn-Errortype", f.code)
	q.w.WriteHeader(f.status)
	_ = json.NewEncoder(q.w).Encode(map[string]string{"__type": f.code, "message": f.message})
}
