package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// athenaProjection counts changes of the projections in athenaproject.go.
const athenaProjection = 1

const (
	typeWorkgroup   = "aws:athena/workgroup:Workgroup"
	typeNamedQuery  = "aws:athena/namedQuery:NamedQuery"
	typeDataCatalog = "aws:athena/dataCatalog:DataCatalog"
	typeDatabase    = "aws:athena/database:Database"
)

var (
	listWorkgroups   = listCall("athena:ListWorkGroups", 50)
	getWorkgroup     = eachCall("athena:GetWorkGroup", "configuration")
	listNamedQueries = listCall("athena:ListNamedQueries", 50)
	getNamedQueries  = call{"athena:BatchGetNamedQuery", "text", 50}
	listDataCatalogs = listCall("athena:ListDataCatalogs", 50)
	getDataCatalog   = eachCall("athena:GetDataCatalog", "description")
	listDatabases    = listCall("athena:ListDatabases", 50)
)

var athenaService = &service{
	name: "athena",
	types: []typeSpec{
		{token: typeWorkgroup, calls: []call{listWorkgroups, getWorkgroup, tagCall}},
		{token: typeNamedQuery, calls: []call{onceCall(listWorkgroups.action, "workgroups"), listNamedQueries, getNamedQueries}, verify: []string{"athena:GetNamedQuery"}},
		{token: typeDataCatalog, calls: []call{listDataCatalogs, getDataCatalog, tagCall}},
		{token: typeDatabase, calls: []call{listDatabases}, verify: []string{"athena:GetDatabase"}},
	},
	// "Service Quotas" of Athena's user guide has five a second and bursts of ten for named
	// queries; that the others are alike is assumed.
	limits: map[string]limit{"Athena": {rate: 5, burst: 10, guess: true}},
	lists: []list{
		{listWorkgroups.action, []string{typeWorkgroup, typeNamedQuery}, everyWorkgroup},
		{listDataCatalogs.action, []string{typeDataCatalog}, eachDataCatalog},
		{listDatabases.action, []string{typeDatabase}, eachDatabase},
	},
	direct: []list{
		{getWorkgroup.action, []string{typeWorkgroup}, theseWorkgroups},
		{"athena:GetNamedQuery", []string{typeNamedQuery}, theseNamedQueries},
		{getDataCatalog.action, []string{typeDataCatalog}, eachDataCatalog},
		{"athena:GetDatabase", []string{typeDatabase}, eachDatabase},
	},
}

// ownCatalog is the catalog of Glue that every account has and nobody can change.
const ownCatalog = "AwsDataCatalog"

// athenaGone is how Athena says that there is none: by a code that it has for every
// bad request, and in words.
func athenaGone(err error) bool {
	return saysGone(err, "InvalidRequestException", "is not found", "was not found", "does not exist")
}

func (s *session) athena() *athena.Client {
	return client(s, "athena", func(c aws.Config) *athena.Client { return athena.NewFromConfig(c) })
}

func (s *session) athenaARN(path string) string {
	return fmt.Sprintf("arn:%s:athena:%s:%s:%s", s.partition, s.region, s.awsAccount, path)
}

// everyWorkgroup lists workgroups, and the queries that are saved in each.
func everyWorkgroup(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	p := athena.NewListWorkGroupsPaginator(s.athena(), &athena.ListWorkGroupsInput{MaxResults: aws.Int32(50)})
	err := pages(ctx, p, func(out *athena.ListWorkGroupsOutput) error {
		names := make([]string, len(out.WorkGroups))
		for i, w := range out.WorkGroups {
			names[i] = aws.ToString(w.Name)
		}
		d := workgroups(ctx, s, names)
		return parallel(ctx, detailParallel, names, func(ctx context.Context, name string) error {
			if err := d.emit(ctx, s, name, emit); err != nil {
				return err
			}
			return some.keep(ctx, eachNamedQuery(ctx, s, name, emit), listNamedQueries.action, typeNamedQuery)
		})
	})
	return some.or(err)
}

