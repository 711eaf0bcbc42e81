package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// recordOptions are the flags of 'pack record'.
type recordOptions struct {
	accounts, types []string
	ids             []string
	limit           int
	out             string
	keepNames       bool
}

func (a *app) packRecordCmd() *cobra.Command {
	var o recordOptions
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record fixtures for 'pack test' from what scans found",
		Long: `Record writes resources of the inventory as fixtures, with who they are about
taken out: secret values are [secret]; account ids, e-mail addresses and public
addresses are others, and so are names and ids of resources unless --keep-names is
given. The same always becomes the same, so references still fit. What could not be
read stays listed as unknown. Descriptions, tags and policy documents are kept but
for that: read the file before you share it.

No cloud is asked. Without --out the fixtures are printed. A file whose name ends
in .json is JSON; one that is there is not replaced.`,
		Example: `  insights pack record --account prod --type aws:s3/bucket:Bucket --out my-pack/tests/buckets.yaml
  insights pack record --type aws:ec2/securityGroup:SecurityGroup --limit 10
  insights pack record --id my-bucket --keep-names`,
		Args: filled(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return usageError(cmd, err)
			}
			return a.with(cmd.Context(), "insights pack record", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				return a.record(ctx, s, o)
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.accounts, "account", nil, "only this `ACCOUNT` (name or id), repeatable")
	f.StringSliceVar(&o.types, "type", nil, "only this resource `TYPE`, for example aws:s3/bucket:Bucket, repeatable")
	f.StringArrayVar(&o.ids, "id", nil, "only the resource with exactly this `ID`, repeatable")
	f.IntVar(&o.limit, "limit", 50, "`HOW-MANY` resources at most, of each type when types are given")
	f.StringVar(&o.out, "out", "", "write to this `FILE` instead of standard output")
	f.BoolVar(&o.keepNames, "keep-names", false, "keep names and ids of resources")
	return cmd
}

func (o *recordOptions) check() error {
	if o.limit < 1 {
		return fmt.Errorf("--limit %d: must be 1 or more", o.limit)
	}
	for _, t := range o.types {
		if err := checkType(t); err != nil {
			return err
		}
	}
	if _, err := os.Stat(o.out); o.out != "" && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--out %s: is there already; choose another name, or remove it", o.out)
	}
	return nil
}

func (a *app) record(ctx context.Context, s api.Service, o recordOptions) error {
	accounts, err := s.ListAccounts(ctx)
	if err != nil {
		return err
	}
	found, err := o.resources(ctx, s)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return schemas.Errorf(schemas.CodeNotFound, "no resources are known that these flags name").
			WithHint("See 'insights resources'; scan first: insights scan start ACCOUNT.")
	}
	p := newPseudonyms(accounts, o.keepNames)
	if err := o.learn(ctx, s, p); err != nil {
		return err
	}
	cases := make([]fixture.Case, len(found))
	for i, r := range found {
		cases[i] = p.recorded(r.Resource)
	}
	return a.writeRecorded(p, cases, o)
}

// resources are those to record, whole.
func (o *recordOptions) resources(ctx context.Context, s api.Service) ([]schemas.StoredResource, error) {
	var out []schemas.StoredResource
	for _, t := range orNothing(o.types) {
		left := o.limit
		for _, id := range orNothing(o.ids) {
			q := schemas.ResourceQuery{Accounts: o.accounts, Type: t, ID: id, Properties: true}
			err := eachResource(ctx, s, q, func(r schemas.StoredResource) bool {
				out = append(out, r)
				left--
				return left > 0
			})
			if err != nil {
				return nil, err
			}
			if left == 0 {
				break
			}
		}
	}
	return out, nil
}

// orNothing is a list of filters, or the one that filters nothing.
func orNothing(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

// recordPage is how many whole resources are asked for at once.
const recordPage = 200

// eachResource calls fn with the resources that a query finds until it says stop.
func eachResource(ctx context.Context, s api.Service, q schemas.ResourceQuery, fn func(schemas.StoredResource) bool) error {
	q.Limit = maxPage
	if q.Properties {
		q.Limit = recordPage
	}
	for {
		page, err := s.Resources(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range page.Resources {
			if !fn(r) {
				return nil
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
	}
}

// learn hears of everything in the accounts: what is recorded names other things.
func (o *recordOptions) learn(ctx context.Context, s api.Service, p *pseudonyms) error {
	if o.keepNames {
		return nil
	}
	return eachResource(ctx, s, schemas.ResourceQuery{Accounts: o.accounts}, func(r schemas.StoredResource) bool {
		p.learn(r.Resource)
		return true
	})
}

// recorded is a resource as a fixture.
func (p *pseudonyms) recorded(r schemas.Resource) fixture.Case {
	c := fixture.Case{Type: r.Type, Region: r.Region, ID: p.text(r.ID, ""), Name: p.text(r.Name, "")}
	if c.Name == c.ID {
		c.Name = ""
	}
	c.Properties, _ = p.value(seal.Hide(r.Properties, r.Type), "").(map[string]any)
	for _, u := range r.Unknown {
		c.Unknown = append(c.Unknown, schemas.UnknownPath{Path: u.Path, State: u.State, Call: u.Call, Reason: p.text(u.Reason, "")})
	}
	return c
}

// writeRecorded writes the fixtures, once more making sure that no account's id is
// in them.
func (a *app) writeRecorded(p *pseudonyms, cases []fixture.Case, o recordOptions) error {
	name := o.out
	if name == "" && a.output == "json" {
		name = "fixtures.json"
	}
	var text bytes.Buffer
	if err := fixture.Write(&text, name, cases); err != nil {
		return err
	}
	for _, id := range p.accounts {
		if strings.Contains(text.String(), id) {
			return schemas.Errorf(schemas.CodeInternal, "the fixtures would hold the id of an account; nothing was written")
		}
	}
	if o.out == "" {
		return textWriter(text.Bytes())(a.out)
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil { //nolint:gosec // a directory of the author's pack
		return errWrite(o.out, err)
	}
	if err := writeFile(o.out, textWriter(text.Bytes())); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s written to %s. Read it before you share it.\nSee what a pack says of them: insights pack test PACK; keep it as wanted: insights pack test PACK --update.\n",
		countText(uint64(len(cases)), "resource", "resources"), o.out)
	return nil
}
