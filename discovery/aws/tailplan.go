package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// tailUnits are those of the long tail, if the account wants it: one for each region, and
// one for services without any.
func tailUnits(a schemas.Account, regions []string) (units []schemas.UnitKey) {
	if a.ReadsTail() == schemas.TailOff || len(a.Services) > 0 && !slices.Contains(a.Services, schemas.ServiceTail) {
		return nil
	}
	for _, r := range append([]string{schemas.GlobalRegion}, regions...) {
		units = append(units, schemas.UnitKey{Region: r, Service: schemas.ServiceTail})
	}
	return units
}

func (p *Provider) openTail(acc *access, u schemas.Unit) *tailReader {
	region := u.Unit.Region
	if region == schemas.GlobalRegion {
		region = homeRegion(acc.identity.partition)
	}
	return &tailReader{
		in:     func(region string) *session { return p.session(acc, u.Account, region) },
		region: region, unitRegion: u.Unit.Region, registry: p.registry, caps: u.Account.Caps,
	}
}

// probeTail asks the registry for a type. Nothing of the tail is read: there may be none
// of any type, and lists of all of them take minutes.
func (p *Provider) probeTail(ctx context.Context, acc *access, a schemas.Account, u schemas.UnitKey) ([]schemas.Permission, error) {
	if u.Region == schemas.GlobalRegion {
		return nil, nil // as in its home region
	}
	c := p.session(acc, a, u.Region).cloudformation()
	_, listed := c.ListTypes(ctx, &cloudformation.ListTypesInput{Type: types.RegistryTypeResource, Visibility: types.VisibilityPublic})
	_, described := c.DescribeType(ctx, &cloudformation.DescribeTypeInput{Type: types.RegistryTypeResource, TypeName: aws.String("AWS::S3::Bucket")})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var list []schemas.Permission
	for action, err := range map[string]error{registryList: listed, registryDescribe: described, ccList: errUntried, ccGet: errUntried} {
		perm := schemas.Permission{Action: action, Region: u.Region, State: schemas.PermissionAllowed, Types: []string{"aws-native:*"}}
		switch {
		case errors.Is(err, errUntried):
			perm.State, perm.Reason = schemas.PermissionNotTried, err.Error()
		case err != nil:
			state, reason := classifyScope(err)
			perm.State, perm.Reason = schemas.PermissionState(state), reason
		}
		list = append(list, perm)
	}
	return list, nil
}

var errUntried = errors.New("only a scan reads the long tail")
