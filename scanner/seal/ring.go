package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Ring seals with its newest key and opens with all of them. It never changes
// and is safe for concurrent use.
type Ring struct {
	newest string
	ids    []string // oldest first
	keys   map[string]cipher.AEAD
	macKey []byte
}

const (
	keyBytes = 32
	version  = "v1"
)

// newRing builds a ring from its file form; problems are CodeInvalid.
func newRing(f file) (*Ring, error) {
	var p schemas.Problems
	p.Check(f.Version == 1, "version", "%d is not known; this program reads version 1", f.Version)
	p.Check(len(f.Keys) > 0, "keys", "at least one key is needed")
	r := &Ring{keys: make(map[string]cipher.AEAD, len(f.Keys))}
	mac, err := base64.StdEncoding.DecodeString(f.MACKey)
	p.Check(err == nil && len(mac) == keyBytes, "macKey", "must be %d bytes in base64", keyBytes)
	r.macKey = mac
	for i, k := range f.Keys {
		// Not named by its id: where somebody mixed the two up, that is the key.
		at := fmt.Sprintf("keys[%d]", i)
		raw, err := base64.StdEncoding.DecodeString(k.Key)
		p.Check(err == nil && len(raw) == keyBytes, at+".key", "must be %d bytes in base64", keyBytes)
		p.Check(k.ID != "" && !strings.ContainsAny(k.ID, ": \n"), at+".id", "must be a word")
		_, twice := r.keys[k.ID]
		p.Check(!twice, at+".id", "is used twice")
		if p.Err() != nil {
			continue
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "make cipher: %w", err)
		}
		if r.keys[k.ID], err = cipher.NewGCM(block); err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "make cipher: %w", err)
		}
		r.newest = k.ID
		r.ids = append(r.ids, k.ID)
	}
	return r, p.Err()
}

// seal makes the sealed form of a value.
func (r *Ring) seal(v any) map[string]any {
	// Property values come from JSON, so encoding cannot fail; if it did, an
	// unreadable secret is better than an open one.
	plain, err := json.Marshal(v)
	if err != nil {
		plain = []byte("null")
	}
	aead := r.keys[r.newest]
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails; it ends the program instead
	sealed := aead.Seal(nil, nonce, plain, nil)
	b64 := base64.StdEncoding
	return map[string]any{
		signatureKey: secretMark,
		cipherKey:    strings.Join([]string{version, r.newest, b64.EncodeToString(nonce), b64.EncodeToString(sealed)}, ":"),
		macKey:       r.mac(plain),
	}
}

func (r *Ring) mac(plain []byte) string {
	h := hmac.New(sha256.New, r.macKey)
	h.Write(plain)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// open decrypts a sealed value. The mac must fit, since hashes go by it.
func (r *Ring) open(sealed map[string]any) (any, error) {
	text, _ := sealed[cipherKey].(string)
	plain, err := r.decrypt(text)
	if err != nil {
		return nil, err
	}
	if mac, _ := sealed[macKey].(string); !hmac.Equal([]byte(mac), []byte(r.mac(plain))) {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open a secret: the mac does not fit")
	}
	var v any
	if err := json.Unmarshal(plain, &v); err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open a secret: what was sealed is not JSON")
	}
	return v, nil
}

// decrypt is the JSON behind a ciphertext.
func (r *Ring) decrypt(text string) ([]byte, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 4 || parts[0] != version {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open a secret: the ciphertext has an unknown form")
	}
	aead, ok := r.keys[parts[1]]
	if !ok {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open a secret: key %q is not in the key ring", parts[1]).
			WithHint("every process needs the same key ring file (secrets.keyFile)")
	}
	nonce, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(nonce) != aead.NonceSize() {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open a secret: the nonce is damaged")
	}
	ct, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open a secret: the ciphertext is damaged")
	}
	plain, err := aead.Open(nil, nonce, ct, nil)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open a secret: the ciphertext is damaged or of another key")
	}
	return plain, nil
}

// isSealed tells whether a value has the form of a sealed secret: its three
// texts and nothing beside them.
func isSealed(m map[string]any) bool {
	_, ciphertext := m[cipherKey].(string)
	_, mac := m[macKey].(string)
	return len(m) == 3 && ciphertext && mac && m[signatureKey] == secretMark
}
