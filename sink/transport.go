package sink

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
)

// transport hands the driver's HTTP requests to the embedded engine.
type transport struct{ e *engine }

// The driver's first query asks whom it talks to. Answered by hand with
// revision 0, both sides speak the Native format without block info.
const hello = "SELECT displayName(), version(), revision(), timezone()"

var formatNative = regexp.MustCompile(`(?i)\s+FORMAT\s+Native\s*;?\s*$`)

// RoundTrip runs one request: the statement is the body, or the query parameter
// with the rows of an insert as the body.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	statement := req.URL.Query().Get("query")
	done := func() {}
	if statement == "" {
		statement = string(body)
	} else if len(body) > 0 {
		file, err := t.spool(body)
		if err != nil {
			return nil, err
		}
		// The parser cuts binary data that stands in the statement.
		done = func() { _ = os.Remove(file) }
		statement = formatNative.ReplaceAllString(statement, "") + " SELECT * FROM file('" + file + "', 'Native')"
	}
	if strings.HasPrefix(statement, hello) {
		return answerHello(req)
	}
	out, err := t.e.run(req.Context(), []byte(statement), done)
	if err != nil && req.Context().Err() != nil {
		return nil, err
	}
	if err != nil {
		return respond(req, http.StatusInternalServerError, []byte(err.Error())), nil
	}
	return respond(req, http.StatusOK, out), nil
}

// spool writes rows to a file that the engine reads.
func (t *transport) spool(rows []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Join(t.e.dir, "inserts"), "rows-*.native")
	if err != nil {
		return "", err
	}
	_, err = f.Write(rows)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func answerHello(req *http.Request) (*http.Response, error) {
	text := func(s string) *proto.ColStr {
		c := new(proto.ColStr)
		c.Append(s)
		return c
	}
	var buf proto.Buffer
	block := proto.Block{Columns: 4, Rows: 1}
	err := block.EncodeBlock(&buf, clickhouse.ClientTCPProtocolVersion, []proto.InputColumn{
		{Name: "displayName()", Data: text("embedded")},
		{Name: "version()", Data: text("26.5.1.1")},
		{Name: "revision()", Data: proto.ColUInt32{0}},
		{Name: "timezone()", Data: text("UTC")},
	})
	if err != nil {
		return nil, err
	}
	return respond(req, http.StatusOK, buf.Buf), nil
}

func respond(req *http.Request, status int, body []byte) *http.Response {
	h := http.Header{}
	if status != http.StatusOK {
		h.Set("X-ClickHouse-Exception-Code", "1")
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}
