package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Backup is a backup that was read whole and found to be what was written.
type Backup struct {
	Manifest Manifest
	KeyFile  []byte // nil when it was left out

	id       string // of this very backup
	file     io.ReadSeeker
	entries  map[string][]entry // by bucket
	archives map[string]bool    // digests
}

// Open reads a backup to its end and checks every digest. CodeInvalid when it is
// none, is damaged, or is of a later format than this program knows.
func Open(file io.ReadSeeker) (*Backup, error) {
	b := &Backup{file: file, entries: map[string][]entry{}, archives: map[string]bool{}}
	var read []File
	var manifest []byte
	err := b.each(func(name string, data []byte) error {
		if manifest != nil {
			return errDamaged("%s comes after the manifest", name)
		}
		if name == manifestName {
			manifest = data
			return nil
		}
		read = append(read, File{name, int64(len(data)), sum(data)})
		return b.take(name, data)
	})
	if err != nil {
		return nil, err
	}
	if manifest == nil {
		return nil, errDamaged("its end is missing")
	}
	b.id = sum(manifest)
	return b, b.check(manifest, read)
}

func errDamaged(format string, args ...any) error {
	return schemas.Errorf(schemas.CodeInvalid, "the backup is damaged: %w", schemas.Errorf(schemas.CodeInvalid, format, args...))
}

// each calls fn for every file of the backup, in order.
func (b *Backup) each(fn func(name string, data []byte) error) error {
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "read the backup: %w", err)
	}
	zip, err := gzip.NewReader(b.file)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "this is no backup: %w", err).WithHint("It wants a file that 'insights backup' wrote.")
	}
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errDamaged("%w", err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return errDamaged("%s: %w", h.Name, err)
		}
		if err := fn(h.Name, data); err != nil {
			return err
		}
	}
	// The checksum of the compression stands behind the last file.
	if _, err := io.ReadFull(zip, make([]byte, 1)); !errors.Is(err, io.EOF) {
		return errDamaged("what follows its last file is not what was written")
	}
	return nil
}

func (b *Backup) take(name string, data []byte) error {
	bucket, isBucket := strings.CutPrefix(name, bucketDir)
	digest, isArchive := strings.CutPrefix(name, archiveDir)
	switch {
	case isBucket:
		return b.takeBucket(strings.TrimSuffix(bucket, ".jsonl"), data)
	case isArchive:
		if digest = strings.TrimSuffix(digest, ".tar.gz"); sum(data) != digest {
			return errDamaged("%s has another digest", name)
		}
		b.archives[digest] = true
	case name == keyRingName:
		b.KeyFile = data
	}
	return nil
}

func (b *Backup) takeBucket(bucket string, data []byte) error {
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var e entry
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || e.Key == "" || len(e.Value) == 0 {
			return errDamaged("%s cannot be read", bucket)
		}
		b.entries[bucket] = append(b.entries[bucket], e)
		b.Manifest.Counts.add(bucket, e.Key)
	}
}

// check holds what was read against the manifest and against itself.
func (b *Backup) check(manifest []byte, read []File) error {
	counted := b.Manifest.Counts
	if err := json.Unmarshal(manifest, &b.Manifest); err != nil {
		return errDamaged("its manifest: %w", err)
	}
	m := b.Manifest
	if m.Format != format {
		return schemas.Errorf(schemas.CodeInvalid, "the backup has format %d, this program reads format %d", m.Format, format).
			WithHint("it was written by insights %s: restore it with that version or a later one", m.Program)
	}
	if len(m.Files) != len(read) || m.Counts != counted {
		return errDamaged("it holds other files than its manifest lists")
	}
	for i, f := range m.Files {
		if f != read[i] {
			return errDamaged("%s is not what was written", f.Name)
		}
	}
	for _, e := range b.entries[schemas.BucketPacks] {
		if !isVersion(e.Key) {
			continue
		}
		if digest, err := digestOf(e); err != nil || !b.archives[digest] {
			return errDamaged("the archive of pack %s is missing", e.Key)
		}
	}
	return nil
}
