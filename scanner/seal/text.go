package seal

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Some properties are JSON documents written as texts, such as the container
// definitions of a task. Secrets in them are sealed where they stand, so that the
// rest can be read, and named in messages.

// insideText are the paths that go on inside a text.
func insideText(paths []path) (below []path) {
	for _, p := range paths {
		if p[0] == inText {
			below = append(below, p[1:])
		}
	}
	return below
}

// decodeText reads a JSON document, numbers as they are written. What follows it is
// left out.
func decodeText(text string) (doc any, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	ok = d.Decode(&doc) == nil
	return doc, ok
}

// encodeText writes a document with sorted keys and without blanks.
func encodeText(doc any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return "" // no document of decodeText, which this then differs from
	}
	return strings.TrimSuffix(b.String(), "\n")
}
