package schemas

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Code classifies an error for programs. The set is closed: HTTP status, exit
// code and the fate of a message are derived from it in one place each.
type Code string

// The codes.
const (
	CodeInvalid     Code = "invalid"     // the request is wrong; repeating it will not help
	CodeNotFound    Code = "not_found"   // the named thing does not exist
	CodeConflict    Code = "conflict"    // the thing exists, is in use, or changed meanwhile
	CodeDenied      Code = "denied"      // credentials are missing or not enough
	CodeThrottled   Code = "throttled"   // asked to slow down; RetryAfter may say how long
	CodeUnavailable Code = "unavailable" // a dependency does not answer; worth retrying
	CodeCancelled   Code = "cancelled"   // stopped on request
	CodeFenced      Code = "fenced"      // a newer attempt has taken over
	CodeInternal    Code = "internal"    // a defect
)

// Error is an error with a code and, where there is one, the remedy. Its text
// is for people; nothing parses it.
type Error struct {
	Code       Code          `json:"code"`
	Message    string        `json:"message"`
	Hint       string        `json:"hint,omitempty"` // what to do next
	RetryAfter time.Duration `json:"-"`
	Err        error         `json:"-"`
}

// Errorf makes an Error; a %w in the format is unwrapped as usual.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// WithHint adds what the reader should do next.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "\n  " + e.Hint
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of the first Error in the chain, CodeInternal without one.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// HTTPStatus maps a code to its HTTP status.
func (c Code) HTTPStatus() int {
	switch c {
	case CodeInvalid:
		return http.StatusBadRequest
	case CodeNotFound:
		return http.StatusNotFound
	case CodeConflict, CodeFenced, CodeCancelled:
		return http.StatusConflict
	case CodeDenied:
		return http.StatusForbidden
	case CodeThrottled:
		return http.StatusTooManyRequests
	case CodeUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// CodeOfHTTP is the inverse of HTTPStatus as far as it is one.
func CodeOfHTTP(status int) Code {
	switch status {
	case http.StatusBadRequest:
		return CodeInvalid
	case http.StatusNotFound:
		return CodeNotFound
	case http.StatusConflict:
		return CodeConflict
	case http.StatusUnauthorized, http.StatusForbidden:
		return CodeDenied
	case http.StatusTooManyRequests:
		return CodeThrottled
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return CodeUnavailable
	default:
		return CodeInternal
	}
}

// Problems collects every problem of one input, each with its path.
type Problems struct{ list []string }

// Check notes a problem at path unless ok.
func (p *Problems) Check(ok bool, path, format string, args ...any) {
	if !ok {
		p.list = append(p.list, path+": "+fmt.Sprintf(format, args...))
	}
}

// OneOf lists what is known, for people: "new, in_progress or resolved".
func OneOf[T ~string](known []T) string {
	var b strings.Builder
	for i, k := range known {
		switch {
		case i > 0 && i == len(known)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(k))
	}
	return b.String()
}

// Add notes every problem of a nested value under a path prefix.
func (p *Problems) Add(prefix string, err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		p.list = append(p.list, prefix+line)
	}
}

// Err is nil without problems, else one CodeInvalid error listing them all.
func (p *Problems) Err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: strings.Join(p.list, "\n")}
}
