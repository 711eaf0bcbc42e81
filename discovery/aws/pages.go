package aws

import "context"

// pager is a paginator of the SDK for one operation.
type pager[Out, Options any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*Options)) (Out, error)
}

// pages calls each for every page. The error is that of a call or of each;
// listError tells them apart.
func pages[Out, Options any](ctx context.Context, p pager[Out, Options], each func(Out) error) error {
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return listError{err: err}
		}
		if err := each(page); err != nil {
			return err
		}
	}
	return nil
}

// listError is the error of a list call, in contrast to one of emitting.
type listError struct {
	call string // IAM action where it is not the list's own
	err  error
}

func (e listError) Error() string { return e.err.Error() }
func (e listError) Unwrap() error { return e.err }
