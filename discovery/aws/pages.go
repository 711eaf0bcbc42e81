package aws

import (
	"context"
	"errors"
	"reflect"
)

// pager is a paginator of the SDK for one operation.
type pager[Out, Options any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*Options)) (Out, error)
}

// errSamePage ends a list that would go on for ever.
var errSamePage = errors.New("the list goes round in circles: a page names itself as the next one")

// pages calls each for every page. The error is that of a call or of each;
// listError tells them apart.
func pages[Out, Options any](ctx context.Context, p pager[Out, Options], each func(Out) error) error {
	for last := ""; p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return listError{err: err}
		}
		if err := each(page); err != nil {
			return err
		}
		token := tokenOf(p)
		if token != "" && token == last {
			return listError{err: errSamePage}
		}
		last = token
	}
	return nil
}

// tokenOf is the token of a paginator's next page, "" without one. The SDK keeps it to
// itself; of its own remedy, StopOnDuplicateToken, a list looks complete.
func tokenOf(paginator any) string {
	token := reflect.ValueOf(paginator).Elem().FieldByName("nextToken")
	if token.IsNil() {
		return ""
	}
	return token.Elem().String()
}

// listError is the error of a list call, in contrast to one of emitting.
type listError struct {
	call string // IAM action where it is not the list's own
	err  error
}

func (e listError) Error() string { return e.err.Error() }
func (e listError) Unwrap() error { return e.err }
