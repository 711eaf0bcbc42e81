package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// roleDescription is read on demand: the authorization details leave it out.
var roleDescription = eachCall("iam:GetRole", "description")

// roleMore is what is read of a role when packs need it.
type roleMore struct {
	role  types.Role
	facet facet
	gone  bool // it was deleted since it was listed
}

// moreOfRoles reads more of those roles that are wanted, in the order of the list.
func moreOfRoles(ctx context.Context, s *session, list []types.RoleDetail, wanted func(role string) bool) ([]roleMore, error) {
	more, which := make([]roleMore, len(list)), make([]int, len(list))
	for i := range list {
		which[i] = i
	}
	err := parallel(ctx, detailParallel, which, func(ctx context.Context, i int) error {
		if !wanted(aws.ToString(list[i].RoleName)) {
			ctx = withFacets(ctx, nil)
		}
		m := &more[i]
		m.facet = onDemand(ctx, roleDescription.action, func() facet {
			out, err := s.iam().GetRole(ctx, &iam.GetRoleInput{RoleName: list[i].RoleName})
			m.gone = isNotFound(err, "NoSuchEntity")
			if err == nil && out.Role != nil {
				m.role = *out.Role
			}
			return facetOf(roleDescription.action, err).need(m.role.MaxSessionDuration != nil) // every role has one
		})
		return ctx.Err()
	})
	return more, err
}

// set puts it into the document of the role.
func (m *roleMore) set(d *document) {
	d.facet("description", m.facet, func() any { return aws.ToString(m.role.Description) })
	d.facet("maxSessionDuration", m.facet, func() any { return optional(m.role.MaxSessionDuration) })
}
