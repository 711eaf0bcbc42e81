package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) printGroup(ctx context.Context, s api.Service, g schemas.Group) error {
	if a.output == "json" {
		return printJSON(a.out, g)
	}
	members, err := memberText(ctx, s, g)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Group %s\n  Accounts    %s\n", g.Name, members)
	if g.Name != schemas.DefaultAccountsGroup {
		fmt.Fprintf(a.out, "  Selector    %s\n", orText(g.Selector, "none"))
	}
	if len(g.Packs) == 0 {
		_, err := fmt.Fprintf(a.out, "  Packs       none; enforce one: insights group enforce %s PACK\n", g.Name)
		return err
	}
	fmt.Fprintln(a.out)
	rows := make([][]string, len(g.Packs))
	for i, e := range g.Packs {
		rows[i] = []string{e.Pack, e.Version, fmt.Sprint(len(e.Config)), timeText(e.ModifiedAt), e.Problem}
	}
	return printTable(a.out, []string{"pack", "version", "configured policies", "modified", "problem"}, rows)
}

// memberText names a group's accounts and children; the group itself knows their
// ids.
func memberText(ctx context.Context, s api.Service, g schemas.Group) (string, error) {
	if g.Name == schemas.DefaultAccountsGroup {
		return "every account", nil
	}
	accounts, err := s.ListAccounts(ctx)
	if err != nil {
		return "", err
	}
	names := map[schemas.AccountID]string{}
	for _, acc := range accounts {
		names[acc.ID] = acc.Name
	}
	members := make([]string, len(g.Accounts))
	for i, m := range g.Accounts {
		account := orText(names[m.Account()], string(m.Account()))
		members[i] = string(schemas.NewMember(schemas.AccountID(account), m.Region()))
	}
	return orNone(members), nil
}

func (a *app) groupListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List groups", Args: args(cobra.NoArgs), Example: "  insights group list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights group list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListGroups(ctx)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				rows := make([][]string, len(list))
				for i, g := range list {
					packs := make([]string, len(g.Packs))
					for j, e := range g.Packs {
						packs[j] = e.Pack + "@" + e.Version
						if e.Problem != "" {
							packs[j] += " (has a problem)"
						}
					}
					accounts := fmt.Sprint(len(g.Accounts))
					if g.Name == schemas.DefaultAccountsGroup {
						accounts = "all"
					}
					rows[i] = []string{g.Name, accounts, orText(g.Selector, "none"), orNone(packs)}
				}
				return printTable(a.out, []string{"group", "accounts", "selector?", "packs"}, rows)
			})
		},
	}
}
