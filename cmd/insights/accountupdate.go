package main

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// accountFlags are the flags that set an account; labels are not parsed yet.
func accountFlags(f *pflag.FlagSet, acc *schemas.Account, labels *[]string) {
	f.StringVar(&acc.RoleARN, "role-arn", "", "`ARN` of a role to assume")
	f.StringVar(&acc.ExternalID, "external-id", "", "external `ID` sent when assuming the role")
	f.StringVar(&acc.Profile, "profile", "", "named `PROFILE` of the AWS configuration files")
	f.StringSliceVar(&acc.Regions, "region", nil, "`REGION` to scan, repeatable (default every enabled one)")
	f.StringSliceVar(&acc.Services, "service", nil, "`SERVICE` to scan, for example s3, repeatable (default all that are known)")
	f.StringVar(&acc.Endpoint, "endpoint", "", "`URL` of an emulator in place of AWS")
	f.Var(shareValue{&acc.MaxShare}, "max-share", "`PART` of the account's API rate limits that scans may use, over 0 to 1 (default 0.5)")
	f.StringVar((*string)(&acc.Tail), "tail", "", "read types without a reader of their own, by Cloud Control: `WHEN` is off, daily or each-scan (default daily)")
	f.Var(shareValue{&acc.TailShare}, "tail-share", "`PART` of Cloud Control's rate that this may use, over 0 to 1 (default that of --max-share)")
	f.StringVar((*string)(&acc.AWSConfig), "aws-config", "", "use what AWS Config has recorded in place of calls: `USE` is auto or off (default auto)")
	f.StringVar(&acc.Schedule.Cron, "schedule", "", "`CRON` schedule on which 'insights serve' scans: five fields, CRON_TZ=Zone in front, or @daily")
	f.IntVar(&acc.Schedule.JitterSeconds, "jitter", 0, "delay scheduled scans by up to this many `SECONDS`, the same every time")
	f.Var(capsValue{&acc.Caps}, "cap", "read at most `TYPE=N` resources of a type per region, repeatable; more are reported as a gap")
	f.StringArrayVar(&acc.SessionPolicies, "session-policy", nil, "narrow the role's session to this `POLICY`: an ARN, the name of one of AWS's (SecurityAudit), or a document; repeatable")
	f.StringSliceVar(labels, "label", nil, "label `KEY=VALUE`, repeatable; groups can select accounts by labels")
}

// accountSettings copy what a flag of accountFlags set.
var accountSettings = map[string]func(to, from *schemas.Account){
	"name":           func(to, from *schemas.Account) { to.Name = from.Name },
	"role-arn":       func(to, from *schemas.Account) { to.RoleARN = from.RoleARN },
	"external-id":    func(to, from *schemas.Account) { to.ExternalID = from.ExternalID },
	"profile":        func(to, from *schemas.Account) { to.Profile = from.Profile },
	"cap":            func(to, from *schemas.Account) { to.Caps = from.Caps },
	"session-policy": func(to, from *schemas.Account) { to.SessionPolicies = nonEmpty(from.SessionPolicies) },
	"region":         func(to, from *schemas.Account) { to.Regions = from.Regions },
	"service":        func(to, from *schemas.Account) { to.Services = from.Services },
	"endpoint":       func(to, from *schemas.Account) { to.Endpoint = from.Endpoint },
	"max-share":      func(to, from *schemas.Account) { to.MaxShare = from.MaxShare },
	"tail":           func(to, from *schemas.Account) { to.Tail = from.Tail },
	"tail-share":     func(to, from *schemas.Account) { to.TailShare = from.TailShare },
	"aws-config":     func(to, from *schemas.Account) { to.AWSConfig = from.AWSConfig },
	"schedule":       func(to, from *schemas.Account) { to.Schedule.Cron = from.Schedule.Cron },
	"jitter":         func(to, from *schemas.Account) { to.Schedule.JitterSeconds = from.Schedule.JitterSeconds },
}

func (a *app) accountUpdateCmd() *cobra.Command {
	var flags schemas.Account
	var labels, unlabel []string
	var org organizationFlags
	cmd := &cobra.Command{
		Use: "update ACCOUNT", Short: "Change an account's settings", Args: args(cobra.ExactArgs(1)),
		Long: `Update changes the settings of ACCOUNT (a name or id) that flags name, and leaves
the others as they are; an empty value, or --jitter 0, unsets one. Labels are
added to those that the account has. Which AWS account it is never changes:
credentials of any other are refused.

Groups that select accounts by their labels hold it, or not, from then on: what is
known of it is judged anew by the packs that apply then.`,
		Example: `  insights account update prod --label env=prod --label team=a
  insights account update prod --remove-label team
  insights account update prod --region eu-west-1 --schedule=
  insights account update prod --max-share 0.2
  insights account update prod --name production`,
		RunE: func(cmd *cobra.Command, given []string) error {
			set, err := parseLabels(labels)
			if err != nil {
				return usageError(cmd, err)
			}
			if !changesAccount(cmd.Flags()) {
				return usageError(cmd, errors.New("nothing to change: name a setting"))
			}
			return a.with(cmd.Context(), "insights account update", nodeOptions{work: judging}, func(ctx context.Context, s api.Service) error {
				acc, err := s.GetAccount(ctx, given[0])
				if err != nil {
					return err
				}
				cmd.Flags().Visit(func(f *pflag.Flag) {
					if copySetting, ok := accountSettings[f.Name]; ok {
						copySetting(&acc, &flags)
					}
				})
				acc.Labels = relabel(acc.Labels, set, unlabel)
				if err := org.change(cmd.Flags(), &acc); err != nil {
					return usageError(cmd, err)
				}
				if acc, err = s.UpdateAccount(ctx, string(acc.ID), acc); err != nil {
					return err
				}
				if err := a.printUpdated(ctx, s, acc); err != nil || !organizationChanged(cmd.Flags()) || acc.Organization == nil {
					return err
				}
				return a.syncOrganization(ctx, s, acc.Name, a.output != "json")
			})
		},
	}
	accountFlags(cmd.Flags(), &flags, &labels)
	org.add(cmd.Flags())
	cmd.Flags().StringVar(&flags.Name, "name", "", "a new `NAME`")
	cmd.Flags().StringSliceVar(&unlabel, "remove-label", nil, "take away the label `KEY`, repeatable")
	return cmd
}

// changesAccount tells whether a flag was given that changes an account.
func changesAccount(f *pflag.FlagSet) bool {
	changes := organizationChanged(f) || f.Changed("label") || f.Changed("remove-label")
	for name := range accountSettings {
		changes = changes || f.Changed(name)
	}
	return changes
}

// relabel is labels with some set and some taken away.
func relabel(labels, set map[string]string, remove []string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, labels)
	for _, key := range remove {
		delete(out, key)
	}
	maps.Copy(out, set)
	return out
}

func (a *app) printUpdated(ctx context.Context, s api.Service, acc schemas.Account) error {
	if a.output == "json" {
		return printJSON(a.out, acc)
	}
	eff, err := s.EffectivePacks(ctx, string(acc.ID))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "Account %s updated.\nPacks that apply: %s.\n", acc.Name, orNone(packNames(eff)))
	return err
}
