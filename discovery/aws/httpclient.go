package aws

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/logging"
	"github.com/rs/zerolog"
)

// readOnlyBody sends requests whose bodies can be read and nothing else. The
// SDK closes a body as soon as the answer begins; net/http may still ask it
// whether there is more, and the SDK's WriteTo then fails where its Read says
// EOF (smithy-go v1.28, transport/http/internal/io/safe.go). The connection is
// closed under the answer, and the call is repeated for nothing.
type readOnlyBody struct{ client aws.HTTPClient }

// withReadOnlyBody wraps the client that the configuration made, or the SDK's own
// when it made none.
func withReadOnlyBody(c aws.HTTPClient) aws.HTTPClient {
	if c == nil {
		c = awshttp.NewBuildableClient()
	}
	return readOnlyBody{c}
}

// Do implements aws.HTTPClient.
func (c readOnlyBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.client.Do(r)
}

// sdkLog passes on what the SDK logs; to us those are details.
type sdkLog struct{ log zerolog.Logger }

// Logf implements logging.Logger.
func (l sdkLog) Logf(_ logging.Classification, format string, v ...any) {
	l.log.Debug().Msgf(format, v...)
}
