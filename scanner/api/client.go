package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Client is the Service of a server somewhere else.
type Client struct {
	base       *url.URL
	token      string
	http       *http.Client
	publishing *http.Client
}

var _ Service = (*Client)(nil)

// maxReply bounds an answer in memory.
const maxReply = 512 << 20

// NewClient talks to a server ("http://127.0.0.1:8080") with a token, which may
// be empty. CodeInvalid when the address is none.
func NewClient(server, token string) (*Client, error) {
	if strings.Contains(server, "@") {
		// Not repeated: a password may stand before it.
		return nil, schemas.Errorf(schemas.CodeInvalid, "the address of a server holds no user or password").WithHint("for example http://127.0.0.1:8080")
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%q is no address of a server", server).WithHint("for example http://127.0.0.1:8080")
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		// Asking for a plan reads from the cloud before the answer begins.
		ResponseHeaderTimeout: 2 * time.Minute,
		ForceAttemptHTTP2:     true,
	}
	// Publishing brings a pack its dependencies and starts it before the answer begins.
	patient := transport.Clone()
	patient.ResponseHeaderTimeout = 15 * time.Minute
	return &Client{base: u, token: token, http: httpClient(transport), publishing: httpClient(patient)}, nil
}

func httpClient(t *http.Transport) *http.Client {
	return &http.Client{
		Transport: t,
		// The token must not follow a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// call does a request; out takes the answer unless it is nil.
func (c *Client) call(ctx context.Context, method string, path []string, q url.Values, in, out any) error {
	res, err := c.do(ctx, method, path, q, in)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return c.read(ctx, res, out)
}

// read decodes an answer into out, unless that is nil.
func (c *Client) read(ctx context.Context, res *http.Response, out any) error {
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return c.unreachable(ctx, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return refusal(res, raw)
	}
	if out == nil {
		return nil
	}
	if archive, ok := out.(*[]byte); ok {
		*archive = raw
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "read the answer of %s: %w", c.base, err)
	}
	return nil
}

// do sends a request. in is sent as JSON unless it is an archive. The answer,
// whatever its status, is for the caller to close.
func (c *Client) do(ctx context.Context, method string, path []string, q url.Values, in any) (*http.Response, error) {
	if slices.Contains(path, "") {
		// It would vanish from the path and ask for something else.
		return nil, schemas.Errorf(schemas.CodeInvalid, "a name must not be empty")
	}
	var body []byte
	contentType, client := "application/json", c.http
	switch v := in.(type) {
	case nil:
		contentType = ""
	case []byte:
		body, contentType, client = v, "application/gzip", c.publishing
	default:
		var err error
		if body, err = json.Marshal(v); err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "encode the request: %w", err)
		}
	}
	for tries := 1; ; tries++ {
		req, err := c.request(ctx, method, c.url(path, q), contentType, body)
		if err != nil {
			return nil, err
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, c.unreachable(ctx, err)
		}
		wait := askedTooMuch(res)
		if wait == 0 || tries == maxTries {
			return res, nil
		}
		_ = res.Body.Close()
		select {
		case <-ctx.Done():
			return nil, c.unreachable(ctx, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// maxTries is how often a request is made while the server says that its token asked
// too much.
const maxTries = 10

// askedTooMuch is how long to wait where the server refused a request, before it did
// anything, since its token has asked as much as it may for now; else 0.
func askedTooMuch(res *http.Response) time.Duration {
	n, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if err != nil || res.StatusCode != http.StatusTooManyRequests || !strings.HasPrefix(res.Header.Get("RateLimit"), nothingLeft) {
		return 0
	}
	return time.Duration(n) * time.Second
}

func (c *Client) request(ctx context.Context, method, url, contentType string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "make the request: %w", err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// url escapes each element of a path on its own, so that no name can leave it.
func (c *Client) url(path []string, q url.Values) string {
	escaped := make([]string, 0, len(path)+1)
	for _, p := range append([]string{"v1"}, path...) {
		if p == "." || p == ".." {
			// Escaped dots would still be taken for a way up.
			p = "\x00" + p
		}
		escaped = append(escaped, url.PathEscape(p))
	}
	u := c.base.JoinPath(escaped...)
	u.RawQuery = q.Encode()
	return u.String()
}

// Version is the server's version. It needs no token.
func (c *Client) Version(ctx context.Context) (string, error) {
	out, err := get[map[string]string](ctx, c, nil, "version")
	return out["version"], err
}

// Ready tells whether the server reaches its stores: CodeUnavailable when not.
// It needs no token.
func (c *Client) Ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath("readyz").String(), nil)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "make the request: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	return c.read(ctx, res, nil)
}

func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return schemas.Errorf(schemas.CodeCancelled, "call %s: %w", c.base, context.Cause(ctx))
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return schemas.Errorf(schemas.CodeUnavailable, "call %s: %w", c.base, err).WithHint("is it running? Start it with insights serve")
}

// refusal is the error that an answer tells of.
func refusal(res *http.Response, raw []byte) error {
	var p problem
	if err := json.Unmarshal(raw, &p); err != nil || p.Code == "" {
		return schemas.Errorf(schemas.CodeOfHTTP(res.StatusCode), "the server answered %s", res.Status).
			WithHint("is this the address of insights serve?")
	}
	e := &schemas.Error{Code: p.Code, Message: p.Detail, Hint: p.Hint}
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		e.RetryAfter = time.Duration(n) * time.Second
	}
	return e
}

func get[T any](ctx context.Context, c *Client, q url.Values, path ...string) (out T, err error) {
	err = c.call(ctx, http.MethodGet, path, q, nil, &out)
	return out, err
}

func list[T any](ctx context.Context, c *Client, q url.Values, path ...string) ([]T, error) {
	out, err := get[items[T]](ctx, c, q, path...)
	return out.Items, err
}

func send[T any](ctx context.Context, c *Client, method string, in any, path ...string) (out T, err error) {
	err = c.call(ctx, method, path, nil, in, &out)
	return out, err
}

func (c *Client) remove(ctx context.Context, path ...string) error {
	return c.call(ctx, http.MethodDelete, path, nil, nil, nil)
}
