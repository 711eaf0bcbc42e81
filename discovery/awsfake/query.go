package awsfake

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// operation answers one action of a query-protocol service with the inside of
// the response element.
type operation func(q *request, form url.Values, b *bytes.Buffer) *fault

// queryService is a service of the query protocol.
type queryService struct {
	namespace  string // of its answers
	operations map[string]operation
}

// queryServices are known by the name that they sign with.
var queryServices = map[string]queryService{
	"ec2":                  {"http://ec2.amazonaws.com/doc/2016-11-15/", ec2Operations},
	"cloudformation":       {"http://cloudformation.amazonaws.com/doc/2010-05-15/", cloudformationOperations},
	"iam":                  {"https://iam.amazonaws.com/doc/2010-05-08/", iamOperations},
	"rds":                  {"http://rds.amazonaws.com/doc/2014-10-31/", rdsOperations},
	"elasticache":          {"http://elasticache.amazonaws.com/doc/2015-02-02/", elasticacheOperations},
	"redshift":             {"http://redshift.amazonaws.com/doc/2012-12-01/", redshiftOperations},
	"sns":                  {"http://sns.amazonaws.com/doc/2010-03-31/", snsOperations},
	"sts":                  {"https://sts.amazonaws.com/doc/2011-06-15/", stsOperations},
	"monitoring":           {"http://monitoring.amazonaws.com/doc/2010-08-01/", cloudwatchOperations},
	"autoscaling":          {"http://autoscaling.amazonaws.com/doc/2011-01-01/", autoscalingOperations},
	"elasticloadbalancing": {"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", elbOperations},
}

// query answers the query and ec2-query protocols.
func (q *request) query(svc queryService) {
	if err := q.r.ParseForm(); err != nil {
		q.fail(&fault{status: http.StatusBadRequest, code: "MalformedQueryString", message: err.Error()})
		return
	}
	name := q.r.Form.Get("Action")
	op, ok := svc.operations[name]
	if !ok {
		q.fail(&fault{status: http.StatusBadRequest, code: "InvalidAction", message: "awsfake does not know " + name})
		return
	}
	if f := q.admit(name); f != nil {
		q.fail(f)
		return
	}
	namespace := svc.namespace
	if version := q.r.Form.Get("Version"); version != "" { // Elastic Load Balancing has two
		namespace = namespace[:len(namespace)-len("2006-01-02/")] + version + "/"
	}
	open, end := envelope(q.service, namespace, name)
	q.w.body.WriteString(open)
	if f := op(q, q.r.Form, &q.w.body); f != nil {
		q.w.body.Reset()
		q.fail(f)
		return
	}
	q.w.body.WriteString(end)
	q.w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
}

func envelope(service, namespace, name string) (open, end string) {
	if service == "ec2" {
		return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><%sResponse xmlns=%q><requestId>fake</requestId>`, name, namespace),
			fmt.Sprintf("</%sResponse>", name)
	}
	return fmt.Sprintf(`<%sResponse xmlns=%q><%sResult>`, name, namespace, name),
		fmt.Sprintf("</%sResult><ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata></%sResponse>", name, name)
}

func esc(s string) string {
	if !strings.ContainsAny(s, `<>&"'`) {
		return s
	}
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
