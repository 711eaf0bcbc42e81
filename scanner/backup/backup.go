// Package backup copies the record of an installation, what nobody can make
// again, into one file and back: accounts, groups, packs with every version that
// was ever used, tokens (hashed), and the counters that must not run backwards.
// Results are not in it: scans make them again.
//
// A file is a tar.gz. Every bucket is a file of JSON lines, every pack archive a
// file named by its digest, and the last file is the [Manifest], which lists the
// others with their digests: a file that was cut off has none.
package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Table is the part of a key-value table that this package uses; see bus.Table.
type Table interface {
	List(ctx context.Context, prefix string, fn func(key string, v json.RawMessage, rev uint64) error) error
	Put(ctx context.Context, key string, v json.RawMessage) (rev uint64, err error)
}

// Objects stores pack archives by digest; see bus.Objects.
type Objects interface {
	Put(ctx context.Context, name string, data []byte) error
	Get(ctx context.Context, name string) ([]byte, error)
}

// Record is where an installation keeps what it must not lose.
type Record struct {
	Table    func(bucket string) Table
	Archives Objects
}

// format is the version of the file's layout.
const format = 1

// Manifest says what is in a backup.
type Manifest struct {
	Format    int       `json:"format"`
	Program   string    `json:"program"` // the version that wrote it
	CreatedAt time.Time `json:"createdAt"`
	// KeyRing tells which key ring the installation has.
	KeyRing KeyRing `json:"keyRing"`
	// EffectiveRevision is the greatest revision of effective packs that was
	// given out: verdicts are ordered by it.
	EffectiveRevision uint64 `json:"effectiveRevision"`
	Counts            Counts `json:"counts"`
	Files             []File `json:"files"`
}

// KeyRing tells key rings apart; see seal.Identity.
type KeyRing struct {
	Ring string   `json:"ring"`
	Keys []string `json:"keys"`
}

// Counts says how much is in a backup.
type Counts struct {
	Accounts int `json:"accounts"`
	Groups   int `json:"groups"`
	Versions int `json:"packVersions"` // also removed ones
	Tokens   int `json:"tokens"`
}

// File is one file of a backup.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

const (
	manifestName = "manifest.json"
	keyRingName  = "keyring.json"
	bucketDir    = "buckets/"
	archiveDir   = "packs/"
)

// buckets are written in this order: what refers to something is read before it,
// so that a change in between leaves nothing that refers to what is missing.
// They are restored in the reverse order.
var buckets = []string{
	schemas.BucketTokens, schemas.BucketWebhooks, schemas.BucketGroups, schemas.BucketAccounts, schemas.BucketPacks, schemas.BucketScans, schemas.BucketSeq,
}

// entry is a line of a bucket's file.
type entry struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// Options is what a backup holds beside the record.
type Options struct {
	Program string
	Now     time.Time
	KeyRing KeyRing
	// KeyFile is the key ring itself, nil to leave it out. Whoever has it can open
	// every secret value that was ever stored.
	KeyFile []byte
}

// Write writes a backup. It may run while the installation is in use.
func Write(ctx context.Context, w io.Writer, r Record, o Options) (Manifest, error) {
	zip := gzip.NewWriter(w)
	b := &writer{tar: tar.NewWriter(zip), record: r, m: Manifest{
		Format: format, Program: o.Program, CreatedAt: o.Now.UTC().Truncate(time.Second), KeyRing: o.KeyRing, Files: []File{},
	}}
	if err := b.all(ctx, o.KeyFile); err != nil {
		return b.m, err
	}
	for _, c := range []io.Closer{b.tar, zip} {
		if err := c.Close(); err != nil {
			return b.m, schemas.Errorf(schemas.CodeInternal, "write the backup: %w", err)
		}
	}
	return b.m, nil
}

type writer struct {
	tar    *tar.Writer
	record Record
	m      Manifest
}

func (b *writer) all(ctx context.Context, keyFile []byte) error {
	for _, bucket := range buckets {
		entries, err := b.bucket(ctx, bucket)
		if err != nil {
			return err
		}
		if bucket == schemas.BucketPacks {
			if err := b.archives(ctx, entries); err != nil {
				return err
			}
		}
	}
	if keyFile != nil {
		if err := b.file(keyRingName, keyFile); err != nil {
			return err
		}
	}
	var err error
	if b.m.EffectiveRevision, err = newestRevision(ctx, b.record.Table(schemas.BucketEffective)); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(b.m, "", "  ")
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "encode the manifest: %w", err)
	}
	return b.file(manifestName, raw)
}

func newestRevision(ctx context.Context, t Table) (newest uint64, err error) {
	err = t.List(ctx, "", func(_ string, _ json.RawMessage, rev uint64) error {
		newest = max(newest, rev)
		return nil
	})
	return newest, err
}

func (b *writer) bucket(ctx context.Context, bucket string) ([]entry, error) {
	var entries []entry
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	err := b.record.Table(bucket).List(ctx, "", func(key string, v json.RawMessage, _ uint64) error {
		if !isRecord(bucket, key) {
			return nil
		}
		entries = append(entries, entry{key, v})
		b.m.Counts.add(bucket, key)
		return enc.Encode(entry{key, v})
	})
	if err != nil {
		return nil, err
	}
	return entries, b.file(bucketDir+bucket+".jsonl", lines.Bytes())
}

// isRecord tells what a backup holds of a bucket: of scans the claims, which
// number them, and the ticks of schedules; what scans came to is a result.
func isRecord(bucket, key string) bool {
	return bucket != schemas.BucketScans || schemas.AccountID(key).Valid() || strings.HasPrefix(key, "tick.")
}

func (c *Counts) add(bucket, key string) {
	switch bucket {
	case schemas.BucketAccounts:
		c.Accounts++
	case schemas.BucketGroups:
		c.Groups++
	case schemas.BucketTokens:
		c.Tokens++
	case schemas.BucketPacks:
		if isVersion(key) {
			c.Versions++
		}
	}
}

// isVersion tells versions of packs from the heads beside them.
func isVersion(key string) bool { return strings.Contains(key, "/") }

// archives writes the archive of every version once.
func (b *writer) archives(ctx context.Context, entries []entry) error {
	written := map[string]bool{}
	for _, e := range entries {
		if !isVersion(e.Key) {
			continue
		}
		digest, err := digestOf(e)
		if err != nil {
			return err
		}
		if written[digest] {
			continue
		}
		written[digest] = true
		data, err := b.record.Archives.Get(ctx, digest)
		if err != nil {
			return schemas.Errorf(schemas.CodeOf(err), "read the archive of pack %s: %w", e.Key, err)
		}
		if sum(data) != digest {
			return schemas.Errorf(schemas.CodeInternal, "the archive of pack %s is damaged: its digest is not %s", e.Key, digest)
		}
		if err := b.file(archiveDir+digest+".tar.gz", data); err != nil {
			return err
		}
	}
	return nil
}

func digestOf(e entry) (string, error) {
	var ref schemas.PackRef
	if err := json.Unmarshal(e.Value, &ref); err != nil || len(ref.Digest) != sha256.Size*2 {
		return "", schemas.Errorf(schemas.CodeInvalid, "the record of pack %s names no archive", e.Key)
	}
	return ref.Digest, nil
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func (b *writer) file(name string, data []byte) error {
	h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: b.m.CreatedAt, Format: tar.FormatPAX}
	err := b.tar.WriteHeader(h)
	if err == nil {
		_, err = b.tar.Write(data)
	}
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "write the backup: %w", err)
	}
	b.m.Files = append(b.m.Files, File{name, h.Size, sum(data)})
	return nil
}
