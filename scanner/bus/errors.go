package bus

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n)
}

// Server error codes that nats.go has no name for.
const (
	codeStoreFailed      jetstream.ErrorCode = 10077 // "maximum bytes exceeded" under discard-new
	codeNoResources      jetstream.ErrorCode = 10023
	codeStorageResources jetstream.ErrorCode = 10047
)

func apiCode(err error) jetstream.ErrorCode {
	var e jetstream.JetStreamError
	if errors.As(err, &e) && e.APIError() != nil {
		return e.APIError().ErrorCode
	}
	if a, ok := errors.AsType[*jetstream.APIError](err); ok {
		return a.ErrorCode
	}
	return 0
}

// codeOf is the one place that reads errors of NATS.
func codeOf(err error) schemas.Code {
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted), errors.Is(err, jetstream.ErrObjectNotFound):
		return schemas.CodeNotFound
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return schemas.CodeConflict
	case errors.Is(err, jetstream.ErrInvalidKey):
		return schemas.CodeInvalid
	case errors.Is(err, context.Canceled):
		return schemas.CodeCancelled
	}
	switch apiCode(err) {
	case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return schemas.CodeConflict
	case codeStoreFailed, codeNoResources, codeStorageResources:
		return schemas.CodeThrottled
	}
	return schemas.CodeUnavailable
}

// wrap gives an error of NATS its code; format names what was being done.
func wrap(err error, what, name string) error {
	return schemas.Errorf(codeOf(err), "%s %s: %w", what, name, err)
}

func asError(err error) (*schemas.Error, bool) {
	var e *schemas.Error
	return e, errors.As(err, &e)
}

// oneLine makes an error fit into a header.
func oneLine(s string) string {
	const limit = 1000
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

// trimHint takes the hint out of an error text that will carry it separately.
func trimHint(text, hint string) string {
	if hint == "" {
		return text
	}
	return strings.Replace(text, "\n  "+hint, "", 1)
}
