package awsfake

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
)

// handlers says of CloudFormation's types what their schemas do (CloudformationSchema.zip
// of 2026-08-03, as pulumi-aws-native keeps it), a line each, by testdata/handlers.py:
//
//	AWS::EKS::Nodegroup|l|ClusterName|ForceUpdateEnabled|eks:DescribeNodegroup,eks:ListNodegroups
//
// with what may be called (n nothing, r read, l list, f a list that may read what a read
// does), the keys that a list must be given, the properties that are write-only, and the
// IAM actions that listing and reading take.
//
//go:embed handlers.txt.gz
var handlersData []byte

type handled struct {
	name      string
	may       byte
	keys      []string
	writeOnly []string
	actions   []string
}

func (h handled) listable() bool { return h.may == 'l' || h.may == 'f' }

var handlers = sync.OnceValues(func() (list []handled, byName map[string]handled) {
	r, err := gzip.NewReader(bytes.NewReader(handlersData))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	byName = map[string]handled{}
	for line := range strings.Lines(string(text)) {
		p := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		h := handled{p[0], p[1][0], fieldsOf(p[2]), fieldsOf(p[3]), fieldsOf(p[4])}
		list, byName[h.name] = append(list, h), h
	}
	return list, byName
})

// HandlerActions are the IAM actions that listing and reading a type take by its schema;
// known is false for a type that the registry does not have.
func HandlerActions(name string) (actions []string, known bool) {
	_, byName := handlers()
	h, known := byName[name]
	return h.actions, known
}

func fieldsOf(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// offered are the types of a region: all, or the first so many.
func (q *request) offered() []handled {
	list, _ := handlers()
	switch {
	case q.pop.Tail == 0:
		return nil
	case q.pop.TailTypes > 0:
		return list[:min(q.pop.TailTypes, len(list))]
	}
	return list
}

var cloudformationOperations = map[string]operation{"ListTypes": listTypes, "DescribeType": describeType}

func listTypes(q *request, form url.Values, b *bytes.Buffer) *fault {
	kind := form.Get("ProvisioningType")
	var list []handled
	for _, h := range q.offered() {
		if (kind == "NON_PROVISIONABLE") == (h.may == 'n') && kind != "IMMUTABLE" {
			list = append(list, h)
		}
	}
	from, to, next := q.window(form.Get("NextToken"), number(form.Get("MaxResults")), 100, len(list))
	b.WriteString("<TypeSummaries>")
	for _, h := range list[from:to] {
		fmt.Fprintf(b, "<member><Type>RESOURCE</Type><TypeName>%s</TypeName><DefaultVersionId>00000001</DefaultVersionId><TypeArn>%s</TypeArn><LastUpdated>2026-08-03T00:00:00Z</LastUpdated></member>",
			h.name, q.typeARN(h.name))
	}
	b.WriteString("</TypeSummaries>")
	if next != "" {
		fmt.Fprintf(b, "<NextToken>%s</NextToken>", next)
	}
	return nil
}

func (q *request) typeARN(name string) string {
	return "arn:aws:cloudformation:" + q.region + "::type/resource/" + strings.ReplaceAll(name, "::", "-")
}

func describeType(q *request, form url.Values, b *bytes.Buffer) *fault {
	_, byName := handlers()
	h, ok := byName[form.Get("TypeName")]
	if !ok {
		return &fault{status: 404, code: "TypeNotFoundException", message: "The type '" + form.Get("TypeName") + "' cannot be found."}
	}
	schema, err := json.Marshal(h.schema())
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(b, "<Arn>%s</Arn><Type>RESOURCE</Type><TypeName>%s</TypeName><DefaultVersionId>00000001</DefaultVersionId><IsDefaultVersion>true</IsDefaultVersion><Schema>%s</Schema>"+
		"<Visibility>PUBLIC</Visibility><DeprecatedStatus>LIVE</DeprecatedStatus><LastUpdated>2026-08-03T00:00:00Z</LastUpdated>", q.typeARN(h.name), h.name, esc(string(schema)))
	return nil
}

// schema is what readers look at of a type's schema.
func (h handled) schema() map[string]any {
	t := cfn.Lookup(h.name)
	properties, readOnly := map[string]any{}, []string{}
	for _, p := range t.Properties {
		properties[p] = map[string]any{"type": "string"}
	}
	for _, p := range t.Attributes {
		if _, ok := properties[p]; !ok {
			properties[p] = map[string]any{"type": "string"}
			readOnly = append(readOnly, "/properties/"+p)
		}
	}
	properties["Tags"] = map[string]any{"type": "array", "insertionOrder": false}
	read := []string{strings.ToLower(cfn.Service(h.name)) + ":Describe"}
	list := []string{strings.ToLower(cfn.Service(h.name)) + ":List"}
	if h.may == 'f' {
		list = append(list, read...)
	}
	of := map[string]any{}
	if h.may != 'n' {
		of["read"] = map[string]any{"permissions": read}
	}
	if h.listable() {
		handler := map[string]any{"permissions": list}
		if len(h.keys) > 0 {
			handler["handlerSchema"] = map[string]any{"required": h.keys}
		}
		of["list"] = handler
	}
	return map[string]any{
		"typeName": h.name, "properties": properties, "handlers": of,
		"primaryIdentifier": pointers(t.ID), "readOnlyProperties": readOnly, "writeOnlyProperties": pointers(h.writeOnly),
	}
}

func pointers(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = "/properties/" + strings.ReplaceAll(p, ".", "/")
	}
	return out
}

// hidden tells whether a property is write-only as a whole.
func (h handled) hidden(property string) bool { return slices.Contains(h.writeOnly, property) }
