package seal

import "sync"

// scratch is a ring that nobody can open anything with afterwards.
var scratch = sync.OnceValue(func() *Ring {
	r, err := newRing(file{Version: 1, Keys: []fileKey{newKey()}, MACKey: random(keyBytes)})
	if err != nil {
		panic(err) // it was made two lines above
	}
	return r
})

// Hide returns a copy of a resource's properties with Redacted in the place of
// every secret value: of what is sealed, by whatever ring, and of what Seal would
// seal today. It needs no key.
func Hide(properties map[string]any, resourceType string) map[string]any {
	out, _ := replace(scratch().Seal(properties, resourceType), func(map[string]any) any { return Redacted }).(map[string]any)
	return out
}
