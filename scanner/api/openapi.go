package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// document serves what the API is in OpenAPI 3.1, made of the operations
// themselves. It tells nothing of any account and needs no token.
func (s *Server) document() {
	raw, err := json.Marshal(s.openAPI())
	if err != nil {
		panic(err) // a defect of the operations
	}
	text, err := yaml.JSONToYAML(raw)
	if err != nil {
		panic(err)
	}
	for path, p := range map[string]reply{
		"/openapi.json": {http.StatusOK, map[string]string{"Content-Type": "application/json"}, append(raw, '\n')},
		"/openapi.yaml": {http.StatusOK, map[string]string{"Content-Type": "application/yaml"}, text},
	} {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { p.write(w) })
	}
}

const about = `The operations of insights-scanner, as the command line has them.

Errors are problem+json (RFC 9457) with a code for programs and often a hint. Lists that
have pages give a cursor, "next", which stays where it is while data changes. Writes may
carry an Idempotency-Key: repeated with the same key, a request is answered as it was
the first time, for 24 hours. What each token may ask is limited, as RateLimit says.`

func (s *Server) openAPI() object {
	c := &components{schemas: object{}, of: map[string]reflect.Type{}}
	paths := object{}
	for _, o := range s.ops {
		item, _ := paths[o.path].(object)
		if item == nil {
			item = object{}
			paths[o.path] = item
		}
		item[strings.ToLower(o.method)] = o.describe(c)
	}
	for path, field := range map[string]string{"/healthz": "status", "/readyz": "status", "/v1/version": "version"} {
		paths[path] = object{"get": openOperation(field, path)}
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "insights-scanner", "version": s.c.Version, "description": about,
			"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers":  []any{object{"url": "/"}},
		"security": []any{object{"token": []any{}}},
		"paths":    paths,
		"components": object{
			"schemas": c.schemas,
			"responses": object{"Problem": object{
				"description": "What went wrong, for people and for programs.",
				"content":     object{problemType: object{"schema": c.ref(reflect.TypeFor[problem](), false)}},
				"headers":     object{"Retry-After": object{"description": "Seconds to wait.", "schema": object{"type": "integer"}}},
			}},
			"securitySchemes": object{"token": object{
				"type": "http", "scheme": "bearer", "description": "From insights token create. On loopback none is needed while there is none.",
			}},
		},
	}
}

// openOperation is one of those that need no token.
func openOperation(field, path string) object {
	o := object{
		"operationId": exported(strings.TrimPrefix(strings.TrimPrefix(path, "/v1"), "/"), false), "security": []any{},
		"summary": "Needs no token.", "tags": []any{"server"},
		"responses": object{"200": object{"description": "As it should be.", "content": jsonOf(object{
			"type": "object", "required": []any{field}, "properties": object{field: object{"type": "string"}},
		})}},
	}
	for _, status := range []string{"403", "500", "503"} {
		o["responses"].(object)[status] = object{"$ref": "#/components/responses/Problem"}
	}
	return o
}

func (o *operation) describe(c *components) object {
	tag, _, _ := strings.Cut(strings.TrimPrefix(o.path, "/v1/"), "/")
	out := object{
		"operationId": o.id, "summary": o.summary, "tags": []any{tag},
		"description": "Needs a token with the scope " + string(o.need) + ".",
		"responses":   o.responses(c),
	}
	if p := o.parameters(c); len(p) > 0 {
		out["parameters"] = p
	}
	if n := len(o.args); n > 0 && o.args[n-1].from >= fromBody {
		content := jsonOf(c.ref(o.args[n-1].t, true))
		if o.args[n-1].from == fromArchive {
			content = object{
				"application/gzip": object{"schema": binary}, "application/octet-stream": object{"schema": binary},
				"multipart/form-data": object{"schema": object{
					"type": "object", "required": []any{"archive"}, "properties": object{"archive": binary},
				}},
			}
		}
		out["requestBody"] = object{"required": true, "content": content}
	}
	return out
}

