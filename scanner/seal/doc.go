// Package seal encrypts secret values inside resource properties, so that they
// leave discovery sealed, are stored sealed, and are opened only in the memory
// of an evaluator.
//
// A sealed value has the form Pulumi gives a secret in a state file:
//
//	{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
//	 "ciphertext": "v1:<key id>:<base64 nonce>:<base64 ciphertext>",
//	 "mac": "<32 hex digits>"}
//
// The plain text is the JSON of the value, encrypted with AES-256-GCM. The mac
// is HMAC-SHA-256 of that JSON, cut to 16 bytes, under a key of its own that
// rotation keeps: the same value has the same mac for ever, so that content
// hashes do not move when keys or nonces do.
//
// In a property that is a JSON document written as a text, such as the container
// definitions of a task, the values are sealed inside the text.
package seal

// The mark of a secret in Pulumi's state files.
const (
	signatureKey = "4dabf18193072939515e22adb298388d"
	secretMark   = "1b47061264138c4ac30d75fd1eb44270"
	cipherKey    = "ciphertext"
	macKey       = "mac"
)

// Redacted stands in messages where a secret value stood.
const Redacted = "[secret]"
