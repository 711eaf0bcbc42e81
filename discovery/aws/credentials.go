package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/insights-scanner/insights-scanner/discovery"
)

const (
	// expiryWindow is how long before they lapse credentials are renewed; at most
	// half of their life.
	expiryWindow = 5 * time.Minute
	// rereadAfter is how old credentials without an end may grow before the profile
	// or the environment is read again: somebody may have replaced them.
	rereadAfter = 5 * time.Minute
	// renewAgain is the least time between two tries, unless they have lapsed.
	renewAgain = 30 * time.Second
	// roleDuration is what every role allows, also when roles are chained.
	roleDuration = time.Hour
)

// renewer hands out the credentials of an account and renews them before they
// lapse, when a service says that they have, and when others take their place in
// the profile that they come from. It implements aws.CredentialsProvider.
type renewer struct {
	now func() time.Time
	// load reads the configuration anew and gets credentials by it.
	load func(context.Context) (aws.Credentials, error)
	// verify refuses credentials of another account.
	verify func(context.Context, aws.Credentials) error

	turn chan struct{} // holds one while somebody renews

	mu        sync.Mutex
	held      aws.Credentials
	loaded    time.Time
	tried     time.Time
	confirmed time.Time // when they were last found good after a doubt
}

func newRenewer(now func() time.Time, load func(context.Context) (aws.Credentials, error), verify func(context.Context, aws.Credentials) error) *renewer {
	return &renewer{now: now, load: load, verify: verify, turn: make(chan struct{}, 1)}
}

// credentialsError tells that there are no credentials that can be used, in
// contrast to what a service says of a call.
type credentialsError struct{ error }

func (e credentialsError) Unwrap() error { return e.error }

// Is makes it a discovery.ErrCredentials.
func (credentialsError) Is(target error) bool { return target == discovery.ErrCredentials }

// Retrieve gives credentials that have not lapsed, or a credentialsError.
func (r *renewer) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, due := r.look()
	if !due {
		return c, nil
	}
	if r.usable(c) {
		select {
		case r.turn <- struct{}{}: // these will do for those who come meanwhile
		default:
			return c, nil
		}
	} else if err := r.wait(ctx); err != nil {
		return c, err
	}
	defer func() { <-r.turn }()
	return r.renew(ctx, c.AccessKeyID)
}

// wait takes the turn to renew.
func (r *renewer) wait(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look gives what is held and tells whether it is time to renew it.
func (r *renewer) look() (c aws.Credentials, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	switch {
	case !r.usable(r.held):
		return r.held, true
	case now.Sub(r.tried) < renewAgain:
		return r.held, false
	case !r.held.CanExpire:
		return r.held, now.Sub(r.loaded) >= rereadAfter
	}
	return r.held, !now.Before(r.held.Expires.Add(-min(expiryWindow, r.held.Expires.Sub(r.loaded)/2)))
}

func (r *renewer) usable(c aws.Credentials) bool {
	return c.HasKeys() && (!c.CanExpire || r.now().Before(c.Expires))
}

// renew gets others for the credentials with the access key, unless somebody has
// done so by now. As long as the old ones can be used a failure changes nothing.
// The caller has the turn.
func (r *renewer) renew(ctx context.Context, key string) (aws.Credentials, error) {
	r.mu.Lock()
	old := r.held
	r.mu.Unlock()
	if old.AccessKeyID != key && r.usable(old) {
		return old, nil
	}
	fresh, err := r.load(ctx)
	if err == nil && fresh.AccessKeyID != old.AccessKeyID {
		err = r.verify(ctx, fresh)
	}
	if err == nil && !r.usable(fresh) {
		err = errors.New("the credentials have expired")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried = r.now()
	if err == nil {
		r.held, r.loaded = fresh, r.now()
		return fresh, nil
	}
	if ctx.Err() != nil {
		return old, ctx.Err()
	}
	if r.usable(old) && !errors.Is(err, errOtherIdentity) {
		return old, nil
	}
	r.held = aws.Credentials{}
	return old, credentialsError{err}
}

// doubted looks for other credentials after a service refused those with the
// access key, and tells whether there are. Without others STS is asked whether these
// still are credentials; the error is a credentialsError when they are not.
func (r *renewer) doubted(ctx context.Context, key string, refusal error) (replaced bool, err error) {
	if !refused(refusal) {
		return false, nil
	}
	lapsed := slices.Contains(lapsedCodes, errorCode(refusal))
	if err := r.wait(ctx); err != nil {
		return false, err
	}
	defer func() { <-r.turn }()
	r.mu.Lock()
	held, now := r.held, r.now()
	ours := held.AccessKeyID == key
	if ours && now.Sub(r.confirmed) < renewAgain {
		r.mu.Unlock()
		return false, nil
	}
	if ours && lapsed {
		r.held.CanExpire, r.held.Expires = true, now // the service knows better
	}
	// Keys that were given for a time are not replaced before it ends.
	others := !ours || lapsed || !held.CanExpire && now.Sub(r.tried) >= renewAgain
	r.mu.Unlock()
	if others {
		held, err = r.renew(ctx, key)
		if err != nil || held.AccessKeyID != key {
			return err == nil, err
		}
	}
	return false, r.confirm(ctx, held)
}

// refused tells whether an error may be of the credentials.
func refused(err error) bool {
	return slices.Contains(slices.Concat(lapsedCodes, disabledCodes), errorCode(err))
}

// confirm asks whether refused credentials are good elsewhere: then rather the region is
// not enabled. The caller has the turn.
func (r *renewer) confirm(ctx context.Context, c aws.Credentials) error {
	err := r.verify(ctx, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.confirmed = r.now()
		return nil
	case !refused(err) && !errors.Is(err, errOtherIdentity):
		return nil // nobody can tell
	}
	r.held = aws.Credentials{}
	return credentialsError{err}
}

// renewed is a refusal of credentials that have others in their place by now.
type renewed struct{ error }

func (e renewed) Unwrap() error { return e.error }

// RetryableError makes the SDK's retryer ask again.
func (renewed) RetryableError() bool { return true }

// addTo has every refusal of credentials looked at, behind the SDK's retryer.
func (r *renewer) addTo(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("InsightsCredentials",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, meta, err := next.HandleFinalize(ctx, in)
			if err == nil {
				return out, meta, nil
			}
			replaced, lost := r.doubted(ctx, signedBy(in.Request), err)
			if replaced {
				return out, meta, renewed{err}
			}
			if none, ok := errors.AsType[credentialsError](cmp.Or(lost, err)); ok {
				giveUp(ctx, none)
			}
			return out, meta, err
		}), (*retry.Attempt)(nil).ID(), middleware.After)
}

// signedBy is the access key that a request was signed with.
func signedBy(request any) string {
	r, ok := request.(*smithyhttp.Request)
	if !ok {
		return ""
	}
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, "/")
	return key
}

type giveUpKey struct{}

// withGiveUp is a context that ends, with the reason as its cause, when there are
// no credentials for its calls: nothing can be said then, and what such calls
// were to give is not to be taken for unreadable.
func withGiveUp(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	return context.WithValue(ctx, giveUpKey{}, cancel), func() { cancel(nil) }
}

func giveUp(ctx context.Context, why credentialsError) {
	if cancel, ok := ctx.Value(giveUpKey{}).(context.CancelCauseFunc); ok {
		cancel(unreachable("get credentials", why, "Renew them: the AWS_* environment, the profile, or 'aws sso login'. The unit is read again."))
	}
}
