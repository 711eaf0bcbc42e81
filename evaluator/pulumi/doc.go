// Package pulumi runs Pulumi's policy packs for Node and Python, unmodified: as
// child processes that serve pulumirpc.Analyzer, without the Pulumi CLI. A pack
// is booted once and kept; resources are shown to it side by side.
//
// A pack is foreign code. When its process fails while it judges, every
// resource in its hands is judged again alone, so that only the resource that
// ends the process a second time is errored. A policy that throws fails the
// whole answer: it is switched off, the others are asked again, and it is
// switched on.
//
// What is unknown of a resource is sent as Pulumi's sentinel for a value that is
// not known yet. The SDK stops a policy that reads it and says so. Asking what
// properties there are (in, Object.keys, len, iterating a mapping) reads no
// value, so the resource is judged a second time with the unknown properties
// left out; a policy that answers otherwise hangs on them too.
//
// What is not caught, and so may be taken for known:
//
//   - A policy that catches the SDK's error itself (try, except Exception) and
//     answers alike when the property is missing.
//   - Of several unknown properties, all there and all missing are tried, not
//     some of them.
//   - A slice of a Python list (ids[0:2]) hands out unknown elements of the list
//     unchecked. Where one ends up in a message, it is caught.
//
// Two kinds of values mean something else in Pulumi's protocol: the sentinels,
// and objects with the signature key. A resource that really holds one is shown
// to packs with a zero width space added at the end of that text or key.
package pulumi
