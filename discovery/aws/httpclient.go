package aws

import (
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/logging"
	"github.com/rs/zerolog"
)

const (
	// silence is how long a connection may deliver nothing before the call is
	// tried again: an AWS service answers within seconds.
	silence = time.Minute
	// idleConns are kept for each host: many units of a region ask one at a time.
	idleConns = 64
)

// newHTTPClient is the client that all accounts share, with their connections.
func newHTTPClient(silence time.Duration) *awshttp.BuildableClient {
	return tuned(awshttp.NewBuildableClient(), silence)
}

func tuned(c *awshttp.BuildableClient, silence time.Duration) *awshttp.BuildableClient {
	return c.WithReadTimeout(silence).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, idleConns // IdleConnTimeout closes them
	})
}

// readOnlyBody sends requests whose bodies can be read and nothing else. The
// SDK closes a body as soon as the answer begins; net/http may still ask it
// whether there is more, and the SDK's WriteTo then fails where its Read says
// EOF (smithy-go v1.28, transport/http/internal/io/safe.go). The connection is
// closed under the answer, and the call is repeated for nothing.
//
// A good answer without a body, as a proxy may give, has broken off: the SDK reads
// it in most protocols as a list without a resource in it.
type readOnlyBody struct{ client aws.HTTPClient }

// withReadOnlyBody wraps the shared client, or the one that the configuration made where
// that trusts authorities of its own.
func withReadOnlyBody(c aws.HTTPClient, shared *awshttp.BuildableClient) aws.HTTPClient {
	if own, ok := c.(*awshttp.BuildableClient); ok {
		if tls := own.GetTransport().TLSClientConfig; tls != nil && tls.RootCAs != nil {
			return readOnlyBody{tuned(own, silence)}
		}
	}
	return readOnlyBody{shared}
}

// Do implements aws.HTTPClient.
func (c readOnlyBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	res, err := c.client.Do(r)
	if err == nil && r.Method != http.MethodHead && res.StatusCode/100 == 2 && res.StatusCode != http.StatusNoContent {
		res.Body = &neverEmpty{ReadCloser: res.Body}
	}
	return res, err
}

// neverEmpty is a body that has something in it, or has broken off.
type neverEmpty struct {
	io.ReadCloser
	some bool
}

func (b *neverEmpty) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.some = b.some || n > 0
	if err == io.EOF && !b.some {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// sdkLog passes on what the SDK logs; to us those are details.
type sdkLog struct{ log zerolog.Logger }

// Logf implements logging.Logger.
func (l sdkLog) Logf(_ logging.Classification, format string, v ...any) {
	l.log.Debug().Msgf(format, v...)
}
