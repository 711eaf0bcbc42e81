package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestBackupThroughHTTP(t *testing.T) {
	t.Parallel()
	var fail error
	s := newServer(t, func(c *api.ServerConfig) {
		c.Backup = func(_ context.Context, w io.Writer) error {
			if fail != nil && schemas.CodeOf(fail) == schemas.CodeUnavailable {
				return fail
			}
			_, err := w.Write(bytes.Repeat([]byte("backup"), 1<<20))
			return errors.Join(err, fail)
		}
	})
	var b bytes.Buffer
	ok(t, s.client(t, "").Backup(t.Context(), &b))
	if b.Len() != 6<<20 {
		t.Errorf("%d bytes", b.Len())
	}
	// Nothing was sent yet: the error arrives as one.
	fail = schemas.Errorf(schemas.CodeUnavailable, "no answer")
	b.Reset()
	wantCode(t, s.client(t, "").Backup(t.Context(), &b), schemas.CodeUnavailable, "no answer")
	if b.Len() != 0 {
		t.Errorf("%d bytes beside the error", b.Len())
	}
	// Half a backup is not a whole one.
	fail = schemas.Errorf(schemas.CodeInternal, "damaged")
	wantCode(t, s.client(t, "").Backup(t.Context(), &b), schemas.CodeUnavailable)

	none := newServer(t)
	wantCode(t, none.client(t, "").Backup(t.Context(), &b), schemas.CodeNotFound, "makes no backups")
	if a := none.ask(t, http.MethodGet, "/v1/backup?all=1", ""); a.status != http.StatusBadRequest {
		t.Errorf("an unknown parameter: %d %s", a.status, a.body)
	}
}
