package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/schedule"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// organizationFlags are those of accounts that list an organization.
type organizationFlags struct {
	lists            bool
	role, id, name   string
	ous, tags, leave []string
}

func (o *organizationFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&o.lists, "organization", false, "register the accounts of its AWS organization too; --organization=false lets go of them")
	f.StringVar(&o.role, "member-role", "", "`ROLE` to assume in each account: a name, or an ARN with {partition} and {account}")
	f.StringVar(&o.id, "member-external-id", "", "external `ID` sent when assuming these roles")
	f.StringVar(&o.name, "member-name", "", "what accounts are called: a `TEMPLATE` with {name}, {account} and {ou} (default {name})")
	f.StringSliceVar(&o.ous, "ou", nil, "only accounts in this organizational `UNIT` and below: an id, or a path such as Workloads/Prod; repeatable")
	f.StringSliceVar(&o.tags, "tag", nil, "only accounts with the tag `KEY=VALUE`, repeatable")
	f.StringSliceVar(&o.leave, "exclude-account", nil, "`NUMBER` of an account to leave out, repeatable")
}

var organizationSettings = []string{"organization", "member-role", "member-external-id", "member-name", "ou", "tag", "exclude-account"}

// organizationChanged tells whether a flag of an organization was given.
func organizationChanged(f *pflag.FlagSet) bool {
	return slices.ContainsFunc(organizationSettings, f.Changed)
}

// change sets what the flags name.
func (o *organizationFlags) change(f *pflag.FlagSet, acc *schemas.Account) error {
	switch {
	case !organizationChanged(f):
		return nil
	case f.Changed("organization") && !o.lists:
		acc.Organization = nil
		return nil
	case acc.Organization == nil && !o.lists:
		return errors.New("--member-role, --ou and the like need --organization")
	}
	org := schemas.Organization{}
	if acc.Organization != nil {
		org = *acc.Organization
	}
	for _, s := range []struct {
		flag string
		set  func()
	}{
		{"member-role", func() { org.Role = o.role }},
		{"member-external-id", func() { org.ExternalID = o.id }},
		{"member-name", func() { org.Name = o.name }},
		{"ou", func() { org.OUs = nonEmpty(o.ous) }},
		{"exclude-account", func() { org.Exclude = nonEmpty(o.leave) }},
	} {
		if f.Changed(s.flag) {
			s.set()
		}
	}
	if f.Changed("tag") {
		tags, err := parseLabels(nonEmpty(o.tags))
		if err != nil {
			return errors.New(strings.Replace(err.Error(), "--label", "--tag", 1))
		}
		org.Tags = tags
	}
	if org.Role == "" {
		return errors.New("--organization needs --member-role ROLE, to assume in each account")
	}
	acc.Organization = &org
	return nil
}

// nonEmpty makes --flag= unset a list.
func nonEmpty(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" })
}

func (a *app) accountSyncCmd() *cobra.Command {
	return &cobra.Command{
		Use: "sync ACCOUNT", Short: "Look at the organization of an account now", Args: args(cobra.ExactArgs(1)),
		Long: `Sync registers the accounts that joined the AWS organization that ACCOUNT (a name
or id) lists, brings the others up to date, and marks those that left: they are not
scanned any more, and what was found in them stays until they are removed. 'insights
serve' does so every quarter of an hour. When the organization cannot be listed
whole, nothing changes.`,
		Example: `  insights account sync main
  insights account sync main -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights account sync", nodeOptions{work: judging}, func(ctx context.Context, s api.Service) error {
				if a.output != "json" {
					return a.syncOrganization(ctx, s, given[0], true)
				}
				c, err := s.SyncOrganization(ctx, given[0])
				if err != nil {
					return err
				}
				return printJSON(a.out, c)
			})
		},
	}
}

// syncOrganization looks at an organization and tells what changed.
func (a *app) syncOrganization(ctx context.Context, s api.Service, account string, tell bool) error {
	c, err := s.SyncOrganization(ctx, account)
	if err != nil || !tell {
		return err
	}
	fmt.Fprintf(a.out, "Organization of account %s: %d accounts; %d joined, %d changed, %d left.\n",
		c.Account, c.Total, len(c.Joined), len(c.Changed), len(c.Left))
	for _, l := range []struct {
		what  string
		names []string
	}{
		{"Joined", c.Joined}, {"Changed", c.Changed}, {"Left", c.Left}, {"Registered by themselves", c.Others}, {"Problems", c.Problems},
	} {
		if len(l.names) > 0 {
			fmt.Fprintf(a.out, "  %s: %s\n", l.what, strings.Join(l.names, ", "))
		}
	}
	return nil
}

// printOrganization prints how an account and an organization know each other.
func printOrganization(line func(what, text string), acc schemas.Account) {
	if o := acc.Organization; o != nil {
		line("Members", "role "+o.Role)
		line("Units", strings.Join(o.OUs, ", "))
		line("Tags", labelText(o.Tags))
		line("Excluded", strings.Join(o.Exclude, ", "))
		line("Problems", strings.Join(acc.OrganizationProblems, "; "))
	}
	if f := acc.Found; f != nil {
		line("Found by", string(f.By))
		line("Unit", f.OU)
		if f.Left() {
			line("Left", timeText(f.LeftAt)+": "+f.Why)
		}
	}
}

// How often organizations are looked at, and who does so in the log of the
// configuration.
const (
	organizationEvery = 15 * time.Minute
	organizationActor = "organization"
)

// organizations looks at every organization again and again; one process at a
// time does.
type organizations struct {
	service interface {
		ListAccounts(ctx context.Context) ([]schemas.Account, error)
		SyncOrganization(ctx context.Context, account string) (schemas.OrganizationChanges, error)
	}
	lease func(ctx context.Context, fn func(context.Context) error) error
	clock schedule.Clock
	log   zerolog.Logger
}

func (n *node) organizations(clock schedule.Clock) *organizations {
	return &organizations{service: n.service, clock: clock, log: n.log, lease: func(ctx context.Context, fn func(context.Context) error) error {
		return n.bus.Lease(ctx, "organizations", n.owner, fn)
	}}
}

func (o *organizations) run(ctx context.Context) error {
	ctx = api.WithActor(ctx, organizationActor)
	for ctx.Err() == nil {
		err := o.lease(ctx, o.round)
		if err != nil && ctx.Err() == nil && schemas.CodeOf(err) != schemas.CodeConflict {
			o.log.Warn().Err(err).Msg("look at organizations, will try again")
		}
		select {
		case <-ctx.Done():
		case <-o.clock.After(organizationEvery):
		}
	}
	return nil
}

// round looks at every organization; one that cannot be listed does not keep the
// others from it.
func (o *organizations) round(ctx context.Context) error {
	list, err := o.service.ListAccounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Organization == nil {
			continue
		}
		c, err := o.service.SyncOrganization(ctx, string(a.ID))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			o.log.Warn().Err(err).Str("account", a.Name).Msg("list the organization; nothing of it changed")
		case len(c.Joined)+len(c.Left)+len(c.Changed)+len(c.Problems) > 0:
			o.log.Info().Str("account", a.Name).Int("accounts", c.Total).Strs("joined", c.Joined).Strs("left", c.Left).
				Strs("changed", c.Changed).Strs("problems", c.Problems).Msg("organization changed")
		}
	}
	return nil
}
