package seal

import (
	"encoding/json"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// SealText seals a text that is no property of a resource, such as the secret of
// a webhook.
func (r *Ring) SealText(text string) string { return r.seal(text)[cipherKey].(string) }

// OpenText is the inverse of SealText. CodeInvalid when the text is damaged or
// sealed with a key that the ring does not have.
func (r *Ring) OpenText(sealed string) (string, error) {
	plain, err := r.decrypt(sealed)
	if err != nil {
		return "", err
	}
	var text string
	if err := json.Unmarshal(plain, &text); err != nil {
		return "", schemas.Errorf(schemas.CodeInvalid, "open a secret: what was sealed is no text")
	}
	return text, nil
}
