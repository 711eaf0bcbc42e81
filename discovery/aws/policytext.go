package aws

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// canonicalPolicy gives a policy document one text. AWS returns the lists in it,
// which are sets, in another order from call to call (principals above all), and
// a resource would count as changed with every scan. Lists of texts are sorted
// and blanks left out; what else the document says, and in which order, stays.
// What is no JSON stays as it is.
func canonicalPolicy(doc string) string {
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var b bytes.Buffer
	if err := writeCanonical(d, &b); err != nil {
		return doc
	}
	if _, err := d.Token(); err != io.EOF {
		return doc
	}
	return b.String()
}

// writeCanonical copies one JSON value.
func writeCanonical(d *json.Decoder, b *bytes.Buffer) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return writeObject(d, b)
	case json.Delim('['):
		return writeList(d, b)
	}
	return writeScalar(t, b)
}

func writeScalar(t json.Token, b *bytes.Buffer) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false) // "<" and "&" as the author wrote them
	if err := e.Encode(t); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's line end
	return nil
}

func writeObject(d *json.Decoder, b *bytes.Buffer) error {
	b.WriteByte('{')
	for n := 0; d.More(); n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		if err := writeCanonical(d, b); err != nil { // the key
			return err
		}
		b.WriteByte(':')
		if err := writeCanonical(d, b); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	_, err := d.Token() // the closing one
	return err
}

func writeList(d *json.Decoder, b *bytes.Buffer) error {
	var list []string
	texts := true
	for d.More() {
		var element bytes.Buffer
		if err := writeCanonical(d, &element); err != nil {
			return err
		}
		list = append(list, element.String())
		texts = texts && element.Bytes()[0] == '"'
	}
	if texts {
		slices.Sort(list)
	}
	b.WriteByte('[')
	b.WriteString(strings.Join(list, ","))
	b.WriteByte(']')
	_, err := d.Token() // the closing one
	return err
}
