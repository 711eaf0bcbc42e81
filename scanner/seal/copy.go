package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Identity tells rings apart without telling a key.
type Identity struct {
	Ring string   `json:"ring"` // the same for all rotations of a ring
	Keys []string `json:"keys"` // ids, oldest first
}

// Identity is what the ring can be known by.
func (r *Ring) Identity() Identity {
	sum := sha256.Sum256(append([]byte("insights key ring "), r.macKey...))
	return Identity{Ring: hex.EncodeToString(sum[:8]), Keys: slices.Clone(r.ids)}
}

// Opens tells whether a ring with this identity opens everything that one with
// the other sealed, and gives the same macs.
func (i Identity) Opens(other Identity) bool {
	return i.Ring == other.Ring && !slices.ContainsFunc(other.Keys, func(id string) bool { return !slices.Contains(i.Keys, id) })
}

// Read returns a key ring file as it is, to be kept elsewhere. Errors as those
// of Load.
func Read(path string) ([]byte, error) {
	f, _, err := load(path)
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "encode key ring: %w", err)
	}
	return append(raw, '\n'), nil
}

// Restore makes a key ring file of what Read returned. CodeConflict when there is
// another ring already: a ring is never overwritten. The same one is no error.
func Restore(path string, raw []byte) error {
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "the key ring is not JSON")
	}
	if _, err := newRing(f); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "the key ring: %w", err)
	}
	if have, err := Read(path); err == nil && bytes.Equal(have, raw) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "create key ring: %w", err)
	}
	return create(path, f)
}

// create puts a ring where there is none.
func create(path string, f file) error {
	tmp, err := write(path, f)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp) }()
	// A link, unlike a rename, does not replace what is there.
	if err := os.Link(tmp, path); errors.Is(err, fs.ErrExist) {
		return schemas.Errorf(schemas.CodeConflict, "there is a key ring at %s already", path)
	} else if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "create key ring: %w", err)
	}
	return syncDir(path)
}
