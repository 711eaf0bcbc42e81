// Package cfn knows CloudFormation's resource types: what identifies them, which
// properties they have, and what Pulumi's aws-native provider calls both. It is made
// of published data, with which nothing is read: types.txt.gz.
package cfn

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:generate node ../../.ci/awsspec/generate.mjs .

// packed is what .ci/awsspec/generate.mjs writes. A line of a type is
//
//	AWS::S3::Bucket|BucketName|property,property|attribute,attribute|s3:*
//
// with the parts of the primary identifier first, and last what its ARNs are like. "Name!" holds a document with names of
// people's own, "Name*" a map with such keys, "Name@7" what line "7|…" says of the names
// below it, "Name*7" a map of that. All other names below a property follow the rule.
//
//go:embed types.txt.gz
var packed []byte

// Type is a resource type.
type Type struct {
	Name string   // AWS::S3::Bucket
	ID   []string // properties of the primary identifier, in the order in which "|" joins them
	// Properties can be set, and Attributes are only returned.
	Properties, Attributes []string
	// ARN is the service and resource part of its ARNs, with "*" for names and ids:
	// "eks:nodegroup/*/*/*"; "" for a type without.
	ARN string

	fields map[string]field
}

// field says what the names below a property are.
type field struct {
	free, keyed bool // a document, or a map, with names of people's own
	below       int  // line that says more, or none
}

const none = -1

type spec struct {
	types  map[string]string // line by type
	tokens map[string]string // type by token
	more   []map[string]field
}

// load unpacks the data at its first use: under a megabyte.
var load = sync.OnceValue(func() spec {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	s := spec{types: map[string]string{}, tokens: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
		if strings.HasPrefix(name, "AWS::") {
			s.types[name], s.tokens[Token(name)] = rest, name
			continue
		}
		_, fields := parseFields(rest)
		s.more = append(s.more, fields)
	}
	return s
})

// Names are all types, sorted.
func Names() []string { return slices.Sorted(maps.Keys(load().types)) }

// Lookup is nil for a type that the data does not know.
func Lookup(name string) *Type {
	line, ok := load().types[name]
	if !ok {
		return nil
	}
	parts := strings.Split(line, "|")
	t := &Type{Name: name, ID: split(parts[0]), ARN: parts[3]}
	t.Properties, t.fields = parseFields(parts[1])
	var attributes map[string]field
	t.Attributes, attributes = parseFields(parts[2])
	for name, f := range attributes {
		if _, ok := t.fields[name]; !ok {
			t.fields[name] = f
		}
	}
	return t
}

// Of is the type of a token, "" for one that is of no type that the data knows.
func Of(token string) string { return load().tokens[token] }

// Service is the part of a type's name between the colons: "S3".
func Service(name string) string {
	_, rest, _ := strings.Cut(name, "::")
	service, _, _ := strings.Cut(rest, "::")
	return service
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func parseFields(list string) (names []string, fields map[string]field) {
	fields = map[string]field{}
	for _, text := range split(list) {
		name, f := parseField(text)
		names = append(names, name)
		fields[name] = f
	}
	return names, fields
}

func parseField(text string) (name string, f field) {
	f.below = none
	at := strings.IndexAny(text, "!*@")
	if at < 0 {
		return text, f
	}
	f.free, f.keyed = text[at] == '!', text[at] == '*'
	if rest := text[at+1:]; rest != "" {
		n, err := strconv.Atoi(rest)
		if err != nil {
			panic(fmt.Errorf("types.txt.gz: %q: %w", text, err))
		}
		f.below = n
	}
	return text[:at], f
}
