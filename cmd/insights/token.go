package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
)

func (a *app) tokenCmd() *cobra.Command {
	return parent("token", "Manage API tokens", a.tokenCreateCmd(), a.tokenListCmd(), a.tokenRevokeCmd())
}

func (a *app) tokenCreateCmd() *cobra.Command {
	var scope string
	var ttl time.Duration
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create an API token and print it once",
		Long: `Create makes a token for --server and prints its secret, once: only its hash is
kept. NAME says who or what it is for; every change is recorded under it. Scopes:
read (reports and lists), write (also scans, accounts, packs and groups), admin
(also tokens and backups).`,
		Example: `  insights token create ci --scope write --ttl 2160h
  insights token create dashboard > token && insights report --server https://insights.example.org --token-file token`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights token create", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				secret, t, err := s.CreateToken(ctx, given[0], api.TokenScope(scope), ttl)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]any{"token": t, "secret": secret})
				}
				fmt.Fprintln(a.out, secret)
				fmt.Fprintf(a.err, "Token %s (%s, %s). It is shown only now.\n", t.Name, t.Scope, expiryText(t))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&scope, "scope", string(api.ScopeRead), "what it may do, a `SCOPE`: read, write or admin")
	oneOf(cmd, "scope", string(api.ScopeRead), string(api.ScopeWrite), string(api.ScopeAdmin))
	cmd.Flags().DurationVar(&ttl, "ttl", 90*24*time.Hour, "how long it is valid, a `DURATION` such as 720h; 0 for ever")
	return cmd
}

func expiryText(t api.Token) string {
	if t.ExpiresAt.IsZero() {
		return "never expires"
	}
	if t.ExpiresAt.Before(time.Now()) {
		return "expired " + timeText(t.ExpiresAt)
	}
	return "expires " + timeText(t.ExpiresAt)
}

func (a *app) tokenListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List API tokens", Args: args(cobra.NoArgs), Example: "  insights token list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights token list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListTokens(ctx)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(a.out, "No tokens. Make one with 'insights token create NAME'.")
					return err
				}
				rows := make([][]string, len(list))
				for i, t := range list {
					rows[i] = []string{t.Name, string(t.Scope), expiryText(t), t.CreatedAt.UTC().Format(time.DateTime), t.CreatedBy}
				}
				return printTable(a.out, []string{"name", "scope", "expiry", "created (utc)", "by"}, rows)
			})
		},
	}
}

func (a *app) tokenRevokeCmd() *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME", Short: "Revoke an API token", Args: args(cobra.ExactArgs(1)),
		Long:    "Revoke ends the token NAME: within a few seconds no server takes it any more.",
		Example: "  insights token revoke ci",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights token revoke", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if err := s.RevokeToken(ctx, given[0]); err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]string{"revoked": given[0]})
				}
				fmt.Fprintf(a.out, "Token %s revoked.\n", given[0])
				return nil
			})
		},
	}
}
