package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// checkProcess asks the admin listener of this configuration whether 'insights
// serve' behind it is ready. That none runs is a failure only for whoever asks for
// this check: the health check of a container.
func checkProcess(ctx context.Context, d *doctor) []finding {
	asked := slices.Contains(d.only, "process")
	if d.cfg.AdminAddr == "" || d.cfg.AdminAddr == adminOff {
		if asked {
			return []finding{warn("process", "Set adminAddr to the address of the process's admin listener.", "not looked at: adminAddr is off")}
		}
		return nil
	}
	status, text, err := askReady(ctx, d.cfg.AdminAddr)
	switch {
	case err != nil && !asked:
		return nil
	case err != nil:
		return []finding{broken("process", schemas.Errorf(schemas.CodeUnavailable, "%w", err).WithHint("Is 'insights serve' running, and adminAddr its address?"))}
	case status != http.StatusOK:
		return []finding{broken("process", schemas.Errorf(schemas.CodeUnavailable, "serve on %s is not ready: %s", d.cfg.AdminAddr, text).
			WithHint("Its log says why."))}
	default:
		return []finding{fine("process", "serve on %s is ready", d.cfg.AdminAddr)}
	}
}

// askReady is what /readyz of an admin listener answers.
func askReady(ctx context.Context, addr string) (status int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/readyz", addr), nil)
	if err != nil {
		return 0, "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	return res.StatusCode, oneLine(string(raw)), err
}
