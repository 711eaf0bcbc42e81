package aws

import (
	"context"
	"slices"
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
	w, err := p.organization(ctx, a)
	if err != nil {
		return nil, err
	}
	w.each = w.accounts
	err = w.roots(ctx)
	if err == nil {
		err = parallel(ctx, tagsParallel, indexes(w.list), w.tags)
	}
	if err != nil {
		return nil, unlisted(ctx, err)
	}
	return w.list, nil
}

// OrganizationalUnits lists every organizational unit of that organization, also those without
// accounts, or gives an error.
func (p *Provider) OrganizationalUnits(ctx context.Context, a schemas.Account) ([]schemas.OrganizationUnit, error) {
	w, err := p.organization(ctx, a)
	if err != nil {
		return nil, err
	}
	var list []schemas.OrganizationUnit
	w.each = func(_ context.Context, names, ids []string) error {
		list = append(list, schemas.OrganizationUnit{ID: ids[len(ids)-1], Path: strings.Join(names, "/")})
		return nil
	}
	if err := w.roots(ctx); err != nil {
		return nil, unlisted(ctx, err)
	}
	return list, nil
}

func (p *Provider) organization(ctx context.Context, a schemas.Account) (*organizationWalk, error) {
	acc, err := p.access(ctx, a)
	if err != nil {
		return nil, err
	}
	return &organizationWalk{
		client:    organizations.NewFromConfig(p.session(acc, a, organizationRegion(acc.identity.partition)).cfg),
		partition: acc.identity.partition, exclude: excluded(a),
	}, nil
}

// unlisted says what to do about an organization that could not be listed.
func unlisted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return unreachable("list the organization", err,
		"Allow "+strings.Join(organizationActions, ", ")+" to a role in the management account or a delegated administrator.")
}

type organizationWalk struct {
	client    *organizations.Client
	partition string
	exclude   []string // account numbers
	list      []schemas.OrganizationAccount
	// each is called for the roots and every unit below them, by names and ids from the root.
	each func(ctx context.Context, names, ids []string) error
}

func (w *organizationWalk) roots(ctx context.Context) error {
	return pages(ctx, organizations.NewListRootsPaginator(w.client, nil), func(page *organizations.ListRootsOutput) error {
		for _, r := range page.Roots {
			if err := w.unit(ctx, nil, []string{aws.ToString(r.Id)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// accounts lists those that are in the last of ids itself.
func (w *organizationWalk) accounts(ctx context.Context, names, ids []string) error {
	id := aws.String(ids[len(ids)-1])
	accounts := organizations.NewListAccountsForParentPaginator(w.client, &organizations.ListAccountsForParentInput{ParentId: id})
	return pages(ctx, accounts, func(page *organizations.ListAccountsForParentOutput) error {
		for _, a := range page.Accounts {
			w.list = append(w.list, schemas.OrganizationAccount{
				ID: schemas.NewAccountID(w.partition, aws.ToString(a.Id)), Name: aws.ToString(a.Name),
				Active: active(a), OU: strings.Join(names, "/"), OUIDs: ids,
			})
		}
		return nil
	})
}

// unit looks at the last of ids, and at the units in it.
func (w *organizationWalk) unit(ctx context.Context, names, ids []string) error {
	if err := w.each(ctx, names, ids); err != nil {
		return err
	}
	id := aws.String(ids[len(ids)-1])
	units := organizations.NewListOrganizationalUnitsForParentPaginator(w.client, &organizations.ListOrganizationalUnitsForParentInput{ParentId: id})
	return pages(ctx, units, func(page *organizations.ListOrganizationalUnitsForParentOutput) error {
		for _, u := range page.OrganizationalUnits {
			if err := w.unit(ctx, unitPath(names, aws.ToString(u.Name)), unitPath(ids, aws.ToString(u.Id))); err != nil {
				return err
			}
		}
		return nil
	})
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

func excluded(a schemas.Account) []string {
	if a.Organization == nil {
		return nil
	}
	return a.Organization.Exclude
}

// tags asks for those of an account that may be scanned: it is a call for each.
func (w *organizationWalk) tags(ctx context.Context, i int) error {
	if !w.list[i].Active || slices.Contains(w.exclude, w.list[i].ID.AWSAccount()) {
		return nil
	}
	tags := map[string]string{}
	p := organizations.NewListTagsForResourcePaginator(w.client, &organizations.ListTagsForResourceInput{ResourceId: aws.String(w.list[i].ID.AWSAccount())})
	w.list[i].Tags = tags // each call another one
	return pages(ctx, p, func(page *organizations.ListTagsForResourceOutput) error {
		for _, t := range page.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		return nil
	})
}
