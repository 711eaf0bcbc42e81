// Package policy keeps what is enforced where: published packs ([Registry]),
// groups of accounts ([Groups]), accounts ([Accounts]), and the effective packs
// of an account that follow from them ([Resolve], [Resolver]).
//
// The rules, as Pulumi has them: the packs of an account are the union over its
// groups; one version of each pack runs; of different versions the newest, of
// the same version with different configuration the enrolment modified last. A
// version is published once, for ever.
package policy

import (
	"context"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Table is the part of a key-value table that this package uses; see bus.Table.
// Errors carry CodeNotFound and CodeConflict.
type Table[T any] interface {
	Get(ctx context.Context, key string) (v T, rev uint64, err error)
	Create(ctx context.Context, key string, v T) (rev uint64, err error)
	Update(ctx context.Context, key string, v T, rev uint64) (uint64, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, fn func(key string, v T, rev uint64) error) error
	Watch(ctx context.Context, fn func(key string, v *T, rev uint64), synced func()) error
}

// Objects stores blobs by name; see bus.Objects. Get of a name that does not
// exist is CodeNotFound.
type Objects interface {
	Put(ctx context.Context, name string, data []byte) error
	Get(ctx context.Context, name string) ([]byte, error)
}

// checkName guards names that become keys: Pulumi's pattern, and no empty part
// between dots, which a key cannot have.
func checkName(kind, name string) error {
	if !schemas.PackNamePattern.MatchString(name) {
		return schemas.Errorf(schemas.CodeInvalid, "%s %q must match %s", kind, name, schemas.PackNamePattern)
	}
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return schemas.Errorf(schemas.CodeInvalid, "%s %q must not begin or end with a dot or have two in a row", kind, name)
	}
	return nil
}

// is tells whether err carries a code; nil carries none.
func is(err error, code schemas.Code) bool { return err != nil && schemas.CodeOf(err) == code }
