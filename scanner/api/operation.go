package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// operation is one route. The router, its guards and the OpenAPI document are
// made of it.
type operation struct {
	id      string // its name in generated clients
	method  string
	path    string // as http.ServeMux has it: "/v1/groups/{group}"
	need    TokenScope
	summary string

	status  int   // of success
	bodyMax int64 // bytes of a body

	names []string      // of path parameters
	args  []arg         // what fn takes behind the context
	fn    reflect.Value // func(ctx, args...) (out, error) or func(ctx, args...) error
	out   reflect.Type  // nil: no body

	// Of a stream, which writes its answer itself:
	stream   http.HandlerFunc
	query    reflect.Type      // its parameters; may be nil
	produces map[string]string // media types and what they hold
}

// arg is one argument of an operation: a path parameter, else the query or the body.
type arg struct {
	t    reflect.Type
	from source
}

type source int

const (
	fromPath source = iota
	fromQuery
	fromBody
	fromArchive
)

var (
	wildcard    = regexp.MustCompile(`\{([a-z]+)\}`)
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
	bytesType   = reflect.TypeFor[[]byte]()
)

// op serves a function as an operation: func(ctx, ...) (T, error) or
// func(ctx, ...) error. Its arguments are the path's parameters, in order and as
// texts or whole numbers, then at most one struct: the query of a GET or DELETE
// (fields with the tag "query"), the JSON body of others; []byte is an archive.
// A slice is answered as {"items": [...]}, []byte as an archive, and no value with
// status 204. A function that does not fit is a defect: op panics.
func (s *Server) op(id, pattern string, need TokenScope, summary string, fn any) *operation {
	o := newOperation(id, pattern, need, summary)
	o.fn = reflect.ValueOf(fn)
	t := o.fn.Type()
	if t.NumIn() < 1 || t.In(0) != contextType || t.NumOut() < 1 || t.NumOut() > 2 || t.Out(t.NumOut()-1) != errorType {
		panic(fmt.Sprintf("%s: %s is no function of an operation", id, t))
	}
	for i := 1; i < t.NumIn(); i++ {
		o.args = append(o.args, arg{t.In(i), o.source(i-1, t.In(i))})
	}
	if len(o.args) < len(o.names) || len(o.args) > len(o.names)+1 {
		panic(fmt.Sprintf("%s: %s does not take what %s has", id, t, pattern))
	}
	o.status = http.StatusNoContent
	if t.NumOut() == 2 {
		o.status, o.out = http.StatusOK, t.Out(0)
	}
	s.handle(o, func(w http.ResponseWriter, r *http.Request) { s.once(o, r).write(w) })
	return o
}

func newOperation(id, pattern string, need TokenScope, summary string) *operation {
	method, path, _ := strings.Cut(pattern, " ")
	o := &operation{id: id, method: method, path: path, need: need, summary: summary, bodyMax: maxBody}
	for _, m := range wildcard.FindAllStringSubmatch(path, -1) {
		o.names = append(o.names, m[1])
	}
	return o
}

func (o *operation) source(i int, t reflect.Type) source {
	switch {
	case i < len(o.names):
		if t.Kind() == reflect.String || t.Kind() == reflect.Uint64 {
			return fromPath
		}
	case t == bytesType:
		return fromArchive
	case t.Kind() == reflect.Struct && o.reads():
		fields(t) // panics when one has no name
		return fromQuery
	case t.Kind() == reflect.Struct:
		return fromBody
	}
	panic(fmt.Sprintf("%s: argument %d of type %s has no source", o.id, i, t))
}

// reads tells whether the operation has no body.
func (o *operation) reads() bool { return o.method == http.MethodGet || o.method == http.MethodDelete }

// creates says that success makes something.
func (o *operation) creates() { o.status = http.StatusCreated }

// accepts says that success only begins something.
func (o *operation) accepts() { o.status = http.StatusAccepted }

// upTo allows a larger body than usual.
func (o *operation) upTo(bytes int64) { o.bodyMax = bytes }

// streams serves a handler that writes its answer itself. query has its
// parameters (nil: none), produces the media types and what they hold.
func (s *Server) streams(id, pattern string, need TokenScope, summary string, query any, produces map[string]string, h http.HandlerFunc) {
	o := newOperation(id, pattern, need, summary)
	o.status, o.stream, o.produces = http.StatusOK, h, produces
	if query != nil {
		o.query = reflect.TypeOf(query)
	}
	s.handle(o, h)
}

// handle puts the guards before an operation.
func (s *Server) handle(o *operation, answer http.HandlerFunc) {
	s.ops = append(s.ops, o)
	s.mux.HandleFunc(o.method+" "+o.path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r, err := s.authorized(r, o.need)
		if err == nil {
			err = s.limits.take(w, Actor(r.Context()))
		}
		if err != nil {
			s.refuse(w, err)
			return
		}
		answer(w, r)
	})
}

// call reads a request and calls the function.
func (o *operation) call(r *http.Request) (out any, err error) {
	in := []reflect.Value{reflect.ValueOf(r.Context())}
	q := query(r)
	for i, a := range o.args {
		v := reflect.New(a.t).Elem()
		switch a.from {
		case fromPath:
			q.path(v, o.names[i], r.PathValue(o.names[i]))
		case fromQuery:
			q.fill(v)
		case fromBody, fromArchive: // read when the rest is as it should be
		}
		in = append(in, v)
	}
	if err := q.done(); err != nil {
		return nil, err
	}
	if n := len(o.args); n > 0 && o.args[n-1].from >= fromBody {
		if err := o.body(r, in[n]); err != nil {
			return nil, err
		}
	}
	results := o.fn.Call(in)
	err, _ = reflect.TypeAssert[error](results[len(results)-1])
	if err != nil || o.out == nil {
		return nil, err
	}
	return listed(results[0]), nil
}

func (o *operation) body(r *http.Request, v reflect.Value) error {
	if v.Type() == bytesType {
		raw, err := archiveOf(r)
		v.SetBytes(raw)
		return err
	}
	return decode(r, v.Addr().Interface(), o.bodyMax)
}

// items is a list on the wire, which may grow fields beside it.
type items[T any] struct {
	Items []T `json:"items"`
}

// listed is a result as it is sent.
func listed(v reflect.Value) any {
	if v.Kind() != reflect.Slice || v.Type() == bytesType {
		return v.Interface()
	}
	if v.IsNil() {
		v = reflect.MakeSlice(v.Type(), 0, 0)
	}
	return items[any]{Items: anys(v)}
}

func anys(v reflect.Value) []any {
	out := make([]any, v.Len())
	for i := range out {
		out[i] = v.Index(i).Interface()
	}
	return out
}

// write is whether an operation changes something; those that do may carry an
// idempotency key.
func (o *operation) write() bool {
	return o.method != http.MethodGet && slices.Contains([]TokenScope{ScopeWrite, ScopeAdmin}, o.need)
}
