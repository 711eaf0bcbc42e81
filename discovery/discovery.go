// Package discovery turns a unit (account x region x service) into numbered
// snapshot batches and one unit end. It knows no cloud and no message system:
// discovery/aws implements [Provider], scanner/bus the other interfaces.
package discovery

import (
	"context"
	"errors"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Observation is one resource as a reader saw it, before sealing and hashing.
// Readers put arrays that have no order into a canonical one.
type Observation struct {
	schemas.Key
	Name       string
	Properties map[string]any
	Unknown    []schemas.UnknownPath
	// Projection is the revision of the projection that made the properties.
	Projection int
	// Recorded is when AWS Config captured it, if that answered any call that it was read with; else
	// the zero time: it is as of now.
	Recorded time.Time
	// Passing is true when something is unknown because of trouble that time may mend.
	Passing bool
	// Unread says why nobody could read whether the resource exists (its Path is empty); nil where that is
	// known. It is published only where it is held: what may not be there is not new, what may be there
	// is not gone. The Reader says the same of its scope, which is not complete.
	Unread *schemas.UnknownPath
}

// Emit takes one observation. It may block (back-pressure); its error ends the
// read. It is safe for concurrent use.
type Emit func(context.Context, Observation) error

// ErrCredentials is in the chain of a Reader's error when there were no
// credentials that could be used: nothing can be said of the unit then.
var ErrCredentials = errors.New("no credentials")

// Reader reads one unit. A Reader serves one attempt and is not reused.
type Reader interface {
	// Read emits every resource of the unit and returns one ScopeEnd for every
	// type the unit can emit, also for types with no resource. A refusal or
	// failure is a ScopeEnd in that state with the API call and the reason, not
	// an error; a partly read scope is failed. An error means that nothing can
	// be said (credentials, cancelled context); it is retried.
	Read(ctx context.Context, emit Emit) ([]schemas.ScopeEnd, error)

	// Verify reads keys directly that the store knows and Read did not emit.
	// What still exists is emitted; what the service says does not exist is
	// returned. A key that could not be verified either way makes err non-nil:
	// its scope is then not complete. CodeUnavailable: it may be another time.
	Verify(ctx context.Context, keys []schemas.Key, emit Emit) (gone []schemas.Key, err error)

	// Calls and Throttles count API attempts so far.
	Calls() (calls, throttles uint64)
}

// Provider is a cloud.
type Provider interface {
	// Plan says who the account's credentials are and which units it has. The
	// account's ID may be empty (account add); otherwise it must match.
	Plan(ctx context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error)
	// Probe tries what scans of the account call, in some regions (none: those of a
	// scan), and returns every IAM action with what came of it.
	Probe(ctx context.Context, a schemas.Account, regions []string) ([]schemas.Permission, error)
	// Locate says in which unit a resource is, and by which keys: all those that
	// share its id, whether they exist or not. It is named by its ARN, or by a key
	// of the inventory (Key.String). CodeInvalid when that is neither or is another
	// account's, CodeNotFound when it is not known where such a thing is.
	Locate(ctx context.Context, a schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error)
	// Organization lists all accounts of the organization that an account's
	// credentials may list; an error when one of them cannot be.
	Organization(ctx context.Context, a schemas.Account) ([]schemas.OrganizationAccount, error)
	// OrganizationalUnits lists all organizational units of that organization, or gives an error.
	OrganizationalUnits(ctx context.Context, a schemas.Account) ([]schemas.OrganizationUnit, error)
	// Open prepares a reader for a unit. Credentials and clients are cached.
	Open(ctx context.Context, u schemas.Unit) (Reader, error)
}

// Store answers what is already held. At most 1,000 keys a call.
type Store interface {
	Known(ctx context.Context, r schemas.KnownRequest) (schemas.KnownReply, error)
	Keys(ctx context.Context, r schemas.KeysRequest) (schemas.KeysReply, error)
	Counts(ctx context.Context, r schemas.CountsRequest) (schemas.CountsReply, error)
}

// Publisher publishes what an attempt found. It returns only after the message
// is stored; "stream full" is an error with code throttled.
type Publisher interface {
	PublishBatch(ctx context.Context, b *schemas.SnapshotBatch) error
	PublishEnd(ctx context.Context, e *schemas.UnitEnd) error
	// PublishProgress is for people who watch; its error is no reason to stop.
	PublishProgress(ctx context.Context, p *schemas.UnitProgress) error
}

// Sequencer mints the seq of an attempt: per account, only growing, unique.
type Sequencer interface {
	NextSeq(ctx context.Context, a schemas.AccountID) (uint64, error)
}

// Scans tells whether a scan has been cancelled or has ended.
type Scans interface {
	Cancelled(ctx context.Context, a schemas.AccountID, scan string) (bool, error)
}
