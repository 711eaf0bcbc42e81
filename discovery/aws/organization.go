package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// organizationActions are the IAM actions that listing an organization takes.
var organizationActions = []string{
	"organizations:ListRoots", "organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent", "organizations:ListTagsForResource",
}

// organizationRegion is where a partition's Organizations answer.
func organizationRegion(partition string) string {
	if partition == "aws-cn" {
		return "cn-northwest-1"
	}
	return homeRegion(partition)
}

// tagsParallel is how many accounts are asked for their tags at once.
const tagsParallel = 4

// Organization lists every account of the organization that the credentials of an
// account may list, or gives an error: a part of them would make others look as if
// they had left.
func (p *Provider) Organization(ctx context.Context, a schemas.Account) ([]schemas.OrganizationAccount, error) {
	acc, err := p.access(ctx, a)
	if err != nil {
		return nil, err
	}
	w := &organizationWalk{
		client:    organizations.NewFromConfig(p.session(acc, a, organizationRegion(acc.identity.partition)).cfg),
		partition: acc.identity.partition,
	}
	if err := w.roots(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, unreachable("list the organization", err,
			"Allow "+strings.Join(organizationActions, ", ")+" to a role in the management account or a delegated administrator.")
	}
	return w.list, nil
}

type organizationWalk struct {
	client    *organizations.Client
	partition string
	list      []schemas.OrganizationAccount
}

func (w *organizationWalk) roots(ctx context.Context) error {
	p := organizations.NewListRootsPaginator(w.client, nil)
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.Roots {
			if err := w.unit(ctx, nil, []string{aws.ToString(r.Id)}); err != nil {
				return err
			}
		}
	}
	return parallel(ctx, tagsParallel, indexes(w.list), w.tags)
}

// unit lists the accounts of the last of ids, and those of the units in it.
func (w *organizationWalk) unit(ctx context.Context, names, ids []string) error {
	id := aws.String(ids[len(ids)-1])
	accounts := organizations.NewListAccountsForParentPaginator(w.client, &organizations.ListAccountsForParentInput{ParentId: id})
	for accounts.HasMorePages() {
		page, err := accounts.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, a := range page.Accounts {
			w.list = append(w.list, schemas.OrganizationAccount{
				ID: schemas.NewAccountID(w.partition, aws.ToString(a.Id)), Name: aws.ToString(a.Name),
				Active: active(a), OU: strings.Join(names, "/"), OUIDs: ids,
			})
		}
	}
	units := organizations.NewListOrganizationalUnitsForParentPaginator(w.client, &organizations.ListOrganizationalUnitsForParentInput{ParentId: id})
	for units.HasMorePages() {
		page, err := units.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, u := range page.OrganizationalUnits {
			if err := w.unit(ctx, unitPath(names, aws.ToString(u.Name)), unitPath(ids, aws.ToString(u.Id))); err != nil {
				return err
			}
		}
	}
	return nil
}

func unitPath(path []string, name string) []string {
	return append(append([]string{}, path...), name)
}

// active tells whether an account can be read: AWS says so in State, and said so
// in Status before there was a State.
func active(a types.Account) bool {
	if a.State != "" {
		return a.State == types.AccountStateActive
	}
	return a.Status == types.AccountStatusActive
}

func (w *organizationWalk) tags(ctx context.Context, i int) error {
	tags := map[string]string{}
	p := organizations.NewListTagsForResourcePaginator(w.client, &organizations.ListTagsForResourceInput{ResourceId: aws.String(w.list[i].ID.AWSAccount())})
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, t := range page.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	w.list[i].Tags = tags // each call another one
	return nil
}
