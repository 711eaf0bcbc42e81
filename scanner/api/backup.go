package api

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func (s *Server) backupRoutes() {
	s.streams("Backup", "GET /v1/backup", ScopeAdmin, "A backup of the record: accounts, groups, packs, tokens. Without the key ring and without results.",
		nil, map[string]string{"application/gzip": "A file for insights restore."}, s.backup)
}

// backup streams a backup. One that breaks off breaks the connection, so that
// half a backup never looks like a whole one.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) {
	err := query(r).done()
	if err == nil && s.c.Backup == nil {
		err = schemas.Errorf(schemas.CodeNotFound, "this server makes no backups")
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.c.Log.Info().Str("by", Actor(r.Context())).Msg("a backup was asked for")
	out := &started{ResponseWriter: w}
	w.Header().Set("Content-Type", "application/gzip")
	switch err := s.c.Backup(r.Context(), out); {
	case err == nil:
	case !out.yes:
		s.refuse(w, err)
	default:
		s.c.Log.Error().Err(err).Msg("a backup broke off")
		panic(http.ErrAbortHandler)
	}
}

// started notes whether an answer has begun.
type started struct {
	http.ResponseWriter
	yes bool
}

func (w *started) Write(p []byte) (int, error) {
	w.yes = true
	return w.ResponseWriter.Write(p)
}

// Backup writes a backup of the server's record, which needs the scope admin. An
// error after the first bytes leaves half a backup in w.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	res, err := c.do(ctx, http.MethodGet, []string{"backup"}, nil, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
		if err != nil {
			return c.unreachable(ctx, err)
		}
		return refusal(res, raw)
	}
	_, err = io.Copy(w, res.Body)
	if _, ok := errors.AsType[*fs.PathError](err); ok || err == nil {
		return err // what w could not write
	}
	return c.unreachable(ctx, err)
}
