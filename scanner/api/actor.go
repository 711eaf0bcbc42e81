package api

import "context"

// LocalActor is who acts when nobody else is named: the person at this machine.
const LocalActor = "local"

type actorKey struct{}

// WithActor names who acts (a token's name), for records of what was changed.
func WithActor(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey{}, name)
}

// Actor is who acts: the name of a token, or "local".
func Actor(ctx context.Context) string {
	if name, ok := ctx.Value(actorKey{}).(string); ok && name != "" {
		return name
	}
	return LocalActor
}
