package aws

import (
	"context"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// described are resources of which a list gives little more than the id, with the
// call that describes one and the codes by which it says that there is none.
type described struct {
	gone func(error) bool
	// read gives what was made of one; with an error it says what is not known.
	read func(ctx context.Context, s *session, id string) ([]discovery.Observation, error)
}

// emit reads what was listed and emits it, unless it is deleted meanwhile.
func (d described) emit(ctx context.Context, s *session, id string, emit observe) error {
	list, err := d.read(ctx, s, id)
	if d.gone(err) {
		return nil
	}
	return emit(ctx, list...)
}

// page is emit for those of a page.
func (d described) page(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error { return d.emit(ctx, s, id, emit) })
}

// these reads by ids: an error says nothing of what there is.
func (d described) these(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		list, err := d.read(ctx, s, id)
		switch {
		case d.gone(err):
			return nil
		case err != nil:
			return listError{err: err}
		}
		return emit(ctx, list...)
	})
}

// codes tells the errors with one of the codes.
func codes(list ...string) func(error) bool {
	return func(err error) bool { return isNotFound(err, list...) }
}

// turned pages through a list that the SDK has no paginator for: each asks for the page
// of a token and gives the next one, "" at the end.
func turned(each func(token *string) (next *string, err error)) error {
	for token := (*string)(nil); ; {
		next, err := each(token)
		if err != nil || next == nil || *next == "" {
			return err
		}
		if token != nil && *token == *next {
			return listError{err: errSamePage}
		}
		token = next
	}
}
