package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) accountPacksCmd() *cobra.Command {
	var explain bool
	cmd := &cobra.Command{
		Use: "packs ACCOUNT", Short: "List the packs that apply to an account, and why", Args: args(cobra.ExactArgs(1)),
		Long: `Packs lists the packs that apply to ACCOUNT (a name or id): all that the groups
enforce which hold it. Of a pack only one version runs: the newest of those that
groups ask for, which is the one published last. When groups ask for the same
version, the configuration that was changed last applies; of two changed at the
same time, that of the group whose name sorts first. Where groups hold children of
the account (prod/us-east-1), this is found out for each child.

With --explain it tells of every pack which groups ask for what, which won and why,
and which policies are configured otherwise than the pack declares.`,
		Example: `  insights account packs prod
  insights account packs prod --explain
  insights account packs prod --explain -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights account packs", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if explain {
					e, err := s.ExplainPacks(ctx, given[0])
					if err != nil {
						return err
					}
					return a.printExplanation(e)
				}
				eff, err := s.EffectivePacks(ctx, given[0])
				if err != nil {
					return err
				}
				if a.output == "json" {
					eff.Packs = orEmpty(eff.Packs)
					return printJSON(a.out, struct {
						schemas.Effective
						Revision uint64 `json:"revision"` // as the API has it
					}{eff, eff.Revision})
				}
				return a.printEffective(eff)
			})
		},
	}
	cmd.Flags().BoolVar(&explain, "explain", false, "say which groups ask for what, which won and why")
	return cmd
}

func (a *app) printEffective(eff schemas.Effective) error {
	if len(eff.Packs) == 0 {
		_, err := fmt.Fprintln(a.out, noPacksText)
		return err
	}
	rows := make([][]string, len(eff.Packs))
	for i, p := range eff.Packs {
		from := p.Group
		if p.Local {
			from = "--policy-pack"
		}
		rows[i] = []string{p.Name, p.Version, string(p.Runtime), fmt.Sprint(len(p.Policies)), whereText(p.Regions, p.Except), from, p.Error}
	}
	return printTable(a.out, []string{"pack", "version", "runtime?", "policies", "where", "enforced by", "problem"}, rows)
}

// whereText says where in an account something applies.
func whereText(regions, except []string) string {
	switch {
	case len(regions) > 0:
		return strings.Join(regions, ", ")
	case len(except) > 0:
		return "all but " + strings.Join(except, ", ")
	default:
		return "all"
	}
}

func (a *app) printExplanation(e schemas.Explanation) error {
	if a.output == "json" {
		return printJSON(a.out, e)
	}
	if len(e.Packs) == 0 {
		_, err := fmt.Fprintln(a.out, noPacksText)
		return err
	}
	for i, p := range e.Packs {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := a.printExplained(p); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printExplained(p schemas.ExplainedPack) error {
	title := p.Name + " " + p.Version
	if where := whereText(p.Regions, p.Except); where != "all" {
		title += " in " + where
	}
	fmt.Fprintln(a.out, title)
	lines := wrap("Why: "+oneLine(p.Reason)+".", 80)
	if p.Error != "" {
		lines = append(lines, wrap("Problem: "+oneLine(p.Error), 80)...)
	}
	for _, line := range append(lines, "") {
		fmt.Fprintln(a.out, line)
	}
	if len(p.Claims) > 0 {
		if err := a.printClaims(p.Claims); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	return a.printConfigured(p)
}

func (a *app) printClaims(claims []schemas.PackClaim) error {
	rows := make([][]string, len(claims))
	for i, c := range claims {
		won := ""
		if c.Won {
			won = "won"
		}
		version := c.Enrolled
		if c.Version != c.Enrolled {
			version += " (" + c.Version + ")"
		}
		rows[i] = []string{c.Group, version, fmt.Sprint(c.Number), timeText(c.ModifiedAt), whereText(c.Regions, nil), won}
	}
	return printTable(a.out, []string{"group", "asks for", "number?", "modified", "where", "result"}, rows)
}

// printConfigured lists the policies that are configured otherwise than declared.
func (a *app) printConfigured(p schemas.ExplainedPack) error {
	var rows [][]string
	for _, policy := range p.Policies {
		if !policy.Changed() {
			continue
		}
		level := string(policy.Level)
		if policy.Level != policy.DefaultLevel {
			level += " (not " + string(policy.DefaultLevel) + ")"
		}
		rows = append(rows, []string{policy.Policy, level, propertiesText(policy.Properties)})
	}
	same := countText(uint64(len(p.Policies)-len(rows)), "policy is", "policies are")
	if len(rows) == 0 {
		_, err := fmt.Fprintf(a.out, "%s configured as the pack declares.\n", same)
		return err
	}
	if err := printTable(a.out, []string{"policy", "level", "properties"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s configured as the pack declares.\n", same)
	return err
}

func propertiesText(properties map[string]any) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		raw, err := json.Marshal(properties[name])
		if err != nil {
			raw = []byte("?")
		}
		list = append(list, name+"="+string(raw))
	}
	return strings.Join(list, ", ")
}

func (a *app) accountGroupsCmd() *cobra.Command {
	return &cobra.Command{
		Use: "groups ACCOUNT", Short: "List the groups that hold an account, and why", Args: args(cobra.ExactArgs(1)),
		Long: `Groups lists the groups that hold ACCOUNT (a name or id), or children of it such as
prod/us-east-1, and says why: the account or the child was added, its labels match
the group's selector, or it is the default group, which holds every account.`,
		Example: `  insights account groups prod
  insights account groups prod -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights account groups", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.AccountGroups(ctx, given[0])
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				rows := make([][]string, len(list))
				for i, m := range list {
					rows[i] = []string{m.Group, whereText(m.Regions, nil), membershipText(m)}
				}
				return printTable(a.out, []string{"group", "holds", "why"}, rows)
			})
		},
	}
}

func membershipText(m schemas.Membership) string {
	var why []string
	for _, r := range m.Why {
		switch r {
		case schemas.MemberByDefault:
			why = append(why, "it holds every account")
		case schemas.MemberByName:
			why = append(why, "the account was added")
		case schemas.MemberByChild:
			why = append(why, "children were added")
		case schemas.MemberBySelector:
			why = append(why, "its labels match "+m.Selector)
		}
	}
	return strings.Join(why, "; ")
}
