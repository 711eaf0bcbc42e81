package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// waiverFlags are the flags of 'waiver add' and 'waiver update'.
type waiverFlags struct {
	accounts, packs, policies, types, urns, tags []string
	reason, requester, approver, ticket          string
	starts, expires                              string
}

// mayBeEmpty are the flags that a waiver can be without. A selector is not among
// them: without one of its parts it covers more.
var mayBeEmpty = []string{"requester", "approver", "ticket"}

func (w *waiverFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&w.accounts, "account", nil, "in this `ACCOUNT` (name, id, or a child such as prod/us-east-1), repeatable")
	f.StringSliceVar(&w.packs, "pack", nil, "of this `PACK`, repeatable")
	f.StringSliceVar(&w.policies, "policy", nil, "of this `POLICY`, repeatable")
	f.StringSliceVar(&w.types, "type", nil, "on resources of this `TYPE`, repeatable")
	f.StringSliceVar(&w.urns, "urn", nil, "on resources whose URN matches this `PATTERN`, repeatable")
	f.StringSliceVar(&w.tags, "tag", nil, "on resources with this tag, `KEY=VALUE`; the value * is any; several have all to be there")
	f.StringVar(&w.reason, "reason", "", "why: a `TEXT` for whoever reads a report")
	f.StringVar(&w.requester, "requester", "", "the `PERSON` who asked for it (default who adds it)")
	f.StringVar(&w.approver, "approver", "", "the `PERSON` who agreed")
	f.StringVar(&w.ticket, "ticket", "", "a `REFERENCE` to where it was decided")
	f.StringVar(&w.starts, "starts", "", "from this `TIME` on: a day or a moment (default now)")
	f.StringVar(&w.expires, "expires", "", "until this `TIME`: a day (its first moment in UTC), a moment, or from now on as 90d")
}

// set changes the terms by the flags that were given.
func (w *waiverFlags) set(f *pflag.FlagSet, t *schemas.WaiverTerms, now time.Time) error {
	lists := map[string]func(){
		"account": func() {
			t.Selector.Accounts = nil
			for _, a := range w.accounts {
				t.Selector.Accounts = append(t.Selector.Accounts, schemas.Member(a))
			}
		},
		"pack":   func() { t.Selector.Packs = w.packs },
		"policy": func() { t.Selector.Policies = w.policies },
		"type":   func() { t.Selector.Types = w.types },
		"urn":    func() { t.Selector.URNs = w.urns },
		"reason": func() { t.Reason = w.reason }, "requester": func() { t.Requester = w.requester },
		"approver": func() { t.Approver = w.approver }, "ticket": func() { t.Ticket = w.ticket },
	}
	var err error
	f.Visit(func(flag *pflag.Flag) {
		if set, ok := lists[flag.Name]; ok {
			set()
		}
		switch flag.Name {
		case "tag":
			var tags map[string]string
			if tags, err = parseLabels(w.tags); err != nil {
				err = errors.New("--tag must be KEY=VALUE")
				return
			}
			t.Selector.Tags = tags
		case "starts":
			t.StartsAt, err = parseUntil("--starts", w.starts, now)
		case "expires":
			t.ExpiresAt, err = parseUntil("--expires", w.expires, now)
			if err == nil && !t.ExpiresAt.After(now) {
				err = fmt.Errorf("--expires %q: is past", w.expires)
			}
		}
	})
	return err
}

// parseUntil reads a time to come: a day (its first moment), a moment, or a length
// of time from now on.
func parseUntil(flag, s string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	if d, err := parseAge(s); err == nil {
		return now.Add(d).UTC().Truncate(time.Second), nil
	}
	return time.Time{}, fmt.Errorf("%s %q: must be a day such as 2027-01-31, a moment such as 2027-01-31T18:00:00Z, or from now on as 90d", flag, s)
}