// binary is the schema of what is no text.
var binary = object{"type": "string", "format": "binary"}

func jsonOf(schema object) object { return object{"application/json": object{"schema": schema}} }

func (o *operation) parameters(c *components) (out []any) {
	for i, name := range o.names {
		schema := object{"type": "string", "minLength": 1}
		if i < len(o.args) && o.args[i].t.Kind() != reflect.String {
			schema = c.ref(o.args[i].t, true)
		}
		out = append(out, object{"name": name, "in": "path", "required": true, "schema": schema})
	}
	t := o.query
	for _, a := range o.args {
		if a.from == fromQuery {
			t = a.t
		}
	}
	if t != nil {
		for _, f := range fields(t) {
			out = append(out, object{"name": f.name, "in": "query", "schema": c.parameter(f)})
		}
	}
	if o.produces[eventStream] != "" {
		out = append(out, object{
			"name": lastEventHeader, "in": "header", "schema": object{"type": "string"},
			"description": "The id of the last event that came: only what is newer is sent.",
		})
	}
	if o.write() {
		out = append(out, object{
			"name": idempotencyHeader, "in": "header", "schema": object{"type": "string", "maxLength": maxKey},
			"description": "The same for every repetition of a request, another for every other request.",
		})
	}
	return out
}

// parameter is the schema of a query parameter; lists repeat it.
func (c *components) parameter(f field) object {
	one := func(t reflect.Type) object {
		if t == severityType {
			values := append([]any{unspecified}, enums[t][1:]...)
			return object{"type": "string", "enum": values}
		}
		return c.ref(t, true)
	}
	if f.t.Kind() == reflect.Slice {
		return object{"type": "array", "items": one(f.t.Elem())}
	}
	return one(f.t)
}

// problems are the statuses that any operation may answer with an error.
var problems = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
	http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
}

func (o *operation) responses(c *components) object {
	ok := object{"description": "Done."}
	switch {
	case o.stream != nil:
		content := object{}
		for media, what := range o.produces {
			content[media] = object{"schema": c.media(media)}
			ok["description"] = what
		}
		ok["content"] = content
	case o.out == bytesType:
		ok["content"] = object{"application/gzip": object{"schema": binary}}
	case o.out != nil && o.out.Kind() == reflect.Slice:
		ok["content"] = jsonOf(c.list(o.out))
	case o.out != nil:
		ok["content"] = jsonOf(c.ref(o.out, false))
	}
	out := object{strconv.Itoa(o.status): ok}
	if o.produces[eventStream] != "" {
		out[strconv.Itoa(http.StatusNoContent)] = object{"description": "It has ended, and nothing came after " + lastEventHeader + "."}
	}
	statuses := problems
	if o.write() {
		statuses = append([]int{http.StatusUnprocessableEntity}, statuses...)
	}
	for _, status := range statuses {
		out[strconv.Itoa(status)] = object{"$ref": "#/components/responses/Problem"}
	}
	return out
}

// media is the schema of what a stream sends.
func (c *components) media(media string) object {
	switch {
	case media == eventStream:
		return object{"type": "object", "required": []any{"id", "event", "data"}, "properties": object{
			"id": object{"type": "string"}, "event": object{"const": "scan"},
			"data": object{"type": "string", "contentMediaType": "application/json", "contentSchema": c.ref(reflect.TypeFor[schemas.Scan](), false)},
		}}
	case strings.HasPrefix(media, "text/"), strings.HasSuffix(media, "jsonl"):
		return object{"type": "string"}
	default:
		return binary
	}
}

// list is the schema of items.
func (c *components) list(t reflect.Type) object {
	return c.named(t, exported(t.Elem().Name(), false)+"List", func() object {
		return object{
			"type": "object", "required": []any{"items"},
			"properties": object{"items": object{"type": "array", "items": c.ref(t.Elem(), false)}},
		}
	})
}
