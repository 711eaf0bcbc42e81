// Package evaluator turns snapshot batches into verdict batches. It knows no
// policy language and no message system: evaluator/rego and
// evaluator/pulumi implement [Loader], scanner/bus the other interfaces.
package evaluator

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Input is a resource as an engine sees it: secrets opened, unknown paths
// listed. Engines turn the unknown paths into what their language understands
// as "not known yet"; nobody else does.
type Input struct {
	Account    string // name
	Region     string // where the resource lives
	URN        string
	Type       string
	Name       string
	ID         string
	Properties map[string]any
	Unknown    []schemas.UnknownPath
	// Secrets are the values in Properties that were sealed. The caller takes them
	// out of results; an engine that cuts texts, or tells what a pack wrote while
	// it judged other resources, takes them out before: see Redact.
	Secrets []string
	// Shared is where the packs of one runtime find what the first of them made
	// of this resource, such as the properties in their language's form. Packs
	// are asked one after another; nil shares nothing.
	Shared map[schemas.Runtime]any
}

// Engine is one loaded pack with its configuration. It is safe for concurrent use.
type Engine interface {
	// Evaluate judges one resource and returns one result for every resource
	// policy of the pack, sorted by policy. Those without messages and reason may
	// be shared between calls: the caller must not change them. A policy that breaks or takes too long
	// is an Errored result, and so are those for which the context's deadline left
	// no time. An error means that the pack as a whole could not run (process
	// died), or that the context was cancelled; the caller retries, then records
	// Errored for every policy.
	Evaluate(ctx context.Context, in Input) ([]schemas.PolicyResult, error)
	// Close frees what the engine holds.
	Close() error
}

// Bounded is an Engine in which resources wait for one another. It bounds the
// time of each itself and is given no deadline: waiting is not judging.
type Bounded interface {
	Engine
	Bounded()
}

// Resident is an Engine that holds memory outside of this process.
type Resident interface {
	Engine
	// Memory is how much, in bytes.
	Memory() int64
}

// Loader loads packs of one runtime from an unpacked directory.
type Loader interface {
	// Inspect reads what the pack declares, without an account: name, version
	// from where Pulumi takes it, policies. Problems are CodeInvalid errors
	// with file and line.
	Inspect(ctx context.Context, dir string) (schemas.PackManifest, error)
	// Load prepares an engine for a pack with its layered configuration.
	Load(ctx context.Context, dir string, p schemas.EffectivePack) (Engine, error)
}

// Effectives yields the effective packs of an account, from memory. ok is false
// when the account has no key yet; the batch is then retried.
type Effectives interface {
	Effective(a schemas.AccountID) (e schemas.Effective, ok bool)
}

// Archives fetches a pack archive by digest and returns an unpacked directory,
// cached on disk and verified against the digest. The directory stays until release
// is called.
type Archives interface {
	Dir(ctx context.Context, digest string) (dir string, release func(), err error)
}

// Publisher publishes a verdict batch; it returns after it is stored.
type Publisher interface {
	PublishVerdicts(ctx context.Context, b *schemas.VerdictBatch) error
}

// Opener opens sealed secrets in a property tree, returning a copy with the
// plain values and the list of those values for redaction.
type Opener interface {
	Open(properties map[string]any) (plain map[string]any, secrets []string, err error)
}
