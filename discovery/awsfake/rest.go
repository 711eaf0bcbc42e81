package awsfake

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
)

// restService is a service of the rest-json or rest-xml protocol.
type restService struct {
	prefix string // of its IAM actions
	xml    bool
	routes []restRoute
}

// restRoute is one operation: where it is asked for, as a pattern of
// http.ServeMux, and its IAM action when that is not named like it.
type restRoute struct {
	pattern   string // "GET /2015-03-31/functions/{name}"
	operation string
	action    string
	answer    func(q *request) *fault
}

// restServices are known by the name that they sign with.
var restServices = map[string]restService{
	"guardduty":         {prefix: "guardduty", routes: guarddutyRoutes},
	"cloudfront":        {"cloudfront", true, cloudfrontRoutes},
	"lambda":            {prefix: "lambda", routes: lambdaRoutes},
	"eks":               {prefix: "eks", routes: eksRoutes},
	"elasticfilesystem": {prefix: "elasticfilesystem", routes: efsRoutes},
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
				q.routed(name, svc, t)
			})
		}
		m[name] = mux
	}
	return m
})

// requestKey carries the request through http.ServeMux.
type requestKey struct{}

func (q *request) rest(service string, svc restService) {
	mux := routers()[service]
	if _, pattern := mux.Handler(q.r); pattern == "" {
		q.restFault(svc, &fault{http.StatusNotFound, "UnknownOperationException", "awsfake does not know " + q.r.Method + " " + q.r.URL.Path})
		return
	}
	mux.ServeHTTP(q.w, q.r.WithContext(context.WithValue(q.r.Context(), requestKey{}, q)))
}

func (q *request) routed(service string, svc restService, t restRoute) {
	action := t.action
	if action == "" {
		action = t.operation
	}
	if f := q.admit(service, t.operation, svc.prefix+":"+action); f != nil {
		q.restFault(svc, f)
		return
	}
	if f := t.answer(q); f != nil {
		q.restFault(svc, f)
	}
}

// reply encodes the answer of a rest-json operation.
func (q *request) reply(answer any) *fault {
	q.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(q.w).Encode(answer)
	return nil
}

func (q *request) restFault(svc restService, f *fault) {
	if svc.xml {
		q.queryFault("", f)
		return
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.jsonFault(f)
}

// Operation names what a request asks for, "lambda:GetFunction" with the name
// that the service signs with; "" for protocols that say it elsewhere (the query
// protocol's Action, the sub-resources of S3).
func Operation(r *http.Request) string {
	_, service, ok := credentialScope(r)
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
