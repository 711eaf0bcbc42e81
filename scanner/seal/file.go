package seal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// file is a key ring as it is kept.
type file struct {
	Version int       `json:"version"`
	Keys    []fileKey `json:"keys"`   // oldest first; the last one seals
	MACKey  string    `json:"macKey"` // base64; kept by rotation
}

type fileKey struct {
	ID  string `json:"id"`
	Key string `json:"key"` // base64
}

// Load reads a key ring. Errors: CodeNotFound, CodeDenied when others than the
// owner may read or write the file, CodeInvalid with every problem in it.
func Load(path string) (*Ring, error) {
	_, r, err := load(path)
	return r, err
}

func load(path string) (file, *Ring, error) {
	f, err := read(path)
	if err != nil {
		return f, nil, err
	}
	r, err := newRing(f)
	if err != nil {
		return f, nil, schemas.Errorf(schemas.CodeInvalid, "key ring %s: %w", path, err)
	}
	return f, r, nil
}

// Create makes a new key ring file, readable by its owner only, and returns it.
// CodeConflict when the file exists: a ring is never overwritten, since what it
// sealed would be lost.
func Create(path string) (*Ring, error) {
	f := file{Version: 1, Keys: []fileKey{newKey()}, MACKey: random(keyBytes)}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "create key ring: %w", err)
	}
	if err := create(path, f); err != nil {
		return nil, err
	}
	return newRing(f)
}

// LoadOrCreate loads a key ring and makes one when there is none: for data
// directories that one process owns.
func LoadOrCreate(path string) (*Ring, error) {
	r, err := Load(path)
	if err == nil || schemas.CodeOf(err) != schemas.CodeNotFound {
		return r, err
	}
	r, err = Create(path)
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		return Load(path)
	}
	return r, err
}

// Rotate adds a key that seals from now on; the older ones keep opening and
// macs stay as they are. Errors as those of Load.
func Rotate(path string) (*Ring, error) {
	unlock, err := lock(path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// A damaged ring stays as it is: what is left of it may be all there is.
	f, _, err := load(path)
	if err != nil {
		return nil, err
	}
	f.Keys = append(f.Keys, newKey())
	r, err := newRing(f)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "rotate key ring %s: %w", path, err)
	}
	tmp, err := write(path, f)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, path); err != nil {
		_ = os.Remove(tmp)
		return nil, schemas.Errorf(schemas.CodeInternal, "rotate key ring: %w", err)
	}
	return r, syncDir(path)
}

// lock keeps others from rotating: of two who read the same ring, the one who
// writes last would drop the other's key, and with it what that has sealed. A
// rotation replaces the file, so the lock counts only on the one that is there.
func lock(path string) (unlock func(), err error) {
	for {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, schemas.Errorf(schemas.CodeNotFound, "there is no key ring at %s", path)
		}
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "lock key ring: %w", err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			_ = f.Close()
			return nil, schemas.Errorf(schemas.CodeInternal, "lock key ring %s: %w", path, err)
		}
		locked, err := f.Stat()
		there, errThere := os.Stat(path)
		if err == nil && errThere == nil && os.SameFile(locked, there) {
			return func() { _ = f.Close() }, nil
		}
		_ = f.Close()
	}
}

// syncDir brings the name of a new file to disk: what a ring has sealed is lost
// with it.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "write key ring: %w", err)
	}
	return nil
}

// FromEnv reads a key ring from the value of an environment variable: the
// content of a key ring file, as it is or in base64. CodeInvalid otherwise.
func FromEnv(value string) (*Ring, error) {
	raw := []byte(strings.TrimSpace(value))
	if decoded, err := base64.StdEncoding.DecodeString(string(raw)); err == nil {
		raw = decoded
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		// The text of the error may quote the value.
		return nil, schemas.Errorf(schemas.CodeInvalid, "the key ring in the environment is not JSON")
	}
	r, err := newRing(f)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "the key ring in the environment: %w", err)
	}
	return r, nil
}

func read(path string) (file, error) {
	var f file
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, schemas.Errorf(schemas.CodeNotFound, "there is no key ring at %s", path)
	}
	if err != nil {
		return f, schemas.Errorf(schemas.CodeInternal, "read key ring: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return f, schemas.Errorf(schemas.CodeDenied, "others than its owner can use the key ring %s (mode %04o)", path, info.Mode().Perm()).
			WithHint("chmod 600 %s", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return f, schemas.Errorf(schemas.CodeInternal, "read key ring: %w", err)
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, schemas.Errorf(schemas.CodeInvalid, "key ring %s is not JSON", path)
	}
	return f, nil
}

// write puts a ring into a temporary file beside path, on disk when it returns.
func write(path string, f file) (tmp string, err error) {
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return "", schemas.Errorf(schemas.CodeInternal, "encode key ring: %w", err)
	}
	t, err := os.CreateTemp(filepath.Dir(path), ".keyring-") // mode 0600
	if err != nil {
		return "", schemas.Errorf(schemas.CodeInternal, "write key ring: %w", err)
	}
	_, err = t.Write(append(raw, '\n'))
	if err = errors.Join(err, t.Sync(), t.Close()); err != nil {
		_ = os.Remove(t.Name())
		return "", schemas.Errorf(schemas.CodeInternal, "write key ring: %w", err)
	}
	return t.Name(), nil
}

func newKey() fileKey {
	id := make([]byte, 4)
	_, _ = rand.Read(id) // never fails
	return fileKey{ID: hex.EncodeToString(id), Key: random(keyBytes)}
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}
