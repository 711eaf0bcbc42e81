package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) waiverCmd() *cobra.Command {
	return parent("waiver", "Accept violations for a time, with a reason and an end",
		a.waiverAddCmd(), a.waiverListCmd(), a.waiverShowCmd(), a.waiverUpdateCmd(), a.waiverRemoveCmd())
}

func (a *app) waiverListCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List waivers, those that end first at the top", Args: args(cobra.NoArgs),
		Long: `List prints waivers by their end. Those that end within two weeks are marked as
expiring; expired ones stay in the list until they are removed or prolonged.`,
		Example: "  insights waiver list\n  insights waiver list --all -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights waiver list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListWaivers(ctx, all)
				if err != nil {
					return err
				}
				if a.output != "json" {
					if err := nameAccounts(ctx, s, list); err != nil {
						return err
					}
				}
				return a.printWaivers(list, time.Now())
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those that were removed")
	return cmd
}

func (a *app) printWaivers(list []schemas.Waiver, now time.Time) error {
	slices.SortStableFunc(list, func(x, y schemas.Waiver) int { return x.ExpiresAt.Compare(y.ExpiresAt) })
	if a.output == "json" {
		return printJSON(a.out, orEmpty(list))
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(a.out, "No waivers. Add one: insights waiver add NAME --policy POLICY --reason TEXT --expires TIME.")
		return err
	}
	rows := make([][]string, len(list))
	for i, w := range list {
		rows[i] = []string{w.Name, stateOfWaiver(w, now), w.ExpiresAt.UTC().Format(time.DateOnly), selectorText(w.Selector), w.Requester, w.Approver, w.Ticket, w.Reason}
	}
	return printTable(a.out, []string{"name", "state", "ends (utc)", "covers", "requester?", "approver?", "ticket?", "reason"}, rows)
}

// stateOfWaiver says of one that ends soon in how many days.
func stateOfWaiver(w schemas.Waiver, now time.Time) string {
	s := w.State(now)
	if s == schemas.WaiverExpiring {
		return "expires in " + countText(uint64(w.ExpiresAt.Sub(now)/(24*time.Hour)), "day", "days")
	}
	return string(s)
}

// nameAccounts puts the names of accounts into waivers, which hold ids: for texts.
func nameAccounts(ctx context.Context, s api.Service, list []schemas.Waiver) error {
	accounts, err := s.ListAccounts(ctx)
	if err != nil {
		return err
	}
	names := map[schemas.AccountID]string{}
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	named := func(t schemas.WaiverSelector) schemas.WaiverSelector {
		t.Accounts = slices.Clone(t.Accounts)
		for i, m := range t.Accounts {
			if name := names[m.Account()]; name != "" {
				t.Accounts[i] = schemas.Member(name + strings.TrimPrefix(string(m), string(m.Account())))
			}
		}
		return t
	}
	for i := range list {
		w := &list[i]
		w.Selector = named(w.Selector)
		for _, c := range w.Changes {
			if c.Terms != nil {
				c.Terms.Selector = named(c.Terms.Selector)
			}
		}
	}
	return nil
}

// selectorText is a selector in one line.
func selectorText(s schemas.WaiverSelector) string {
	var parts []string
	add := func(name string, list []string) {
		if len(list) > 0 {
			parts = append(parts, name+" "+strings.Join(list, ", "))
		}
	}
	members := make([]string, len(s.Accounts))
	for i, m := range s.Accounts {
		members[i] = string(m)
	}
	var tags []string
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		tags = append(tags, key+"="+s.Tags[key])
	}
	add("accounts", members)
	add("packs", s.Packs)
	add("policies", s.Policies)
	add("types", s.Types)
	add("URNs", s.URNs)
	add("tags", tags)
	return strings.Join(parts, "; ")
}

func (a *app) waiverShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show WAIVER", Short: "Show a waiver and everything that was done to it", Args: args(cobra.ExactArgs(1)),
		Long:    "Show prints WAIVER and who changed what of it, and when; also of one that was\nremoved.",
		Example: "  insights waiver show legacy-buckets",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights waiver show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				w, err := s.GetWaiver(ctx, given[0])
				if err != nil {
					return err
				}
				if one := []schemas.Waiver{w}; a.output != "json" {
					if err := nameAccounts(ctx, s, one); err != nil {
						return err
					}
					w = one[0]
				}
				return a.printWaiver(w, time.Now())
			})
		},
	}
}

func (a *app) printWaiver(w schemas.Waiver, now time.Time) error {
	if a.output == "json" {
		return printJSON(a.out, w)
	}
	err := printFacts(a.out, [][2]string{
		{"Waiver", w.Name},
		{"State", stateOfWaiver(w, now)},
		{"Covers", selectorText(w.Selector)},
		{"Reason", w.Reason},
		{"Requester", w.Requester},
		{"Approver", w.Approver},
		{"Ticket", w.Ticket},
		{"Starts", timeText(w.StartsAt)},
		{"Ends", timeText(w.ExpiresAt)},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	rows := make([][]string, len(w.Changes))
	for i, c := range w.Changes {
		rows[i] = []string{timeText(c.At), c.By, c.Action, changedTerms(w.Changes, i)}
	}
	return printTable(a.out, []string{"when", "by", "what", "changed?"}, rows)
}

// changedTerms says what a change changed of the terms before it.
func changedTerms(changes []schemas.WaiverChange, i int) string {
	if i == 0 || changes[i].Terms == nil || changes[i-1].Terms == nil {
		return ""
	}
	was, is := termTexts(*changes[i-1].Terms), termTexts(*changes[i].Terms)
	var parts []string
	for j, term := range is {
		if term != was[j] {
			parts = append(parts, fmt.Sprintf("%s: %s -> %s", term[0], orText(was[j][1], "none"), orText(term[1], "none")))
		}
	}
	return strings.Join(parts, "; ")
}

func termTexts(t schemas.WaiverTerms) [][2]string {
	return [][2]string{
		{"covers", selectorText(t.Selector)},
		{"reason", t.Reason},
		{"requester", t.Requester},
		{"approver", t.Approver},
		{"ticket", t.Ticket},
		{"starts", timeText(t.StartsAt)},
		{"ends", timeText(t.ExpiresAt)},
	}
}

func (a *app) waiverRemoveCmd() *cobra.Command {
	return &cobra.Command{
		Use: "remove WAIVER", Short: "End a waiver at once", Args: args(cobra.ExactArgs(1)),
		Long: `Remove ends WAIVER: what it covers counts again from now on. It stays on record
('insights waiver show'), and reports of the past still know it.`,
		Example: "  insights waiver remove legacy-buckets",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights waiver remove", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if err := s.RemoveWaiver(ctx, given[0]); err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]string{"removed": given[0]})
				}
				_, err := fmt.Fprintf(a.out, "Waiver %s removed.\n", given[0])
				return err
			})
		},
	}
}