// workgroups knows the tags of some and describes them.
func workgroups(ctx context.Context, s *session, names []string) described {
	arns := make([]string, len(names))
	for i, n := range names {
		arns[i] = s.athenaARN("workgroup/" + n)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return described{gone: athenaGone, read: func(ctx context.Context, s *session, name string) ([]discovery.Observation, error) {
		out, err := s.athena().GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
		var w *types.WorkGroup
		if err == nil {
			if w = out.WorkGroup; w == nil {
				err = errors.New(notInAnswer)
			}
		}
		arn := s.athenaARN("workgroup/" + name)
		return []discovery.Observation{projectWorkgroup(s.region, name, arn, facetOf(getWorkgroup.action, err), w, tagsF, tags[arn])}, err
	}}
}

func theseWorkgroups(ctx context.Context, s *session, names []string, emit observe) error {
	return workgroups(ctx, s, names).these(ctx, s, names, emit)
}

func eachNamedQuery(ctx context.Context, s *session, workgroup string, emit observe) error {
	p := athena.NewListNamedQueriesPaginator(s.athena(), &athena.ListNamedQueriesInput{WorkGroup: &workgroup, MaxResults: aws.Int32(50)})
	err := pages(ctx, p, func(out *athena.ListNamedQueriesOutput) error {
		if len(out.NamedQueryIds) == 0 {
			return nil
		}
		got, err := s.athena().BatchGetNamedQuery(ctx, &athena.BatchGetNamedQueryInput{NamedQueryIds: out.NamedQueryIds})
		f, found := facetOf(getNamedQueries.action, err), map[string]types.NamedQuery{}
		if err == nil {
			for _, q := range got.NamedQueries {
				found[aws.ToString(q.NamedQueryId)] = q
			}
		}
		for _, id := range out.NamedQueryIds {
			q, ok := found[id]
			if err := emit(ctx, projectNamedQuery(s.region, id, workgroup, f.need(ok), q)); err != nil {
				return err
			}
		}
		return nil
	})
	if athenaGone(err) {
		return nil
	}
	return err
}

func theseNamedQueries(ctx context.Context, s *session, ids []string, emit observe) error {
	return described{gone: athenaGone, read: func(ctx context.Context, s *session, id string) ([]discovery.Observation, error) {
		out, err := s.athena().GetNamedQuery(ctx, &athena.GetNamedQueryInput{NamedQueryId: &id})
		if err == nil && out.NamedQuery == nil {
			err = errors.New(notInAnswer)
		}
		if err != nil {
			return nil, err
		}
		return []discovery.Observation{projectNamedQuery(s.region, id, aws.ToString(out.NamedQuery.WorkGroup), facetOf(getNamedQueries.action, nil), *out.NamedQuery)}, nil
	}}.these(ctx, s, ids, emit)
}

func eachDataCatalog(ctx context.Context, s *session, names []string, emit observe) error {
	if names != nil {
		return dataCatalogs(ctx, s, names).these(ctx, s, names, emit)
	}
	p := athena.NewListDataCatalogsPaginator(s.athena(), &athena.ListDataCatalogsInput{MaxResults: aws.Int32(50)})
	return pages(ctx, p, func(out *athena.ListDataCatalogsOutput) error {
		names := make([]string, 0, len(out.DataCatalogsSummary))
		for _, c := range out.DataCatalogsSummary {
			names = append(names, aws.ToString(c.CatalogName))
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == ownCatalog })
		return dataCatalogs(ctx, s, names).page(ctx, s, names, emit)
	})
}

func dataCatalogs(ctx context.Context, s *session, names []string) described {
	arns := make([]string, len(names))
	for i, n := range names {
		arns[i] = s.athenaARN("datacatalog/" + n)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return described{gone: athenaGone, read: func(ctx context.Context, s *session, name string) ([]discovery.Observation, error) {
		out, err := s.athena().GetDataCatalog(ctx, &athena.GetDataCatalogInput{Name: &name})
		var c types.DataCatalog
		if err == nil {
			if out.DataCatalog == nil {
				err = errors.New(notInAnswer)
			} else {
				c = *out.DataCatalog
			}
		}
		arn := s.athenaARN("datacatalog/" + name)
		return []discovery.Observation{projectDataCatalog(s.region, name, arn, facetOf(getDataCatalog.action, err), c, tagsF, tags[arn])}, err
	}}
}

// eachDatabase reads the databases of Glue, which is what Athena makes of CREATE DATABASE.
func eachDatabase(ctx context.Context, s *session, names []string, emit observe) error {
	if names != nil {
		return described{gone: codes("MetadataException"), read: readDatabase}.these(ctx, s, names, emit)
	}
	p := athena.NewListDatabasesPaginator(s.athena(), &athena.ListDatabasesInput{CatalogName: aws.String(ownCatalog), MaxResults: aws.Int32(50)})
	return pages(ctx, p, func(out *athena.ListDatabasesOutput) error {
		for _, v := range out.DatabaseList {
			if err := emit(ctx, projectDatabase(s.region, v)); err != nil {
				return err
			}
		}
		return nil
	})
}

func readDatabase(ctx context.Context, s *session, name string) ([]discovery.Observation, error) {
	out, err := s.athena().GetDatabase(ctx, &athena.GetDatabaseInput{CatalogName: aws.String(ownCatalog), DatabaseName: &name})
	if err == nil && out.Database == nil {
		err = errors.New(notInAnswer)
	}
	if err != nil {
		return nil, err
	}
	return []discovery.Observation{projectDatabase(s.region, *out.Database)}, nil
}
