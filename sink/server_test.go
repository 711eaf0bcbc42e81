package sink

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// fakeServer speaks as much of ClickHouse's HTTP interface as Open asks for.
func fakeServer(t *testing.T, answer func(w http.ResponseWriter, statement string)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		statement := r.URL.Query().Get("query") + string(body)
		if !strings.HasPrefix(statement, hello) {
			answer(w, statement)
			return
		}
		resp, err := answerHello(r)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(w, resp.Body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func saysVersion(t *testing.T, v string) func(w http.ResponseWriter, statement string) {
	return func(w http.ResponseWriter, _ string) {
		c := new(proto.ColStr)
		c.Append(v)
		var buf proto.Buffer
		block := proto.Block{Columns: 1, Rows: 1}
		if err := block.EncodeBlock(&buf, 0, []proto.InputColumn{{Name: "version()", Data: c}}); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(buf.Buf)
	}
}

func refuses(status int, code, text string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.Header().Set("X-ClickHouse-Exception-Code", code)
		http.Error(w, text, status)
	}
}

// What a server may say to the first question, and what the operator is told.
func TestAServerThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, string)
		code   schemas.Code // "": it can be used
		says   []string
	}{
		"new enough":     {saysVersion(t, "24.8.14.39"), "", nil},
		"too old":        {saysVersion(t, "24.7.9.1"), schemas.CodeConflict, []string{"24.7.9.1", "too old", "24.8"}},
		"far too old":    {saysVersion(t, "9.99.1"), schemas.CodeConflict, []string{"too old"}},
		"no version":     {saysVersion(t, "unknown"), schemas.CodeConflict, []string{"unknown"}},
		"wrong password": {refuses(403, "516", "Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)"), schemas.CodeDenied, []string{"password", "clickhouse.dsn"}},
		"not allowed":    {refuses(403, "497", "Code: 497. DB::Exception: insights: Not enough privileges. (ACCESS_DENIED)"), schemas.CodeDenied, []string{"clickhouse.dsn"}},
		"overloaded":     {refuses(500, "202", "Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)"), schemas.CodeUnavailable, []string{"server answers"}},
		"not ClickHouse": {func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, "<html>It works!</html>") }, schemas.CodeUnavailable, []string{"clickhouse.dsn"}},
		"a proxy's word": {func(w http.ResponseWriter, _ string) { http.Error(w, "Bad Gateway", http.StatusBadGateway) }, schemas.CodeUnavailable, []string{"clickhouse.dsn"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(t.Context(), Options{DSN: fakeServer(t, c.answer), Log: zerolog.Nop()})
			if err == nil {
				_ = s.Close()
			}
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, c.code)
			for _, text := range c.says {
				if err != nil && !strings.Contains(err.Error(), text) {
					t.Errorf("no %q in: %v", text, err)
				}
			}
		})
	}
}
