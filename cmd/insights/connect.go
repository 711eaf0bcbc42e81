package main

import (
	"context"
	"os"
	"strings"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// with runs do against the scanner: over HTTP when a server is named, else
// against this process's own node on the data directory. who names the process
// to others that find the directory in use.
func (a *app) with(ctx context.Context, who string, opts nodeOptions, do func(context.Context, api.Service) error) error {
	if a.server != "" {
		if len(opts.local) > 0 {
			return schemas.Errorf(schemas.CodeInvalid, "--policy-pack does not go with --server").
				WithHint("Publish the pack and enforce it: insights pack publish DIR; insights group enforce GROUP PACK.")
		}
		client, err := a.client()
		if err != nil {
			return err
		}
		return do(ctx, client)
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	opts.log = a.logger(cfg, true)
	return runNode(ctx, cfg, who, opts, func(ctx context.Context, n *node) error { return do(ctx, n.service) })
}

// client talks to the server that is named.
func (a *app) client() (*api.Client, error) {
	token, err := a.token()
	if err != nil {
		return nil, err
	}
	return api.NewClient(a.server, token)
}

// token is the API token: a file, or INSIGHTS_TOKEN. It is never a flag, since
// flags show in process lists.
func (a *app) token() (string, error) {
	if a.tokenFile == "" {
		return a.env("INSIGHTS_TOKEN"), nil
	}
	raw, err := os.ReadFile(a.tokenFile)
	if err != nil {
		return "", schemas.Errorf(schemas.CodeInvalid, "read API token: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
