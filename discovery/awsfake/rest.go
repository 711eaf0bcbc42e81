package awsfake

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
)

// restService is a service of the rest-json or rest-xml protocol.
type restService struct {
	xml    bool
	routes []restRoute
}

// restRoute is one operation and where it is asked for, as a pattern of
// http.ServeMux.
type restRoute struct {
	pattern   string // "GET /2015-03-31/functions/{name}"
	operation string
	answer    func(q *request) *fault
}

// restServices are known by the name that they sign with.
var restServices = map[string]restService{
	"guardduty":         {routes: guarddutyRoutes},
	"cloudfront":        {xml: true, routes: cloudfrontRoutes},
	"lambda":            {routes: lambdaRoutes},
	"eks":               {routes: eksRoutes},
	"elasticfilesystem": {routes: efsRoutes},
	"apigateway":        {routes: apigatewayRoutes},
	"appflow":           {routes: appflowRoutes},
	"backup":            {routes: backupRoutes},
	"route53":           {xml: true, routes: route53Routes},
	"es":                {routes: opensearchRoutes},
}

// routers dispatch the requests of each service.
var routers = sync.OnceValue(func() map[string]*http.ServeMux {
	m := map[string]*http.ServeMux{}
	for name, svc := range restServices {
		mux := http.NewServeMux()
		for _, t := range svc.routes {
			mux.HandleFunc(t.pattern, func(_ http.ResponseWriter, r *http.Request) {
				q := r.Context().Value(requestKey{}).(*request)
				q.r = r // with the path values of the pattern
				q.routed(t)
			})
		}
		m[name] = mux
	}
	return m
})

// requestKey carries the request through http.ServeMux.
type requestKey struct{}

func (q *request) rest(restService) {
	mux := routers()[q.service]
	if _, pattern := mux.Handler(q.r); pattern == "" {
		q.w.Header().Set("Content-Type", "application/json")
		q.fail(&fault{status: http.StatusNotFound, code: "UnknownOperationException", message: "awsfake does not know " + q.r.Method + " " + q.r.URL.Path})
		return
	}
	mux.ServeHTTP(q.w, q.r.WithContext(context.WithValue(q.r.Context(), requestKey{}, q)))
}

func (q *request) routed(t restRoute) {
	q.w.Header().Set("Content-Type", "application/json")
	f := q.admit(t.operation)
	if f == nil {
		f = t.answer(q)
	}
	if f != nil {
		q.fail(f)
	}
}

// reply encodes the answer of a rest-json operation.
func (q *request) reply(answer any) *fault {
	_ = json.NewEncoder(q.w).Encode(answer)
	return nil
}

// Operation names what a request asks for, "lambda:GetFunction" with the name
// that the service signs with; "" for protocols that say it elsewhere (the query
// protocol's Action, the sub-resources of S3).
func Operation(r *http.Request) string {
	_, _, service, ok := credentialScope(r)
	if !ok {
		return ""
	}
	if name := target(r); name != "" {
		return service + ":" + name
	}
	if mux := routers()[service]; mux != nil {
		_, pattern := mux.Handler(r)
		for _, t := range restServices[service].routes {
			if t.pattern == pattern {
				return service + ":" + t.operation
			}
		}
	}
	return ""
}
