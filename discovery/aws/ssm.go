package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// ssmProjection counts changes of the projections in this file.
const ssmProjection = 1

const (
	typeParameter = "aws:ssm/parameter:Parameter"
	typeDocument  = "aws:ssm/document:Document"
)

var (
	listParameters  = listCall("ssm:DescribeParameters", 50)
	listDocuments   = listCall("ssm:ListDocuments", 50)
	documentSharing = eachCall("ssm:DescribeDocumentPermission", "sharing")
)

// ssmService reads no values: neither of parameters nor the text of documents. It
// publishes no rates for these operations.
var ssmService = &service{
	name: "ssm",
	types: []typeSpec{
		{token: typeParameter, calls: []call{listParameters, tagCall}},
		{token: typeDocument, calls: []call{listDocuments, documentSharing}, verify: []string{"ssm:DescribeDocument"}},
	},
	lists: []list{
		{listParameters.action, []string{typeParameter}, eachParameter},
		{listDocuments.action, []string{typeDocument}, eachDocument},
	},
}

func (s *session) ssm() *ssm.Client {
	return client(s, "ssm", func(c aws.Config) *ssm.Client { return ssm.NewFromConfig(c) })
}

// parameterARN has one slash between "parameter" and the name, which may bring it.
func (s *session) parameterARN(name string) string {
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", s.partition, s.region, s.awsAccount, strings.TrimPrefix(name, "/"))
}

func eachParameter(ctx context.Context, s *session, ids []string, emit observe) error {
	read := func(filters []types.ParameterStringFilter) error {
		p := ssm.NewDescribeParametersPaginator(s.ssm(), &ssm.DescribeParametersInput{MaxResults: aws.Int32(50), ParameterFilters: filters})
		return pages(ctx, p, func(out *ssm.DescribeParametersOutput) error {
			arns := make([]string, len(out.Parameters))
			for i, v := range out.Parameters {
				arns[i] = s.parameterARN(aws.ToString(v.Name))
			}
			tags, tagsF := tagsByARN(ctx, s, arns)
			for i, v := range out.Parameters {
				if err := emit(ctx, projectParameter(s.region, arns[i], v, tagsF, tags[arns[i]])); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if ids == nil {
		return read(nil)
	}
	for some := range slices.Chunk(ids, 50) {
		if err := read([]types.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: some}}); err != nil {
			return err
		}
	}
	return nil
}

func projectParameter(region, arn string, v types.ParameterMetadata, tagsF facet, tags map[string]any) discovery.Observation {
	d, name := newDocument(), aws.ToString(v.Name)
	d.set("region", region)
	d.set("arn", arn)
	d.texts(map[string]*string{"name": v.Name, "allowedPattern": v.AllowedPattern, "dataType": v.DataType, "description": v.Description, "keyId": v.KeyId})
	d.set("tier", string(v.Tier))
	// Whether it is encrypted; every parameter has a type.
	d.told("type", string(v.Type), v.Type != "", listParameters.action)
	d.facet("tags", tagsF, func() any { return tags })
	d.notRead("ssm:GetParameter", "value") // a secret, as often as not
	sortUnknown(d)
	return d.observe(region, typeParameter, name, name, ssmProjection)
}

// eachDocument reads the account's own documents: those of AWS and of others that are
// shared with it are not its to change.
func eachDocument(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids != nil {
		return parallel(ctx, detailParallel, ids, func(ctx context.Context, name string) error {
			out, err := s.ssm().DescribeDocument(ctx, &ssm.DescribeDocumentInput{Name: &name})
			switch {
			case isNotFound(err, "InvalidDocument"):
				return nil
			case err != nil:
				return listError{err: err}
			case out.Document == nil:
				return listError{err: errors.New(notInAnswer)}
			}
			return readDocument(ctx, s, like[types.DocumentIdentifier](*out.Document), emit)
		})
	}
	p := ssm.NewListDocumentsPaginator(s.ssm(), &ssm.ListDocumentsInput{
		MaxResults: aws.Int32(50), Filters: []types.DocumentKeyValuesFilter{{Key: aws.String("Owner"), Values: []string{"Self"}}},
	})
	return pages(ctx, p, func(out *ssm.ListDocumentsOutput) error {
		return parallel(ctx, detailParallel, out.DocumentIdentifiers, func(ctx context.Context, v types.DocumentIdentifier) error {
			return readDocument(ctx, s, v, emit)
		})
	})
}

// readDocument asks with whom a document is shared: "all" is everybody.
func readDocument(ctx context.Context, s *session, v types.DocumentIdentifier, emit observe) error {
	out, err := s.ssm().DescribeDocumentPermission(ctx, &ssm.DescribeDocumentPermissionInput{Name: v.Name, PermissionType: types.DocumentPermissionTypeShare})
	if isNotFound(err, "InvalidDocument") {
		return nil
	}
	d, name := newDocument(), aws.ToString(v.Name)
	d.set("region", s.region)
	d.set("arn", fmt.Sprintf("arn:%s:ssm:%s:%s:document/%s", s.partition, s.region, s.awsAccount, name))
	d.set("name", name)
	d.set("documentFormat", string(v.DocumentFormat))
	d.set("documentType", string(v.DocumentType))
	d.texts(map[string]*string{"targetType": v.TargetType, "versionName": v.VersionName})
	d.set("tags", tagMap(v.Tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value }))
	d.facet("permissions", facetOf(documentSharing.action, err), func() any {
		if len(out.AccountIds) == 0 {
			return nil
		}
		accounts := slices.Sorted(slices.Values(out.AccountIds))
		return map[string]any{"type": string(types.DocumentPermissionTypeShare), "accountIds": strings.Join(accounts, ",")}
	})
	d.notRead("ssm:GetDocument", "content")
	sortUnknown(d)
	return emit(ctx, d.observe(s.region, typeDocument, name, name, ssmProjection))
}
