package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) webhookCmd() *cobra.Command {
	return parent("webhook", "Tell an address of violations that open, are fixed, reopen", a.webhookAddCmd(), a.webhookListCmd(), a.webhookTestCmd(), a.webhookRemoveCmd())
}

func (a *app) webhookAddCmd() *cobra.Command {
	var w schemas.Webhook
	var transitions []string
	var severity, secretFile string
	cmd := &cobra.Command{
		Use:   "add NAME URL",
		Short: "Add a webhook and print its secret once",
		Long: `Add makes a webhook: from now on URL gets a POST for every violation that is
opened, fixed or reopened, signed as Standard Webhooks has it with the secret that
is printed, once. What cannot be delivered is tried again for three days, then it
is among 'insights dead-letters list'. Deliveries are made by 'insights serve', and
while a scan runs. A receiver may get a message twice, with the same webhook-id.`,
		Example: `  insights webhook add chat https://hooks.example.com/insights --min-severity high
  insights webhook add tickets https://tickets.example.com/in --on opened,reopened --secret-file secret`,
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			w.Name, w.URL, w.MinSeverity = given[0], given[1], schemas.Severity(severity)
			for _, t := range transitions {
				w.Transitions = append(w.Transitions, schemas.Transition(t))
			}
			if secretFile != "" {
				raw, err := os.ReadFile(secretFile)
				if err != nil {
					return usageError(cmd, err)
				}
				w.Secret = strings.TrimSpace(string(raw))
			}
			return a.with(cmd.Context(), "insights webhook add", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				added, err := s.AddWebhook(ctx, w)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, added)
				}
				fmt.Fprintln(a.out, added.Secret)
				fmt.Fprintf(a.err, "Webhook %s added. Its secret is shown only now. Try it: insights webhook test %s\n", added.Name, added.Name)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&transitions, "on", nil, "only these `CHANGES`: opened, fixed, reopened (default all)")
	f.StringVar(&severity, "min-severity", "", "only violations of this `SEVERITY` or worse: low, medium, high, critical")
	f.StringVar(&secretFile, "secret-file", "", "`FILE` with a secret to sign with, whsec_ and base64 (default: one is made)")
	oneOf(cmd, "on", "opened", "fixed", "reopened")
	oneOf(cmd, "min-severity", failOnNames...)
	return cmd
}

func (a *app) webhookListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List webhooks and what is still to be delivered", Args: args(cobra.NoArgs), Example: "  insights webhook list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights webhook list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListWebhooks(ctx)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(a.out, "No webhooks. Make one with 'insights webhook add NAME URL'.")
					return err
				}
				rows := make([][]string, len(list))
				for i, w := range list {
					on := make([]string, len(w.Transitions))
					for j, t := range w.Transitions {
						on[j] = string(t)
					}
					rows[i] = []string{
						w.Name, w.URL, cmp.Or(strings.Join(on, ", "), "all"), cmp.Or(string(w.MinSeverity), "any"), fmt.Sprint(w.Pending), w.CreatedAt.UTC().Format(time.DateTime),
					}
				}
				return printTable(a.out, []string{"name", "url", "on", "severity", "pending", "created (utc)"}, rows)
			})
		},
	}
}

func (a *app) webhookTestCmd() *cobra.Command {
	return &cobra.Command{
		Use: "test NAME", Short: "Send one message to a webhook", Args: args(cobra.ExactArgs(1)),
		Long:    "Test sends a message of the type webhook.test, signed, once. It exits 1 when the receiver did not take it.",
		Example: "  insights webhook test chat",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights webhook test", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				t, err := s.TestWebhook(ctx, given[0])
				if err != nil {
					return err
				}
				if a.output == "json" {
					if err := printJSON(a.out, t); err != nil || t.Delivered {
						return err
					}
					return exitCode(exitError)
				}
				if !t.Delivered {
					return schemas.Errorf(schemas.CodeUnavailable, "not delivered: %s", t.Reason)
				}
				fmt.Fprintf(a.out, "Delivered: the receiver answered %d.\n", t.Status)
				return nil
			})
		},
	}
}

func (a *app) webhookRemoveCmd() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a webhook", Args: args(cobra.ExactArgs(1)),
		Long:    "Remove ends the webhook NAME. What was still to be delivered to it is forgotten.",
		Example: "  insights webhook remove chat",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights webhook remove", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if err := s.RemoveWebhook(ctx, given[0]); err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]string{"removed": given[0]})
				}
				fmt.Fprintf(a.out, "Webhook %s removed.\n", given[0])
				return nil
			})
		},
	}
}
