package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// maxCallers bounds the accounts that are tried at once.
const maxCallers = 8

// checkCredentials asks AWS, as the role of every account, who it is. The clock
// is checked with the answers: a process that reads no cloud needs no right one.
func checkCredentials(ctx context.Context, d *doctor) []finding {
	if !d.cfg.has("discovery") {
		return nil
	}
	if why, ok := d.ask(ctx); !ok {
		return why
	}
	var accounts []schemas.Account
	err := newTables(d.node.bus).accounts.List(ctx, "", func(_ string, a schemas.Account, _ uint64) error {
		accounts = append(accounts, a)
		return nil
	})
	if err != nil {
		return []finding{broken("accounts", err)}
	}
	if len(accounts) == 0 {
		return []finding{fine("accounts", "none yet. %s", addAccountText)}
	}
	slices.SortFunc(accounts, func(a, b schemas.Account) int { return strings.Compare(a.Name, b.Name) })
	provider := aws.New(d.node.log, d.now)
	findings, callers := make([]finding, len(accounts)), make([]aws.Caller, len(accounts))
	var g errgroup.Group
	g.SetLimit(maxCallers)
	for i, a := range accounts {
		g.Go(func() error {
			var err error
			callers[i], err = provider.Caller(ctx, a)
			findings[i] = callerFinding(a, callers[i], err)
			return nil
		})
	}
	_ = g.Wait()
	return slices.Concat(findings, clockFindings(callers))
}

func callerFinding(a schemas.Account, c aws.Caller, err error) finding {
	name := "account " + a.Name
	switch {
	case err != nil:
		return broken(name, err)
	case c.ID != a.ID:
		return broken(name, schemas.Errorf(schemas.CodeConflict, "the credentials belong to %s, not to %s", c.ID, a.ID).
			WithHint("Fix the account's role or profile: its results must not mix with another account's."))
	}
	return fine(name, "the credentials are those of %s", c.ID)
}

// AWS refuses signatures that are more than 5 minutes off:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
const (
	maxSkew  = 5 * time.Minute
	warnSkew = time.Minute
)

// clockFindings compares this machine's clock with the answer that differs least:
// what is on the way adds to the difference.
func clockFindings(callers []aws.Caller) []finding {
	const name = "clock"
	const do = "Set the clock: enable time synchronisation (NTP)."
	skew, known := time.Duration(0), false
	for _, c := range callers {
		if c.AWSTime.IsZero() {
			continue
		}
		if s := c.OurTime.Sub(c.AWSTime); !known || s.Abs() < skew.Abs() {
			skew, known = s, true
		}
	}
	text := skew.Abs().Round(time.Second).String() + " ahead of AWS's"
	if skew < 0 {
		text = skew.Abs().Round(time.Second).String() + " behind AWS's"
	}
	switch {
	case !known:
		return nil // no answer, as the accounts say
	case skew.Abs() > maxSkew:
		return []finding{broken(name, schemas.Errorf(schemas.CodeInvalid, "%s: AWS refuses what is signed with it", text).WithHint("%s", do))}
	case skew.Abs() > warnSkew:
		return []finding{warn(name, do, "%s", text)}
	}
	return []finding{fine(name, "agrees with AWS's within a minute")}
}