func (a *app) waiverAddCmd() *cobra.Command {
	var flags waiverFlags
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Accept violations for a time", Args: filled(cobra.ExactArgs(1), mayBeEmpty...),
		Long: `Add makes the waiver NAME. It covers the open violations, present and to come, for
which everything holds that is named: account, pack, policy, type, URN and tags. Of
a flag that is given several times one value has to match; packs, policies, types
and URNs may have the wildcards * and ?.

What is covered stays open and is shown as waived. Scores are given without and
with waivers, and --fail-on goes by what is not waived. Every waiver needs a reason
and an end. It is warned of two weeks before; after its end everything counts again
at once.`,
		Example: `  insights waiver add legacy-buckets --policy 'deny_bucket_*' --account prod --reason "replaced in spring" --expires 2027-03-31 --ticket SEC-7
  insights waiver add sandbox --tag env=sandbox --reason "no customer data" --approver carol --expires 90d
  insights waiver add one-bucket --urn '*::my-logs' --policy s3_bucket_logging --reason "it is the log bucket" --expires 365d`,
		RunE: func(cmd *cobra.Command, given []string) error {
			t := schemas.WaiverTerms{}
			now := time.Now()
			err := flags.set(cmd.Flags(), &t, now)
			if err == nil {
				check := t
				if check.StartsAt.IsZero() {
					check.StartsAt = now
				}
				err = check.Validate()
			}
			if err != nil {
				return usageError(cmd, err)
			}
			return a.with(cmd.Context(), "insights waiver add", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				w, err := s.AddWaiver(ctx, given[0], t)
				if err != nil {
					return err
				}
				return a.printCovered(ctx, s, w, "added")
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

func (a *app) waiverUpdateCmd() *cobra.Command {
	var flags waiverFlags
	cmd := &cobra.Command{
		Use: "update WAIVER", Short: "Prolong or change a waiver", Args: filled(cobra.ExactArgs(1), mayBeEmpty...),
		Long: `Update changes of WAIVER what is named and leaves the rest; a list is replaced as a
whole. What it was before stays on record.`,
		Example: `  insights waiver update legacy-buckets --expires 2027-06-30 --ticket SEC-19
  insights waiver update sandbox --policy 'deny_bucket_*'`,
		RunE: func(cmd *cobra.Command, given []string) error {
			now := time.Now()
			if err := flags.set(cmd.Flags(), &schemas.WaiverTerms{}, now); err != nil {
				return usageError(cmd, err)
			}
			named := false
			cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { named = named || f.Changed })
			if !named {
				return usageError(cmd, errors.New("nothing to change: name what to change"))
			}
			return a.with(cmd.Context(), "insights waiver update", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				w, err := s.GetWaiver(ctx, given[0])
				if err != nil {
					return err
				}
				t := w.WaiverTerms
				if err := flags.set(cmd.Flags(), &t, now); err != nil {
					return err
				}
				if w, err = s.UpdateWaiver(ctx, given[0], t); err != nil {
					return err
				}
				return a.printCovered(ctx, s, w, "updated")
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

// printCovered says what a waiver covers at present: a misspelt selector covers
// nothing, and a careless one a lot.
func (a *app) printCovered(ctx context.Context, s api.Service, w schemas.Waiver, what string) error {
	if a.output == "json" {
		return printJSON(a.out, w)
	}
	r, err := s.Report(ctx, schemas.ReportQuery{})
	if err != nil {
		return err
	}
	n := uint64(0)
	for _, acc := range r.Accounts {
		for _, u := range acc.Waivers {
			if u.Name == w.Name {
				n += u.Violations
			}
		}
	}
	named := []schemas.Waiver{w}
	if err := nameAccounts(ctx, s, named); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Waiver %s %s: %s, until %s.\n", w.Name, what, selectorText(named[0].Selector), timeText(w.ExpiresAt))
	now := time.Now()
	if now.Before(w.StartsAt) {
		_, err = fmt.Fprintf(a.out, "It covers nothing before %s.\n", timeText(w.StartsAt))
		return err
	}
	all, err := s.ListWaivers(ctx, false)
	if err != nil {
		return err
	}
	others := ""
	if slices.ContainsFunc(schemas.WaiversInForce(all, now), func(o schemas.Waiver) bool { return o.ExpiresAt.After(w.ExpiresAt) }) {
		others = ", and what it has in common with waivers that end later" // a violation names one, which ends last
	}
	_, err = fmt.Fprintf(a.out, "It covers %s now%s.\n", countText(n, "open violation", "open violations"), others)
	return err
}
