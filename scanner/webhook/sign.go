package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const secretPrefix = "whsec_"

// newSecret is a secret of 32 random bytes.
func newSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails; it ends the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(raw)
}

// keyOf is the key in a secret: 24 to 64 bytes, as Standard Webhooks has it.
func keyOf(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || len(key) < 24 || len(key) > 64 || !strings.HasPrefix(secret, secretPrefix) {
		return nil, schemas.Errorf(schemas.CodeInvalid, "secret: must be %s and 24 to 64 bytes in base64", secretPrefix).WithHint("leave it out, and one is made")
	}
	return key, nil
}

// Sign is the signature of a message for the header webhook-signature. CodeInvalid
// when the secret is none.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := keyOf(secret)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
