package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// place says which keys the ARNs of one kind of resource stand for: the types
// that share its id. A service's ARNs are in "Actions, resources, and condition
// keys" of the Service Authorization Reference.
type place struct {
	arn     string // the service in the ARN
	kind    string // what the resource part begins with: "instance/"; empty: the id alone
	service string // of the unit
	types   []string
	// id takes the provider id from the ARN. Default: what is behind the kind,
	// from the last slash on.
	id func(arn.ARN) string
	// region is where the resource lives. Default: the ARN's region.
	region func(ctx context.Context, s *session, id string) (string, error)
}

// places is every kind of ARN that can be read by itself. A new row is enough for
// a type whose reader verifies keys.
var places = []place{
	{arn: "s3", service: "s3", types: bucketTypes, region: whereBucketIs},
	{arn: "ec2", kind: "instance/", service: "ec2", types: []string{typeInstance}},
	{arn: "ec2", kind: "volume/", service: "ec2", types: []string{typeVolume}},
	{arn: "ec2", kind: "security-group/", service: "ec2", types: []string{typeSecurityGroup, typeDefaultGroup}},
	{arn: "ec2", kind: "vpc/", service: "ec2", types: []string{typeVPC}},
	{arn: "ec2", kind: "subnet/", service: "ec2", types: []string{typeSubnet}},
	{arn: "ec2", kind: "snapshot/", service: "ec2", types: []string{typeSnapshot, typeSnapshotExposure}},
	{arn: "ec2", kind: "image/", service: "ec2", types: []string{typeAMI, typeAMIExposure}},
	{arn: "iam", kind: "user/", service: "iam", types: []string{typeUser}},
	{arn: "iam", kind: "group/", service: "iam", types: []string{typeGroup}},
	{arn: "iam", kind: "role/", service: "iam", types: []string{typeRole}},
	{arn: "iam", kind: "policy/", service: "iam", types: []string{typePolicy}, id: arn.ARN.String},
	{arn: "cloudtrail", kind: "trail/", service: "cloudtrail", types: []string{typeTrail}, id: arn.ARN.String},
	// configuration-recorder/NAME/ID
	{arn: "config", kind: "configuration-recorder/", service: "config", types: []string{typeRecorder}, id: func(a arn.ARN) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(a.Resource, "configuration-recorder/"), "/")
		return name
	}},
}

// Locate implements discovery.Provider.
func (p *Provider) Locate(ctx context.Context, a schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error) {
	if k, ok := schemas.ParseKey(resource); ok {
		return besides(k)
	}
	parsed, err := arn.Parse(resource)
	if err != nil {
		return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeInvalid, "%q is neither an ARN nor a key", resource)
	}
	if (parsed.AccountID != "" && parsed.AccountID != a.ID.AWSAccount()) || parsed.Partition != a.ID.Partition() {
		return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeInvalid, "%s is not in account %s (%s)", resource, a.Name, a.ID)
	}
	at, id, ok := placeOf(parsed)
	if !ok {
		return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeNotFound, "nothing is known of ARNs like %s", resource)
	}
	unit, region := at.unit(parsed.Region)
	if at.region != nil {
		acc, err := p.access(ctx, a)
		if err != nil {
			return unit, nil, err
		}
		if region, err = at.region(ctx, p.session(acc, a, homeRegion(acc.identity.partition)), id); err != nil {
			return unit, nil, err
		}
	}
	return unit, at.keys(region, id), nil
}

// placeOf finds the row of an ARN, and the id in it.
func placeOf(a arn.ARN) (at place, id string, ok bool) {
	for _, at := range places {
		rest, fits := strings.CutPrefix(a.Resource, at.kind)
		if at.arn != a.Service || !fits || at.kind == "" && strings.ContainsAny(rest, "/:") {
			continue
		}
		id = rest[strings.LastIndexByte(rest, '/')+1:]
		if at.id != nil {
			id = at.id(a)
		}
		return at, id, id != ""
	}
	return place{}, "", false
}

// besides is the unit of a key of the inventory, and the keys that share its id.
func besides(k schemas.Key) (schemas.UnitKey, []schemas.Key, error) {
	for _, s := range services {
		if !slices.ContainsFunc(s.types, func(t typeSpec) bool { return t.token == k.Type }) {
			continue
		}
		i := slices.IndexFunc(places, func(at place) bool { return at.service == s.name && slices.Contains(at.types, k.Type) })
		at := place{service: s.name, types: []string{k.Type}}
		if i >= 0 {
			at = places[i]
		}
		unit, _ := at.unit(k.Region)
		return unit, at.keys(k.Region, k.ID), nil
	}
	return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeNotFound, "no service reads resources of type %s", k.Type)
}

// unit of a place, and the region of its keys unless the place knows better.
func (at place) unit(region string) (unit schemas.UnitKey, keys string) {
	if serviceNamed(at.service).global {
		region = schemas.GlobalRegion
	}
	return schemas.UnitKey{Region: region, Service: at.service}, region
}

func (at place) keys(region, id string) []schemas.Key {
	keys := make([]schemas.Key, len(at.types))
	for i, t := range at.types {
		keys[i] = schemas.Key{Region: region, Type: t, ID: id}
	}
	return keys
}

// whereBucketIs asks for the region that a bucket's ARN lacks.
func whereBucketIs(ctx context.Context, s *session, name string) (string, error) {
	region, err := bucketRegion(ctx, s, name)
	switch {
	case err == nil:
		return region, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case isNotFound(err, "NoSuchBucket"):
		return "", schemas.Errorf(schemas.CodeNotFound, "bucket %s does not exist", name)
	default:
		return "", unreachable("s3:GetBucketLocation", err, "Allow s3:GetBucketLocation, or scan all of s3.")
	}
}
